"""`read_digits`: a line of handwriting becomes digits, with boxes and probabilities, and their text."""

import itertools
import math
from dataclasses import dataclass, field

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._image_input import as_grey
from ._mnist_frame import framed, without_specks
from ._segmentation import find_pieces, reduced

# MNIST's frame.
SHAPE, BOX = (28, 28), 20
# Widths of a digit, as shares of its height, within which a piece may be one digit.
NARROWEST, WIDEST = 0.12, 1.5
# A part is at least as high as this share of its piece: digits that touch are of like height.
LEAST_PART = 0.6
# Pieces narrower than this share of their height are one digit and not looked at for a place to cut.
NEVER_CUT = 0.8
# Places that are tried for cutting a piece, for each stretch as wide as the piece is high.
CUTS_PER_HEIGHT = 8
# What one digit more costs (see `_surest_way`), as a share of the height: nothing for a piece that is wider
# than USUAL, as few digits are, and this for each unit of width over height below that.
COST_SLOPE, USUAL = 2.0, 1.2


@dataclass(frozen=True, eq=False)
class Digit:
    """A digit that `read_digits` found.

    Attributes
    ----------
    box : tuple of four int
        Left, top, right and bottom edge in pixels of the image; right and bottom are the first outside.

    label : object
        The most probable of the classifier's classes.

    probabilities : ndarray of shape (n_classes,)
        In the order of the classifier's `classes_`.

    image : ndarray of shape (28, 28), float32
        What the classifier was given: the digit in MNIST's frame.
    """

    box: tuple
    label: object
    probabilities: np.ndarray = field(repr=False)
    image: np.ndarray = field(repr=False)


@dataclass(frozen=True, eq=False)
class Reading:
    """What `read_digits` found in an image.

    Attributes
    ----------
    text : str
        The labels one after the other; empty where there is no digit.

    digits : tuple of Digit
        Left to right.
    """

    text: str
    digits: tuple


def read_digits(image, classifier):
    """Find and read the digits in a photo or scan of one line of handwriting.

    Uneven light is taken off, ink is told from paper, whichever is the darker, and connected pieces of
    ink are put together where they lie over one another. A piece that is too wide for a digit is cut where
    the classifier is surest of the parts, as in [1]_. Each digit is brought into MNIST's frame.

    Parameters
    ----------
    image : str, path-like, bytes, file object, PIL.Image.Image or array-like
        A file that Pillow reads (PNG, JPEG, ...), by its name, content or handle, turned as its EXIF data
        says; or an array of shape (height, width), (height, width, 3) or (height, width, 4). Arrays of uint8
        have white at 255, those of uint16 at 65535, those of float at 1, or at 255 if a value is above 1.

    classifier : estimator
        A fitted classifier with `predict_proba`, for 784 features: MNIST's pixels in [0, 1]. One of pixels in
        [0, 255] needs a pipeline that scales them.

    Returns
    -------
    reading : Reading
        With `text`, such as "2024", and `digits`, each with `box`, `label`, `probabilities` and `image`.
        Without digits the text is empty.

    Raises
    ------
    FileNotFoundError
        Where there is no such file.
    ValueError
        Where a file is broken or has more pixels than Pillow allows, where an array is no image, and where
        the classifier takes other features.
    TypeError
        Where the classifier has no `predict_proba`.
    sklearn.exceptions.NotFittedError
        Where the classifier is not fitted.
    ImportError
        Where a file is to be read and Pillow is not installed: ``pip install "sk_digits[images]"``.

    See Also
    --------
    DigitNormalizer : Brings images of one digit each into MNIST's frame.

    Notes
    -----
    Digits should be 12 pixels high or more, of about the same height, and upright. Anything else that is
    as high as a digit is read as one. Pictures of more than 1.5 million pixels are reduced first.

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
    >>> X = DigitNormalizer().fit_transform(digits.images)  # stands in for MNIST
    >>> clf = DenseDigitClassifier((64,), random_state=0).fit(X, digits.target)
    >>> page = np.full((60, 120), 220, np.uint8)
    >>> for place, image in enumerate(digits.images[[1, 4, 7]]):
    ...     left = 10 + 35 * place
    ...     page[14:46, left : left + 32] -= np.uint8(200 * image.repeat(4, axis=0).repeat(4, axis=1))
    >>> reading = read_digits(page, clf)
    >>> reading.text
    '147'
    >>> [digit.box for digit in reading.digits]
    [...]
    """
    _check_classifier(classifier)
    picture, factor = reduced(as_grey(image))
    digits = []
    for piece in find_pieces(picture):
        digits += _read_piece(piece, classifier, factor)
    return Reading("".join(str(digit.label) for digit in digits), tuple(digits))


def _check_classifier(classifier):
    if not hasattr(classifier, "predict_proba"):
        raise TypeError(
            f"classifier={classifier!r} has no predict_proba; give a fitted scikit-learn classifier that has."
        )
    check_is_fitted(classifier)
    n_features = getattr(classifier, "n_features_in_", math.prod(SHAPE))
    if n_features != math.prod(SHAPE):
        raise ValueError(
            f"The classifier was fitted on {n_features} features; to read pictures it must be fitted on "
            f"{math.prod(SHAPE)}, MNIST's images of 28x28 pixels, such as load_mnist or DigitNormalizer give."
        )


def _read_piece(piece, classifier, factor):
    """The digits of a piece: the way of cutting it that the classifier is surest of."""
    cuts = _places_to_cut(piece)
    parts = {}
    for start, stop in itertools.combinations(cuts, 2):
        box, ink = _part(piece, start, stop)
        is_whole = stop - start == piece.width
        is_wide = NARROWEST <= (stop - start) / piece.height <= WIDEST
        if is_whole or (is_wide and box[3] - box[1] >= LEAST_PART * piece.height):
            parts[start, stop] = box, ink
    images = np.concatenate([framed(ink[np.newaxis], SHAPE, BOX) for _, ink in parts.values()])
    images = images.astype(np.float32)
    probabilities = classifier.predict_proba(images.reshape(len(images), -1))
    found = {}
    for (span, (box, _)), row, image in zip(parts.items(), probabilities, images, strict=True):
        edges = tuple(factor * int(edge) for edge in box)
        found[span] = Digit(edges, classifier.classes_[row.argmax()], row, image)
    cost = COST_SLOPE * max(0, USUAL * piece.height - piece.width)
    whole = found[0, piece.width]
    if piece.width > WIDEST * piece.height:
        # No digit as a whole, unless it cannot be cut.
        del found[0, piece.width]
    return [found[span] for span in _surest_way(cuts, found, cost)] or [whole]


def _places_to_cut(piece):
    """Columns of the piece, both ends included, at which it may be cut: those with the least ink."""
    ends = [0, piece.width]
    if piece.width < NEVER_CUT * piece.height:
        return ends
    profile = piece.ink.sum(axis=0)[piece.left - piece.ink_left :][: piece.width]
    most = math.ceil(CUTS_PER_HEIGHT * piece.width / piece.height)
    apart = max(1, round(0.06 * piece.height))
    chosen = []
    for column in np.argsort(profile, kind="stable").tolist():
        if len(chosen) < most and all(abs(column - other) >= apart for other in ends + chosen):
            chosen.append(column)
    return sorted(ends + chosen)


def _part(piece, start, stop):
    """Box and ink of the columns from `start` to `stop` of the piece, margins included at its ends."""
    if stop - start == piece.width:
        ink = without_specks(piece.ink[np.newaxis])[0]
        return (piece.left, piece.top, piece.right, piece.bottom), ink
    margin = piece.left - piece.ink_left
    first = start + margin if start else 0
    last = stop + margin if stop < piece.width else piece.ink.shape[1]
    # Cutting leaves ends of the neighbour's strokes.
    ink = without_specks(piece.ink[np.newaxis, :, first:last], share=0.1)[0]
    rows = np.flatnonzero((ink > 0.5).any(axis=1))
    top, bottom = (rows[0], rows[-1] + 1) if len(rows) else (0, len(ink))
    return (piece.left + start, piece.ink_top + top, piece.left + stop, piece.ink_top + bottom), ink


def _surest_way(cuts, found, cost):
    """From the first cut to the last, the spans whose labels are surest.

    Each column counts with the logarithm of the probability of the digit that it is in; each span costs
    something beside, so that a digit is not cut for little. Empty where no way leads there.
    """
    best = {cuts[0]: (0.0, [])}
    for stop in cuts[1:]:
        ways = []
        for start in best:
            if (start, stop) in found:
                total, spans = best[start]
                surest = max(found[start, stop].probabilities.max(), 1e-12)
                ways.append((total + (stop - start) * math.log(surest) - cost, [*spans, (start, stop)]))
        if ways:
            best[stop] = max(ways)
    return best[cuts[-1]][1] if cuts[-1] in best else []
