"""A network as one HTML file with a paper to draw on, which computes in the browser."""

import base64
import html
import json
import math
from importlib import resources

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler
from sklearn.utils.validation import check_is_fitted

from .. import __version__, _inference
from .._atomic_write import atomic_write
from .._classifier import DenseDigitClassifier
from .._images import infer_image_shape
from .._validation import NO_DIGIT
from ..preprocessing import DigitNormalizer

# Largest number of half precision.
MAX_HALF = 65504
# The box of MNIST's digits, as a share of the smaller side of the frame.
BOX_SHARE = 20 / 28


def to_html(estimator, path, *, title="Which digit is it?", pixel_max=None):
    """Save a fitted classifier as one HTML file that reads what is drawn on it.

    The page has a paper to draw on with a mouse, a finger or the keyboard, takes pictures, and shows what the
    network sees and the probability of each class. It needs neither a server nor a network connection: the
    weights, in half precision, and the program that uses them are in the file.

    Parameters
    ----------
    estimator : DenseDigitClassifier or Pipeline
        Fitted on images of single digits, light on dark, as MNIST's are. A pipeline may begin with a
        `DigitNormalizer` and have scalers (`MinMaxScaler`, `MaxAbsScaler`, `StandardScaler`) before the
        classifier.

    path : path-like
        File to write, usually with the suffix ".html".

    title : str, default="Which digit is it?"
        Heading of the page.

    pixel_max : float or None, default=None
        Value of a fully inked pixel in the images that the estimator was fitted on: 1 for images in [0, 1],
        255 for bytes. None is 1 behind a `DigitNormalizer`, otherwise the largest value that a `MinMaxScaler`
        or `MaxAbsScaler` has seen, or 1.

    Raises
    ------
    TypeError
        If `estimator` is neither a `DenseDigitClassifier` nor a pipeline that ends with one.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    ValueError
        If a step cannot be expressed in the page, the images are neither square nor of a known shape, a
        weight is too large for half precision, or `pixel_max` is needed.
    OSError
        If the file cannot be written.

    Notes
    -----
    A drawing is placed in the frame as `DigitNormalizer` does. The probabilities agree with `predict_proba`
    to about 0.001, since the weights are rounded to half precision.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sk_digits import export, load_pretrained
    >>> path = Path(tempfile.mkdtemp()) / "digits.html"
    >>> export.to_html(load_pretrained(), path)
    >>> path.stat().st_size < 4_000_000
    True
    """
    normalizer, scalers, classifier = _parts(estimator)
    shape, box = _frame(normalizer, classifier)
    factor, offset = _fold_scalers(scalers, _pixel_max(pixel_max, normalizer, scalers))
    views = _inference.VIEWS if classifier.average_predictions else ()
    model = {
        "classes": [_class_name(label) for label in classifier.classes_.tolist()],
        "activation": classifier._state.network.activation,
        "frame": {"shape": list(shape), "box": box},
        "views": [{"angle": angle, "scale": scale} for angle, scale in views],
        "factor": _encode(factor, "<f4"),
        "offset": _encode(offset, "<f4"),
        "layers": [
            {"kernel": _encode(_as_halves(kernel), "<f2"), "bias": _encode(bias, "<f4")}
            for kernel, bias in zip(classifier.coefs_, classifier.intercepts_, strict=True)
        ],
    }
    n_weights = sum(weights.size for weights in (*classifier.coefs_, *classifier.intercepts_))
    page = _fill_in(
        title=html.escape(title),
        generator=f"sk_digits {__version__}",
        height=str(shape[0]),
        width=str(shape[1]),
        n_weights=f"{n_weights:,}",
        # "<" may begin the end of the script, wherever it is in the text.
        model=json.dumps(model).replace("<", "\\u003c"),
        reader=_text_of("reader.js"),
        page=_text_of("page.js"),
    )
    with atomic_write(path) as partial:
        partial.write_text(page, encoding="utf-8")


def _parts(estimator):
    """Return the normalizer or None, the scalers and the classifier of a fitted estimator."""
    steps = [estimator]
    if isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps if step is not None and not isinstance(step, str)]
    *transformers, classifier = steps
    if not isinstance(classifier, DenseDigitClassifier):
        raise TypeError(
            "estimator must be a DenseDigitClassifier or a pipeline that ends with one, got "
            f"{type(classifier).__name__}."
        )
    check_is_fitted(estimator)
    normalizer = None
    if transformers and isinstance(transformers[0], DigitNormalizer):
        normalizer, *transformers = transformers
    for step in transformers:
        if not isinstance(step, MinMaxScaler | MaxAbsScaler | StandardScaler) or getattr(step, "clip", False):
            what = (
                f"{type(step).__name__}(clip=True)" if getattr(step, "clip", False) else type(step).__name__
            )
            raise ValueError(
                f"The step {what} cannot be expressed in the page; it can have a DigitNormalizer, and "
                "MinMaxScaler, MaxAbsScaler and StandardScaler without clip."
            )
    return normalizer, transformers, classifier


def _frame(normalizer, classifier):
    """Return the height and width of the images of the network, and the longest side of a digit in them."""
    if normalizer is not None:
        return tuple(normalizer.output_shape), int(normalizer.box_size)
    if classifier.average_predictions:
        shape = classifier._averaging_shape()
    else:
        shape = infer_image_shape(classifier.n_features_in_, classifier.image_shape_, min_side=4)
    return shape, max(1, round(BOX_SHARE * min(shape)))


def _pixel_max(pixel_max, normalizer, scalers):
    """Return the value of a fully inked pixel in front of the scalers."""
    if pixel_max is not None:
        if not pixel_max > 0 or not math.isfinite(pixel_max):
            raise ValueError(f"pixel_max must be a positive number, got {pixel_max!r}.")
        return float(pixel_max)
    if normalizer is not None or not scalers:
        return 1.0
    first = scalers[0]
    if isinstance(first, MinMaxScaler):
        return float(first.data_max_.max())
    if isinstance(first, MaxAbsScaler):
        return float(first.max_abs_.max())
    if first.mean_ is not None and first.mean_.max() > 1:
        raise ValueError(
            "pixel_max must be given: the StandardScaler was fitted on pixels of up to at least "
            f"{first.mean_.max():.3g}. Pass 255 if they are bytes."
        )
    return 1.0


def _fold_scalers(scalers, pixel_max):
    """Return the factor and the offset by which pixels in [0, 1] become the inputs of the network."""
    factor, offset = np.array([pixel_max]), np.zeros(1)
    for scaler in scalers:
        scale, shift = _scale_and_shift(scaler)
        factor, offset = factor * scale, offset * scale + shift
    return factor, offset


def _scale_and_shift(scaler):
    """Return the factor and the offset that a fitted scaler applies to each pixel."""
    if isinstance(scaler, MinMaxScaler):
        return scaler.scale_, scaler.min_
    scale = np.ones(1) if scaler.scale_ is None else 1 / scaler.scale_
    mean = getattr(scaler, "mean_", None) if getattr(scaler, "with_mean", False) else None
    return scale, np.zeros(1) if mean is None else -mean * scale


def _class_name(label):
    return "no digit" if type(label) is int and label == NO_DIGIT else str(label)


def _as_halves(kernel):
    if np.abs(kernel).max(initial=0) > MAX_HALF:
        raise ValueError(
            f"The weights must be at most {MAX_HALF} for half precision, got {np.abs(kernel).max():.3g}."
        )
    return kernel


def _encode(array, dtype):
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode("ascii")


def _text_of(name):
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _fill_in(**values):
    """Return the page with the values in place of their names."""
    parts = _text_of("page.html").split("{{")
    # A value is not searched for further names.
    filled = [parts[0]]
    for part in parts[1:]:
        name, _, rest = part.partition("}}")
        filled += [values[name], rest]
    return "".join(filled)
