"""Checks that the commands make before they start their work."""

import os
from pathlib import Path

from .._nested_params import HOLDERS
from .._suggestions import did_you_mean


class UsageError(ValueError):
    """An option has a value that no data could make valid; the exit code is 2."""


def check_output_file(path):
    """Raise OSError if a file cannot be written at `path`."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; the output must be a file.")
    if is_special(path):
        if not os.access(path, os.W_OK):
            raise PermissionError(f"{path} cannot be written: no permission.")
        return
    # The folder in which a file is replaced is that of a link's target.
    folder = Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{path} cannot be written: there is no folder {folder}.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{path} cannot be written: no permission to write in {folder}.")


def is_special(path):
    """Return whether a path is a device, a FIFO or a socket, which is written to and not replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def check_output_folder(folder, names):
    """Raise OSError if `folder` cannot be created, or the files `names` cannot be written in it."""
    folder = Path(folder)
    existing = folder
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        raise NotADirectoryError(f"{folder} cannot be a folder: {existing} is a file.")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise PermissionError(f"{folder} cannot be written: no permission to write in {existing}.")
    if folder.is_dir():
        for name in names:
            check_output_file(folder / name)


def check_parameters(estimator, grid):
    """Raise if the estimator does not know a parameter of `grid`, or if one of its values is invalid.

    Parameters
    ----------
    estimator : estimator
    grid : dict of str to list
        Values by parameter name.

    Raises
    ------
    UsageError
        If a name is unknown, or the estimator's own parameter validation rejects a value.
    """
    from sklearn.base import clone

    known = sorted(estimator.get_params())
    for name in grid:
        if name not in known and name.partition("__")[0] not in HOLDERS:
            raise UsageError(
                f"{type(estimator).__name__} has no parameter {name!r}; its parameters are "
                f"{', '.join(known)}.{did_you_mean(name, known)}"
            )
    for name, values in grid.items():
        for value in values:
            try:
                validate_parameters(clone(estimator).set_params(**{name: value}))
            except ValueError as error:
                raise UsageError(f"{error}{_suggest_constant(value)}") from error


def _suggest_constant(value):
    """Return a suggestion for a text that differs from a constant of Python in its case only."""
    constants = {"true": "True", "false": "False", "none": "None"}
    is_text = isinstance(value, str) and value.lower() in constants
    return f" Did you mean {constants[value.lower()]}?" if is_text else ""


def validate_parameters(estimator):
    """Raise ValueError if a parameter of the estimator, or of an estimator within it, is invalid."""
    for part in (estimator, *estimator.get_params().values()):
        if hasattr(part, "_validate_params"):
            part._validate_params()


def check_images_per_label(y, least, purpose):
    """Raise ValueError if `y` has a label with fewer than `least` images."""
    import numpy as np

    labels, counts = np.unique(y, return_counts=True)
    if counts.min() < least:
        label = labels.tolist()[counts.argmin()]
        raise ValueError(
            f"{purpose} requires at least {least} training images of each label, "
            f"got {counts.min()} of label {label!r}."
        )


def check_folds(y, folds, purpose, *, early_stopping=False):
    """Raise ValueError if `y` has too few images of a label for a stratified cross-validation."""
    # Early stopping splits the images outside a fold again, so 2 of each label must remain there.
    least = 4 if early_stopping and folds == 2 else folds
    check_images_per_label(y, least, purpose)


def has_labelled_test_images(data):
    """Return whether a dataset has test images with labels."""
    return data.target_test is not None and len(data.target_test) > 0
