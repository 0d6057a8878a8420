"""Bad input: an error that says what was given and what is allowed, and nothing the user had is lost."""

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
        ((X.reshape(60, 4, 4, 1).repeat(3, axis=3), Y), ValueError, r"\(60, 4, 4, 3\).*one channel"),
        ((X, Y, -np.ones(60)), ValueError, "Negative values in data passed to sample_weight"),
        ((X, Y, np.zeros(60)), ValueError, "sample_weight is zero for every row"),
        ((X, Y, np.ones(59)), ValueError, r"sample_weight.shape == \(59,\), expected \(60,\)"),
        ((X, Y, changed(np.ones(60), 0, np.nan)), ValueError, "Input sample_weight contains NaN"),
        ((X, Y, None, X), ValueError, "takes both X_val and y_val; given: X_val"),
        ((X, Y, None, None, Y), ValueError, "takes both X_val and y_val; given: y_val"),
        ((X, Y, None, None, None, np.ones(60)), ValueError, "given: sample_weight_val"),
        ((X, Y, None, X, Y[:-1]), ValueError, "inconsistent numbers of samples"),
        ((X, Y, None, X[:, :-1], Y), ValueError, "X_val: X has 15 features"),
        ((X, Y, None, changed(X, (0, 0), np.nan), Y), ValueError, "X_val: Input X contains NaN"),
        ((X, Y, None, X, Y + 1), ValueError, r"y_val has labels .*\[3\].*the classes are \[0, 1, 2\]"),
        ((X, Y, None, X, Y, np.ones(5)), ValueError, r"sample_weight_val.shape == \(5,\)"),
    ],
)
def test_bad_data_is_refused_and_the_fitted_classifier_stays(fitted, data, error, message):
    before = dict(vars(fitted))
    with pytest.raises(error, match=message):
        fitted.fit(*data)
    assert vars(fitted).keys() == before.keys()
    assert all(vars(fitted)[name] is value for name, value in before.items())


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
        ("batch_size", "auto"),
        ("epochs", 0),
        ("epochs", 2.5),
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
        ("callbacks", ["EarlyStopping"]),
        ("warm_start", None),
        ("dtype", "float16"),
        ("verbose", 3),
        ("random_state", -1),
    ],
)
def test_a_parameter_out_of_range_is_named(name, value):
    with pytest.raises((ValueError, TypeError), match=name):
        DenseDigitClassifier(**{name: value}).fit(X, Y)


def test_a_schedule_of_keras_brings_its_own_warm_up():
    import keras

    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 5, 0.7)
    with pytest.raises(ValueError, match=r"warmup=0\.1 goes with a learning_rate_schedule of 'constant'"):
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
def test_bad_data_is_refused_at_prediction(fitted, method, given, message):
    with pytest.raises(ValueError, match=message):
        getattr(fitted, method)(given)


def test_images_of_another_shape_are_refused():
    clf = make_small(epochs=1).fit(X.reshape(60, 4, 4), Y)
    with pytest.raises(ValueError, match=r"images of shape \(2, 8\).*fitted on images of shape \(4, 4\)"):
        clf.predict(X.reshape(60, 2, 8))


def test_a_class_with_one_member_cannot_be_split():
    with pytest.raises(ValueError, match=r"1 sample of class 'nine'.*X_val and y_val.*early_stopping=False"):
        make_small(early_stopping=True).fit(X, ["one"] * 59 + ["nine"])


@pytest.mark.parametrize(
    ("classes", "labels", "message"),
    [
        (None, Y, "classes must be passed on the first call"),
        ([0, 1], Y, r"labels that are not among the classes: \[2\]; the classes are \[0, 1\]"),
    ],
)
def test_partial_fit_refuses_labels_it_was_not_told_of(classes, labels, message):
    clf = make_small()
    with pytest.raises(ValueError, match=message):
        clf.partial_fit(X, labels, classes=classes)
    assert not hasattr(clf, "classes_")


def test_partial_fit_keeps_its_classes(fitted):
    before = fitted.coefs_[0].copy()
    with pytest.raises(ValueError, match="not the same as on last call"):
        fitted.partial_fit(X, Y, classes=[0, 1, 2, 3])
    with pytest.raises(ValueError, match=r"labels that are not among the classes: \[7\]"):
        fitted.partial_fit(X, np.full(60, 7))
    np.testing.assert_array_equal(fitted.coefs_[0], before)


def test_balanced_class_weight_is_not_for_partial_fit():
    with pytest.raises(ValueError, match="class_weight='balanced' needs all data at once"):
        make_small(class_weight="balanced").partial_fit(X, Y, classes=[0, 1, 2])


@pytest.mark.parametrize(
    ("params", "labels", "message"),
    [
        ({"hidden_layer_sizes": (33,)}, Y, r"hidden_layer_sizes=\(33,\), but .* fitted with \(32,\)"),
        ({"batch_norm": True}, Y, "batch_norm=True, but .* fitted with False"),
        ({}, Y % 2, "goes on with the classes of the previous fit"),
    ],
)
def test_a_warm_start_goes_on_with_the_same_network(params, labels, message):
    clf = make_small(warm_start=True, epochs=1).fit(X, Y).set_params(**params)
    with pytest.raises(ValueError, match=message):
        clf.fit(X, labels)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_loss_that_diverges_names_the_parameter(optimizer):
    with pytest.raises(ValueError, match=r"became infinite or NaN .*Lower learning_rate"):
        make_small(optimizer=optimizer, learning_rate=1e30, activation="linear").fit(X * 1e8, Y)
