"""What a failed fit, a pickle and a copy leave of a classifier: everything as it was."""

import copy
import io
import pickle
import re

import joblib
import numpy as np
import pytest
from conftest import make_small, slow
from sklearn.base import clone

import sk_digits
from sk_digits.augmentation import RandomDeformation
from sk_digits.preprocessing import DigitNormalizer

X = np.random.RandomState(0).uniform(size=(60, 16)).astype(np.float32)
Y = np.repeat([0, 1, 2], 20)
# Some failures are provoked by values that are too large.
pytestmark = pytest.mark.filterwarnings("ignore:X is not scaled")

DIVERGING = {"optimizer": "sgd", "learning_rate": 1e35, "activation": "linear"}


def interrupt():
    import keras

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            raise KeyboardInterrupt

    return Interrupt()


def fit_diverging(clf):
    with pytest.raises(ValueError, match="diverged"):
        clf.set_params(**DIVERGING).fit(X * 1e8, Y)


def partial_fit_diverging(clf):
    with pytest.raises(ValueError, match="diverged"):
        clf.set_params(**DIVERGING).partial_fit(X * 1e8, Y, classes=[0, 1, 2])


def warm_start_diverging(clf):
    with pytest.raises(ValueError, match="diverged"):
        clf.set_params(warm_start=True, **DIVERGING).fit(X * 1e8, Y)


def fit_interrupted(clf):
    with pytest.raises(KeyboardInterrupt):
        clf.set_params(callbacks=[interrupt()]).fit(X, Y)


def fit_with_bad_callbacks(clf):
    with pytest.raises(TypeError, match="callbacks"):
        clf.set_params(callbacks=[len]).fit(X, Y)


FAILURES = [
    fit_diverging,
    slow(partial_fit_diverging),
    slow(warm_start_diverging),
    fit_interrupted,
    fit_with_bad_callbacks,
]


@pytest.mark.parametrize("fail", FAILURES)
@pytest.mark.parametrize("early_stopping", [slow(False), True])
@pytest.mark.parametrize("seed", [0, slow(np.random.RandomState(0))], ids=["int", "instance"])
def test_a_failed_fit_does_not_advance_the_random_generator(fail, early_stopping, seed):
    params = {"epochs": 2, "early_stopping": early_stopping, "random_state": copy.deepcopy(seed)}
    failed, untouched = (make_small(**copy.deepcopy(params)).fit(X, Y) for _ in range(2))
    params = failed.get_params()
    fail(failed)
    failed.set_params(**params)
    for clf in (failed, untouched):
        clf.partial_fit(X, Y)
    for ours, expected in zip(failed.coefs_, untouched.coefs_, strict=True):
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("fail", [fit_diverging, partial_fit_diverging, fit_interrupted])
def test_a_failed_first_fit_does_not_advance_an_instance_passed_as_random_state(fail):
    clf = make_small(random_state=np.random.RandomState(3))
    fail(clf)
    assert clf.random_state.randint(10**6) == np.random.RandomState(3).randint(10**6)
    assert not hasattr(clf, "classes_")


@pytest.mark.parametrize(
    "copied",
    [
        pickle.dumps,
        copy.deepcopy,
        copy.copy,
        clone,
        lambda clf: joblib.dump(clf, io.BytesIO()),
        lambda clf: clf.__getstate__(),
        lambda clf: repr(clf),
    ],
    ids=["pickle", "deepcopy", "copy", "clone", "joblib", "getstate", "repr"],
)
def test_copying_keeps_the_keras_model_that_the_user_recompiled(copied):
    clf = make_small(epochs=1).fit(X, Y)
    model, classifier = clf.model_, clf.keras_classifier_
    model.compile(loss="mse")
    before = dict(vars(clf))
    copied(clf)
    assert vars(clf) == before
    assert clf.model_ is model
    assert clf.model_.loss == "mse"
    assert clf.keras_classifier_ is classifier


def test_a_notebook_shows_what_was_trained():
    clf = make_small(epochs=3, early_stopping=True).fit(X, Y)
    shown = re.sub(r"<[^>]+>", " ", clf._repr_mimebundle_()["text/html"])
    shown = " ".join(shown.split())
    for expected in (
        "Layers 16 - 32 - 3 (relu)",
        "Weights 643 in float32",
        f"Trained {clf.n_iter_} epochs in",
        f"Training loss {clf.loss_:.4g}",
        f"Validation score {clf.best_validation_score_:.4g} (epoch {clf.best_epoch_}, whose",
        f"sk_digits {sk_digits.__version__}, keras",
    ):
        assert expected in shown
    assert "Layers" not in make_small()._repr_mimebundle_()["text/html"]
    assert clf._repr_mimebundle_()["text/plain"] == repr(clf)


ESTIMATORS = {
    "sk_digits.DenseDigitClassifier": make_small(),
    "sk_digits.augmentation.RandomDeformation": RandomDeformation(),
    "sk_digits.preprocessing.DigitNormalizer": DigitNormalizer(),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_notebook_links_to_the_api_page_where_the_site_has_an_address(name, tmp_path, monkeypatch):
    metadata = tmp_path / "sk_digits-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    head = "Metadata-Version: 2.1\nName: sk-digits\nVersion: 1.0\n"
    metadata.write_text(f"{head}Project-URL: Source, https://example.org/code\n")
    assert "example.org" not in ESTIMATORS[name]._repr_mimebundle_()["text/html"]
    metadata.write_text(f"{head}Project-URL: Documentation, https://example.org/docs/\n")
    shown = ESTIMATORS[name]._repr_mimebundle_()["text/html"]
    assert f'href="https://example.org/docs/api/{name}.html"' in shown


def test_the_seconds_of_all_fits_are_added():
    clf = make_small(epochs=1).fit(X, Y)
    first = clf._state.seconds
    clf.partial_fit(X, Y)
    assert clf._state.seconds > first > 0
