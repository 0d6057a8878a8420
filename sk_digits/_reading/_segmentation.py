"""Segmentation for the reader: connected components of ink become regions of one or several digits."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ._ink import EIGHT_CONNECTED, ink_contrast, robust_maximum

# Ink of less contrast is not found, where the contrast of white and black is 1.
MIN_CONTRAST = 0.06
# The same, as a share of the strongest contrast in the picture: digits may lie in the shade.
MIN_CONTRAST_SHARE = 0.2
# Digits of less height, in pixels, are not found.
MIN_HEIGHT = 8
# The same, as a share of the median height: lower regions are specks, commas or rules.
MIN_HEIGHT_SHARE = 0.35


@dataclass(frozen=True, eq=False)
class InkRegion:
    """A digit, or several that touch.

    Attributes
    ----------
    left, top, right, bottom : int
        Bounding box in pixels of the picture; right and bottom are exclusive.
    ink : ndarray of shape (ink_height, ink_width)
        Ink in [0, 1], with a margin around the bounding box for the soft edges of the strokes.
    ink_top, ink_left : int
        Position of the first pixel of `ink` in the picture.
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


def find_ink_regions(picture):
    """Return the regions of ink in a picture of one line of digits.

    Parameters
    ----------
    picture : ndarray of shape (height, width)
        Grey values in [0, 1].

    Returns
    -------
    regions : list of InkRegion
        From left to right.
    """
    contrast, noise = ink_contrast(picture)
    strongest = robust_maximum(contrast)
    if strongest < max(MIN_CONTRAST, 6 * noise):
        return []
    # Digits in the shade have less contrast, so each component has its own threshold.
    rough, n_rough = ndimage.label(contrast > max(MIN_CONTRAST_SHARE * strongest, 4 * noise), EIGHT_CONNECTED)
    peaks = ndimage.maximum(contrast, rough, range(n_rough + 1))
    labels, _ = ndimage.label((rough > 0) & (contrast > 0.4 * peaks[rough]), EIGHT_CONNECTED)
    boxes = [(box[1].start, box[0].start, box[1].stop, box[0].stop) for box in ndimage.find_objects(labels)]
    areas = np.bincount(labels.ravel())[1:]
    groups = _group_components(boxes, areas)
    if not groups:
        return []
    heights = np.array([box[3] - box[1] for box in boxes])
    # A group counts with its highest stroke: dots above one another are not a digit.
    group_heights = np.array([heights[members].max() for _, members in groups])
    line_height = _weighted_median(group_heights, [areas[members].sum() for _, members in groups])
    high = group_heights >= max(MIN_HEIGHT, MIN_HEIGHT_SHARE * line_height)
    return [
        _extract_region(contrast, labels, *group)
        for group, is_high in zip(groups, high, strict=True)
        if is_high
    ]


def _group_components(boxes, areas):
    """Group the connected components that are strokes of one digit.

    Specks and ruled lines are left out.

    Parameters
    ----------
    boxes : list of tuple of four int
        Left, top, right and bottom of the bounding box of each component.
    areas : ndarray of shape (n_components,)

    Returns
    -------
    groups : list of tuple
        Bounding box and indices of the components of each group, from left to right.
    """
    widths, heights = np.array([(box[2] - box[0], box[3] - box[1]) for box in boxes]).T
    specks = areas < 0.01 * areas.max()
    rules = (widths > 5 * heights) & (widths > 1.5 * heights.max())
    groups = []
    for index in sorted(np.flatnonzero(~specks & ~rules), key=lambda i: boxes[i][0]):
        left, top, right, bottom = boxes[index]
        for number, (box, members) in enumerate(groups):
            if _are_strokes_of_one_digit((left, top, right, bottom), box):
                box = min(left, box[0]), min(top, box[1]), max(right, box[2]), max(bottom, box[3])
                groups[number] = box, [*members, index]
                break
        else:
            groups.append((boxes[index], [index]))
    return sorted(groups)


def _are_strokes_of_one_digit(box, other):
    """Return whether two bounding boxes lie above one another, or a low one is beside or above a high one."""
    overlap = min(box[2], other[2]) - max(box[0], other[0])
    low, high = sorted((box[3] - box[1], other[3] - other[1]))
    narrow = min(box[2] - box[0], other[2] - other[0])
    vertical_gap = max(box[1], other[1]) - min(box[3], other[3])
    is_above = overlap >= 0.5 * narrow
    return vertical_gap <= 0.4 * high and (is_above or (low < 0.5 * high and overlap >= -0.1 * high))


def _weighted_median(values, weights):
    order = np.argsort(values)
    total = np.cumsum(np.asarray(weights)[order])
    return values[order][np.searchsorted(total, total[-1] / 2)]


def _extract_region(contrast, labels, box, members):
    """Return the ink of the given components alone, with the soft edges of their strokes."""
    left, top, right, bottom = box
    margin = max(1, round((bottom - top) / 20))
    ink_top, ink_left = max(top - margin, 0), max(left - margin, 0)
    area = np.s_[ink_top : bottom + margin, ink_left : right + margin]
    own = np.isin(labels[area], np.add(members, 1))
    full = np.quantile(contrast[area][own], 0.75)
    near = ndimage.binary_dilation(own, EIGHT_CONNECTED, iterations=margin)
    near &= own | (labels[area] == 0)
    ink = np.where(near, np.clip(contrast[area] / full, 0, 1), 0)
    return InkRegion(left, top, right, bottom, ink, ink_top, ink_left)
