"""Files that the commands write and read: whole or not at all."""

import os
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path):
    """A path to write to; what was written appears at `path` when the body ends without an error."""
    path = Path(path)
    partial = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def check_can_be_written(path):
    """Raise before the work, not after it, where a file cannot be written."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path} cannot be written: there is no folder {path.parent}.")
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(f"{path} cannot be written: no permission to write in {path.parent}.")


def save_model(estimator, path):
    """Write a fitted estimator with joblib."""
    import joblib

    with whole_file(path) as partial:
        joblib.dump(estimator, partial)


def load_model(path):
    """Read what `save_model`, or `joblib.dump`, wrote.

    Raises
    ------
    FileNotFoundError
        Where there is no such file.
    ValueError
        Where the file holds no fitted classifier.
    """
    import joblib
    from sklearn.base import BaseEstimator, is_classifier

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is no file; give a model that `sk-digits fit` saved.")
    try:
        model = joblib.load(path)
    # A file that is no pickle can raise nearly anything.
    except Exception as error:
        raise ValueError(
            f"{path} is no model that `sk-digits fit` or joblib.dump saved ({type(error).__name__})."
        ) from error
    if not (isinstance(model, BaseEstimator) and is_classifier(model)):
        raise ValueError(f"{path} holds {type(model).__name__}, which is no classifier.")
    return model
