"""Import of optional packages, with an error that names the extra which installs them."""

import importlib


def import_optional(module, *, purpose, extra, package=None):
    """Import a module of an optional package.

    Parameters
    ----------
    module : str
        Name of the module, such as "pyarrow.csv".
    purpose : str
        What needs the package; the subject of the error message.
    extra : str
        The extra of sk_digits that installs the package.
    package : str or None, default=None
        Name of the package on PyPI; None takes the first part of `module`.

    Returns
    -------
    module : module

    Raises
    ------
    ImportError
        If the package cannot be imported; the message shows the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = package or module.partition(".")[0]
        raise ImportError(
            f"{purpose} requires {package}, which cannot be imported ({error}). Install it with: "
            f'pip install "sk_digits[{extra}]"'
        ) from error
