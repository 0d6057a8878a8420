"""Parameters of optimizers and callbacks: in `set_params`, in clones, in searches and in a fit."""

import pickle
import warnings

import keras
import numpy as np
import pytest
from conftest import make_small, same_weights, slow
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sk_digits import DenseDigitClassifier


@pytest.fixture(scope="module")
def Xy(digits):
    return digits.data_train[:300], digits.target_train[:300]


@pytest.mark.parametrize(
    "optimizer",
    ["sgd", keras.optimizers.SGD, slow(keras.optimizers.SGD(0.01))],
    ids=["name", "class", "instance"],
)
def test_an_optimizer_trains_with_its_nested_parameters(optimizer, Xy):
    nested = make_small(optimizer=optimizer, learning_rate=None, epochs=2)
    nested.set_params(optimizer__momentum=np.float32(0.5), optimizer__learning_rate=0.05)
    whole = make_small(optimizer=keras.optimizers.SGD(0.05, momentum=0.5), learning_rate=None, epochs=2)
    assert same_weights(nested.fit(*Xy), whole.fit(*Xy))


def test_nested_names_are_parameters_that_clones_keep():
    clf = DenseDigitClassifier(optimizer="sgd").set_params(optimizer__momentum=0.9, callbacks="EarlyStopping")
    clf.set_params(callbacks__patience=2)
    params = clf.get_params()
    assert params["optimizer__momentum"] == 0.9
    assert params["callbacks__patience"] == 2
    for twin in (clone(clf), pickle.loads(pickle.dumps(clf))):
        assert twin.get_params() == params
    twin = clone(clf).set_params(optimizer__momentum=0.5)
    assert clf.optimizer_params == {"momentum": 0.9}
    assert twin.optimizer_params == {"momentum": 0.5}


def test_a_search_over_nested_parameters_shows_numbers(Xy):
    pipeline = make_pipeline(MinMaxScaler(), make_small(optimizer="sgd", epochs=2))
    grid = {"densedigitclassifier__optimizer__momentum": [0.0, 0.9]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(*Xy)
    assert [*search.cv_results_["param_densedigitclassifier__optimizer__momentum"]] == [0.0, 0.9]
    assert search.best_params_ == {"densedigitclassifier__optimizer__momentum": 0.9}
    assert search.best_estimator_[-1].optimizer_params == {"momentum": 0.9}


def test_a_search_over_a_parameter_of_a_callback(Xy):
    clf = make_small(
        epochs=9, callbacks="EarlyStopping", callbacks_params={"monitor": "loss", "min_delta": 1e9}
    )
    search = GridSearchCV(clf, {"callbacks__patience": np.array([2, 4])}, cv=2, refit=False).fit(*Xy)
    assert [*search.cv_results_["param_callbacks__patience"]] == [2, 4]
    assert clone(clf).set_params(callbacks__patience=np.int64(4)).fit(*Xy).n_iter_ == 5


@pytest.mark.parametrize(
    ("callbacks", "name"),
    [
        ("EarlyStopping", "callbacks__patience"),
        slow(keras.callbacks.EarlyStopping, "callbacks__patience"),
        (["TerminateOnNaN", "EarlyStopping"], "callbacks__1__patience"),
        ({"stop": keras.callbacks.EarlyStopping}, "callbacks__stop__patience"),
        (keras.callbacks.EarlyStopping(monitor="loss", min_delta=1e9), "callbacks__patience"),
    ],
    ids=["name", "class", "list", "dict", "instance"],
)
def test_callbacks_in_every_form(callbacks, name, Xy):
    prefix = name.removesuffix("patience")
    clf = make_small(epochs=9, callbacks=callbacks)
    clf.set_params(**{name: 2, f"{prefix}monitor": "loss", f"{prefix}min_delta": 1e9})
    if not isinstance(callbacks, keras.callbacks.Callback):
        assert clf.get_params()[name] == 2
    for twin in (clf, clone(clf), pickle.loads(pickle.dumps(clf))):
        assert twin.fit(*Xy).n_iter_ in (2, 3)  # the instance's sign of min_delta is set when it is built


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"optimizer_params": {"momentun": 0.9}, "optimizer": "sgd"}, "SGD does not have.*mean 'momentum'"),
        ({"optimizer_params": {"momentum": 5}, "optimizer": "sgd"}, "optimizer_params: SGD refuses"),
        ({"optimizer_params": {"learning_rate": 0.1}, "learning_rate": 0.1}, "learning_rate is given twice"),
        ({"optimizer_params": {"weight_decay": 0.1}, "weight_decay": 0.1}, "weight_decay is given twice"),
        ({"optimizer": keras.optimizers.LossScaleOptimizer}, "must be given as an instance"),
        ({"callbacks": "EarlyStoping"}, "Did you mean 'EarlyStopping'"),
        ({"callbacks": "EarlyStopping", "callbacks_params": {"patiens": 1}}, "EarlyStopping refuses"),
        ({"callbacks_params": {"patience": 1}}, "refers to no callback"),
        ({"callbacks": ["TerminateOnNaN"], "callbacks_params": {"1__patience": 1}}, "0__"),
        (
            {"callbacks": keras.callbacks.EarlyStopping(), "callbacks_params": {"patience": 1}},
            "an instance of EarlyStopping",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_wrong_nested_parameters_are_named(params, message, Xy):
    with pytest.raises(ValueError, match=message):
        DenseDigitClassifier((4,), **params).fit(*Xy)


def test_an_unknown_attribute_of_a_callback_sets_nothing():
    clf = DenseDigitClassifier(callbacks=keras.callbacks.EarlyStopping(patience=3))
    with pytest.raises(ValueError, match="EarlyStopping has no attribute 'patiens'"):
        clf.set_params(epochs=5, callbacks__patiens=2)
    assert clf.epochs == "auto"


@pytest.mark.parametrize(
    "callback",
    [
        keras.callbacks.ReduceLROnPlateau(monitor="loss"),
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate),
    ],
    ids=lambda callback: type(callback).__name__,
)
def test_a_callback_that_changes_the_learning_rate_requires_a_constant_schedule(callback, Xy):
    name = type(callback).__name__
    with pytest.warns(UserWarning, match=f"{name} changes a learning rate.*='cosine'.*'constant'"):
        make_small(callbacks=callback, epochs=1, learning_rate_schedule="cosine").fit(*Xy)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        make_small(callbacks=callback, epochs=1, learning_rate_schedule="constant").fit(*Xy)
