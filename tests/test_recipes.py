"""Recipes: names, parameters, documentation, and that each of them trains."""

import inspect
import itertools
import re
from pathlib import Path

import pytest
from conftest import slow
from sklearn.base import clone

from sk_digits import DenseDigitClassifier
from sk_digits.recipes import recipes

NAMES = ["classic", "quick", "dense", "elastic", "record", "reader"]


def test_names_of_the_recipes():
    assert list(recipes) == NAMES
    assert len(recipes) == 6
    assert repr(recipes) == "<recipes: classic, quick, dense, elastic, record, reader>"


@pytest.mark.parametrize("name", NAMES)
def test_recipe_contains_parameters_of_the_classifier(name):
    clf = DenseDigitClassifier(**recipes[name], random_state=3)
    parameters = inspect.signature(DenseDigitClassifier).parameters
    assert set(recipes[name]) <= set(parameters)
    assert repr(clone(clf)) == repr(clf)


@pytest.mark.parametrize("name", [name if name == "classic" else slow(name) for name in NAMES])
def test_recipe_trains_and_predicts(name, digits):
    params = recipes[name] | {"hidden_layer_sizes": (32,), "epochs": 2, "random_state": 0}
    clf = DenseDigitClassifier(**params).fit(digits.data_train[:200], digits.target_train[:200])
    assert clf.predict_proba(digits.data_test).shape == (360, 10)


def test_changes_to_a_classifier_do_not_change_the_recipe():
    DenseDigitClassifier(**recipes["quick"]).set_params(augmentation__rotation=90)
    assert recipes["quick"]["augmentation"].rotation == 12


def test_error_for_an_unknown_recipe_lists_the_names():
    message = "unknown recipe 'fast'; the recipes are classic, quick, dense, elastic, record, reader"
    with pytest.raises(KeyError, match=message):
        recipes["fast"]


def test_documentation_gives_the_number_of_weights_of_each_recipe():
    text = (Path(__file__).parents[1] / "docs" / "accuracy.md").read_text()
    for name in NAMES:
        sizes = (784, *recipes[name]["hidden_layer_sizes"], 10)
        n_weights = sum(a * b + b for a, b in itertools.pairwise(sizes))
        if recipes[name].get("batch_norm"):
            n_weights += sum(sizes[1:-1])  # gamma; beta replaces the bias
        row = re.search(rf'^\| `"{name}"` \|.*$', text, re.MULTILINE)
        assert f"{n_weights:,}" in row.group(), name


def test_misspelt_recipe_is_told_the_nearest_name():
    with pytest.raises(KeyError, match=r"Did you mean 'elastic'\?"):
        recipes["elastc"]
