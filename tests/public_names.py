"""The public modules of the package and what they define, for tests of docstrings and of the API page."""

import importlib
import inspect
import pkgutil

import sk_digits


def public_modules():
    """Return the package and its modules without an underscore."""
    names = [module.name for module in pkgutil.iter_modules(sk_digits.__path__)]
    return [
        sk_digits,
        *(importlib.import_module(f"sk_digits.{name}") for name in names if not name.startswith("_")),
    ]


def public_objects(module):
    """Return the classes and functions in `__all__`, or else those without an underscore defined there."""
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]
    values = [getattr(module, name) for name in names]
    return [value for value in values if inspect.isclass(value) or inspect.isfunction(value)]
