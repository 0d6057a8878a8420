"""`read_digits`: the digits of a picture, as plain objects."""

import base64
import html
import io
import math
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from ._decoding import boxes_of_digits, read_picture
from ._image_input import as_grey, downscale
from ._mnist_frame import FRAME_SHAPE
from ._shipped import load_network

# Pictures are kept for showing them, downscaled to about this many pixels.
SHOWN_PIXELS = 200_000
# In place of the label of a digit that is less probable than `min_probability`.
UNCERTAIN = "?"


@dataclass(frozen=True, eq=False)
class Digit:
    """A digit that `read_digits` found.

    Attributes
    ----------
    box : tuple of four int
        Bounding box in pixels of the image: left, top, right and bottom; right and bottom are exclusive.

    label : object
        The most probable class, one of the classifier's `classes_`; never -1, "no digit".

    probabilities : ndarray of shape (n_classes,)
        Probability of each class, in the order of the classifier's `classes_`.

    image : ndarray of shape (28, 28), float32
        The digit in MNIST's frame, as the classifier received it.

    probability : float
        Probability of the label.
    """

    box: tuple
    label: object
    probabilities: np.ndarray = field(repr=False)
    image: np.ndarray = field(repr=False)
    probability: float = math.nan


@dataclass(frozen=True, eq=False)
class Reading:
    """The result of `read_digits`.

    A notebook shows the picture with the digits that were found in it.

    Attributes
    ----------
    text : str
        The labels of the digits, joined, with a line break between lines of writing; empty if no digit was
        found. Digits that are less probable than `min_probability` are "?".

    digits : tuple of Digit
        The digits in reading order: line by line, and from left to right.

    lines : tuple of tuple of Digit
        The same digits, in one tuple for each line of writing, from top to bottom.

    image : ndarray of shape (height, width), float32
        The picture in grey, from 0 for black to 1 for white, downscaled for showing it.

    image_scale : float
        Number of pixels of `image` in one pixel of the picture that was read.

    min_probability : float
        As passed to `read_digits`.
    """

    text: str
    digits: tuple
    lines: tuple = field(default=(), repr=False)
    image: np.ndarray = field(default=None, repr=False)
    image_scale: float = field(default=1.0, repr=False)
    min_probability: float = field(default=0.0, repr=False)

    def _repr_html_(self):
        return _as_svg(self)


def read_digits(image, classifier=None, *, min_probability=0.0):
    """Find and read the digits in a photo or scan of handwriting.

    Ink is told from paper in several ways: by its contrast to the paper around it, or to one background, and
    with ruled lines removed. Ink is segmented into lines, and lines into digits, where the classifier is most
    certain of them, as in [1]_; of all these readings, the most probable one is returned. Each digit is
    placed in MNIST's frame for the classifier. The ink may be darker or lighter than the paper.

    Parameters
    ----------
    image : str, path-like, bytes, file object, PIL.Image.Image or array-like
        An image file (PNG, JPEG or any other format that Pillow reads) as a path, as its content, as a
        binary file object or as a data URL (a str that starts with ``data:``, as the canvas of a web page
        returns), rotated as its EXIF data say; or an array of shape (height, width),
        (height, width, 1), (height, width, 3) for RGB or (height, width, 4) for RGBA. White is 255 in
        arrays of uint8, 65535 in arrays of uint16, and 1 in arrays of float, or 255 if a value exceeds 1.

    classifier : estimator or None, default=None
        A fitted classifier with `predict_proba` for 784 features, MNIST's pixels in [0, 1]. A classifier of
        pixels in [0, 255] must be in a pipeline that scales them. If it has the class -1, that is what is no
        digit. If its classes are digits only, it decides what the digits are, and together with the network
        that comes with the package where they are. None uses the network that `load_pretrained` returns.

    min_probability : float, default=0.0
        Digits that are less probable are "?" in the text.

    Returns
    -------
    reading : Reading
        The `text`, such as "2024", and the `digits`, each with `box`, `label`, `probability`,
        `probabilities` and `image`. The text is empty if no digit is found.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If `min_probability` is not in [0, 1], if the file or data URL is broken or has more pixels than
        Pillow allows, if the array is not an image, or if the classifier was fitted on another number of
        features.
    TypeError
        If the classifier has no `predict_proba`.
    sklearn.exceptions.NotFittedError
        If the classifier is not fitted.
    ImportError
        If a file is given and Pillow is not installed: ``pip install "sk_digits[images]"``. Arrays are read
        without Pillow.

    See Also
    --------
    DigitNormalizer : Place images of single digits in MNIST's frame.
    sk_digits.load_pretrained : Return the network that is used by default, as a fitted classifier.

    Notes
    -----
    Digits should be upright, at least 10 pixels high and, within a line, of similar height. Images of more
    than 1.5 million pixels are downscaled first; the boxes are in pixels of the original image.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-Based Learning Applied to Document
       Recognition", Proceedings of the IEEE, 1998, section V.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_digits.datasets import load_digits
    >>> from sk_digits.preprocessing import read_digits
    >>> page = np.full((60, 120), 220, np.uint8)
    >>> for left, image in zip((10, 45, 80), load_digits().images[[1, 4, 7]]):
    ...     page[14:46, left : left + 32] -= np.uint8(200 * image.repeat(4, axis=0).repeat(4, axis=1))
    >>> reading = read_digits(page)
    >>> reading.text
    '147'
    >>> reading.digits[0].box
    (15, 14, 34, 46)
    """
    min_probability = check_scalar(min_probability, "min_probability", (int, float), min_val=0, max_val=1)
    if classifier is None:
        classifier = load_network()
    else:
        _check_classifier(classifier)
    picture = as_grey(image)
    downscaled, factor = downscale(picture)
    lines = tuple(
        tuple(map(partial(_to_digit, factor, picture.shape), digits, boxes_of_digits(line, digits)))
        for line, digits in read_picture(downscaled, classifier)
    )
    shown, shown_factor = downscale(downscaled, SHOWN_PIXELS)
    return Reading(
        text="\n".join("".join(_character(digit, min_probability) for digit in line) for line in lines),
        digits=tuple(digit for line in lines for digit in line),
        lines=lines,
        image=shown,
        image_scale=1 / (factor * shown_factor),
        min_probability=min_probability,
    )


def _to_digit(factor, image_shape, candidate, box):
    return Digit(
        box=_to_image_pixels(box, factor, image_shape),
        label=candidate.label,
        probabilities=candidate.probabilities,
        image=candidate.image,
        probability=candidate.probability,
    )


def _character(digit, min_probability):
    return str(digit.label) if digit.probability >= min_probability else UNCERTAIN


def _check_classifier(classifier):
    if not hasattr(classifier, "predict_proba"):
        raise TypeError(
            f"classifier must be a fitted scikit-learn classifier with predict_proba, got {classifier!r}."
        )
    check_is_fitted(classifier)
    n_features = getattr(classifier, "n_features_in_", math.prod(FRAME_SHAPE))
    if n_features != math.prod(FRAME_SHAPE):
        raise ValueError(
            f"classifier must be fitted on {math.prod(FRAME_SHAPE)} features, images of 28x28 pixels as "
            f"load_mnist and DigitNormalizer return them, but it was fitted on {n_features} features."
        )


def _to_image_pixels(box, factor, image_shape):
    """Scale a box up from the downscaled image; its last blocks of pixels may reach beyond the image."""
    height, width = image_shape
    limits = (width, height, width, height)
    return tuple(min(factor * edge, limit) for edge, limit in zip(box, limits, strict=True))


def _as_svg(reading):
    """Return the picture with its digits as SVG: boxes that are blue, or orange and dashed if uncertain."""
    import matplotlib.image

    png = io.BytesIO()
    matplotlib.image.imsave(png, reading.image, cmap="gray", vmin=0, vmax=1, format="png")
    height, width = reading.image.shape
    zoom = max(1.0, 300 / width)
    shapes = []
    for digit in reading.digits:
        left, top, right, bottom = (edge * reading.image_scale * zoom for edge in digit.box)
        is_certain = digit.probability >= max(reading.min_probability, 0.5)
        style = 'stroke="#0072b2"' if is_certain else 'stroke="#e69f00" stroke-dasharray="4 2"'
        caption = html.escape(f"{digit.label} {digit.probability:.0%}")
        shapes.append(
            f'<rect x="{left:.0f}" y="{top:.0f}" width="{right - left:.0f}" height="{bottom - top:.0f}" '
            f'fill="none" stroke-width="2" {style}><title>{caption}</title></rect>'
            f'<text x="{left:.0f}" y="{max(top - 3, 10):.0f}" font-size="12" fill="#0072b2">'
            f"{html.escape(str(digit.label))}</text>"
        )
    data = base64.b64encode(png.getvalue()).decode()
    size = f'width="{width * zoom:.0f}" height="{height * zoom:.0f}"'
    # It shrinks with a narrow page.
    frame = f'viewBox="0 0 {width * zoom:.0f} {height * zoom:.0f}" style="max-width:100%;height:auto"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {frame}>'
        f'<image href="data:image/png;base64,{data}" {size}/>{"".join(shapes)}</svg>'
        f"<pre>{html.escape(reading.text) or 'no digit found'}</pre>"
    )
