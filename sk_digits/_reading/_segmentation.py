"""Where the digits are: ink told from unevenly lit paper, and its pieces put together, left to right."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

# A picture of more pixels is reduced first, by a whole factor.
MOST_PIXELS = 1_500_000
# Ink that differs less from its paper than this, where white differs from black by 1, is not seen.
LEAST_CONTRAST = 0.06
# Ink with less contrast than this share of the picture's strongest is not seen.
SHADE = 0.2
# Along both axes and the diagonals.
NEIGHBOURS = np.ones((3, 3))
# Digits that are less high than this, in pixels, are not seen.
LEAST_HEIGHT = 8
# Pieces that are less high than this share of the line are specks, commas or rules.
LEAST_SHARE = 0.35


@dataclass(frozen=True, eq=False)
class Piece:
    """A digit, or several that touch.

    Its edges in the picture, and its ink, in [0, 1], with a margin for the soft edge of the strokes; the
    first pixel of `ink` is at `ink_top` and `ink_left`.
    """

    left: int
    top: int
    right: int
    bottom: int
    ink: np.ndarray
    ink_top: int
    ink_left: int

    @property
    def width(self):
        return self.right - self.left

    @property
    def height(self):
        return self.bottom - self.top


def reduced(picture):
    """Means over squares of pixels, such that the picture is of a size to work on; and their side."""
    factor = int(np.ceil(np.sqrt(picture.size / MOST_PIXELS)))
    return (block_means(picture, factor), factor) if factor > 1 else (picture, 1)


def block_means(picture, side):
    """Means over squares of pixels; the last row and column are repeated where they do not fit."""
    height, width = picture.shape
    padded = np.pad(picture, ((0, -height % side), (0, -width % side)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // side, side, padded.shape[1] // side, side)
    return blocks.mean(axis=(1, 3), dtype=np.float32)


def find_pieces(picture):
    """Pieces of ink that are as high as a line, left to right.

    Parameters
    ----------
    picture : ndarray of shape (height, width)
        Grey values in [0, 1].

    Returns
    -------
    pieces : list of Piece
    """
    contrast, noise = ink_contrast(picture)
    strongest = _robust_maximum(contrast)
    if strongest < max(LEAST_CONTRAST, 6 * noise):
        return []
    # Digits in the shade have less contrast: each piece has a threshold of its own.
    rough, n_rough = ndimage.label(contrast > max(SHADE * strongest, 4 * noise), NEIGHBOURS)
    peaks = ndimage.maximum(contrast, rough, range(n_rough + 1))
    labels, _ = ndimage.label((rough > 0) & (contrast > 0.4 * peaks[rough]), NEIGHBOURS)
    boxes = [(box[1].start, box[0].start, box[1].stop, box[0].stop) for box in ndimage.find_objects(labels)]
    areas = np.bincount(labels.ravel())[1:]
    groups = _joined(boxes, areas)
    if not groups:
        return []
    heights = np.array([box[3] - box[1] for box in boxes])
    # Of the highest stroke of each: dots above one another are no digit.
    highest = np.array([heights[members].max() for _, members in groups])
    line = _weighted_median(highest, [areas[members].sum() for _, members in groups])
    high = highest >= max(LEAST_HEIGHT, LEAST_SHARE * line)
    return [
        _cut_out(contrast, labels, *group) for group, is_high in zip(groups, high, strict=True) if is_high
    ]


def ink_contrast(picture):
    """How far each pixel is from its paper, positive for ink, and the standard deviation of its noise."""
    contrast = ndimage.gaussian_filter(picture - paper_of(picture), 0.8)
    noise = 1.4826 * float(np.median(abs(contrast)))
    # Ink is on the side where what stands out, does so more.
    strong = contrast[abs(contrast) > 0.5 * _robust_maximum(abs(contrast))]
    return (contrast if strong.sum() > 0 else -contrast), noise


def paper_of(picture):
    """What the picture would be without ink: uneven light, smooth at the scale of digits.

    A plane and the medians over a wide window of what is left; then the mean, weighted by distance, of what
    does not stand out.
    """
    side = max(1, min(picture.shape) // 48)
    coarse = block_means(picture, side)
    plane = _plane(coarse)
    coarse = coarse - plane
    window = max(3, min(coarse.shape) // 2)
    paper = ndimage.median_filter(coarse, window, mode="mirror")
    for _ in range(2):
        off = abs(coarse - paper)
        ink = off > max(0.3 * off.max(), 3 * 1.4826 * float(np.median(off)))
        known = (~ndimage.binary_dilation(ink, iterations=1)).astype(np.float32)
        weight = ndimage.gaussian_filter(known, window / 6, mode="mirror")
        mean = ndimage.gaussian_filter(known * coarse, window / 6, mode="mirror")
        paper = np.where(weight > 1e-3, mean / np.maximum(weight, 1e-3), paper)
    fine = ndimage.zoom(paper + plane, side, order=1, mode="nearest", grid_mode=True)
    return fine[: picture.shape[0], : picture.shape[1]]


def _plane(values):
    """The plane with the least squared distance from the values."""
    rows, columns = (np.arange(size) - (size - 1) / 2 for size in values.shape)
    slopes = (
        np.sum(values.mean(axis=1) * rows) / max(np.sum(rows**2), 1),
        np.sum(values.mean(axis=0) * columns) / max(np.sum(columns**2), 1),
    )
    plane = values.mean() + slopes[0] * rows[:, np.newaxis] + slopes[1] * columns
    return plane.astype(values.dtype)


def _robust_maximum(values, n=12):
    """The n-th largest value: single pixels do not count."""
    n = min(n, values.size)
    return float(np.partition(values, values.size - n, axis=None)[values.size - n])


def _joined(boxes, areas):
    """Boxes that lie over one another, as the strokes of a broken digit do, become one.

    Returns a list of (box, indices of its members), left to right.
    """
    widths, heights = np.array([(box[2] - box[0], box[3] - box[1]) for box in boxes]).T
    specks = areas < 0.01 * areas.max()
    rules = (widths > 5 * heights) & (widths > 1.5 * heights.max())
    groups = []
    for index in sorted(np.flatnonzero(~specks & ~rules), key=lambda i: boxes[i][0]):
        left, top, right, bottom = boxes[index]
        for number, (box, members) in enumerate(groups):
            if _belong((left, top, right, bottom), box):
                box = min(left, box[0]), min(top, box[1]), max(right, box[2]), max(bottom, box[3])
                groups[number] = box, [*members, index]
                break
        else:
            groups.append((boxes[index], [index]))
    return sorted(groups)


def _belong(box, other):
    """Whether two strokes are of one digit: one over the other, or a short one beside or above."""
    shared = min(box[2], other[2]) - max(box[0], other[0])
    low, high = sorted((box[3] - box[1], other[3] - other[1]))
    narrow = min(box[2] - box[0], other[2] - other[0])
    between = max(box[1], other[1]) - min(box[3], other[3])
    is_over = shared >= 0.5 * narrow
    return between <= 0.4 * high and (is_over or (low < 0.5 * high and shared >= -0.1 * high))


def _weighted_median(values, weights):
    order = np.argsort(values)
    total = np.cumsum(np.asarray(weights)[order])
    return values[order][np.searchsorted(total, total[-1] / 2)]


def _cut_out(contrast, labels, box, members):
    """The ink of these components alone, with the soft edge of their strokes."""
    left, top, right, bottom = box
    margin = max(1, round((bottom - top) / 20))
    ink_top, ink_left = max(top - margin, 0), max(left - margin, 0)
    area = np.s_[ink_top : bottom + margin, ink_left : right + margin]
    own = np.isin(labels[area], np.add(members, 1))
    full = np.quantile(contrast[area][own], 0.75)
    near = ndimage.binary_dilation(own, NEIGHBOURS, iterations=margin)
    near &= own | (labels[area] == 0)
    ink = np.where(near, np.clip(contrast[area] / full, 0, 1), 0)
    return Piece(left, top, right, bottom, ink, ink_top, ink_left)
