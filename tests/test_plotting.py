"""The pictures: what they show, that they fit where they are drawn, and what they refuse."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import make_small
from matplotlib.figure import Figure
from scipy import sparse
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sk_digits.plotting import DigitsDisplay, LossCurveDisplay, MistakesDisplay, WeightsDisplay
from sk_digits.preprocessing import DigitNormalizer

WORDS = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


@pytest.fixture(scope="module")
def validated(digits):
    clf = make_small(early_stopping=True)
    return clf.fit(digits.data_train, digits.target_train)


@pytest.fixture
def draw(small, validated, digits):
    """Each display by its name, drawn on the given axes."""

    def drawn(name, **params):
        if name == "loss":
            return LossCurveDisplay.from_estimator(validated, **params)
        if name == "weights":
            return WeightsDisplay.from_estimator(small, **params)
        display = {"digits": DigitsDisplay, "mistakes": MistakesDisplay}[name]
        return display.from_estimator(small, digits.data_test, digits.target_test, **params)

    return drawn


ALL = pytest.mark.parametrize("name", ["digits", "mistakes", "loss", "weights"])


def captions(display):
    return [text.get_text() for text in display.text_]


def assert_captions_are_readable(display):
    """Within the figure, and none over another."""
    display.figure_.canvas.draw()
    boxes = [text.get_window_extent() for text in display.text_]
    width, height = display.figure_.bbox.size
    for i, box in enumerate(boxes):
        assert box.x0 >= -1
        assert box.x1 <= width + 1
        assert box.y1 <= height + 1
        assert not any(box.overlaps(other) for other in boxes[:i])
    assert min(text.get_fontsize() for text in display.text_) >= 6


# What all share


@ALL
def test_a_display_leaves_no_pyplot_figure_open(name, draw):
    before = plt.get_fignums()
    display = draw(name)
    assert plt.get_fignums() == before
    assert isinstance(display.figure_, Figure)
    assert display.ax_.figure is display.figure_


@ALL
def test_a_display_draws_on_the_axes_it_is_given(name, draw):
    figure = Figure(figsize=(8, 5))
    one, other = figure.subplots(1, 2)
    display = draw(name, ax=other)
    assert display.ax_ is other
    assert display.figure_ is figure
    assert other.has_data()
    assert not one.has_data()


@ALL
def test_notebooks_show_a_figure_of_its_own_and_not_one_that_was_given(name, draw):
    assert draw(name)._repr_png_().startswith(b"\x89PNG")
    assert draw(name, ax=Figure().subplots())._repr_png_() is None


@ALL
def test_a_display_can_be_drawn_again_and_saved(name, draw, tmp_path):
    display = draw(name)
    assert display.plot() is display
    display.figure_.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 5000


# Images


def test_each_image_has_its_true_and_predicted_label_and_mistakes_are_red(digits):
    y_true = digits.target[:6]
    y_pred = y_true.copy()
    y_pred[2] = 9
    display = DigitsDisplay.from_predictions(digits.images[:6], y_true, y_pred)
    assert captions(display) == [f"{true} → {pred}" for true, pred in zip(y_true, y_pred, strict=True)]
    colours = [text.get_color() for text in display.text_]
    assert colours.count("crimson") == 1
    assert colours[2] == "crimson"
    np.testing.assert_array_equal(display.images, digits.images[:6])


def test_the_images_are_drawn_as_they_are(digits):
    display = DigitsDisplay.from_predictions(digits.images[:3], [0, 1, 2], [0, 1, 2])
    canvas = np.ma.filled(display.im_.get_array(), np.nan)
    drawn = canvas[~np.isnan(canvas).all(axis=1)]
    drawn = drawn[:, ~np.isnan(drawn).all(axis=0)]
    np.testing.assert_allclose(drawn, np.concatenate(digits.images[:3], axis=1))


def test_a_sample_is_drawn_by_its_seed(small, digits):
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
def test_captions_are_readable_for_every_shape(shape, n, labels):
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
def test_images_may_come_in_every_form(form, small, digits):
    X = form(digits.data_test)
    expected = MistakesDisplay.from_estimator(small, digits.data_test, digits.target_test)
    display = MistakesDisplay.from_estimator(small, X, digits.target_test)
    np.testing.assert_array_equal(display.images, expected.images)


def test_the_shape_is_known_from_what_the_classifier_was_fitted_on(digits):
    X, y = digits.images[:200, :, 1:7], digits.target[:200]
    for estimator in (make_small(), make_pipeline(DigitNormalizer(), make_small(epochs=1))):
        estimator.fit(X, y)
        rows = X.reshape(200, -1)
        assert DigitsDisplay.from_estimator(estimator, rows, y).images.shape[1:] == (8, 6)
    display = DigitsDisplay.from_predictions(X.reshape(200, -1), y, y, image_shape=(8, 6))
    assert display.images.shape[1:] == (8, 6)


# Mistakes


def test_the_worst_mistake_comes_first_with_its_probabilities(digits):
    proba = np.array([[0.9, 0.1, 0.0], [0.3, 0.6, 0.1], [0.05, 0.0, 0.95], [0.2, 0.2, 0.6]])
    display = MistakesDisplay.from_predictions(digits.images[:4], [0, 0, 1, 2], proba, classes=[0, 1, 2])
    assert captions(display) == ["1 → 2\n0.0% → 95.0%", "0 → 1\n30.0% → 60.0%"]
    np.testing.assert_array_equal(display.images, digits.images[[2, 1]])
    assert "2 mistakes in 4 images" in display.ax_.get_title()


def test_more_mistakes_than_fit_are_counted(small, digits):
    wrong = (digits.target_test + 1) % 10
    display = MistakesDisplay.from_estimator(small, digits.data_test, wrong, n_images=10)
    assert len(display.text_) == 10
    assert display.n_mistakes > 300
    assert f"{display.n_mistakes} mistakes in 360 images, the worst 10" in display.ax_.get_title()
    assert_captions_are_readable(display)


def test_no_mistakes_are_said_in_words(digits):
    y = digits.target[:20]
    display = MistakesDisplay.from_predictions(digits.images[:20], y, np.eye(10)[y])
    assert captions(display) == ["No mistakes in 20 images"]
    assert display.im_ is None


def test_mistakes_of_a_pipeline_with_labels_that_are_words(digits):
    y = WORDS[digits.target]
    pipeline = make_pipeline(MinMaxScaler(), make_small(epochs=3)).fit(digits.data[:300], y[:300])
    display = MistakesDisplay.from_estimator(pipeline, digits.data[300:], y[300:])
    assert set(display.y_pred) <= set(WORDS)
    assert (np.diff(display.proba_pred) <= 0).all()
    assert (display.proba_true <= display.proba_pred).all()


# Curves


def test_the_curves_are_those_of_training_and_validation(validated):
    display = LossCurveDisplay.from_estimator(validated)
    for name, values in validated.history_.items():
        np.testing.assert_array_equal(display.line_[name].get_ydata(), values)
        np.testing.assert_array_equal(display.line_[name].get_xdata(), np.arange(1, len(values) + 1))
    best = display.best_epoch_ - 1
    assert validated.validation_scores_[best] == validated.best_validation_score_
    assert any("best epoch" in text.get_text() for text in display.ax_.get_legend().get_texts())


def test_of_equally_good_epochs_the_one_with_the_lowest_loss_is_marked():
    history = {
        "loss": [3, 2, 1, 1],
        "val_loss": [3, 2, 1, 2],
        "val_accuracy": [0.5, 0.9, 0.9, 0.9],
    }
    assert LossCurveDisplay.from_history(history).best_epoch_ == 3
    assert LossCurveDisplay.from_history({"loss": [3, 2, 1], "val_loss": [2, 1, 3]}).best_epoch_ == 2


def test_without_validation_no_epoch_is_marked(small):
    display = LossCurveDisplay.from_estimator(small)
    assert display.best_epoch_ is None
    assert sorted(display.line_) == ["accuracy", "loss"]


def test_accuracies_can_be_left_out(validated):
    display = LossCurveDisplay.from_estimator(validated, accuracy=False)
    assert sorted(display.line_) == ["loss", "val_loss"]
    assert display.accuracy_ax_ is None


def test_validation_that_began_later_stands_at_the_last_epochs():
    display = LossCurveDisplay.from_history({"loss": [4, 3, 2, 1], "val_loss": [2, 3]})
    np.testing.assert_array_equal(display.line_["val_loss"].get_xdata(), [3, 4])
    assert display.best_epoch_ == 3


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_curves_and_weights_of_scikit_learns_own_network(early_stopping, digits):
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


def test_the_weights_are_the_columns_of_the_first_layer_on_a_symmetric_scale(small):
    display = WeightsDisplay.from_estimator(small, n_units=7)
    np.testing.assert_array_equal(display.weights, small.coefs_[0].T[:7].reshape(7, 8, 8))
    low, high = display.im_.get_clim()
    assert low == -high
    assert high <= abs(display.weights).max()


def test_the_scale_can_be_left_out(draw):
    assert len(draw("weights").figure_.axes) == 2
    assert len(draw("weights", colorbar=False).figure_.axes) == 1


# What goes wrong


def test_labels_of_another_number_than_images_are_refused(small, digits):
    X, y = digits.data_test, digits.target_test
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        DigitsDisplay.from_estimator(small, X, y[:-1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        DigitsDisplay.from_predictions(X, y, y[:-1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        MistakesDisplay.from_estimator(small, X, y[:-1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        MistakesDisplay.from_predictions(X, y, np.eye(10)[y[:-1]])


@pytest.mark.parametrize("image_shape", [None, (5, 7), (60,)])
def test_features_that_are_no_image_are_refused(image_shape):
    with pytest.raises(ValueError, match=r"60 features are no image of shape .*; give image_shape"):
        DigitsDisplay.from_predictions(np.zeros((2, 60)), [0, 1], [0, 1], image_shape=image_shape)


def test_labels_and_columns_that_do_not_belong_together_are_refused(digits):
    X = digits.images[:3]
    with pytest.raises(ValueError, match="10 columns, but there are 3 classes"):
        MistakesDisplay.from_predictions(X, [0, 1, 2], np.eye(10)[:3])
    with pytest.raises(ValueError, match=r"labels \[7\] that are none of \[0, 1\]"):
        MistakesDisplay.from_predictions(X, [0, 1, 7], np.eye(2)[[0, 1, 1]], classes=[0, 1])


def test_estimators_and_histories_without_what_is_drawn_are_refused(digits):
    ridge = RidgeClassifier().fit(digits.data_train, digits.target_train)
    with pytest.raises(TypeError, match="RidgeClassifier has no loss_curve_"):
        LossCurveDisplay.from_estimator(ridge)
    with pytest.raises(TypeError, match="RidgeClassifier has no coefs_"):
        WeightsDisplay.from_estimator(ridge)
    with pytest.raises(ValueError, match="no 'loss'; there is: acc"):
        LossCurveDisplay.from_history({"acc": [1]})
    with pytest.raises(ValueError, match="not fitted"):
        WeightsDisplay.from_estimator(make_small())
