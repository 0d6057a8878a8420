"""Optimizers, schedules and numbers mean what users of Keras expect, whatever their type."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import make_small, same_weights, slow
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sk_digits import DenseDigitClassifier

SCHEDULES = keras.optimizers.schedules


class Unregistered(SCHEDULES.LearningRateSchedule):
    """The warm-up of Transformers as most people write it: not registered and without get_config."""

    def __init__(self, scale):
        self.scale = scale

    def __call__(self, step):
        step = keras.ops.cast(step + 1, "float32")
        return self.scale * keras.ops.minimum(step**-0.5, step * 1e-3)


class WarmingUp(keras.optimizers.SGD):
    """Keeps a variable of TensorFlow's that Keras does not know as the optimizer's."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.factor = tf.Variable(0.1, trainable=False)

    def update_step(self, gradient, variable, learning_rate):
        self.factor.assign(0.9 * self.factor + 0.1)
        super().update_step(gradient * self.factor, variable, learning_rate)


@pytest.fixture(scope="module")
def Xy(digits):
    return digits.data_train[:500], digits.target_train[:500]


@pytest.fixture(scope="module")
def keras_weights(Xy):
    """Return a function that trains by `train_on_batch` of Keras, on the whole data as one batch."""

    def train(optimizer, steps):
        clf = make_small(batch_size=512, epochs=1, learning_rate=1e-30, optimizer="sgd").fit(*Xy)
        model = clf.model_
        model.compile(optimizer, "sparse_categorical_crossentropy")
        for _ in range(steps):
            model.train_on_batch(*Xy)
        return model.get_weights()

    return train


@pytest.mark.parametrize(
    "schedule",
    [
        slow(SCHEDULES.CosineDecay(0.1, 6)),
        slow(SCHEDULES.CosineDecayRestarts(0.1, 3)),
        slow(SCHEDULES.ExponentialDecay(0.1, 2, 0.5)),
        slow(SCHEDULES.InverseTimeDecay(0.1, 2, 0.5)),
        slow(SCHEDULES.PiecewiseConstantDecay([2, 4], [0.1, 0.05, 0.01])),
        slow(SCHEDULES.PolynomialDecay(0.1, 6)),
        Unregistered(1.0),
    ],
    ids=lambda schedule: type(schedule).__name__,
)
@pytest.mark.parametrize("place", ["learning_rate_schedule", slow("optimizer")])
def test_a_schedule_of_keras_is_followed_by_fit_and_partial_fit(place, schedule, Xy, keras_weights):
    given = schedule if place == "learning_rate_schedule" else keras.optimizers.SGD(schedule)
    clf = DenseDigitClassifier(
        (32,), optimizer="sgd", batch_size=512, epochs=6, label_smoothing=0, random_state=0
    ).set_params(**{place: given})
    fitted = clone(clf).fit(*Xy)
    partly = clone(clf)
    for _ in range(6):
        partly.partial_fit(*Xy, classes=np.arange(10))
    expected = keras_weights(keras.optimizers.SGD(schedule), 6)
    for ours, in_parts, theirs in zip(fitted._state.weights, partly._state.weights, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
        np.testing.assert_allclose(in_parts, theirs, atol=1e-5)


@pytest.mark.parametrize(
    "params",
    [
        {"learning_rate_schedule": SCHEDULES.CosineDecay(0.01, 100)},
        {"optimizer": keras.optimizers.SGD(SCHEDULES.CosineDecay(0.01, 100))},
        {"optimizer": keras.optimizers.Adam(Unregistered(1.0))},
    ],
    ids=["schedule", "optimizer", "unregistered"],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_schedule_and_a_learning_rate_beside_it_are_refused(method, params, Xy):
    clf = DenseDigitClassifier(**params, learning_rate=0.1)
    with pytest.raises(ValueError, match=r"learning_rate must be None if .* got learning_rate=0\.1"):
        clf.fit(*Xy) if method == "fit" else clf.partial_fit(*Xy, classes=np.arange(10))


@pytest.mark.parametrize(
    "make",
    [
        # Old versions of Keras pass the step, new ones nothing.
        slow(lambda: keras.optimizers.Adam(lambda *step: 0.01)),
        slow(lambda: keras.optimizers.Adam(Unregistered(1.0))),
        slow(lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01))),
        lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(Unregistered(1.0))),
    ],
    ids=["callable rate", "unregistered schedule", "LossScaleOptimizer", "both"],
)
def test_an_optimizer_instance_is_copied_whatever_it_consists_of(make, Xy):
    optimizer = make()
    first, second = (DenseDigitClassifier((16,), optimizer=optimizer, random_state=0) for _ in range(2))
    assert same_weights(first.fit(*Xy), second.fit(*Xy))
    assert first.loss_ < first.loss_curve_[0]
    assert not optimizer.built


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_optimizer_may_have_variables_of_its_own_that_start_anew_in_each_fit(Xy):
    clf = DenseDigitClassifier((16,), optimizer=WarmingUp(0.1), epochs=6, random_state=0)
    first, second = (clone(clf).fit(*Xy) for _ in range(2))
    assert same_weights(first, second)
    assert first.loss_ < first.loss_curve_[0]


def test_an_optimizer_that_cannot_be_copied_is_named(Xy):
    class NoConfig(keras.optimizers.SGD):
        def get_config(self):
            raise NotImplementedError("no config")

    with pytest.raises(ValueError, match=r"optimizer must be copied for each fit.*no config"):
        make_small(optimizer=NoConfig()).fit(*Xy)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_adafactor_trains_on_constant_pixels(dtype, Xy):
    X, y = Xy
    assert (X[:, 0] == 0).all()
    clf = make_small(optimizer="adafactor", learning_rate=0.01).fit(X.astype(dtype), y)
    assert clf.loss_ < 0.6 * clf.loss_curve_[0]


INTEGERS = [np.int8, np.uint64, *map(slow, [np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64])]
FLOATS = [np.float32, *map(slow, [np.float16, np.float64, np.longdouble])]


@pytest.mark.parametrize("kind", INTEGERS)
@pytest.mark.parametrize(
    "name", ["batch_size", "epochs", slow("n_iter_no_change"), slow("verbose"), slow("random_state")]
)
def test_an_integer_parameter_may_be_of_any_integer_type(name, kind, Xy, capsys):
    value = {"batch_size": 100, "epochs": 3, "n_iter_no_change": 2, "verbose": 2, "random_state": 7}[name]
    params = {"epochs": 2, "early_stopping": True}
    expected = make_small(**(params | {name: value})).fit(*Xy)
    assert same_weights(make_small(**(params | {name: kind(value)})).fit(*Xy), expected)


@pytest.mark.parametrize("kind", [int, *FLOATS, slow(np.int64)])
@pytest.mark.parametrize(
    "name",
    [
        "learning_rate",
        "weight_decay",
        "dropout",
        slow("gaussian_noise"),
        slow("label_smoothing"),
        slow("virtual_adversarial"),
        slow("warmup"),
        slow("weight_averaging"),
        "tol",
    ],
)
@pytest.mark.parametrize("after", [None, slow("adam"), slow("sgd")])
def test_a_float_parameter_may_be_of_any_real_type_whatever_was_fitted_before(name, kind, after, Xy):
    if after is not None:
        make_small(optimizer=after, epochs=1).fit(*Xy)
    is_whole = kind in (int, np.int64)
    at_most_half = name in ("dropout", "label_smoothing", "warmup")
    value = (0 if at_most_half else 1) if is_whole else 0.5
    params = {"optimizer": "sgd", "epochs": 2}
    expected = make_small(**(params | {name: float(value)})).fit(*Xy)
    assert same_weights(make_small(**(params | {name: kind(value)})).fit(*Xy), expected)


def test_a_search_over_numpy_arrays_of_numbers_fits_every_candidate(Xy):
    grid = {"batch_size": np.array([16, 32]), "learning_rate": np.array([0.1, 1], dtype=np.float32)}
    search = GridSearchCV(make_small(optimizer="sgd", epochs=2), grid, cv=2, error_score="raise").fit(*Xy)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
