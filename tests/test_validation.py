"""Invalid input: an error that says what was given and what is allowed, and a classifier left as it was."""

import numpy as np
import pytest
from conftest import make_small

from sk_digits import DenseDigitClassifier

X = np.random.RandomState(0).uniform(size=(60, 16)).astype(np.float32)
Y = np.repeat([0, 1, 2], 20)


def changed(array, index, value, dtype=None):
    array = np.array(array, dtype=dtype)
    array[index] = value
    return array


@pytest.fixture(scope="module")
def fitted():
    return make_small(epochs=1).fit(X, Y)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ((changed(X, (3, 3), np.nan), Y), ValueError, "Input X contains NaN"),
        ((changed(X, (3, 3), np.inf), Y), ValueError, "Input X contains infinity"),
        ((X[:0], Y[:0]), ValueError, r"0 sample\(s\)"),
        ((X[:, :0], Y), ValueError, r"0 feature\(s\)"),
        ((X[:, 0], Y), ValueError, "Expected 2D array, got 1D array"),
        ((X + 1j, Y), ValueError, "Complex data not supported"),
        ((np.full((60, 16), "three"), Y), ValueError, "dtype='numeric' is not compatible|could not convert"),
        ((X, Y[:-1]), ValueError, "inconsistent numbers of samples"),
        ((X, None), ValueError, "y"),
        ((X, X[:, 0]), ValueError, "Unknown label type: continuous"),
        ((X, np.stack([Y, Y], axis=1)), ValueError, "y should be a 1d array"),
        ((X.reshape(60, 4, 4, 1).repeat(3, axis=3), Y), ValueError, r"one channel.*\(60, 4, 4, 3\)"),
        ((X, Y, -np.ones(60)), ValueError, "Negative values in data passed to sample_weight"),
        ((X, Y, np.zeros(60)), ValueError, "sample_weight is zero for every row"),
        ((X, Y, np.ones(59)), ValueError, r"sample_weight.shape == \(59,\), expected \(60,\)"),
        ((X, Y, changed(np.ones(60), 0, np.nan)), ValueError, "Input sample_weight contains NaN"),
        ((X, Y, None, X), ValueError, "X_val and y_val must be passed together, got only X_val"),
        ((X, Y, None, None, Y), ValueError, "X_val and y_val must be passed together, got only y_val"),
        ((X, Y, None, None, None, np.ones(60)), ValueError, "got only sample_weight_val"),
        ((X, Y, None, X, Y[:-1]), ValueError, "inconsistent numbers of samples"),
        ((X, Y, None, X[:, :-1], Y), ValueError, "X_val: X has 15 features"),
        ((X, Y, None, changed(X, (0, 0), np.nan), Y), ValueError, "X_val: Input X contains NaN"),
        ((X, Y, None, X, Y + 1), ValueError, r"y_val contains labels .*\[3\].*the classes are \[0, 1, 2\]"),
        ((X, Y, None, X, Y, np.ones(5)), ValueError, r"sample_weight_val.shape == \(5,\)"),
    ],
)
def test_invalid_data_raises_and_leaves_the_fitted_classifier_unchanged(fitted, data, error, message):
    attributes = dict(vars(fitted))
    with pytest.raises(error, match=message):
        fitted.fit(*data)
    assert vars(fitted).keys() == attributes.keys()
    assert all(vars(fitted)[name] is value for name, value in attributes.items())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_layer_sizes", 0),
        ("hidden_layer_sizes", (10, -1)),
        ("hidden_layer_sizes", (10.5,)),
        ("hidden_layer_sizes", "many"),
        ("activation", "swoosh"),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("gaussian_noise", -0.1),
        ("batch_norm", "yes"),
        ("optimizer", "adamant"),
        ("optimizer", 3),
        ("learning_rate", 0),
        ("learning_rate", "fast"),
        ("learning_rate_schedule", "linear"),
        ("learning_rate_schedule", len),
        ("warmup", 1.0),
        ("warmup", "slow"),
        ("virtual_adversarial", -1),
        ("weight_averaging", 1.1),
        ("average_predictions", 3),
        ("weight_decay", -1e-3),
        ("label_smoothing", 1.0),
        ("batch_size", 0),
        ("batch_size", "automatic"),
        ("epochs", 0),
        ("epochs", 2.5),
        ("epochs", "many"),
        ("alpha", -1),
        ("scoring", "acuracy"),
        ("optimizer_params", 5),
        ("optimizer_params", {"momentun": 0.9}),
        ("callbacks_params", {"patience": 1}),
        ("augmentation", "flip"),
        ("class_weight", "even"),
        ("class_weight", {0: -1.0}),
        ("class_weight", {0: np.inf}),
        ("class_weight", {0: 0, 1: 0, 2: 0}),
        ("early_stopping", "yes"),
        ("validation_fraction", 0),
        ("validation_fraction", 1.0),
        ("n_iter_no_change", 0),
        ("tol", -1),
        ("callbacks", 5),
        ("callbacks", ["EarlyStoping"]),
        ("callbacks", len),
        ("warm_start", None),
        ("dtype", "float16"),
        ("verbose", 3),
        ("random_state", -1),
    ],
)
def test_an_invalid_parameter_is_named_in_the_error(name, value):
    with pytest.raises((ValueError, TypeError), match=name):
        DenseDigitClassifier(**{name: value}).fit(X, Y)


def test_a_keras_schedule_does_not_accept_warmup():
    import keras

    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 5, 0.7)
    with pytest.raises(ValueError, match=r"warmup=0\.1 requires learning_rate_schedule to be 'constant'"):
        DenseDigitClassifier(learning_rate_schedule=schedule, warmup=0.1).fit(X, Y)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (X[:, :-1], "X has 15 features, but DenseDigitClassifier is expecting 16"),
        (changed(X, (0, 0), np.nan), "Input X contains NaN"),
        (X[0], "Expected 2D array, got 1D array"),
    ],
)
def test_invalid_data_raises_at_prediction(fitted, method, given, message):
    with pytest.raises(ValueError, match=message):
        getattr(fitted, method)(given)


def test_images_of_another_shape_raise():
    clf = make_small(epochs=1).fit(X.reshape(60, 4, 4), Y)
    with pytest.raises(ValueError, match=r"images of shape \(2, 8\).*fitted on images of shape \(4, 4\)"):
        clf.predict(X.reshape(60, 2, 8))


def test_a_class_with_one_sample_cannot_be_split():
    with pytest.raises(ValueError, match=r"1 sample of class 'nine'.*X_val and y_val.*early_stopping=False"):
        make_small(early_stopping=True).fit(X, ["one"] * 59 + ["nine"])


@pytest.mark.parametrize(
    ("classes", "labels", "message"),
    [
        (None, Y, "classes must be passed on the first call"),
        ([0, 1], Y, r"labels that are not among the classes: \[2\]; the classes are \[0, 1\]"),
    ],
)
def test_partial_fit_raises_on_labels_outside_the_classes(classes, labels, message):
    clf = make_small()
    with pytest.raises(ValueError, match=message):
        clf.partial_fit(X, labels, classes=classes)
    assert not hasattr(clf, "classes_")


def test_partial_fit_does_not_change_its_classes(fitted):
    weights = fitted.coefs_[0].copy()
    with pytest.raises(ValueError, match="not the same as on last call"):
        fitted.partial_fit(X, Y, classes=[0, 1, 2, 3])
    with pytest.raises(ValueError, match=r"labels that are not among the classes: \[7\]"):
        fitted.partial_fit(X, np.full(60, 7))
    np.testing.assert_array_equal(fitted.coefs_[0], weights)


def test_balanced_class_weight_raises_in_partial_fit():
    with pytest.raises(ValueError, match="class_weight='balanced' requires all data at once"):
        make_small(class_weight="balanced").partial_fit(X, Y, classes=[0, 1, 2])


@pytest.mark.parametrize(
    ("params", "labels", "message"),
    [
        ({"hidden_layer_sizes": (33,)}, Y, r"hidden_layer_sizes must be .* \(32,\), .* got \(33,\)"),
        ({"batch_norm": True}, Y, "batch_norm must be .* False, .* got True"),
        ({}, Y % 2, r"y must have the classes of the previous fit, \[0, 1, 2\], got \[0, 1\]"),
    ],
)
def test_a_warm_start_with_another_network_or_other_classes_raises(params, labels, message):
    clf = make_small(warm_start=True, epochs=1).fit(X, Y).set_params(**params)
    with pytest.raises(ValueError, match=message):
        clf.fit(X, labels)


@pytest.mark.filterwarnings("ignore:X is not scaled")
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_diverging_loss_raises_and_names_the_learning_rate(optimizer):
    with pytest.raises(ValueError, match=r"became infinite or NaN .*Lower learning_rate"):
        make_small(optimizer=optimizer, learning_rate=1e30, activation="linear").fit(X * 1e8, Y)


@pytest.mark.parametrize(
    ("misspelt", "nearest"),
    [("epoch", "epochs"), ("batchsize", "batch_size"), ("hidden_layers_sizes", "hidden_layer_sizes")],
)
def test_set_params_suggests_the_nearest_name_and_sets_nothing(misspelt, nearest):
    clf = DenseDigitClassifier()
    with pytest.raises(ValueError, match=rf"Invalid parameter '{misspelt}'.*Did you mean '{nearest}'\?"):
        clf.set_params(verbose=2, **{misspelt: 3})
    assert clf.verbose == 0


@pytest.mark.parametrize(
    ("params", "nearest"),
    [
        ({"activation": "rellu"}, "relu"),
        ({"learning_rate_schedule": "one-cycle"}, "one_cycle"),
        ({"class_weight": "balance"}, "balanced"),
        ({"dtype": "float23"}, "float32"),
    ],
)
def test_fit_suggests_the_nearest_value(params, nearest):
    with pytest.raises(ValueError, match=rf"Did you mean '{nearest}'\?"):
        DenseDigitClassifier(**params).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize(
    ("params", "refused"),
    [
        ({"class_weight": "zzz", "learning_rate_schedule": "one-cycle"}, "class_weight"),
        ({"epochs": 0, "learning_rate_schedule": "one-cycle"}, "epochs"),
    ],
)
def test_only_the_refused_parameter_gets_a_suggestion(params, refused):
    with pytest.raises(ValueError, match=f"The '{refused}' parameter") as caught:
        DenseDigitClassifier(**params).fit([[0.0], [1.0]], [0, 1])
    assert "Did you mean" not in str(caught.value)


def test_no_name_is_suggested_where_none_is_near():
    with pytest.raises(ValueError, match="Invalid parameter 'zzz'") as caught:
        DenseDigitClassifier().set_params(zzz=1)
    assert "Did you mean" not in str(caught.value)
