"""What "auto" does on data of any size, and the warning about an unfinished fit."""

import math
import warnings

import numpy as np
import pytest
from conftest import slow
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_digits import DenseDigitClassifier, _budget
from sk_digits.recipes import recipes


def scaled(load):
    X, y = load(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.fixture(scope="module")
def iris():
    return scaled(load_iris)


@pytest.mark.parametrize("sizes", [(), (64,), slow((512, 512))], ids=str)
@pytest.mark.parametrize(
    ("load", "least"), [(load_iris, 0.93), slow(load_wine, 0.96), slow(load_breast_cancer, 0.96)]
)
def test_the_defaults_learn_small_data(load, least, sizes):
    X, y = load(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), DenseDigitClassifier(sizes, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        assert cross_val_score(pipeline, X, y, cv=5).mean() >= least


@pytest.mark.parametrize("n_rows", [1, 9, 27, 256, 257, 1024, 4096, 4097, 16_384, 16_385, 10**6])
@pytest.mark.parametrize("n_weights", [12, 8000, 50_000, 499_999, 500_000, 10**6])
def test_auto_follows_the_rule_of_the_docstring(n_rows, n_weights):
    few_on_large = n_rows <= 256 and n_weights >= 500_000
    batch_size = 80 if few_on_large else 32 if n_rows <= 256 else 64 if n_rows <= 4096 else 128
    assert _budget.auto_batch_size(n_rows, n_weights) == batch_size
    most = 60 if n_rows <= 256 else 30
    epochs = 8 if few_on_large else 15 if n_rows > 16_384 else min(most, max(9, 2_500_000 // n_weights))
    assert _budget.auto_epochs(n_rows, n_weights) == epochs


@pytest.mark.parametrize(
    ("n_rows", "n_features", "expected"),
    [(2, 4, 0.02), (2, 52, 0), (256, 51, 0.02), (256, 52, 0), (319, 64, 0), (320, 64, 0.02)],
)
def test_labels_are_smoothed_where_there_are_many_rows_for_each_feature(n_rows, n_features, expected):
    assert _budget.auto_label_smoothing(n_rows, n_features) == expected
    X, y = np.zeros((n_rows, n_features)), np.arange(n_rows) % 2
    clf = DenseDigitClassifier((), epochs=1, random_state=0)
    assert clf.fit(X, y).label_smoothing_ == expected
    assert clf.partial_fit(X, y).label_smoothing_ == expected
    assert clf.set_params(label_smoothing=0.1).fit(X, y).label_smoothing_ == 0.1


def test_fitted_attributes_show_what_auto_chose(iris):
    X, y = iris
    clf = DenseDigitClassifier((8,), random_state=0).fit(X, y)
    assert (clf.n_iter_, clf.batch_size_) == (60, 32)
    assert clf.learning_rate_ == pytest.approx(0.001 * 56 / math.sqrt(4))
    clf = DenseDigitClassifier((), random_state=0).fit(X, y)
    assert clf.learning_rate_ == pytest.approx(0.001 * 200 / 4**0.75)
    clf.set_params(epochs=3, batch_size=50, learning_rate=None).fit(X, y)
    assert (clf.n_iter_, clf.batch_size_, clf.learning_rate_) == (3, 50, 0.001)
    assert clf.label_smoothing_ == 0.02
    clf.partial_fit(X, y)
    assert clf.n_iter_ == 4


@pytest.mark.parametrize("params", [{"optimizer": "sgd"}, slow({"optimizer": "adam"})], ids=str)
def test_an_optimizer_instance_keeps_its_own_learning_rate(params, iris):
    import keras

    default = keras.optimizers.get(params["optimizer"]).get_config()["learning_rate"]
    named = DenseDigitClassifier((4,), epochs=1, **params).fit(*iris)
    assert named.learning_rate_ == pytest.approx(default * 28, rel=1e-6)
    own = DenseDigitClassifier((4,), epochs=1, optimizer=keras.optimizers.get(params["optimizer"])).fit(*iris)
    assert own.learning_rate_ == pytest.approx(default, rel=1e-6)


def test_repeating_few_rows_equals_weighting_them(iris):
    X, y = iris[0][::17], iris[1][::17]
    weights = np.full(len(y), 3)
    weighted = DenseDigitClassifier((16,), random_state=0).fit(X, y, sample_weight=weights)
    repeated = DenseDigitClassifier((16,), random_state=0).fit(X.repeat(3, axis=0), y.repeat(3))
    assert weighted.n_iter_ == repeated.n_iter_
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-6)


def test_early_stopping_is_patient_where_passes_are_many(iris):
    clf = DenseDigitClassifier((), early_stopping=True, n_iter_no_change=2, random_state=0).fit(*iris)
    assert 12 < clf.n_iter_ <= 60
    with_number = DenseDigitClassifier(
        (), early_stopping=True, n_iter_no_change=2, epochs=60, batch_size=32, random_state=0
    )
    assert with_number.fit(*iris).n_iter_ < clf.n_iter_


def test_a_halving_search_over_epochs_replaces_auto(iris):
    search = HalvingGridSearchCV(
        DenseDigitClassifier((8,), random_state=0),
        {"learning_rate": [0.01, 0.03]},
        resource="epochs",
        min_resources=2,
        max_resources=8,
        factor=2,
        cv=2,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search.fit(*iris)
    assert search.best_estimator_.n_iter_ in (2, 4, 8)


@pytest.mark.parametrize("name", sorted(recipes))
def test_recipes_name_their_own_numbers(name):
    assert {"epochs", "batch_size", "learning_rate"} <= set(recipes[name])


@pytest.mark.parametrize(
    "params",
    [
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (64,)},
        {"hidden_layer_sizes": (64,), "learning_rate_schedule": "constant"},
    ],
    ids=str,
)
def test_an_unfinished_fit_warns_and_names_epochs(params, iris):
    clf = DenseDigitClassifier(**params, epochs=10, batch_size=128, learning_rate=0.001, random_state=0)
    with pytest.warns(ConvergenceWarning, match="still falling steeply after 10 epochs.* Raise epochs"):
        clf.fit(*iris)


@pytest.mark.parametrize("params", [{"epochs": 1}, {"epochs": 60, "learning_rate": 0.03}, {}], ids=str)
def test_a_finished_or_very_short_fit_does_not_warn(params, iris):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        DenseDigitClassifier((16,), random_state=0, **params).fit(*iris)
