"""Displays: what they draw, that captions are readable, and the input that they reject."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import make_small, run_notebook
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from scipy import sparse
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sk_digits._plot._inputs import check_images
from sk_digits.augmentation import RandomDeformation
from sk_digits.plotting import (
    ConfusionDisplay,
    DeformationDisplay,
    DigitsDisplay,
    LossCurveDisplay,
    MistakesDisplay,
    SearchDisplay,
    WeightsDisplay,
)
from sk_digits.preprocessing import DigitNormalizer

WORDS = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


@pytest.fixture(scope="module")
def validated(digits):
    clf = make_small(early_stopping=True)
    return clf.fit(digits.data_train, digits.target_train)


@pytest.fixture
def draw(small, validated, digits):
    """Draw the Display of the given name with `from_estimator`."""

    def draw_display(name, **params):
        if name == "loss":
            return LossCurveDisplay.from_estimator(validated, **params)
        if name == "weights":
            return WeightsDisplay.from_estimator(small, **params)
        display = {"digits": DigitsDisplay, "mistakes": MistakesDisplay, "confusion": ConfusionDisplay}[name]
        return display.from_estimator(small, digits.data_test, digits.target_test, **params)

    return draw_display


ALL_DISPLAYS = pytest.mark.parametrize("name", ["digits", "mistakes", "confusion", "loss", "weights"])


def captions(display):
    return [text.get_text() for text in display.text_]


def assert_captions_are_readable(display):
    """Assert that captions lie within the figure, do not overlap and are not too small."""
    display.figure_.canvas.draw()
    boxes = [text.get_window_extent() for text in display.text_]
    width, height = display.figure_.bbox.size
    for i, box in enumerate(boxes):
        assert box.x0 >= -1
        assert box.x1 <= width + 1
        assert box.y1 <= height + 1
        assert not any(box.overlaps(other) for other in boxes[:i])
    assert min(text.get_fontsize() for text in display.text_) >= 6


# All Displays


@ALL_DISPLAYS
def test_display_opens_one_figure_of_pyplot_which_notebooks_show(name, draw):
    display = draw(name)
    assert [plt.figure(number) for number in plt.get_fignums()] == [display.figure_]
    assert display.ax_.figure is display.figure_
    assert not hasattr(display, "_repr_png_")  # it would be shown twice


@ALL_DISPLAYS
def test_display_draws_on_the_given_axes(name, draw):
    figure = Figure(figsize=(8, 5))
    unused, given = figure.subplots(1, 2)
    display = draw(name, ax=given)
    assert display.ax_ is given
    assert display.figure_ is figure
    assert given.has_data()
    assert not unused.has_data()


@ALL_DISPLAYS
def test_display_on_given_axes_opens_no_figure(name, draw):
    draw(name, ax=Figure().subplots())
    assert plt.get_fignums() == []


@pytest.mark.slow
def test_a_notebook_shows_the_displays_of_a_cell_and_of_a_loop():
    pytest.importorskip("matplotlib_inline")
    prepare = (
        "from sk_digits import DenseDigitClassifier\n"
        "from sk_digits.datasets import load_digits\n"
        "from sk_digits.plotting import DigitsDisplay, LossCurveDisplay, WeightsDisplay\n"
        "digits = load_digits()\n"
        "clf = DenseDigitClassifier((16,), epochs=9, random_state=0)\n"
        "clf.fit(digits.data_train, digits.target_train);"
    )
    together = (
        "DigitsDisplay.from_estimator(clf, digits.data_test, digits.target_test)\n"
        "LossCurveDisplay.from_estimator(clf)\n"
        "WeightsDisplay.from_estimator(clf);"
    )
    loop = (
        "for part in (digits.data_train, digits.data_test):\n"
        "    DigitsDisplay.from_predictions(part, clf.predict(part), clf.predict(part))"
    )
    cells = run_notebook(prepare, together, loop)
    pictures = [sum("image/png" in o.get("data", {}) for o in outputs) for outputs in cells]
    assert pictures == [0, 3, 2]


@ALL_DISPLAYS
def test_display_can_be_drawn_again_and_saved(name, draw, tmp_path):
    display = draw(name)
    assert display.plot() is display
    display.figure_.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 5000


# Images


def test_wrong_predictions_are_framed_counted_and_have_both_labels(digits):
    y_true = digits.target[:6]
    y_pred = y_true.copy()
    y_pred[2] = 9
    display = DigitsDisplay.from_predictions(digits.images[:6], y_true, y_pred)
    assert captions(display) == [str(label) for label in y_true[:2]] + ["2 → 9"] + list(map(str, y_true[3:]))
    colors = [text.get_color() for text in display.text_]
    assert [color != "black" for color in colors] == [False, False, True, False, False, False]
    assert display.ax_.get_title() == "1 of 6 wrong: framed, with true → predicted label"
    (frame,) = display.ax_.patches
    assert frame.get_edgecolor() == to_rgba(colors[2])
    np.testing.assert_array_equal(display.images, digits.images[:6])


def test_images_are_drawn_unchanged(digits):
    display = DigitsDisplay.from_predictions(digits.images[:3], [0, 1, 2], [0, 1, 2])
    canvas = np.ma.filled(display.im_.get_array(), np.nan)
    drawn = canvas[~np.isnan(canvas).all(axis=1)]
    drawn = drawn[:, ~np.isnan(drawn).all(axis=0)]
    np.testing.assert_allclose(drawn, np.concatenate(digits.images[:3], axis=1))


def test_sample_is_reproducible_by_its_random_state(small, digits):
    def sample(seed):
        return DigitsDisplay.from_estimator(
            small, digits.data_test, digits.target_test, n_images=12, random_state=seed
        )

    assert len(sample(0).text_) == 12
    np.testing.assert_array_equal(sample(0).images, sample(0).images)
    assert not np.array_equal(sample(0).images, sample(1).images)


@pytest.mark.parametrize("shape", [(8, 8), (28, 28), (20, 30), (30, 12)])
@pytest.mark.parametrize("n", [1, 3, 20])
@pytest.mark.parametrize("labels", [np.arange(10), WORDS], ids=["numbers", "words"])
def test_captions_are_readable_for_images_of_any_shape(shape, n, labels):
    X = np.random.RandomState(0).uniform(size=(n, *shape))
    y = labels[np.arange(n) % 10]
    assert_captions_are_readable(DigitsDisplay.from_predictions(X, y, y))
    proba = np.roll(np.eye(10), 1, axis=1)[np.arange(n) % 10]
    display = MistakesDisplay.from_predictions(X, y, proba, classes=labels)
    assert display.n_mistakes == n
    assert_captions_are_readable(display)


@pytest.mark.parametrize(
    "form", [lambda X: X, lambda X: X.reshape(-1, 8, 8), lambda X: X.reshape(-1, 8, 8, 1), sparse.csr_array]
)
def test_images_are_accepted_as_rows_stack_or_sparse_matrix(form, small, digits):
    X = form(digits.data_test)
    expected = MistakesDisplay.from_estimator(small, digits.data_test, digits.target_test)
    display = MistakesDisplay.from_estimator(small, X, digits.target_test)
    np.testing.assert_array_equal(display.images, expected.images)


def test_image_shape_is_that_of_the_images_the_classifier_was_fitted_on(digits):
    X, y = digits.images[:200, :, 1:7], digits.target[:200]
    for estimator in (make_small(), make_pipeline(DigitNormalizer(), make_small(epochs=1))):
        estimator.fit(X, y)
        rows = X.reshape(200, -1)
        assert DigitsDisplay.from_estimator(estimator, rows, y).images.shape[1:] == (8, 6)
    display = DigitsDisplay.from_predictions(X.reshape(200, -1), y, y, image_shape=(8, 6))
    assert display.images.shape[1:] == (8, 6)


# Mistakes


def test_most_confident_mistake_comes_first_with_its_probabilities(digits):
    proba = np.array([[0.9, 0.1, 0.0], [0.3, 0.6, 0.1], [0.05, 0.0, 0.95], [0.2, 0.2, 0.6]])
    display = MistakesDisplay.from_predictions(digits.images[:4], [0, 0, 1, 2], proba, classes=[0, 1, 2])
    assert captions(display) == ["1 → 2\n95.0% sure", "0 → 1\n60.0% sure"]
    np.testing.assert_array_equal(display.images, digits.images[[2, 1]])
    assert "2 mistakes in 4 images" in display.ax_.get_title()


def test_title_counts_the_mistakes_that_are_not_drawn(small, digits):
    wrong = (digits.target_test + 1) % 10
    display = MistakesDisplay.from_estimator(small, digits.data_test, wrong, n_images=10)
    assert len(display.text_) == 10
    assert display.n_mistakes > 300
    assert f"The 10 worst of {display.n_mistakes} mistakes in 360 images" in display.ax_.get_title()
    assert_captions_are_readable(display)


def test_message_is_drawn_if_there_are_no_mistakes(digits):
    y = digits.target[:20]
    display = MistakesDisplay.from_predictions(digits.images[:20], y, np.eye(10)[y])
    assert captions(display) == ["No mistakes in 20 images"]
    assert display.im_ is None


def test_mistakes_of_a_pipeline_with_string_labels(digits):
    y = WORDS[digits.target]
    pipeline = make_pipeline(MinMaxScaler(), make_small(epochs=3)).fit(digits.data[:300], y[:300])
    display = MistakesDisplay.from_estimator(pipeline, digits.data[300:], y[300:])
    assert set(display.y_pred) <= set(WORDS)
    assert (np.diff(display.proba_pred) <= 0).all()
    assert (display.proba_true <= display.proba_pred).all()


# Loss curves


def test_curves_are_the_history_of_training_and_validation(validated):
    display = LossCurveDisplay.from_estimator(validated)
    for name, values in validated.history_.items():
        np.testing.assert_array_equal(display.line_[name].get_ydata(), values)
        np.testing.assert_array_equal(display.line_[name].get_xdata(), np.arange(1, len(values) + 1))
    for panel in (display.ax_, display.accuracy_ax_):
        texts = [text.get_text() for text in panel.get_legend().get_texts()]
        assert f"best epoch (kept): {validated.best_epoch_}" in texts
    assert display.accuracy_ax_.get_shared_x_axes().joined(display.ax_, display.accuracy_ax_)
    left, right = display.ax_.get_xlim()
    assert left < 1 < validated.n_iter_ < right  # the line of the best epoch shows, if it is the last


def test_the_best_epoch_is_marked_only_if_it_was_kept(digits):
    X, y = digits.data_train[:300], digits.target_train[:300]
    clf = make_small(early_stopping=True, n_iter_no_change=None, epochs=3).fit(X, y)
    for display in (
        LossCurveDisplay.from_estimator(clf),
        LossCurveDisplay.from_history({"loss": [3, 2, 1], "val_loss": [2, 1, 3]}),
    ):
        assert "best" not in " ".join(text.get_text() for text in display.ax_.get_legend().get_texts())


def test_the_curves_say_why_the_training_loss_may_be_higher(digits):
    X, y = digits.data_train[:300], digits.target_train[:300]
    clf = make_small(epochs=2, label_smoothing=0.1, dropout=0.2).fit(X, y)
    expected = "Training includes label smoothing, dropout;\nvalidation does not"
    assert LossCurveDisplay.from_estimator(clf).accuracy_ax_.get_title() == expected
    assert LossCurveDisplay.from_estimator(clf, accuracy=False).ax_.get_title() == expected
    plain = LossCurveDisplay.from_estimator(make_small(epochs=2).fit(X, y))
    assert plain.accuracy_ax_.get_title() == ""


def test_all_words_are_inside_a_figure_without_layout_and_beside_another_plot(digits):
    X, y = digits.data_train[:300], digits.target_train[:300]
    clf = make_small(epochs=2, label_smoothing=0.1, dropout=0.2, augmentation=RandomDeformation()).fit(X, y)
    figure, (ax, other) = plt.subplots(1, 2, figsize=(9, 4))
    display = LossCurveDisplay.from_estimator(clf, ax=ax)
    figure.canvas.draw()
    for text in (display.ax_.xaxis.label, display.ax_.yaxis.label, display.accuracy_ax_.title):
        box = text.get_window_extent()
        assert min(box.x0, box.y0) >= 0
        assert box.x1 <= other.get_window_extent().x0
        assert box.y1 <= figure.bbox.y1


@pytest.mark.parametrize(
    ("scoring", "label", "curve"),
    [
        (None, "Accuracy", "val_accuracy"),
        ("loss", "Accuracy", "val_accuracy"),
        ("balanced_accuracy", "balanced_accuracy", "val_score"),
        (lambda estimator, X, y: 0.5, "score", "val_score"),
    ],
    ids=["accuracy", "loss", "name", "lambda"],
)
def test_the_axis_names_the_metric_of_the_validation_scores(scoring, label, curve, digits):
    X, y = digits.data_train[:300], digits.target_train[:300]
    clf = make_small(early_stopping=True, n_iter_no_change=None, scoring=scoring, epochs=3).fit(X, y)
    display = LossCurveDisplay.from_estimator(clf)
    assert display.accuracy_ax_.get_ylabel() == label
    np.testing.assert_array_equal(display.line_[curve].get_ydata(), clf.history_[curve])


def test_no_validation_curves_without_validation(small):
    display = LossCurveDisplay.from_estimator(small)
    assert sorted(display.line_) == ["accuracy", "loss"]


def test_accuracies_can_be_left_out(validated):
    display = LossCurveDisplay.from_estimator(validated, accuracy=False)
    assert sorted(display.line_) == ["loss", "val_loss"]
    assert display.accuracy_ax_ is None


def test_shorter_validation_curve_is_drawn_at_the_last_epochs():
    display = LossCurveDisplay.from_history({"loss": [4, 3, 2, 1], "val_loss": [2, 3]})
    np.testing.assert_array_equal(display.line_["val_loss"].get_xdata(), [3, 4])


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_curves_and_weights_of_an_mlp_classifier(early_stopping, digits):
    clf = MLPClassifier((12,), max_iter=4, early_stopping=early_stopping, random_state=0)
    clf.fit(digits.data_train, digits.target_train)
    assert ("val_accuracy" in LossCurveDisplay.from_estimator(clf).line_) == early_stopping
    assert WeightsDisplay.from_estimator(clf).weights.shape == (12, 8, 8)


def test_curves_and_weights_of_a_search_over_a_pipeline(digits):
    pipeline = make_pipeline(MinMaxScaler(), make_small(epochs=2))
    search = GridSearchCV(pipeline, {"densedigitclassifier__batch_size": [64]}, cv=2)
    search.fit(digits.data_train, digits.target_train)
    assert "loss" in LossCurveDisplay.from_estimator(search).line_
    assert WeightsDisplay.from_estimator(search).weights.shape == (32, 8, 8)


# Weights


def test_weights_are_the_columns_of_the_first_layer_on_a_symmetric_scale(small):
    display = WeightsDisplay.from_estimator(small, n_units=7)
    strength = np.linalg.norm(small.coefs_[0], axis=0) * np.linalg.norm(small.coefs_[1], axis=1)
    strongest = np.argsort(-strength)[:7]
    np.testing.assert_array_equal(display.weights, small.coefs_[0].T[strongest].reshape(7, 8, 8))
    assert display.ax_.get_title() == "First layer: 7 of 32 units, the strongest first"
    assert "red" in display.figure_.axes[1].get_ylabel()
    low, high = display.im_.get_clim()
    assert low == -high
    assert high <= abs(display.weights).max()


def test_colorbar_can_be_left_out(draw):
    assert len(draw("weights").figure_.axes) == 2
    assert len(draw("weights", colorbar=False).figure_.axes) == 1


# Confusions


@pytest.mark.parametrize("kind", [int, str, object])
def test_confusions_are_counted_and_zeros_are_left_out(kind):
    y_true, y_pred = np.array([0, 0, 1, 1, 2]), np.array([0, 0, 1, 2, 2])
    display = ConfusionDisplay.from_predictions(
        y_true.astype(str).astype(kind), y_pred.astype(str).astype(kind)
    )
    counts = {place: text.get_text() for place, text in display.text_.items()}
    assert counts == {(0, 0): "2", (1, 1): "1", (1, 2): "1", (2, 2): "1"}
    assert display.ax_.get_title() == "80.00% of 5 images are classified correctly"
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["0", "1", "2"]


@pytest.mark.parametrize("n_right", [1, 10_000])
def test_a_single_mistake_stands_out_and_can_be_read(n_right):
    matrix = n_right * np.eye(3, dtype=int)
    matrix[0, 2] = 1
    mistakes = ConfusionDisplay(matrix, [0, 1, 2]).plot().ax_.images[1]
    red, green, blue, _ = mistakes.cmap(mistakes.norm(1))
    linear = [((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    luminance = np.dot([0.2126, 0.7152, 0.0722], linear)
    assert red - blue > 0.4  # not the grey of the correct predictions
    assert (luminance + 0.05) / 0.05 >= 7  # black text, the contrast of WCAG's level AAA


def test_confusions_of_an_estimator(small, digits):
    display = ConfusionDisplay.from_estimator(small, digits.data_test, digits.target_test)
    expected = confusion_matrix(digits.target_test, small.predict(digits.data_test))
    np.testing.assert_array_equal(display.matrix, expected)
    with pytest.raises(ValueError, match="at least one label"):
        ConfusionDisplay.from_predictions([], [])


# Searches


@pytest.fixture(scope="module")
def searched(digits):
    """Return a search over two parameters."""
    grid = {"hidden_layer_sizes": [(8,), (16, 8)], "learning_rate": [0.0001, 0.001, 0.01], "epochs": [2]}
    return GridSearchCV(make_small(), grid, cv=2).fit(digits.data_train[:300], digits.target_train[:300])


def test_a_search_is_drawn_in_a_panel_for_each_parameter_that_varies(searched):
    display = SearchDisplay.from_estimator(searched)
    assert display.parameters_ == ["hidden_layer_sizes", "learning_rate"]
    assert [ax.get_xlabel() for ax in display.axes_] == display.parameters_
    assert [label.get_text() for label in display.axes_[0].get_xticklabels()] == ["(8,)", "(16, 8)"]
    assert [ax.get_xscale() for ax in display.axes_] == ["linear", "log"]
    for ax in display.axes_:
        points = ax.collections[-1].get_offsets()
        np.testing.assert_allclose(points[:, 1], searched.cv_results_["mean_test_score"])
    assert [label.get_text() for label in display.axes_[1].get_xticklabels()] == ["0.0001", "0.001", "0.01"]
    bars = display.axes_[0].collections[0].get_segments()
    spread = searched.cv_results_["std_test_score"]
    np.testing.assert_allclose([segment[1, 1] - segment[0, 1] for segment in bars], 2 * spread)
    title = display.ax_.get_title(loc="left")
    assert f"Best of 6 candidates: {searched.best_score_:.4f}" in title
    assert "s a fit" in title


def test_what_one_fold_took_to_compile_does_not_count_as_the_cost_of_a_candidate():
    seconds = np.array([[2.1, 0.1, 0.1], [0.2, 0.2, 0.2]])
    display = SearchDisplay(
        {
            "params": [{"alpha": 0}, {"alpha": 1}],
            "mean_fit_time": seconds.mean(axis=1),
            "std_fit_time": seconds.std(axis=1),
            "mean_test_score": np.array([0.5, 0.6]),
            "std_test_score": np.zeros(2),
            **{f"split{fold}_test_score": np.zeros(2) for fold in range(3)},
        }
    ).plot()
    assert "0.1 to 0.2 s a fit" in display.ax_.get_title(loc="left")


@pytest.mark.parametrize("grid", [{"epochs": [1]}, {"epochs": [1, 2]}, {"class_weight": [None, "balanced"]}])
def test_a_search_over_one_parameter_has_one_panel(grid, digits):
    search = GridSearchCV(make_small(epochs=1), grid, cv=2)
    display = SearchDisplay.from_estimator(search.fit(digits.data_train[:200], digits.target_train[:200]))
    assert len(display.axes_) == 1


def test_a_search_is_drawn_on_given_axes(searched):
    figure = Figure(figsize=(9, 4))
    given = figure.subplots()
    display = SearchDisplay.from_estimator(searched, ax=given)
    assert display.axes_[0] is given
    assert len(figure.axes) == 2


def test_what_is_no_search_with_one_score_is_refused(small, digits):
    with pytest.raises(TypeError, match="got DenseDigitClassifier without"):
        SearchDisplay.from_estimator(small)
    two = GridSearchCV(
        make_small(epochs=1), {"epochs": [1]}, cv=2, scoring=["accuracy", "f1_macro"], refit=False
    )
    with pytest.raises(TypeError, match="with one scorer, got GridSearchCV"):
        SearchDisplay.from_estimator(two.fit(digits.data_train[:200], digits.target_train[:200]))


# Deformations


@pytest.mark.parametrize("form", [lambda X: X, lambda X: X.reshape(len(X), -1)], ids=["stack", "rows"])
def test_images_are_drawn_beside_their_deformed_copies(form, digits):
    deformation = RandomDeformation(displacement=0.2, smoothness=2)
    images = digits.images[:3]
    display = DeformationDisplay.from_deformation(deformation, form(images), n_copies=5, random_state=0)
    np.testing.assert_array_equal(display.copies, deformation.preview(images, n=5, random_state=0))
    np.testing.assert_array_equal(display.images, images.astype(np.float32))
    assert display.im_.get_array().shape[1] == 6 * 9


# Counts

FROM_ESTIMATOR_COUNTS = [
    ("digits", "from_estimator", "n_images"),
    ("digits", "from_estimator", "n_columns"),
    ("mistakes", "from_estimator", "n_images"),
    ("mistakes", "from_estimator", "n_columns"),
    ("weights", "from_estimator", "n_units"),
    ("weights", "from_estimator", "n_columns"),
]
COUNTS = [
    *FROM_ESTIMATOR_COUNTS,
    ("digits", "from_predictions", "n_images"),
    ("digits", "from_predictions", "n_columns"),
    ("mistakes", "from_predictions", "n_images"),
    ("mistakes", "from_predictions", "n_columns"),
    ("digits", "plot", "n_columns"),
    ("mistakes", "plot", "n_columns"),
    ("weights", "plot", "n_columns"),
]


class UnusedEstimator:
    """Classifier that raises an error if it is asked for predictions or weights."""

    classes_ = np.arange(10)

    def fit(self, X, y):
        raise AssertionError

    def predict(self, X):
        raise AssertionError("predict was called")

    predict_proba = predict

    @property
    def coefs_(self):
        raise AssertionError("coefs_ was read")


@pytest.fixture
def draw_with_method(small, digits):
    """Draw the Display of the given name with the given method."""
    X, y = digits.data_test[:30], digits.target_test[:30]
    wrong = (y + 1) % 10

    def draw_display(name, method, estimator=small, **params):
        display = {"digits": DigitsDisplay, "mistakes": MistakesDisplay, "weights": WeightsDisplay}[name]
        if method == "from_estimator":
            return display.from_estimator(estimator, *(() if name == "weights" else (X, wrong)), **params)
        if method == "from_predictions":
            return display.from_predictions(X, wrong, y if name == "digits" else np.eye(10)[y], **params)
        return draw_display(name, "from_estimator").plot(**params)

    return draw_display


@pytest.mark.parametrize(("name", "method", "count"), COUNTS)
@pytest.mark.parametrize(
    ("value", "error"),
    [
        (0, ValueError),
        (-1, ValueError),
        (np.int64(-3), ValueError),
        (True, TypeError),
        (False, TypeError),
        (None, TypeError),
        (2.0, TypeError),
        (np.nan, TypeError),
        ("2", TypeError),
        ([2], TypeError),
    ],
    ids=str,
)
def test_count_that_is_not_an_int_of_at_least_1_is_rejected(
    name, method, count, value, error, draw_with_method
):
    message = re.escape(f"{count} must be an int of at least 1, got {value!r}.")
    with pytest.raises(error, match=f"^{message}$"):
        draw_with_method(name, method, **{count: value})


@pytest.mark.parametrize(("name", "method", "count"), FROM_ESTIMATOR_COUNTS)
def test_counts_are_checked_before_the_estimator_is_used(name, method, count, draw_with_method):
    with pytest.raises(ValueError, match=f"{count} must be"):
        draw_with_method(name, method, UnusedEstimator(), **{count: 0})


@pytest.mark.parametrize(("name", "method", "count"), COUNTS)
@pytest.mark.parametrize("value", [1, np.int64(3), 1000])
def test_count_may_be_any_positive_int_also_above_the_number_of_images(
    name, method, count, value, draw_with_method
):
    display = draw_with_method(name, method, **{count: value})
    images = display.weights if name == "weights" else display.images
    n_drawable = {"digits": 30, "weights": 32}.get(name) or display.n_mistakes
    n_default = {"digits": 20, "mistakes": 24, "weights": 32}[name]
    assert len(images) == min(n_default if count == "n_columns" else value, n_drawable)
    if count == "n_columns":
        n_columns = round(display.im_.get_array().shape[1] / 9)  # 8 pixels and a gap of 1
        assert n_columns == min(value, len(images))


# Errors


def test_labels_must_be_as_many_as_images(small, digits):
    X, y = digits.data_test, digits.target_test
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        DigitsDisplay.from_estimator(small, X, y[:-1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        DigitsDisplay.from_predictions(X, y, y[:-1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        MistakesDisplay.from_estimator(small, X, y[:-1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        MistakesDisplay.from_predictions(X, y, np.eye(10)[y[:-1]])


@pytest.mark.parametrize(
    ("image_shape", "message"),
    [
        (None, r"60 features are not a square image .*; pass image_shape=\(height, width\)"),
        ((5, 7), r"image_shape=\(5, 7\) has 35 pixels, but the images have 60 features"),
        ((60,), r"image_shape must be two int .*height and width, got \(60,\)"),
        ((0, 60), r"image_shape must be two int of at least 1.* got \(0, 60\)"),
        ((7.5, 8), r"image_shape must be two int .* got \(7.5, 8\)"),
    ],
)
def test_features_that_are_not_an_image_are_rejected(image_shape, message):
    with pytest.raises(ValueError, match=message):
        DigitsDisplay.from_predictions(np.zeros((2, 60)), [0, 1], [0, 1], image_shape=image_shape)


@pytest.mark.parametrize("shape", [(), (4,)])
def test_images_that_are_neither_rows_nor_a_stack_are_rejected(shape):
    message = re.escape(f"X must be rows of pixels or a stack of images, got shape {shape}.")
    with pytest.raises(ValueError, match=message):
        check_images(np.zeros(shape))


def test_classes_must_match_the_labels_and_the_columns_of_probabilities(digits):
    X = digits.images[:3]
    with pytest.raises(ValueError, match="y_proba has 10 columns, expected 3"):
        MistakesDisplay.from_predictions(X, [0, 1, 2], np.eye(10)[:3])
    with pytest.raises(ValueError, match=r"not among the classes: \[7\]; the classes are \[0, 1\]"):
        MistakesDisplay.from_predictions(X, [0, 1, 7], np.eye(2)[[0, 1, 1]], classes=[0, 1])


def test_estimator_without_curve_or_weights_and_history_without_loss_are_rejected(digits):
    ridge = RidgeClassifier().fit(digits.data_train, digits.target_train)
    with pytest.raises(TypeError, match="RidgeClassifier has no loss_curve_"):
        LossCurveDisplay.from_estimator(ridge)
    with pytest.raises(TypeError, match="RidgeClassifier has no coefs_"):
        WeightsDisplay.from_estimator(ridge)
    with pytest.raises(ValueError, match=r"history must contain values of 'loss', got keys \['acc'\]"):
        LossCurveDisplay.from_history({"acc": [1]})
    with pytest.raises(ValueError, match="not fitted"):
        WeightsDisplay.from_estimator(make_small())
