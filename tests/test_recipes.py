"""The recipes: as named, as documented, and what each builds trains."""

import inspect
import itertools
import re
from pathlib import Path

import pytest
from sklearn.base import clone

import sk_digits
from sk_digits import DenseDigitClassifier
from sk_digits.recipes import recipes

NAMES = ["classic", "quick", "dense", "elastic", "record"]


def test_the_recipes_are_those_that_are_promised():
    assert list(recipes) == NAMES
    assert len(recipes) == 5
    assert repr(recipes) == "<recipes: classic, quick, dense, elastic, record>"


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_the_classifiers_parameters(name):
    clf = DenseDigitClassifier(**recipes[name], random_state=3)
    known = inspect.signature(DenseDigitClassifier).parameters
    assert set(recipes[name]) <= set(known)
    assert repr(clone(clf)) == repr(clf)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_trains_and_predicts(name, digits):
    params = recipes[name] | {"hidden_layer_sizes": (32,), "epochs": 2, "random_state": 0}
    clf = DenseDigitClassifier(**params).fit(digits.data_train[:200], digits.target_train[:200])
    assert clf.predict_proba(digits.data_test).shape == (360, 10)


def test_changing_a_classifier_does_not_change_the_recipe():
    DenseDigitClassifier(**recipes["quick"]).set_params(augmentation__rotation=90)
    assert recipes["quick"]["augmentation"].rotation == 12


def test_the_module_is_its_table():
    from sk_digits import recipes as module

    assert module is sk_digits.recipes
    assert list(module) == list(module.keys()) == NAMES
    assert len(module) == 5
    assert module["classic"] == recipes["classic"] == dict(module)["classic"]


def test_an_unknown_recipe_names_the_known():
    with pytest.raises(KeyError, match="no recipe 'fast'; there are classic, quick, dense, elastic, record"):
        recipes["fast"]


def test_the_documentation_has_the_weights_of_each_recipe():
    text = (Path(__file__).parents[1] / "docs" / "accuracy.md").read_text()
    for name in NAMES:
        sizes = (784, *recipes[name]["hidden_layer_sizes"], 10)
        normalised = recipes[name].get("batch_norm", False)
        n_weights = sum(a * b + b for a, b in itertools.pairwise(sizes))
        n_weights += sum(sizes[1:-1]) if normalised else 0  # gamma; beta takes the place of the bias
        row = re.search(rf'^\| `"{name}"` \|.*$', text, re.MULTILINE)
        assert f"{n_weights:,}" in row.group(), name
