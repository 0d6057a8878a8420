"""The documentation says what the code does."""

import doctest
import importlib
import inspect
import re

import pytest

import sk_digits
from sk_digits import DenseDigitClassifier

PUBLIC = [
    DenseDigitClassifier,
    DenseDigitClassifier.fit,
    DenseDigitClassifier.partial_fit,
    DenseDigitClassifier.predict,
    DenseDigitClassifier.predict_proba,
    DenseDigitClassifier.predict_log_proba,
    sk_digits.augmentation.RandomDeformation,
    sk_digits.augmentation.RandomDeformation.preview,
    sk_digits.augmentation.RandomDeformation.settings,
    sk_digits.clear_compiled,
    sk_digits.datasets.fetch_mnist,
    sk_digits.datasets.load_digits,
    sk_digits.datasets.load_mnist,
    sk_digits.recipes.Recipes,
    sk_digits.plotting.DigitsDisplay,
    sk_digits.plotting.DigitsDisplay.plot,
    sk_digits.plotting.DigitsDisplay.from_estimator,
    sk_digits.plotting.DigitsDisplay.from_predictions,
    sk_digits.plotting.LossCurveDisplay,
    sk_digits.plotting.LossCurveDisplay.plot,
    sk_digits.plotting.LossCurveDisplay.from_estimator,
    sk_digits.plotting.LossCurveDisplay.from_history,
    sk_digits.plotting.MistakesDisplay,
    sk_digits.plotting.MistakesDisplay.plot,
    sk_digits.plotting.MistakesDisplay.from_estimator,
    sk_digits.plotting.MistakesDisplay.from_predictions,
    sk_digits.plotting.WeightsDisplay,
    sk_digits.plotting.WeightsDisplay.plot,
    sk_digits.plotting.WeightsDisplay.from_estimator,
    sk_digits.preprocessing.DigitNormalizer,
    sk_digits.preprocessing.DigitNormalizer.fit,
    sk_digits.preprocessing.DigitNormalizer.transform,
    sk_digits.preprocessing.DigitNormalizer.get_feature_names_out,
    sk_digits.preprocessing.read_digits,
]

MODULES_WITH_EXAMPLES = [
    "_classifier",
    "_plot_digits",
    "_plot_mistakes",
    "_plot_training",
    "_reading",
    "augmentation",
    "datasets",
    "preprocessing",
    "recipes",
]


def documented_parameters(thing):
    """Name -> what stands behind the colon, from the numpydoc section Parameters."""
    section = re.search(
        r"\n *Parameters\n *-+\n(.*?)(?=\n *[A-Z][A-Za-z ]+\n *---|\Z)", inspect.getdoc(thing), re.DOTALL
    )
    return dict(re.findall(r"^(\w+) : (.+)$", section.group(1), re.MULTILINE)) if section else {}


@pytest.mark.parametrize("thing", PUBLIC, ids=lambda thing: thing.__qualname__)
def test_every_parameter_is_documented_with_its_default(thing):
    parameters = {
        name: parameter for name, parameter in inspect.signature(thing).parameters.items() if name != "self"
    }
    documented = documented_parameters(thing)
    assert list(documented) == list(parameters)
    for name, parameter in parameters.items():
        default = re.search(r"default=(.+)$", documented[name])
        if parameter.default is inspect.Parameter.empty:
            assert default is None, name
        else:
            assert eval(default.group(1)) == parameter.default, name


def test_every_fitted_attribute_is_documented(small):
    attributes = {name for name in vars(small) if name.endswith("_") and not name.startswith("_")}
    documented = set(re.findall(r"^    (\w+_) : ", DenseDigitClassifier.__doc__, re.MULTILINE))
    assert attributes <= documented
    assert documented - attributes == {"feature_names_in_"}, "documented, but not set by fit on an array"


@pytest.mark.parametrize("module", MODULES_WITH_EXAMPLES)
def test_the_examples_run(module):
    result = doctest.testmod(
        importlib.import_module(f"sk_digits.{module}"),
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    assert result.attempted > 0
    assert result.failed == 0
