"""Reading and writing of model files."""

from pathlib import Path

from .._atomic_write import atomic_write

PICKLE_SUFFIXES = {".joblib", ".pickle", ".pkl"}
# First bytes of a file of skops.
ARCHIVE_PREFIX = b"PK\x03\x04"


def save_model(estimator, path):
    """Write a fitted estimator: with joblib if the suffix says so, and otherwise without pickle."""
    if Path(path).suffix.lower() not in PICKLE_SUFFIXES:
        from ..export import save

        save(estimator, path)
        return
    import joblib

    with atomic_write(path) as partial:
        joblib.dump(estimator, partial)


def load_model(path):
    """Read a classifier that `save_model`, `sk_digits.export.save` or `joblib.dump` wrote.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    PermissionError
        If it cannot be read.
    ValueError
        If the file does not contain a fitted classifier.
    """
    from sklearn.base import BaseEstimator, is_classifier
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file; MODEL must be a file that `sk-digits fit` saved.")
    model = _load(path)
    if not (isinstance(model, BaseEstimator) and is_classifier(model)):
        raise ValueError(f"{path} contains an object of type {type(model).__name__}, expected a classifier.")
    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise ValueError(f"{path} contains a {type(model).__name__} that is not fitted.") from error
    return model


def _load(path):
    """Return what a file holds; a file named .skops is never unpickled."""
    with open(path, "rb") as file:
        is_archive = file.read(len(ARCHIVE_PREFIX)) == ARCHIVE_PREFIX
    if is_archive or path.suffix.lower() == ".skops":
        from ..export import load

        return load(path)
    import joblib

    try:
        return joblib.load(path)
    # A file that is no pickle can raise nearly anything.
    except Exception as error:
        raise ValueError(
            f"{path} is not a model that `sk-digits fit` or joblib.dump saved ({type(error).__name__})."
        ) from error
