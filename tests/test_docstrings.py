"""Public docstrings: each public class, function and method is documented as its signature says.

Their examples run as doctests of the package, see `[tool.pytest.ini_options]` in pyproject.toml.
"""

import ast
import dataclasses
import doctest
import inspect
import re
import textwrap

import pytest
from public_names import public_modules, public_objects

from sk_digits import DenseDigitClassifier
from sk_digits.preprocessing import DigitNormalizer


def public_methods(cls):
    """Return the functions and properties without an underscore that a class of this package defines."""
    members = {
        name: member
        for base in reversed(cls.__mro__)
        if base.__module__.startswith("sk_digits")
        for name, member in vars(base).items()
        if not name.startswith("_")
    }
    return [
        member if isinstance(member, property) else getattr(cls, name)
        for name, member in members.items()
        if callable(member) or isinstance(member, classmethod | staticmethod | property)
    ]


def qualified_name(thing):
    return (thing.fget if isinstance(thing, property) else thing).__qualname__


OBJECTS = list(dict.fromkeys(value for module in public_modules() for value in public_objects(module)))
# Dataclasses are results: they are documented by their fields and shown in the example of what returns them.
RESULTS = [value for value in OBJECTS if dataclasses.is_dataclass(value)]
OBJECTS_TO_CALL = [value for value in OBJECTS if value not in RESULTS]
PROPERTIES, METHODS = [], []
for cls in filter(inspect.isclass, OBJECTS):
    for member in public_methods(cls):
        (PROPERTIES if isinstance(member, property) else METHODS).append(member)


def section(thing, title):
    """Return the text of a section of a numpydoc docstring, or None."""
    found = re.search(
        rf"^{title}\n-+\n(.*?)(?=\n[A-Z][A-Za-z ]+\n---|\Z)", inspect.getdoc(thing), re.DOTALL | re.MULTILINE
    )
    return found and found.group(1)


def entries(thing, title):
    """Return name -> type and description, from the entries "name : type" of a section."""
    return dict(re.findall(r"^\**(\w+) : (.+(?:\n| .+)*)", section(thing, title) or "", re.MULTILINE))


def types(thing, title):
    """Return name -> type, from the entries "name : type" of a section."""
    return {name: text.partition("\n")[0] for name, text in entries(thing, title).items()}


def returns_a_value(function):
    """Return whether the function has a return statement with a value, those of inner functions aside."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function)))).body
    statements = list(definition.body)
    while statements:
        node = statements.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            return True
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            statements += ast.iter_child_nodes(node)
    return False


def test_the_public_names_are_found():
    names = {qualified_name(thing) for thing in OBJECTS + METHODS + PROPERTIES}
    assert {
        "DenseDigitClassifier",
        "DenseDigitClassifier.fit",
        "DenseDigitClassifier.model_",
        "DigitsDisplay.from_estimator",
        "RandomDeformation.preview",
        "clear_compiled",
        "load_mnist",
        "read_digits",
    } <= names


@pytest.mark.parametrize("thing", OBJECTS + METHODS + PROPERTIES, ids=qualified_name)
def test_a_docstring_starts_with_a_summary_line(thing):
    summary, *rest = inspect.getdoc(thing).splitlines()
    assert summary.endswith(".")
    assert not rest or rest[0] == ""


@pytest.mark.parametrize("thing", OBJECTS_TO_CALL + METHODS, ids=qualified_name)
def test_every_parameter_is_documented_with_its_default(thing):
    parameters = {
        name: parameter for name, parameter in inspect.signature(thing).parameters.items() if name != "self"
    }
    documented = types(thing, "Parameters")
    assert list(documented) == [name.lstrip("*") for name in parameters]
    for name, parameter in parameters.items():
        default = re.search(r"default=(.+)$", documented[name])
        if parameter.default is inspect.Parameter.empty:
            assert default is None, name
        else:
            assert default, f"{name} is documented without default={parameter.default!r}"
            assert eval(default.group(1)) == parameter.default, name


@pytest.mark.parametrize("thing", OBJECTS + METHODS, ids=qualified_name)
def test_an_array_is_documented_with_its_shape(thing):
    for title in ("Parameters", "Attributes", "Returns"):
        for name, text in entries(thing, title).items():
            if re.search(r"\b(ndarray|array-like)\b", text.partition("\n")[0]):
                assert re.search(r"of shape|array-like of (int|str)", text), f"{name} : {text}"


@pytest.mark.parametrize("thing", OBJECTS + METHODS, ids=qualified_name)
def test_what_is_returned_is_documented(thing):
    returns = inspect.isroutine(thing) and returns_a_value(thing)
    assert bool(section(thing, "Returns")) == returns


@pytest.mark.parametrize("estimator", [DenseDigitClassifier, DigitNormalizer])
def test_every_fitted_attribute_is_documented(estimator, small, digits):
    fitted = small if estimator is DenseDigitClassifier else estimator().fit(digits.data_train)
    attributes = {name for name in vars(fitted) if name.endswith("_") and not name.startswith("_")}
    in_docstring = {name for name in types(estimator, "Attributes") if name.endswith("_")}
    properties = {name for name, member in vars(estimator).items() if isinstance(member, property)}
    assert attributes <= in_docstring
    # fit on an array sets no feature names; a property has a docstring of its own.
    assert in_docstring - attributes - properties == {"feature_names_in_"}


@pytest.mark.parametrize("result", RESULTS, ids=qualified_name)
def test_every_field_of_a_result_is_documented(result):
    assert list(types(result, "Attributes")) == [field.name for field in dataclasses.fields(result)]


@pytest.mark.parametrize("thing", OBJECTS_TO_CALL, ids=qualified_name)
def test_every_class_and_function_has_an_example(thing):
    assert doctest.DocTestParser().get_examples(thing.__doc__)
