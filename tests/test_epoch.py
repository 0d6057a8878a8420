"""The compiled epoch: its results equal those of Keras, and every feature of Keras works in it."""

import itertools
import warnings

import keras
import numpy as np
import pytest
from conftest import make_small, same_weights, slow
from scipy import sparse, stats
from sklearn.exceptions import ConvergenceWarning

from sk_digits import _fitting, _inference
from sk_digits._engine import _buffers, _callbacks, _epoch_model, _layers, _optimizers, _trainer
from sk_digits._engine._spec import OptimizerParams
from sk_digits.augmentation import RandomDeformation

EXPONENTIAL_DECAY = keras.optimizers.schedules.ExponentialDecay(0.1, 9, 0.8)


@pytest.fixture(scope="module")
def Xy(digits):
    return digits.data_train[:500], digits.target_train[:500]


class KerasReference:
    """Training on the same batches by `train_on_batch` of Keras."""

    def __init__(self, clf, optimizer, loss):
        self.model = clf.model_
        self.model.set_weights(self.start(clf))
        self.model.compile(optimizer, loss)

    @staticmethod
    def start(clf):
        rng = np.random.RandomState(clf.random_state)
        return _trainer.draw_initial_weights(clf._state.network, rng)

    def train(self, clf, X, y):
        rng = np.random.RandomState(clf.random_state)
        _trainer.draw_initial_weights(clf._state.network, rng)
        for _ in range(clf.n_iter_):
            order = rng.permutation(len(X))
            rng.randint(2**32, dtype=np.uint32)
            for first in range(0, len(X), clf.batch_size):
                rows = order[first : first + clf.batch_size]
                self.model.train_on_batch(X[rows], y[rows])
        return self.model.get_weights()


@pytest.mark.parametrize(
    ("optimizer", "params"),
    [
        slow("sgd", {"learning_rate": 0.1}),
        ("adam", {"learning_rate": 0.01}),
        (keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True), {}),
        slow(keras.optimizers.RMSprop(0.002), {}),
        slow(keras.optimizers.Adam(0.01, clipnorm=0.1), {}),
        slow(keras.optimizers.Nadam(0.002), {}),
        slow(keras.optimizers.Adagrad(0.05), {}),
        slow(keras.optimizers.Lion(0.001), {}),
        slow(keras.optimizers.Adafactor(0.01), {}),
        slow(
            keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.01, 5, 0.7)),
            {"learning_rate": None},
        ),
        slow(keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=7), {}),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_an_epoch_equals_train_on_batch_of_keras(optimizer, params, Xy):
    X, y = Xy[0].astype(np.float64), Xy[1]
    clf = make_small(optimizer=optimizer, epochs=2, learning_rate_schedule="constant", **params).fit(X, y)
    params = OptimizerParams(optimizer, {}, clf.learning_rate, None, rate_factor=1.0, schedule=None)
    own = _optimizers.make_optimizer_spec(params).build()
    reference = KerasReference(clf, own, "sparse_categorical_crossentropy")
    reference.train(clf, X, y)
    own.finalize_variable_values(reference.model.trainable_variables)
    for ours, keras_weights in zip(clf._state.weights, reference.model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, keras_weights, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_the_moving_average_of_an_optimizer_is_the_result(Xy):
    params = {"epochs": 3, "learning_rate_schedule": "constant"}
    plain = make_small(optimizer=keras.optimizers.SGD(0.5), **params).fit(*Xy)
    averaged = make_small(optimizer=keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.9), **params).fit(
        *Xy
    )
    assert plain.loss_curve_ == averaged.loss_curve_
    assert not same_weights(plain, averaged)


def test_label_smoothing_equals_that_of_keras(Xy):
    X, y = Xy[0].astype(np.float64), Xy[1]
    clf = make_small(epochs=2, label_smoothing=0.2, learning_rate_schedule="constant").fit(X, y)
    reference = KerasReference(
        clf,
        keras.optimizers.Adam(clf.learning_rate),
        keras.losses.CategoricalCrossentropy(label_smoothing=0.2),
    ).train(clf, X, np.eye(10)[y])
    for ours, keras_weights in zip(clf._state.weights, reference, strict=True):
        np.testing.assert_allclose(ours, keras_weights, rtol=1e-4, atol=1e-6)


def test_weight_decay_does_not_change_the_biases(Xy):
    # Learning rate times decay is 1, so a step sets a kernel to 0; its gradient is 0.
    X, y = np.zeros_like(Xy[0]), Xy[1]
    clf = make_small(
        optimizer="sgd", learning_rate=0.5, weight_decay=2.0, epochs=1, batch_size=500, random_state=0
    ).fit(X, y)
    plain = make_small(optimizer="sgd", learning_rate=0.5, epochs=1, batch_size=500, random_state=0).fit(X, y)
    assert not clf.coefs_[0].any()
    np.testing.assert_allclose(clf.intercepts_[1], plain.intercepts_[1])


def test_a_cosine_schedule_ends_at_a_learning_rate_of_zero(Xy):
    kernels = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            kernels.append(self.model.get_weights()[0].copy())

    make_small(callbacks=[Watch()], epochs=4, optimizer="sgd", learning_rate=0.1).fit(*Xy)
    moves = [abs(b - a).mean() for a, b in itertools.pairwise(kernels)]
    assert np.mean(moves[-3:]) < 0.05 * np.mean(moves[:3])


def test_dropout_drops_its_share():
    import tensorflow as tf

    layer = _layers.HashedDropout()
    rate = tf.constant(0.3, tf.float64)
    ones = tf.ones((200, 50))
    masks = [
        layer(ones, seed=_layers.hash_bits(tf.constant(1, tf.uint32), step), rate=rate).numpy()
        for step in range(5)
    ]
    for mask in masks:
        assert abs((mask == 0).mean() - 0.3) < 0.02
        np.testing.assert_allclose(mask[mask > 0], 1 / 0.7, rtol=1e-6)
        assert abs((mask == 0).mean(axis=0) - 0.3).max() < 0.13
    assert abs(np.mean((masks[0] == 0) & (masks[1] == 0)) - 0.09) < 0.02
    np.testing.assert_array_equal(layer(ones), 1)


def test_gaussian_noise_is_gaussian_and_independent_between_steps():
    import tensorflow as tf

    layer = _layers.HashedGaussianNoise()
    stddev = tf.constant(0.3, tf.float64)
    zeros = tf.zeros((400, 50))
    first, second = (
        layer(zeros, seed=_layers.hash_bits(tf.constant(1, tf.uint32), step), stddev=stddev).numpy()
        for step in range(2)
    )
    assert stats.kstest(first.ravel(), stats.norm(scale=0.3).cdf).pvalue > 0.01
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(first[:, 0], first[:, 1])[0, 1]) < 0.15
    np.testing.assert_array_equal(layer(zeros), 0)


@pytest.mark.parametrize(("bits", "largest"), [("float32", 5.3), ("float64", 5.3)])
def test_gaussian_noise_is_finite_at_the_extremes_of_its_draws(bits, largest):
    import tensorflow as tf

    ends = tf.constant([1 - 2.0**-23, 2.0**-23 - 1], bits)
    noise = tf.math.erfinv(ends).numpy() * 2**0.5
    np.testing.assert_allclose(abs(noise), largest, atol=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("batch_norm", [False, True])
def test_gaussian_noise_raises_the_training_loss_and_is_absent_from_predictions(batch_norm, Xy):
    noisy = make_small(gaussian_noise=0.3, batch_norm=batch_norm).fit(*Xy)
    plain = make_small(batch_norm=batch_norm).fit(*Xy)
    assert noisy.loss_ > 1.2 * plain.loss_
    assert same_weights(noisy, make_small(gaussian_noise=0.3, batch_norm=batch_norm).fit(*Xy))
    assert noisy.score(*Xy) > 0.9
    np.testing.assert_allclose(noisy.predict_proba(Xy[0]), noisy.model_.predict(Xy[0], verbose=0), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("batch_norm", [False, True])
def test_virtual_adversarial_training_makes_predictions_robust_to_perturbations(batch_norm, Xy):
    X, y = Xy[0].astype(np.float64), Xy[1]
    params = {"hidden_layer_sizes": (32, 32), "batch_norm": batch_norm, "epochs": 30}
    clf = make_small(virtual_adversarial=0.5, **params).fit(X, y)
    plain = make_small(**params).fit(X, y)

    def worst_divergence(fitted):
        """Return the divergence under the worst perturbation, by gradients of the Keras model."""
        import tensorflow as tf

        predicted = fitted.model_(X)
        rows = tf.Variable(X + 0.025 * _unit(np.random.RandomState(0).randn(*X.shape)))
        with tf.GradientTape() as tape:
            divergence = keras.losses.kl_divergence(predicted, fitted.model_(rows))
        worst = X + 0.5 * _unit(tape.gradient(divergence, rows).numpy())
        return float(np.mean(keras.losses.kl_divergence(predicted, fitted.model_(worst))))

    assert worst_divergence(clf) < 0.5 * worst_divergence(plain)
    assert clf.loss_ > plain.loss_
    assert clf.score(X, y) > 0.98
    assert same_weights(clf, make_small(virtual_adversarial=0.5, **params).fit(X, y))


def _unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.slow
def test_the_loss_includes_the_divergence_under_the_worst_perturbation(Xy):
    """A learning rate of nearly zero leaves the weights at their initial values."""
    import tensorflow as tf

    X, y = Xy[0].astype(np.float64), Xy[1]
    params = {"optimizer": "sgd", "learning_rate": 1e-12, "epochs": 1, "batch_size": 500}
    clf = make_small(virtual_adversarial=2.0, **params).fit(X, y)
    rows = tf.Variable(X)
    predicted = clf.model_(X).numpy()

    # The gradient at X is 0; the worst direction is the first eigenvector of the Hessian, by power iteration.
    def hessian_times(direction):
        step = 1e-4
        with tf.GradientTape() as tape:
            divergence = keras.losses.kl_divergence(predicted, clf.model_(rows + step * direction))
        return tape.gradient(divergence, rows).numpy() / step

    direction = _unit(np.random.RandomState(0).randn(*X.shape))
    for _ in range(20):
        direction = _unit(hessian_times(direction))
    largest = float(np.mean(keras.losses.kl_divergence(predicted, clf.model_(X + 2 * direction))))
    divergence = clf.loss_ - make_small(**params).fit(X, y).loss_
    assert 0.3 * largest < divergence < 1.3 * largest


@pytest.mark.slow
def test_virtual_adversarial_training_on_rows_of_zeros_stays_finite(Xy):
    X, y = np.zeros_like(Xy[0]), Xy[1]
    assert np.isfinite(make_small(virtual_adversarial=1.0, epochs=2).fit(X, y).loss_)


# Averaging the weights


class Weights(keras.callbacks.Callback):
    """Record the weights after the last step of each epoch, before they are averaged."""

    def on_train_begin(self, logs=None):
        self.after = []

    def on_epoch_begin(self, epoch, logs=None):
        self.after.append(None)

    def on_train_batch_end(self, batch, logs=None):
        self.after[-1] = self.model.get_weights()


@pytest.mark.parametrize(("share", "n_averaged"), [(0.5, 3), slow(0.01, 1), slow(1.0, 6), slow(0.34, 2)])
def test_weight_averaging_gives_the_mean_of_the_last_epochs(share, n_averaged, Xy):
    watch = Weights()
    clf = make_small(
        epochs=6, weight_averaging=share, learning_rate_schedule="constant", callbacks=[watch]
    ).fit(*Xy)
    for layer in range(2):
        mean = np.mean([weights[2 * layer] for weights in watch.after[-n_averaged:]], axis=0)
        np.testing.assert_allclose(clf.coefs_[layer], mean, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_batch_norm_statistics_are_recomputed_for_averaged_weights(form, Xy):
    X, y = Xy
    weight = np.arange(len(y)) % 3
    clf = make_small(
        hidden_layer_sizes=(32, 16), epochs=6, weight_averaging=0.5, batch_norm=True, dropout=0.2
    ).fit(form(X), y, sample_weight=weight)
    kernel, gamma, beta, mean, variance, next_kernel, _, _, next_mean, _, *_ = clf._state.weights
    z = X @ kernel
    np.testing.assert_allclose(mean, np.average(z, axis=0, weights=weight), atol=1e-5)
    np.testing.assert_allclose(variance, np.average((z - mean) ** 2, axis=0, weights=weight), rtol=1e-4)
    hidden = np.maximum((z - mean) / np.sqrt(variance + 1e-3) * gamma + beta, 0)
    np.testing.assert_allclose(next_mean, np.average(hidden @ next_kernel, axis=0, weights=weight), atol=1e-4)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_validation_and_early_stopping_use_the_averaged_weights(batch_norm, Xy, digits):
    params = {"epochs": 8, "weight_averaging": 0.75, "learning_rate": 0.05, "batch_norm": batch_norm}
    validation = {"X_val": digits.data_test, "y_val": digits.target_test}
    clf = make_small(learning_rate_schedule="constant", **params).fit(*Xy, **validation)
    assert clf.validation_scores_[-1] == pytest.approx(clf.score(digits.data_test, digits.target_test))
    clf = make_small(learning_rate_schedule="constant", early_stopping=True, **params).fit(*Xy, **validation)
    assert clf.best_validation_score_ == pytest.approx(clf.score(digits.data_test, digits.target_test))


# Schedules


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"learning_rate_schedule": "constant"}, {0: 1, 50: 1, 99: 1}),
        ({"learning_rate_schedule": "constant", "warmup": 0.1}, {0: 0.1, 4: 0.5, 9: 1, 10: 1, 99: 1}),
        ({"learning_rate_schedule": "cosine"}, {0: 1, 50: 0.5, 100: 0}),
        ({"learning_rate_schedule": "cosine", "warmup": 0.2}, {0: 0.05, 19: 1, 20: 1, 60: 0.5, 100: 0}),
        ({"learning_rate_schedule": "one_cycle"}, {-1: 0.04, 14: 0.52, 29: 1, 30: 1, 65: 0.5, 100: 0}),
        ({"learning_rate_schedule": "one_cycle", "warmup": 0.5}, {24: 0.52, 49: 1, 75: 0.5, 100: 0}),
    ],
)
def test_the_learning_rate_follows_its_schedule(params, expected):
    params = make_small(**params).get_params()
    steps = np.array(list(expected))
    factors = _fitting._learning_rate_factor(
        params["learning_rate_schedule"], _fitting._warmup(params), 100, steps
    )
    np.testing.assert_allclose(factors, list(expected.values()), atol=1e-9)


def test_a_warm_up_starts_with_small_steps(Xy):
    steps = {}
    for warmup in (None, 0.9):
        clf = make_small(optimizer="sgd", learning_rate=0.1, warmup=warmup, epochs=10, batch_size=500)
        steps[warmup] = clf.fit(*Xy).loss_curve_
    assert steps[0.9][0] == steps[None][0]
    assert 0 < steps[0.9][0] - steps[0.9][1] < 0.2 * (steps[None][0] - steps[None][1])


@pytest.mark.parametrize(
    "activation",
    [
        "gelu",
        "relu",
        *(slow(name) for name in sorted(_inference.ACTIVATIONS) if name not in ("gelu", "relu")),
    ],
)
def test_every_activation_compiles_and_learns(activation, Xy):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        clf = make_small(activation=activation, learning_rate=0.002, epochs=8).fit(*Xy)
    assert clf.loss_ < clf.loss_curve_[0]


# Callbacks


def test_epoch_callbacks_work_as_in_keras(Xy, digits, tmp_path):
    rates = []
    X_val, y_val = digits.data_test, digits.target_test
    callbacks = [
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.01 * 0.5**epoch),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: rates.append(logs["learning_rate"])),
        keras.callbacks.ModelCheckpoint(
            tmp_path / "best.keras", monitor="val_accuracy", save_best_only=True, save_freq="epoch"
        ),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        keras.callbacks.TerminateOnNaN(),
    ]
    params = {"dropout": 0.1, "batch_norm": True, "learning_rate_schedule": "constant"}
    clf = make_small(callbacks=callbacks, epochs=3, **params)
    clf.fit(*Xy, X_val=X_val, y_val=y_val)
    np.testing.assert_allclose(rates, [0.01, 0.005, 0.0025], rtol=1e-6)
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 4
    assert "val_loss" in (tmp_path / "log.csv").read_text()
    best = keras.models.load_model(tmp_path / "best.keras")
    accuracy = (best.predict(X_val, verbose=0).argmax(axis=1) == y_val).mean()
    assert accuracy == max(clf.validation_scores_)
    assert type(best) is keras.Sequential


def test_reduce_on_plateau_lowers_the_learning_rate(Xy):
    watched = {}
    callbacks = [
        keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.1, patience=1, min_delta=100),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: watched.update(logs)),
    ]
    make_small(callbacks=callbacks, epochs=4, learning_rate=0.01, learning_rate_schedule="constant").fit(*Xy)
    assert watched["learning_rate"] < 0.002


def test_keras_early_stopping_monitors_the_training_accuracy(Xy):
    stop = keras.callbacks.EarlyStopping(monitor="accuracy", patience=2, min_delta=1.0)
    clf = make_small(callbacks=[stop], epochs=50).fit(*Xy)
    assert clf.n_iter_ < 6
    assert stop.stopped_epoch == clf.n_iter_ - 1


def test_callbacks_do_not_keep_the_model_after_a_fit(Xy):
    stop = keras.callbacks.EarlyStopping(monitor="loss")
    make_small(callbacks=[stop], epochs=1).fit(*Xy)
    assert stop.model is None


@pytest.mark.parametrize(
    ("callback", "wants_batches"),
    [
        (keras.callbacks.EarlyStopping(), False),
        (keras.callbacks.TerminateOnNaN(), False),
        (keras.callbacks.ModelCheckpoint("x.keras"), False),
        (keras.callbacks.ModelCheckpoint("x.keras", save_freq=10), True),
        (keras.callbacks.LambdaCallback(on_epoch_end=print), False),
        (keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None), True),
        (
            type(
                "Mine", (keras.callbacks.Callback,), {"on_batch_end": lambda self, batch, logs=None: None}
            )(),
            True,
        ),
        (type("Mine", (keras.callbacks.EarlyStopping,), {})(), False),
    ],
)
def test_only_callbacks_that_act_on_batches_leave_the_compiled_epoch(callback, wants_batches):
    assert _callbacks.acts_on_batches(callback) is wants_batches


def test_batch_callbacks_see_every_batch_and_change_nothing(Xy):
    seen = []
    callback = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append((batch, logs["loss"]))
    )
    clf = make_small(callbacks=[callback], epochs=2, dropout=0.2, batch_norm=True).fit(*Xy)
    plain = make_small(epochs=2, dropout=0.2, batch_norm=True).fit(*Xy)
    assert [batch for batch, _ in seen] == [*range(8), *range(8)]
    assert same_weights(clf, plain)
    np.testing.assert_allclose(clf.loss_curve_, plain.loss_curve_, rtol=1e-5)
    np.testing.assert_allclose(seen[-1][1], clf.loss_, rtol=1e-5)


def test_a_batch_callback_can_stop_the_training(Xy):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 3

    assert make_small(callbacks=[Stop()], epochs=5).fit(*Xy).n_iter_ == 1


# Compiling


@pytest.mark.slow
def test_an_optimizer_that_xla_cannot_compile_trains_uncompiled_with_one_warning(Xy):
    import tensorflow as tf

    class NotCompilable(keras.optimizers.SGD):
        """Add 0 by an operation that XLA does not support."""

        def update_step(self, gradient, variable, learning_rate):
            zero = tf.strings.to_number(tf.strings.as_string(tf.reduce_sum(gradient) * 0))
            super().update_step(gradient + zero, variable, learning_rate)

    params = {"learning_rate": 0.1, "epochs": 2, "dropout": 0.2, "batch_norm": True}
    with pytest.warns(RuntimeWarning, match="trains uncompiled"):
        uncompiled = make_small(optimizer=NotCompilable(), **params).fit(*Xy)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        make_small(optimizer=NotCompilable(), **params).fit(*Xy)
    compiled = make_small(optimizer="sgd", **params).fit(*Xy)
    np.testing.assert_allclose(uncompiled.predict_proba(Xy[0]), compiled.predict_proba(Xy[0]), atol=1e-5)


def test_uint8_stays_uint8_until_the_batch(Xy, monkeypatch):
    X = np.round(Xy[0] * 16).astype(np.uint8)
    placed = []
    monkeypatch.setattr(
        _epoch_model,
        "copy_to_buffer",
        lambda X, buffer, copy=_epoch_model.copy_to_buffer: placed.append(copy(X, buffer)) or placed[-1],
    )
    clf = make_small(learning_rate=0.001).fit(X, Xy[1])
    assert placed[0].dtype == np.uint8
    np.testing.assert_array_equal(placed[0][:500], X)
    assert same_weights(clf, make_small(learning_rate=0.001).fit(X.astype(np.float32), Xy[1]))


@pytest.mark.parametrize("n", [1, 255, 256, 257, 1437, 1797, 8192, 8193, 60000, 10**6])
def test_row_buckets_are_few_and_not_much_larger_than_needed(n):
    bucket = _buffers.row_bucket(n)
    assert bucket >= n
    assert bucket < max(257, 2 * n if n <= 8192 else 1.13 * n)
    assert _buffers.row_bucket(bucket) == bucket


@pytest.fixture
def traced(monkeypatch):
    """Return a list to which each network is appended when it is traced; none is compiled before."""
    traced = []
    original = _epoch_model.EpochModel._trace
    monkeypatch.setattr(
        _epoch_model.EpochModel,
        "_trace",
        lambda self, *args, **kwargs: traced.append(self) or original(self, *args, **kwargs),
    )
    _trainer.clear_models()
    return traced


def test_a_fit_compiles_nothing_if_only_sizes_rates_seeds_or_weights_differ(Xy, traced):
    X, y = Xy
    make_small().fit(X, y)
    for rows, params in ((480, {}), (300, {"learning_rate": 0.1}), (500, {"random_state": 5, "epochs": 2})):
        make_small(**params).fit(X[:rows], y[:rows], sample_weight=np.arange(1, rows + 1))
    assert len(traced) == 1
    make_small(hidden_layer_sizes=(33,)).fit(X, y)
    assert len(traced) == 2


@pytest.mark.parametrize(
    "name",
    [
        "dropout",
        *map(slow, ["gaussian_noise", "label_smoothing", "virtual_adversarial", "weight_decay", "alpha"]),
    ],
)
def test_a_search_over_numbers_compiles_one_network(name, Xy, traced):
    results = [
        make_small(epochs=1, **{name: value}).fit(*Xy).coefs_[0] for value in np.linspace(0.01, 0.9, 40)
    ]
    assert len(traced) == 1
    assert len({result.tobytes() for result in results}) == 40


@pytest.mark.parametrize(
    "params",
    [
        {"dropout": 0.2, "label_smoothing": 0.1, "warmup": 0.3},
        slow({"batch_norm": True, "gaussian_noise": 0.1}),
        slow({"augmentation": RandomDeformation(rotation=10), "learning_rate_schedule": "one_cycle"}),
        slow(
            {"optimizer": keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 9, 0.8), 0.9)}
        ),
    ],
    ids=" ".join,
)
def test_epochs_that_share_a_call_give_the_same_bits_and_history(params, Xy, monkeypatch):
    n_epochs = []
    original = _epoch_model.draw_batches
    monkeypatch.setattr(
        _epoch_model,
        "draw_batches",
        lambda job, batch_size, epochs, dtype: (
            n_epochs.append(len(epochs)) or original(job, batch_size, epochs, dtype)
        ),
    )
    X, y = Xy[0][:150], Xy[1][:150]
    weights = np.linspace(0, 2, 150)
    if "optimizer" in params:
        params = {"learning_rate": None, **params}
    shared = make_small(batch_size=32, epochs=70, **params).fit(X, y, weights)
    assert max(n_epochs) > 30
    n_epochs.clear()
    single = make_small(batch_size=32, epochs=70, callbacks=[keras.callbacks.Callback()], **params)
    single.fit(X, y, weights)
    assert n_epochs == [1] * 70
    assert same_weights(shared, single)
    assert shared.history_ == single.history_
    assert shared.n_iter_ == 70


def test_the_epoch_of_a_divergence_is_named_where_epochs_share_a_call(Xy):
    message = {}
    for callbacks in ([], [keras.callbacks.Callback()]):
        clf = make_small(epochs=40, optimizer="sgd", learning_rate=1e30, callbacks=callbacks)
        with pytest.raises(ValueError, match="training has diverged") as error:
            clf.fit(Xy[0][:64], Xy[1][:64])
        message[len(callbacks)] = str(error.value)
    assert message[0] == message[1]


def test_ctrl_c_in_a_callback_of_the_first_epoch_keeps_the_epoch(Xy):
    def interrupt(epoch, logs):
        raise KeyboardInterrupt

    callback = keras.callbacks.LambdaCallback(on_epoch_end=interrupt)
    with pytest.warns(ConvergenceWarning, match="interrupted by user"):
        clf = make_small(callbacks=callback, epochs=5).fit(*Xy)
    assert clf.n_iter_ == 1
    assert len(clf.history_["accuracy"]) == 1
