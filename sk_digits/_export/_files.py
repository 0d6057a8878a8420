"""Files of estimators in the format of skops: arrays and known types, no pickle."""

import warnings
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from .._atomic_write import atomic_write
from .._persistence import NewerFormatError, plain_states
from ._checks import check_fitted_estimator

# What a file may hold beside the estimators of scikit-learn and the types of NumPy and SciPy, which skops
# trusts: the types of sk_digits, and parts of scikit-learn's searches, calibrations and ensembles.
TRUSTED = (
    "sk_digits._classifier.DenseDigitClassifier",
    "sk_digits.augmentation.RandomDeformation",
    "sk_digits.preprocessing.DigitNormalizer",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.model_selection._split.StratifiedShuffleSplit",
    "sklearn.utils._bunch.Bunch",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
)
# A file may not expand to more than this factor of its size, beyond MAX_SMALL bytes.
MAX_EXPANSION, MAX_SMALL = 50, 2**28


def save(estimator, path, *, resumable=False):
    """Save a fitted estimator to a file without pickle.

    The file has the format of skops: arrays, each stored once, and known types. `load` reads it without
    running any code from it, and without TensorFlow.

    Parameters
    ----------
    estimator : estimator
        A fitted `DenseDigitClassifier`, or any fitted scikit-learn estimator around it, such as a pipeline, a
        search or an ensemble.

    path : path-like
        File to write, usually with the suffix ".skops". An existing file is replaced only if all is written.

    resumable : bool, default=False
        Whether to keep the state of the optimizer, so that `partial_fit` and `fit` with ``warm_start=True``
        go on as if the classifier had not been saved. The file is about three times as large for Adam.
        Without it, training goes on from the weights with a new state, and warns.

    Raises
    ------
    TypeError
        If `estimator` is no scikit-learn estimator.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    ValueError
        If the estimator holds an object that only a pickle could hold, such as a function; with
        ``resumable=True`` also if a parameter of the classifier does.
    OSError
        If the file cannot be written.

    Warns
    -----
    UserWarning
        If parameters of the classifier, such as `callbacks` or an optimizer instance, are left out because
        only a pickle could hold them. The loaded classifier has their defaults; its predictions are the same.

    See Also
    --------
    load : Load the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sk_digits import export, load_pretrained
    >>> from sk_digits.augmentation import draw_digits
    >>> path = Path(tempfile.mkdtemp()) / "digits.skops"
    >>> export.save(load_pretrained(), path)
    >>> export.load(path).predict(draw_digits([3, 7], random_state=0)).tolist()
    [3, 7]
    """
    from skops import io
    from skops.io.exceptions import UnsupportedTypeException

    check_fitted_estimator(estimator)
    with plain_states(resumable) as options, atomic_write(path) as partial:
        try:
            io.dump(estimator, partial)
        except UnsupportedTypeException as error:
            raise ValueError(
                f"{type(estimator).__name__} cannot be saved without pickle: {error} Use joblib.dump for a "
                "file that you alone will load."
            ) from error
        if resumable and options.left_out:
            raise ValueError(
                f"resumable=True requires parameters that can be saved without pickle, got "
                f"{_listed(options.left_out)}; set resumable=False to leave them out, or use joblib.dump."
            )
    if options.left_out:
        warnings.warn(
            f"{_listed(options.left_out)} cannot be saved without pickle and are left out: the loaded "
            "classifier has the defaults. Predictions are not affected.",
            UserWarning,
            stacklevel=2,
        )


def load(path, *, trusted=()):
    """Load an estimator that `save` wrote, without running code from the file.

    Parameters
    ----------
    path : path-like
        File to read.

    trusted : sequence of str, default=()
        Full names of types beside those of scikit-learn, NumPy, SciPy and sk_digits that the file may hold,
        such as "my_package.MyTransformer". Loading calls their methods, so name only types that you know.

    Returns
    -------
    estimator : estimator
        The fitted estimator.

    Raises
    ------
    ValueError
        If `path` is no such file, is damaged, was written in a newer format, or holds types that are not
        trusted; the message names them.
    OSError
        If the file cannot be read.

    Warns
    -----
    sklearn.exceptions.InconsistentVersionWarning
        If another version of sk_digits or scikit-learn wrote the file.

    See Also
    --------
    save : Write the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import MinMaxScaler
    >>> from sk_digits import DenseDigitClassifier, export
    >>> from sk_digits.datasets import load_digits
    >>> digits = load_digits()
    >>> pipeline = make_pipeline(MinMaxScaler(), DenseDigitClassifier((64,), random_state=0))
    >>> path = Path(tempfile.mkdtemp()) / "pipeline.skops"
    >>> export.save(pipeline.fit(digits.data_train, digits.target_train), path)
    >>> export.load(path).score(digits.data_test, digits.target_test) > 0.9
    True
    """
    from skops import io

    path = Path(path)
    _check_archive(path)
    try:
        unknown = sorted({*io.get_untrusted_types(file=path)} - {*TRUSTED, *trusted})
        if not unknown:
            return io.load(path, trusted=[*TRUSTED, *trusted])
    except NewerFormatError as error:
        raise ValueError(f"{path}: {error}") from error
    except OSError:
        raise
    # Nearly anything can be raised for a file that was damaged or made up.
    except Exception as error:
        raise ValueError(
            f"{path} is not a file that sk_digits.export.save wrote, or it is damaged "
            f"({type(error).__name__})."
        ) from error
    raise ValueError(
        f"{path} was not loaded, because it holds types that are not trusted: {', '.join(unknown)}. If you "
        "know that they are harmless, pass their names as trusted."
    )


def _check_archive(path):
    """Raise ValueError if a file is no archive of skops, or would expand to far more than its size."""
    try:
        with ZipFile(path) as archive:
            names, members = set(archive.namelist()), archive.infolist()
    except (BadZipFile, NotImplementedError, ValueError) as error:
        raise ValueError(
            f"{path} is not a file that sk_digits.export.save wrote: it is no archive of skops."
        ) from error
    if "schema.json" not in names:
        raise ValueError(f"{path} is not a file that sk_digits.export.save wrote: it has no schema.json.")
    size = sum(member.file_size for member in members)
    if size > max(MAX_SMALL, MAX_EXPANSION * path.stat().st_size):
        raise ValueError(f"{path} was not loaded: it would expand to {size:,} bytes.")


def _listed(names):
    return ", ".join(sorted(names))
