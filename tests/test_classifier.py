"""`DenseDigitClassifier` as users see it: inputs, labels, weights, seeds, warm starts, Ctrl-C, attributes."""

import contextlib
import pickle
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import SMALL, make_small, same_weights, slow
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from sk_digits import DenseDigitClassifier


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


@pytest.mark.parametrize(
    "form",
    [
        np.asfortranarray,
        read_only,
        sparse.csr_matrix,
        sparse.csr_array,
        sparse.coo_array,
        lambda X: X.reshape(-1, 8, 8),
        lambda X: X.reshape(-1, 8, 8, 1),
        lambda X: pd.DataFrame(X, columns=[f"p{i}" for i in range(64)]),
        lambda X: pl.DataFrame(X, schema=[f"p{i}" for i in range(64)]),
    ],
    ids=[
        "fortran",
        "read-only",
        "csr matrix",
        "csr array",
        "coo array",
        "images",
        "channel",
        "pandas",
        "polars",
    ],
)
def test_the_form_of_the_input_does_not_change_the_fit(form, small, digits):
    X, X_test = form(digits.data_train), form(digits.data_test)
    clf = make_small().fit(X, digits.target_train)
    assert same_weights(clf, small)
    np.testing.assert_array_equal(clf.predict(X_test), small.predict(digits.data_test))


def test_a_list_is_trained_in_double_precision(digits):
    X, y = digits.data_train[:100].astype(np.float64), digits.target_train[:100]
    assert same_weights(make_small().fit(X.tolist(), y.tolist()), make_small().fit(X, y))


@pytest.mark.parametrize(
    ("given", "trained"),
    [
        ("uint8", "float32"),
        slow("int64", "float32"),
        slow("float16", "float32"),
        ("float32", "float32"),
        ("float64", "float64"),
        slow("bool", "float32"),
    ],
)
def test_only_float64_is_trained_in_double_precision(given, trained, digits):
    X = np.round(digits.data_train * 16).astype(given)
    clf = make_small(learning_rate=0.001).fit(X, digits.target_train)
    assert {array.dtype for array in [*clf.coefs_, *clf.intercepts_]} == {np.dtype(trained)}
    assert clf.predict_proba(X).dtype == trained
    assert clf.score(X, digits.target_train) > 0.8


def test_float32_can_be_forced(digits):
    clf = make_small(dtype="float32").fit(digits.data_train.astype(np.float64), digits.target_train)
    assert clf.coefs_[0].dtype == np.float32


def test_the_dtype_may_differ_between_fit_and_predict(small, digits):
    X = np.round(digits.data_test)
    expected = small.predict(X)
    for dtype in ("uint8", "int64", "float64", "float16"):
        np.testing.assert_array_equal(small.predict(X.astype(dtype)), expected)


def test_one_row_gives_one_row(small, digits):
    assert small.predict_proba(digits.data_test[:1]).shape == (1, 10)


@pytest.mark.parametrize(
    "labels",
    [
        np.arange(10) - 5,
        np.array([f"digit {i}" for i in range(10)]),
        np.array([f"digit {i}" for i in range(10)], dtype=object),
        np.arange(10) > 4,
        np.arange(10.0),
    ],
    ids=["int", "str", "object", "bool", "float"],
)
def test_labels_of_every_dtype(labels, digits):
    y, y_test = labels[digits.target_train], labels[digits.target_test]
    clf = make_small().fit(digits.data_train, y)
    np.testing.assert_array_equal(clf.classes_, np.unique(y))
    assert clf.predict(digits.data_test).dtype == y.dtype
    assert clf.score(digits.data_test, y_test) > 0.93


def test_many_classes():
    rng = np.random.RandomState(0)
    centres = rng.uniform(size=(150, 20)).astype(np.float32)
    y = np.arange(150).repeat(4)
    clf = make_small(epochs=40).fit(centres[y], y)
    assert clf.score(centres, np.arange(150)) > 0.95


@pytest.mark.parametrize("params", [{}, {"label_smoothing": 0.1, "virtual_adversarial": 0.5}])
@pytest.mark.filterwarnings("error::SyntaxWarning")
def test_a_single_class_is_predicted_with_certainty(params, digits):
    clf = make_small(**params).fit(digits.data_train, np.full(len(digits.data_train), "seven"))
    assert set(clf.predict(digits.data_test)) == {"seven"}
    np.testing.assert_array_equal(clf.predict_proba(digits.data_test), 1)


def test_no_hidden_layer_is_logistic_regression(digits):
    clf = make_small(hidden_layer_sizes=(), epochs=30).fit(digits.data_train, digits.target_train)
    assert [coef.shape for coef in clf.coefs_] == [(64, 10)]
    assert clf.score(digits.data_test, digits.target_test) > 0.93


def test_an_int_is_one_hidden_layer(small, digits):
    assert same_weights(make_small(hidden_layer_sizes=32).fit(digits.data_train, digits.target_train), small)


def test_activations_have_the_names_of_scikit_learn_too(digits):
    X, y = digits.data_train[:200], digits.target_train[:200]
    for name, keras_name in {"logistic": "sigmoid", "identity": "linear"}.items():
        assert same_weights(
            make_small(activation=name).fit(X, y), make_small(activation=keras_name).fit(X, y)
        )


def test_fitted_attributes_have_the_names_of_mlp_classifier(small):
    assert [coef.shape for coef in small.coefs_] == [(64, 32), (32, 10)]
    assert [intercept.shape for intercept in small.intercepts_] == [(32,), (10,)]
    assert (small.n_layers_, small.n_outputs_, small.out_activation_) == (3, 10, "softmax")
    assert small.n_iter_ == len(small.loss_curve_) == SMALL["epochs"]
    assert small.loss_ == small.loss_curve_[-1] < small.loss_curve_[0] / 5
    assert small.history_["loss"] == small.loss_curve_
    assert small.history_["accuracy"][-1] > 0.95
    assert small.validation_scores_ is None
    assert small.best_validation_score_ is None


def test_feature_names(digits):
    frame = pd.DataFrame(digits.data_train, columns=digits.feature_names)
    clf = make_small(epochs=1).fit(frame, digits.target_train)
    assert clf.feature_names_in_.tolist() == digits.feature_names
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(frame[digits.feature_names[::-1]])


def test_the_scikeras_classifier_predicts_the_same(small, digits):
    from scikeras.wrappers import KerasClassifier

    assert isinstance(small.keras_classifier_, KerasClassifier)
    np.testing.assert_array_equal(
        small.keras_classifier_.predict(digits.data_test), small.predict(digits.data_test)
    )
    assert small.keras_classifier_.history_ == small.history_


def test_the_keras_model_is_rebuilt_after_unpickling(small, digits):
    loaded = pickle.loads(pickle.dumps(small))
    assert loaded.model_.count_params() == small.model_.count_params()
    assert [type(layer).__name__ for layer in loaded.model_.layers] == ["Flatten", "Dense", "Dense"]


# Weights


def test_a_weighted_row_equals_repeated_rows(digits):
    X, y = digits.data_train[:60].astype(np.float64), digits.target_train[:60]
    weights = np.random.RandomState(0).randint(0, 3, 60)
    params = {"batch_size": 256, "batch_norm": True}
    weighted = make_small(**params).fit(X, y, sample_weight=weights)
    repeated = make_small(**params).fit(X.repeat(weights, axis=0), y.repeat(weights))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-6)


def test_fit_does_not_change_the_sample_weights(digits):
    weights = np.ones(len(digits.data_train))
    make_small(class_weight="balanced", epochs=1).fit(digits.data_train, digits.target_train, weights)
    np.testing.assert_array_equal(weights, 1)


@pytest.mark.parametrize("class_weight", ["balanced", {"rare": 20.0}])
def test_class_weight_raises_the_recall_of_a_rare_class(class_weight):
    rng = np.random.RandomState(0)
    y = np.array(["common"] * 950 + ["rare"] * 50)
    X = (rng.normal(size=(1000, 2)) + 1.5 * (y == "rare")[:, None]).astype(np.float32)
    recall = [
        (make_small(class_weight=weight).fit(X, y).predict(X[950:]) == "rare").mean()
        for weight in (None, class_weight)
    ]
    assert recall[1] > recall[0] + 0.2


# Seeds


def test_same_seed_same_bits(small, digits):
    np.random.seed(1)  # noqa: NPY002
    make_small(dropout=0.5, random_state=3).fit(digits.data_train[:100], digits.target_train[:100])
    assert same_weights(make_small().fit(digits.data_train, digits.target_train), small)
    assert not same_weights(make_small(random_state=1).fit(digits.data_train, digits.target_train), small)


@pytest.mark.slow
def test_same_seed_same_bits_in_another_process(digits):
    params = "epochs=2, dropout=0.2, batch_norm=True, early_stopping=True"
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from conftest import make_small, load_digits\n"
        f"d = load_digits(); clf = make_small({params}).fit(d.data_train, d.target_train)\n"
        "print(b''.join(a.tobytes() for a in clf.coefs_ + clf.intercepts_).hex())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    clf = make_small(epochs=2, dropout=0.2, batch_norm=True, early_stopping=True)
    clf.fit(digits.data_train, digits.target_train)
    assert done.stdout.strip() == b"".join(a.tobytes() for a in clf.coefs_ + clf.intercepts_).hex()


def test_a_random_state_instance_advances_with_each_fit(digits):
    X, y = digits.data_train[:100], digits.target_train[:100]
    clf = make_small(random_state=np.random.RandomState(0))
    first = clf.fit(X, y).coefs_
    assert not np.array_equal(first[0], clf.fit(X, y).coefs_[0])


def test_fit_leaves_global_generators_and_settings_unchanged(digits):
    import tensorflow as tf
    from tensorflow.python.eager.context import global_seed
    from tensorflow.python.framework.config import is_op_determinism_enabled

    def globals_now():
        return (
            np.random.get_state()[1].tolist(),  # noqa: NPY002
            random.getstate(),
            global_seed(),
            is_op_determinism_enabled(),
            tf.config.optimizer.get_jit(),
            tf.config.functions_run_eagerly(),
            tf.config.threading.get_intra_op_parallelism_threads(),
            tf.random.get_global_generator().state.numpy().tolist(),
        )

    globals_before = globals_now()
    clf = make_small(dropout=0.3, batch_norm=True, early_stopping=True, epochs=2)
    clf.fit(digits.data_train, digits.target_train)
    assert clf.model_ is not None
    assert globals_now() == globals_before


# Validation and early stopping


def test_early_stopping_keeps_the_best_epoch(digits):
    clf = make_small(early_stopping=True, epochs=200, n_iter_no_change=3, learning_rate=0.02)
    clf.fit(digits.data_train, digits.target_train)
    assert clf.n_iter_ < 200
    assert clf.best_validation_score_ == max(clf.validation_scores_)
    assert len(clf.validation_scores_) == clf.n_iter_
    assert max(clf.validation_scores_[-3:]) < clf.best_validation_score_ + clf.tol
    assert clf.score(digits.data_test, digits.target_test) > 0.93


def test_an_explicit_validation_set_is_used_for_early_stopping(digits):
    X_val, y_val = digits.data_test, digits.target_test
    clf = make_small(early_stopping=True, epochs=200, n_iter_no_change=3, learning_rate=0.02)
    clf.fit(digits.data_train, digits.target_train, X_val=X_val, y_val=y_val)
    assert clf.n_iter_ < 200
    assert clf.score(X_val, y_val) == clf.best_validation_score_


def test_an_explicit_validation_set_does_not_change_the_training(small, digits):
    clf = make_small().fit(
        digits.data_train, digits.target_train, X_val=digits.data_test, y_val=digits.target_test
    )
    assert same_weights(clf, small)
    assert len(clf.validation_scores_) == clf.n_iter_
    assert clf.validation_scores_[-1] == clf.score(digits.data_test, digits.target_test)
    assert set(clf.history_) == {"loss", "accuracy", "val_loss", "val_accuracy"}


def test_validation_scores_are_weighted(digits):
    weights = (digits.target_test == 3).astype(float)
    clf = make_small(epochs=1).fit(
        digits.data_train,
        digits.target_train,
        X_val=digits.data_test,
        y_val=digits.target_test,
        sample_weight_val=weights,
    )
    threes = digits.target_test == 3
    assert clf.validation_scores_ == [clf.score(digits.data_test[threes], digits.target_test[threes])]


def test_the_validation_split_is_stratified():
    from sk_digits._validation import stratified_split

    y = np.repeat([0, 1, 2], [800, 150, 50])
    rows = np.random.RandomState(0).permutation(1000)
    train, val = stratified_split(rows, y, np.arange(3), 0.1, seed=0)
    assert np.bincount(y[val]).tolist() == [80, 15, 5]
    assert sorted([*train, *val]) == list(range(1000))


# Warm start and partial_fit


def test_a_warm_start_continues_from_the_last_epoch(digits):
    X, y = digits.data_train, digits.target_train
    clf = make_small(warm_start=True, epochs=3, learning_rate_schedule="constant").fit(X, y)
    losses = clf.loss_curve_
    clf.fit(X, y)
    assert clf.n_iter_ == 6
    assert clf.loss_curve_[:3] == losses
    assert clf.loss_curve_[3] < losses[2]


def test_a_warm_start_validates_on_the_same_rows(digits, monkeypatch):
    from sk_digits import _classifier

    validated = []
    split = _classifier.stratified_split
    monkeypatch.setattr(
        _classifier, "stratified_split", lambda *args: validated.append(split(*args)[1]) or split(*args)
    )
    clf = make_small(warm_start=True, early_stopping=True, epochs=2)
    clf.fit(digits.data_train, digits.target_train).fit(digits.data_train, digits.target_train)
    np.testing.assert_array_equal(*validated)


def test_partial_fit_on_all_rows_equals_an_epoch_of_fit(digits):
    X, y = digits.data_train, digits.target_train
    fitted = make_small(epochs=4, learning_rate_schedule="constant").fit(X, y)
    partly = make_small()
    for _ in range(4):
        partly.partial_fit(X, y, classes=np.arange(10))
    assert same_weights(partly, fitted)
    assert partly.loss_curve_ == fitted.loss_curve_


@pytest.mark.parametrize(
    "params", [slow({}), {"batch_norm": True, "dropout": 0.2}, slow({"optimizer": "nadam"})], ids=str
)
def test_partial_fit_after_a_pickle_round_trip_gives_the_same_bits(digits, params):
    X, y = digits.data_train, digits.target_train
    straight, pickled = make_small(**params), make_small(**params)
    for part in range(4):
        rows = slice(part * 300, (part + 1) * 300)
        straight.partial_fit(X[rows], y[rows], classes=np.arange(10))
        pickled = pickle.loads(pickle.dumps(pickled.partial_fit(X[rows], y[rows], classes=np.arange(10))))
    assert same_weights(straight, pickled)


def test_partial_fit_accepts_unsorted_classes_and_parts_that_lack_some(digits):
    clf = make_small()
    for part in np.array_split(np.argsort(digits.target_train), 5) * 6:
        clf.partial_fit(
            digits.data_train[part], digits.target_train[part], classes=[3, 1, 2, 0, 9, 8, 7, 6, 5, 4]
        )
    np.testing.assert_array_equal(clf.classes_, np.arange(10))
    assert clf.predict_proba(digits.data_test).shape == (360, 10)


# Errors and Ctrl-C


@pytest.mark.filterwarnings("ignore:X is not scaled")
def test_a_failed_fit_leaves_the_fitted_classifier_as_it_was(digits):
    clf = make_small(epochs=1).fit(digits.data_train, digits.target_train)
    before = clf.predict_proba(digits.data_test)
    clf.set_params(learning_rate=1e30, optimizer="sgd")
    with pytest.raises(ValueError, match="Lower learning_rate"):
        clf.fit(digits.data_train * 1e8, digits.target_train % 3)
    np.testing.assert_array_equal(clf.predict_proba(digits.data_test), before)


def test_parameters_set_after_fit_do_not_change_the_predictions(digits):
    clf = make_small(epochs=1).fit(digits.data_train, digits.target_train)
    before = clf.predict_proba(digits.data_test)
    clf.set_params(activation="tanh", hidden_layer_sizes=(5,))
    np.testing.assert_array_equal(clf.predict_proba(digits.data_test), before)


def test_ctrl_c_keeps_the_last_whole_epoch(digits):
    import keras

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    X, y = digits.data_train, digits.target_train
    with pytest.warns(ConvergenceWarning, match="interrupted by user"):
        clf = make_small(callbacks=[Interrupt()], learning_rate_schedule="constant").fit(X, y)
    assert clf.n_iter_ == 2
    assert same_weights(clf, make_small(epochs=2, learning_rate_schedule="constant").fit(X, y))


def test_ctrl_c_in_the_middle_of_an_epoch_discards_that_epoch(digits):
    import keras

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch

        def on_train_batch_end(self, batch, logs=None):
            if (self.epoch, batch) == (2, 5):
                raise KeyboardInterrupt

    X, y = digits.data_train, digits.target_train
    with pytest.warns(ConvergenceWarning, match="interrupted by user"):
        clf = make_small(callbacks=[Interrupt()], learning_rate_schedule="constant").fit(X, y)
    assert same_weights(clf, make_small(epochs=2, learning_rate_schedule="constant").fit(X, y))


def test_ctrl_c_before_the_end_of_the_first_epoch_raises(digits):
    import keras

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            raise KeyboardInterrupt

    clf = make_small(callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        clf.fit(digits.data_train, digits.target_train)
    assert not hasattr(clf, "classes_")


def test_sigint_ends_a_long_fit_and_keeps_the_epochs_so_far(digits):
    import keras

    timer = threading.Timer(0.5, signal.raise_signal, (signal.SIGINT,))
    start = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epoch == 5 and timer.start())
    clf = make_small(epochs=20_000, callbacks=[start])
    with pytest.warns(ConvergenceWarning, match="interrupted by user"):
        clf.fit(digits.data_train, digits.target_train)
    assert 0 < clf.n_iter_ < 20_000
    assert clf.score(digits.data_test, digits.target_test) > 0.93


def test_sigint_ends_the_fit_even_if_a_library_swallows_it(digits):
    import keras

    def interrupt_and_swallow(epoch, logs):  # as Keras' callback list may do
        if epoch == 2:
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)

    callback = keras.callbacks.LambdaCallback(on_epoch_end=interrupt_and_swallow)
    clf = make_small(epochs=10, callbacks=[callback])
    with pytest.warns(ConvergenceWarning, match="interrupted by user"):
        clf.fit(digits.data_train, digits.target_train)
    assert clf.n_iter_ == 3
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# Augmentation by a function


def test_augmentation_is_drawn_anew_in_each_epoch(digits):
    seen = []

    def shifted(X, rng):
        seen.append(rng.randint(2**31))
        return np.roll(X.reshape(-1, 8, 8), rng.randint(-1, 2), axis=2).reshape(X.shape)

    X, y = digits.data_train, digits.target_train
    clf = make_small(augmentation=shifted, epochs=50).fit(X, y)
    assert len(set(seen)) == clf.n_iter_
    moved = np.roll(digits.data_test.reshape(-1, 8, 8), 1, axis=2).reshape(-1, 64)
    assert (
        clf.score(moved, digits.target_test) > make_small().fit(X, y).score(moved, digits.target_test) + 0.2
    )
    assert same_weights(clf, make_small(augmentation=shifted, epochs=50).fit(X, y))


def test_augmentation_must_keep_the_shape(digits):
    clf = make_small(augmentation=lambda X, rng: X[:-1])
    with pytest.raises(
        ValueError, match=r"augmentation must return .*got shape \(1436, 64\) for X of shape \(1437, 64\)"
    ):
        clf.fit(digits.data_train, digits.target_train)


def test_augmentation_may_turn_uint8_into_fractions(digits):
    X = (digits.data_train * 16).astype(np.uint8)
    clf = make_small(augmentation=lambda X, rng: X / np.float32(16))
    assert clf.fit(X, digits.target_train).score(digits.data_test, digits.target_test) > 0.93


def test_verbose_shows_each_epoch(digits, capsys):
    make_small(epochs=2, verbose=2).fit(digits.data_train, digits.target_train)
    assert capsys.readouterr().out.count("loss:") == 2


@pytest.mark.slow
def test_a_loaded_pickle_predicts_without_tensorflow(small, digits, tmp_path):
    (tmp_path / "clf.pickle").write_bytes(pickle.dumps(small))
    np.save(tmp_path / "X.npy", digits.data_test)
    code = (
        "import numpy as np, pickle, sys\n"
        "clf = pickle.load(open('clf.pickle', 'rb')); print(clf.predict(np.load('X.npy')).tolist())\n"
        "assert not {'tensorflow', 'keras', 'scikeras'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(small.predict(digits.data_test).tolist())


# MNIST


@pytest.mark.slow
def test_the_defaults_learn_mnist(mnist):
    clf = DenseDigitClassifier(random_state=0).fit(mnist.data_train, mnist.target_train)
    assert clf.score(mnist.data_test, mnist.target_test) >= 0.98


CLASSIC = {
    "hidden_layer_sizes": (128,),
    "batch_size": 32,
    "epochs": 10,
    "learning_rate": 0.001,
    "learning_rate_schedule": "constant",
    "label_smoothing": 0.0,
}


@pytest.mark.slow
def test_the_network_of_the_tutorials_learns_mnist(mnist):
    clf = DenseDigitClassifier(**CLASSIC, random_state=0).fit(mnist.data_train, mnist.target_train)
    assert clf.score(mnist.data_test, mnist.target_test) >= 0.973


@pytest.mark.slow
def test_partial_fit_over_mnist_in_parts_is_as_good_as_fit(mnist):
    params = {**CLASSIC, "batch_size": 128, "epochs": 5, "random_state": 0}
    fitted = DenseDigitClassifier(**params).fit(mnist.data_train, mnist.target_train)
    partly = DenseDigitClassifier(**params)
    for _ in range(params["epochs"]):
        for rows in np.array_split(np.arange(60000), 12):
            partly.partial_fit(mnist.data_train[rows], mnist.target_train[rows], classes=np.arange(10))
    scores = [clf.score(mnist.data_test, mnist.target_test) for clf in (fitted, partly)]
    assert scores[1] > scores[0] - 0.003
