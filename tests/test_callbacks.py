"""Keras callbacks: what they see and change is this fit's, and they do not keep the estimator from copies."""

import copy
import math
import pickle

import keras
import numpy as np
import pytest
from conftest import make_small, same_weights, slow
from sklearn.base import clone
from sklearn.model_selection import cross_val_score


@pytest.fixture(scope="module")
def Xy(digits):
    return digits.data_train[:500], digits.target_train[:500]


def at(event, function):
    """Return a callback that calls ``function(model)`` at an event."""

    def hook(self, *args, **kwargs):
        function(self.model)

    return type("Change", (keras.callbacks.Callback,), {event: hook})()


def freeze(model):
    model.layers[1].trainable = False


def set_optimizer(name, value):
    def change(model):
        setattr(model.optimizer, name, value)

    return change


SGD = {"optimizer": keras.optimizers.SGD(0.05, momentum=0.9), "learning_rate": None}
CHANGES = [
    (freeze, {}),
    slow(set_optimizer("momentum", 0.1), SGD),
    slow(set_optimizer("weight_decay", 2.0), {"weight_decay": 0.0}),
    slow(set_optimizer("clipnorm", 1e-3), SGD),
    slow(set_optimizer("beta_1", 0.1), {}),
    slow(set_optimizer("learning_rate", 1e-4), {"learning_rate_schedule": "constant"}),
    slow(lambda model: model.set_weights([0.5 * weight for weight in model.get_weights()]), {}),
    slow(lambda model: model.compile(keras.optimizers.SGD(0.01), model.loss), {}),
]
IDS = ["freeze", "momentum", "weight_decay", "clipnorm", "beta_1", "learning_rate", "weights", "compile"]


@pytest.mark.parametrize(("change", "params"), CHANGES, ids=IDS)
@pytest.mark.parametrize("event", [slow("on_train_begin"), "on_epoch_end"])
def test_what_a_callback_changes_takes_effect_in_its_fit_and_in_no_other(event, change, params, Xy):
    before = make_small(epochs=4, **params).fit(*Xy)
    changed = make_small(epochs=4, callbacks=[at(event, change)], **params).fit(*Xy)
    after = make_small(epochs=4, **params).fit(*Xy)
    assert same_weights(before, after)
    assert not same_weights(before, changed)


@pytest.mark.slow
def test_a_frozen_layer_keeps_its_weights(Xy):
    watched = []
    clf = make_small(
        hidden_layer_sizes=(32, 16),
        batch_norm=True,
        callbacks=[
            at("on_train_begin", lambda model: watched.append(model.get_weights())),
            at("on_train_begin", freeze),
        ],
    ).fit(*Xy)
    np.testing.assert_array_equal(clf._state.weights[0], watched[0][0])
    assert not np.array_equal(clf._state.weights[5], watched[0][5])


def test_alpha_does_not_penalise_frozen_layers(Xy):
    def freeze_all(model):
        for layer in model.layers:
            layer.trainable = False

    frozen = [
        make_small(alpha=alpha, epochs=2, callbacks=[at("on_train_begin", freeze_all)]).fit(*Xy).loss_curve_
        for alpha in (0.0, 1.0)
    ]
    assert frozen[0] == frozen[1]


@pytest.mark.slow
def test_the_loss_of_a_batch_includes_the_penalty_of_alpha(Xy):
    losses = []

    class Batches(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            losses.append(logs["loss"])

    clf = make_small(alpha=5.0, epochs=1, callbacks=[Batches()]).fit(*Xy)
    assert losses[-1] == clf.loss_ == make_small(alpha=5.0, epochs=1).fit(*Xy).loss_
    assert clf.loss_ > make_small(epochs=1).fit(*Xy).loss_ + 1


@pytest.mark.parametrize(
    ("change", "params", "message"),
    [
        (lambda m: setattr(m.layers[2], "rate", 0.9), {"dropout": 0.1}, "must not change rate of the layer"),
        (lambda m: m.compile("adam", "mse"), {}, "must not change the loss"),
        (lambda m: m.add(keras.layers.Dense(10)), {}, "must not add or remove layers"),
        (set_optimizer("momentum", 0.9), {"optimizer": "sgd"}, "needs other state"),
    ],
    ids=["layer", "loss", "layers", "state"],
)
def test_a_change_that_cannot_take_effect_is_refused(change, params, message, Xy):
    with pytest.raises(ValueError, match=message):
        make_small(callbacks=[at("on_epoch_begin", change)], **params).fit(*Xy)


@pytest.mark.slow
@pytest.mark.parametrize("params", [{}, {"batch_norm": True, "dropout": 0.1, "gaussian_noise": 0.1}], ids=str)
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_a_callback_may_use_its_model_as_any_keras_model(params, label_smoothing, digits, tmp_path):
    images, labels = digits.images[:300], digits.target[:300]
    seen = {}

    def use(model):
        seen["evaluate"] = model.evaluate(images, labels.astype(float), verbose=0, return_dict=True)
        seen["predict"] = model.predict(images, verbose=0)
        seen["clone"] = keras.models.clone_model(model)
        seen["deepcopy"] = copy.deepcopy(model)
        model.save(tmp_path / "model.keras")
        model.save_weights(tmp_path / "model.weights.h5")
        model.export(str(tmp_path / "exported"))

    params = {"epochs": 2, "label_smoothing": label_smoothing, **params}
    clf = make_small(callbacks=[at("on_epoch_end", use)], **params).fit(images, labels)
    assert same_weights(clf, make_small(**params).fit(images, labels))
    np.testing.assert_allclose(seen["predict"], clf.predict_proba(images), atol=1e-5)
    assert seen["evaluate"]["accuracy"] == pytest.approx(clf.score(images, labels))
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.input_shape == seen["clone"].input_shape == (None, 8, 8)
    np.testing.assert_allclose(loaded.predict(images, verbose=0), seen["predict"], atol=1e-6)
    np.testing.assert_allclose(seen["deepcopy"].predict(images, verbose=0), seen["predict"], atol=1e-6)
    clf.model_.load_weights(tmp_path / "model.weights.h5")


# Scores and weights


@pytest.mark.parametrize(
    ("weight_averaging", "batch_norm"), [(0.75, True), slow(0.75, False), slow(0.0, False), slow(0.0, True)]
)
def test_the_weights_a_callback_keeps_are_those_that_were_scored(
    weight_averaging, batch_norm, digits, tmp_path
):
    X, y, X_val, y_val = digits.data_train, digits.target_train, digits.data_test, digits.target_test
    params = {
        "epochs": 8,
        "weight_averaging": weight_averaging,
        "batch_norm": batch_norm,
        "learning_rate": 0.05,
        "learning_rate_schedule": "constant",
    }
    best = keras.callbacks.ModelCheckpoint(
        tmp_path / "best.keras", monitor="val_accuracy", mode="max", save_best_only=True
    )
    stop = keras.callbacks.EarlyStopping(
        "val_accuracy", mode="max", restore_best_weights=True, patience=3, start_from_epoch=2
    )
    clf = make_small(callbacks=[best, stop], **params).fit(X, y, X_val=X_val, y_val=y_val)
    model = keras.models.load_model(tmp_path / "best.keras")
    accuracy = (model.predict(X_val, verbose=0).argmax(axis=1) == y_val).mean()
    assert accuracy == pytest.approx(max(clf.validation_scores_))
    assert clf.score(X_val, y_val) == pytest.approx(max(clf.validation_scores_[2:]))


def fit_again(clf, digits):
    return clf.set_params(warm_start=True, epochs=2).fit(digits.data_train, digits.target_train)


def fit_again_without_early_stopping(clf, digits):
    return fit_again(clf.set_params(early_stopping=False), digits)


def partial_fit(clf, digits):
    return clf.partial_fit(digits.data_train, digits.target_train)


@pytest.mark.parametrize("then", [None, fit_again, fit_again_without_early_stopping, partial_fit])
def test_scores_have_one_value_per_epoch_and_the_best_is_that_of_the_weights(then, digits):
    validation = {"X_val": digits.data_test, "y_val": digits.target_test}
    clf = make_small(early_stopping=True, epochs=6, learning_rate=0.02, learning_rate_schedule="constant")
    clf.fit(digits.data_train, digits.target_train, **validation)
    first_scores = clf.validation_scores_
    if then is not None:
        then(clf, digits)
    assert {len(values) for values in clf.history_.values()} == {clf.n_iter_}
    assert clf.validation_scores_[: len(first_scores)] == first_scores
    if then in (fit_again_without_early_stopping, partial_fit):
        assert math.isnan(clf.validation_scores_[-1])
        assert clf.best_validation_score_ is clf.best_epoch_ is None
    elif then is None:
        assert clf.best_validation_score_ == clf.score(digits.data_test, digits.target_test)
        assert clf.validation_scores_[clf.best_epoch_ - 1] == clf.best_validation_score_
    else:
        assert clf.best_epoch_ > len(first_scores)


# Epochs and histories


def test_a_history_of_the_users_is_not_ours(Xy):
    clf = make_small(callbacks=[keras.callbacks.History()], epochs=5)
    assert [clf.fit(*Xy).n_iter_, clf.fit(*Xy).n_iter_, clone(clf).fit(*Xy).n_iter_] == [5, 5, 5]
    assert len(clf.loss_curve_) == len(clf.history_["accuracy"]) == 5


@pytest.mark.parametrize("again", ["partial_fit", "fit"])
def test_callbacks_count_epochs_on_from_the_last_call(again, Xy, tmp_path):
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    clf = make_small(callbacks=[checkpoint], warm_start=True, epochs=1)
    for _ in range(3):
        clf.partial_fit(*Xy, classes=range(10)) if again == "partial_fit" else clf.fit(*Xy)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.keras", "2.keras", "3.keras"]


# Copies of the estimator


class Resource(keras.callbacks.Callback):
    """A callback that holds something which can neither be copied nor pickled."""

    def on_train_begin(self, logs=None):
        self.file = open(__file__)  # noqa: SIM115
        self.calls = getattr(self, "calls", 0) + 1

    def on_train_end(self, logs=None):
        self.file.close()


CALLBACKS = {
    "CSVLogger": lambda folder: keras.callbacks.CSVLogger(folder / "log.csv"),
    # With patience, since old versions of Keras compare with the best loss of the previous fit.
    "EarlyStopping": lambda folder: keras.callbacks.EarlyStopping("loss", patience=5),
    "ModelCheckpoint": lambda folder: keras.callbacks.ModelCheckpoint(folder / "model.keras"),
    "LambdaCallback": lambda folder: keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
    "with a file": lambda folder: Resource(),
}


@pytest.mark.parametrize("name", CALLBACKS)
@pytest.mark.parametrize(
    "copied",
    [clone, slow(copy.deepcopy), slow(copy.copy), lambda clf: pickle.loads(pickle.dumps(clf))],
    ids=["clone", "deepcopy", "copy", "pickle"],
)
def test_after_a_fit_with_callbacks_the_estimator_can_be_copied_and_fitted(copied, name, Xy, tmp_path):
    callback = CALLBACKS[name](tmp_path)
    clf = make_small(callbacks=[callback], epochs=2).fit(*Xy)
    assert clf.callbacks == [callback]
    twin = copied(clf)
    assert type(twin.callbacks[0]) is type(callback)
    assert same_weights(twin.fit(*Xy), clf)
    assert clf.callbacks == [callback]


@pytest.mark.parametrize("name", CALLBACKS)
def test_after_a_fit_with_callbacks_the_estimator_can_be_cross_validated(name, Xy, tmp_path):
    clf = make_small(callbacks=[CALLBACKS[name](tmp_path)], epochs=2).fit(*Xy)
    assert np.isfinite(cross_val_score(clf, *Xy, cv=2, error_score="raise")).all()


def test_a_pickle_has_no_weights_of_early_stopping_in_it(Xy):
    plain = make_small(hidden_layer_sizes=(256,), epochs=2).fit(*Xy)
    stop = keras.callbacks.EarlyStopping("loss", restore_best_weights=True)
    clf = make_small(hidden_layer_sizes=(256,), epochs=2, callbacks=[stop]).fit(*Xy)
    assert stop.best_weights is not None
    assert len(pickle.dumps(clf)) < len(pickle.dumps(plain)) + 10_000


class Unpicklable(keras.callbacks.Callback):
    def __reduce__(self):
        raise TypeError("no")


def test_a_callback_that_cannot_be_pickled_is_left_out_by_name(Xy):
    clf = make_small(callbacks=[Unpicklable()], epochs=1).fit(*Xy)
    with pytest.warns(UserWarning, match="The callback Unpicklable cannot be pickled"):
        loaded = pickle.loads(pickle.dumps(clf))
    assert loaded.callbacks == []
    assert same_weights(loaded, clf)


def test_callbacks_can_be_looked_at_after_the_fit(Xy):
    stop = keras.callbacks.EarlyStopping("accuracy", patience=2, min_delta=1.0)
    clf = make_small(callbacks=[stop], epochs=50).fit(*Xy)
    assert stop.stopped_epoch == clf.n_iter_ - 1
    assert stop.model is None


@pytest.mark.parametrize("params", [{}, {"batch_norm": True, "optimizer": "sgd"}])
def test_the_model_of_the_callbacks_has_the_same_names_in_each_fit(Xy, params):
    """TensorFlow keeps memory for each new name of a variable until the process ends."""

    def names_in_a_fit():
        names = []

        class Names(keras.callbacks.Callback):
            def on_train_end(self, logs=None):
                variables = [*self.model.variables, *self.model.optimizer.variables]
                names.extend(variable.value.name for variable in variables)

        make_small(epochs=1, callbacks=[Names()], **params).fit(*Xy)
        return names

    names = names_in_a_fit()
    assert len(names) == len(set(names))
    assert names == names_in_a_fit()
