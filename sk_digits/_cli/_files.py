"""Reading and writing of model files, and files that are written whole or not at all."""

import os
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path):
    """Yield a temporary path to write to; it replaces `path` if the body ends without an error."""
    path = Path(path)
    partial = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def save_model(estimator, path):
    """Write a fitted estimator with joblib."""
    import joblib

    with whole_file(path) as partial:
        joblib.dump(estimator, partial)


def load_model(path):
    """Read a classifier that `save_model` or `joblib.dump` wrote.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file does not contain a fitted classifier.
    """
    import joblib
    from sklearn.base import BaseEstimator, is_classifier
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file; MODEL must be a file that `sk-digits fit` saved.")
    try:
        model = joblib.load(path)
    # A file that is no pickle can raise nearly anything.
    except Exception as error:
        raise ValueError(
            f"{path} is not a model that `sk-digits fit` or joblib.dump saved ({type(error).__name__})."
        ) from error
    if not (isinstance(model, BaseEstimator) and is_classifier(model)):
        raise ValueError(f"{path} contains an object of type {type(model).__name__}, expected a classifier.")
    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise ValueError(f"{path} contains a {type(model).__name__} that is not fitted.") from error
    return model
