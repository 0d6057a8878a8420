"""`read_digits`: segment a picture of one line of handwriting and classify the digits."""

import dataclasses
import itertools
import math
from dataclasses import dataclass, field

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._image_input import as_grey, downscale
from ._ink import remove_small_components
from ._mnist_frame import place_in_frame
from ._segmentation import find_ink_regions

# MNIST's frame.
FRAME_SHAPE, BOX_SIZE = (28, 28), 20
# Range of the width of a digit, as shares of the height of its region.
MIN_WIDTH, MAX_WIDTH = 0.12, 1.5
# Digits that touch are of similar height, so a segment has at least this share of its region's.
MIN_SEGMENT_HEIGHT = 0.6
# Regions that are narrower, as a share of their height, are one digit.
MIN_CUT_WIDTH = 0.8
# Number of candidate cuts for each stretch of a region that is as wide as the region is high.
CUTS_PER_HEIGHT = 8
# Penalty of each segment (see `_best_path`), as a share of the height: it falls by the slope as the region
# gets wider, and is 0 from the usual width on, which few single digits reach.
PENALTY_SLOPE, USUAL_WIDTH = 2.0, 1.2


@dataclass(frozen=True, eq=False)
class Digit:
    """A digit that `read_digits` found.

    Attributes
    ----------
    box : tuple of four int
        Bounding box in pixels of the image: left, top, right and bottom; right and bottom are exclusive.

    label : object
        The most probable class, one of the classifier's `classes_`.

    probabilities : ndarray of shape (n_classes,)
        Probability of each class, in the order of the classifier's `classes_`.

    image : ndarray of shape (28, 28), float32
        The digit in MNIST's frame, as the classifier received it.
    """

    box: tuple
    label: object
    probabilities: np.ndarray = field(repr=False)
    image: np.ndarray = field(repr=False)


@dataclass(frozen=True, eq=False)
class Reading:
    """The result of `read_digits`.

    Attributes
    ----------
    text : str
        The labels of the digits, joined; empty if no digit was found.

    digits : tuple of Digit
        The digits from left to right.
    """

    text: str
    digits: tuple


def read_digits(image, classifier):
    """Find and read the digits in a photo or scan of one line of handwriting.

    The background is estimated and subtracted, so the light may be uneven, and the ink may be darker or
    lighter than the paper. Connected components of ink are grouped into digits. Wide groups, where digits
    may touch, are segmented at the cuts that make the classifier most certain of the parts, as in [1]_. The
    classifier is given each digit in MNIST's frame.

    Parameters
    ----------
    image : str, path-like, bytes, file object, PIL.Image.Image or array-like
        An image file (PNG, JPEG or any other format that Pillow reads) as a path, as its content, as a
        binary file object or as a data URL (a str that starts with ``data:``, as the canvas of a web page
        returns), rotated as its EXIF data say; or an array of shape (height, width),
        (height, width, 1), (height, width, 3) for RGB or (height, width, 4) for RGBA. White is 255 in
        arrays of uint8, 65535 in arrays of uint16, and 1 in arrays of float, or 255 if a value exceeds 1.

    classifier : estimator
        A fitted classifier with `predict_proba` for 784 features, MNIST's pixels in [0, 1]. A classifier of
        pixels in [0, 255] must be in a pipeline that scales them.

    Returns
    -------
    reading : Reading
        The `text`, such as "2024", and the `digits`, each with `box`, `label`, `probabilities` and `image`.
        The text is empty if no digit is found.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file or data URL is broken or has more pixels than Pillow allows, if the array is not an
        image, or if the classifier was fitted on another number of features.
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

    Notes
    -----
    Digits should be upright, at least 12 pixels high and of similar height. Anything else that is as high
    as a digit is read as one. Images of more than 1.5 million pixels are downscaled first; the boxes are
    in pixels of the original image.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-Based Learning Applied to Document
       Recognition", Proceedings of the IEEE, 1998, section V.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_digits import DenseDigitClassifier
    >>> from sk_digits.datasets import load_digits
    >>> from sk_digits.preprocessing import DigitNormalizer, read_digits
    >>> digits = load_digits()
    >>> X = DigitNormalizer().fit_transform(digits.images)  # a small substitute for MNIST
    >>> clf = DenseDigitClassifier((64,), random_state=0).fit(X, digits.target)
    >>> page = np.full((60, 120), 220, np.uint8)
    >>> for left, image in zip((10, 45, 80), digits.images[[1, 4, 7]]):
    ...     page[14:46, left : left + 32] -= np.uint8(200 * image.repeat(4, axis=0).repeat(4, axis=1))
    >>> reading = read_digits(page, clf)
    >>> reading.text
    '147'
    >>> reading.digits[0].box
    (15, 14, 34, 46)
    """
    _check_classifier(classifier)
    picture = as_grey(image)
    downscaled, factor = downscale(picture)
    digits = [
        dataclasses.replace(digit, box=_to_image_pixels(digit.box, factor, picture.shape))
        for region in find_ink_regions(downscaled)
        for digit in _read_region(region, classifier)
    ]
    return Reading("".join(str(digit.label) for digit in digits), tuple(digits))


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


def _read_region(region, classifier):
    """Return the digits of a region, segmented where the classifier is most certain of them."""
    cuts = _candidate_cuts(region)
    crops = {}
    for start, stop in itertools.combinations(cuts, 2):
        box, ink = _crop_segment(region, start, stop)
        is_whole = stop - start == region.width
        is_digit_wide = MIN_WIDTH <= (stop - start) / region.height <= MAX_WIDTH
        if is_whole or (is_digit_wide and box[3] - box[1] >= MIN_SEGMENT_HEIGHT * region.height):
            crops[start, stop] = box, ink
    images = np.concatenate(
        [place_in_frame(ink[np.newaxis], FRAME_SHAPE, BOX_SIZE) for _, ink in crops.values()]
    )
    images = images.astype(np.float32)
    probabilities = classifier.predict_proba(images.reshape(len(images), -1))
    segments = {}
    for (span, (box, _)), row, image in zip(crops.items(), probabilities, images, strict=True):
        segments[span] = Digit(box, classifier.classes_[row.argmax()], row, image)
    penalty = PENALTY_SLOPE * max(0, USUAL_WIDTH * region.height - region.width)
    whole = segments[0, region.width]
    if region.width > MAX_WIDTH * region.height:
        # Too wide for a digit; read as one only if no segmentation is possible.
        del segments[0, region.width]
    return [segments[span] for span in _best_path(cuts, segments, penalty)] or [whole]


def _candidate_cuts(region):
    """Return the columns at which a region may be cut, those with the least ink, and both its ends."""
    ends = [0, region.width]
    if region.width < MIN_CUT_WIDTH * region.height:
        return ends
    profile = region.ink.sum(axis=0)[region.left - region.ink_left :][: region.width]
    n_cuts = math.ceil(CUTS_PER_HEIGHT * region.width / region.height)
    min_distance = max(1, round(0.06 * region.height))
    cuts = []
    for column in np.argsort(profile, kind="stable").tolist():
        if len(cuts) < n_cuts and all(abs(column - other) >= min_distance for other in ends + cuts):
            cuts.append(column)
    return sorted(ends + cuts)


def _crop_segment(region, start, stop):
    """Return the bounding box and the ink of the columns from `start` to `stop` of a region.

    At the ends of the region the ink keeps its margin.
    """
    if stop - start == region.width:
        ink = remove_small_components(region.ink[np.newaxis])[0]
        return (region.left, region.top, region.right, region.bottom), ink
    margin = region.left - region.ink_left
    first = start + margin if start else 0
    last = stop + margin if stop < region.width else region.ink.shape[1]
    # A cut leaves stroke ends of the neighbouring digit, so more is removed than from a whole region.
    ink = remove_small_components(region.ink[np.newaxis, :, first:last], min_share=0.1)[0]
    rows = np.flatnonzero((ink > 0.5).any(axis=1)).tolist()
    top, bottom = (rows[0], rows[-1] + 1) if rows else (0, len(ink))
    return (region.left + start, region.ink_top + top, region.left + stop, region.ink_top + bottom), ink


def _best_path(cuts, segments, penalty):
    """Return the segmentation with the highest score: the best path from the first cut to the last.

    Parameters
    ----------
    cuts : list of int
        The nodes, in ascending order.
    segments : dict of (start, stop) to Digit
        The edges.
    penalty : float
        Subtracted for each segment, to discourage cuts. The score of a segment is its width times the
        logarithm of the probability of its label.

    Returns
    -------
    path : list of (start, stop)
        Empty if no path leads to the last cut.
    """
    best = {cuts[0]: (0.0, [])}
    for stop in cuts[1:]:
        paths = []
        for start in best:
            if (start, stop) in segments:
                score, path = best[start]
                probability = max(segments[start, stop].probabilities.max(), 1e-12)
                score += (stop - start) * math.log(probability) - penalty
                paths.append((score, [*path, (start, stop)]))
        if paths:
            best[stop] = max(paths)
    return best[cuts[-1]][1] if cuts[-1] in best else []
