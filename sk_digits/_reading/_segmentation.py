"""Segmentation for the reader: what is ink, its connected components, and the lines of writing these form."""

import numpy as np
from scipy import ndimage

from ._ink import EIGHT_CONNECTED, robust_maximum, weighted_median
from ._pieces import bounding_boxes, make_lines, touches_border

# Ink of less contrast is not found, where the contrast of white and black is 1.
MIN_CONTRAST = 0.03
# Ink stands out from the noise of the paper by this factor.
MIN_CONTRAST_TO_NOISE = 5
# Least contrast of ink as a share of the strongest in the picture: digits may lie in the shade.
MIN_CONTRAST_SHARE = 0.2
# If the box around the ink is this share of a picture, the paper nearby is not told from wide ink.
FILLED_SHARE = 0.25
# Digits of less height, in pixels, are not found.
MIN_HEIGHT = 8
# The same, as a share of the height of the line: lower components are specks, commas or parts of digits.
MIN_HEIGHT_SHARE = 0.35
# Components of less area, as a share of that of the largest, are specks.
MIN_AREA_SHARE = 0.01
# More components are texture, not handwriting.
MAX_COMPONENTS = 2000
# A component is a shade, not ink, if this share of its contrast is left just outside a quarter of its edge.
MAX_SOFTNESS = 0.35
# How far outside that is measured, as shares of the thickness and of the height of the component.
EDGE_TO_THICKNESS, EDGE_TO_HEIGHT = 0.25, 0.12
# The edge of a stroke may be blurred by this many pixels.
MAX_BLUR = 4
# Widest gap in a stroke that is closed, as a share of the height of the digit.
MAX_GAP = 0.12


def find_lines(contrast, mask):
    """Return the lines of writing in a map of contrast.

    Parameters
    ----------
    contrast : ndarray of shape (height, width)
        Positive for ink, as returned by `local_contrast`.
    mask : ndarray of shape (height, width), bool
        Where there is ink, as returned by `find_ink`.

    Returns
    -------
    lines : list of list of Line
        From top to bottom, each cut into pieces by columns and, if several loops are joined, around these.
    """
    if not mask.any():
        return []
    labels = _label_components(contrast, mask)
    boxes = bounding_boxes(labels)
    areas = np.bincount(labels.ravel(), minlength=len(boxes) + 1)[1:]
    kept = _select_components(boxes, areas, labels)
    if len(kept) > MAX_COMPONENTS:
        return []
    kept = np.array([i for i in kept if not _is_shade(contrast, labels, i + 1, boxes[i])], int)
    if not len(kept):
        return []
    lines = _group_into_lines(boxes, areas, kept)
    return [make_lines(contrast, labels, boxes, *line) for line in lines]


def find_ink(contrast, noise, min_ratio=MIN_CONTRAST_TO_NOISE):
    """Return where the contrast of ink stands out from the noise of the paper, by `min_ratio` at least."""
    strongest = robust_maximum(contrast)
    if strongest < max(MIN_CONTRAST, min_ratio * noise):
        return np.zeros(contrast.shape, bool)
    # Ink that covers much of a small picture is part of what is measured as noise.
    return contrast > max(MIN_CONTRAST_SHARE * strongest, min(4 * noise, 0.4 * strongest))


def close_gaps(contrast, ink):
    """Return the contrast and the ink with narrow gaps closed; None if no components are joined by that."""
    labels = _label_components(contrast, ink) if ink.any() else ink
    areas = np.bincount(labels.ravel())[1:]
    n_large = np.count_nonzero(areas >= MIN_AREA_SHARE * areas.max(initial=0))
    if n_large < 2 or len(areas) > MAX_COMPONENTS:
        return None
    boxes = bounding_boxes(labels)
    height = weighted_median(boxes[:, 3] - boxes[:, 1], areas)
    size = 2 * max(1, round(MAX_GAP * height / 2)) + 1
    closed = ndimage.grey_closing(contrast, (size, size))
    closed_ink = closed >= contrast[ink].min()
    if _label_components(closed, closed_ink).max() >= len(areas):
        return None
    return closed, closed_ink


def _label_components(contrast, mask):
    """Return the connected components of ink as an array of labels."""
    # Digits in the shade have less contrast, so each component has its own threshold.
    rough, n_rough = ndimage.label(mask, EIGHT_CONNECTED)
    peaks = np.zeros(n_rough + 1, contrast.dtype)
    peaks[1:] = ndimage.maximum(contrast[mask], rough[mask], range(1, n_rough + 1))
    return ndimage.label((rough > 0) & (contrast > 0.4 * peaks[rough]), EIGHT_CONNECTED)[0]


def _select_components(boxes, areas, labels):
    """Return the indices of the components that are no specks, rules or frames."""
    shape = labels.shape
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    specks = areas < MIN_AREA_SHARE * areas.max()
    others = ~specks & (areas < 0.7 * widths * heights)
    highest = heights[others].max(initial=heights.max() if not others.any() else 0)
    rules = (widths > 5 * heights) & (widths > 1.5 * highest)
    # A frame or the edge of the sheet touches the border, and encloses much more than its ink.
    at_border = touches_border(boxes, shape)
    large = (widths >= 0.9 * shape[1]) & (heights >= 0.9 * shape[0])
    frames = at_border & large & (areas < 0.2 * widths * heights)
    frames |= at_border & (heights > 10 * widths) & (heights >= 0.9 * shape[0])
    # The paper, if its darker surroundings were taken for the background.
    sheets = large & (areas > 0.7 * widths * heights)
    for index in np.flatnonzero(rules):
        rules[index] = not _are_joined_loops(labels, index + 1, boxes[index])
    kept = ~specks & ~rules & ~frames & ~sheets
    return np.flatnonzero(kept)


def _is_shade(contrast, labels, number, box):
    """Return whether a component fades into the paper, as shadows and patches of light do."""
    left, top, right, bottom = box
    if bottom - top < MIN_HEIGHT:
        return False
    component = np.pad(labels[top:bottom, left:right] == number, 1)
    thickness = 2 * ndimage.distance_transform_cdt(component, "chessboard").max()
    width = min(EDGE_TO_HEIGHT * (bottom - top), max(MAX_BLUR, EDGE_TO_THICKNESS * thickness))
    width = max(2, round(width))
    area = np.s_[max(0, top - width) : bottom + width, max(0, left - width) : right + width]
    own = labels[area] == number
    distance = ndimage.distance_transform_cdt(~own, "chessboard")
    outside = (distance > width // 2) & (distance <= width) & (labels[area] == 0)
    if not outside.any():
        return False
    contrast_outside = np.quantile(contrast[area][outside], 0.75)
    return bool(contrast_outside > MAX_SOFTNESS * np.median(contrast[area][own]))


def _are_joined_loops(labels, number, box):
    """Return whether a wide, low component is a row of zeros: one that encloses paper, but is no frame."""
    left, top, right, bottom = box
    component = labels[top:bottom, left:right] == number
    filled = ndimage.binary_fill_holes(component).sum()
    return 1.3 * component.sum() < filled < 0.85 * component.size


def _group_into_lines(boxes, areas, kept):
    """Group components into lines of writing.

    Returns
    -------
    lines : list of tuple
        The usual height of a digit and the indices of the components of each line, from top to bottom.
    """
    stacks = _stack_components(boxes, kept)
    tops, bottoms = (
        np.array([edge(boxes[stack, side]) for stack in stacks]) for edge, side in ((min, 1), (max, 3))
    )
    heights, sizes = (bottoms - tops).astype(float), np.array([areas[stack].sum() for stack in stacks])
    lowest = max(MIN_HEIGHT, MIN_HEIGHT_SHARE * weighted_median(heights, sizes))
    groups = []
    for index in np.argsort(-heights, kind="stable"):
        if heights[index] < lowest:
            break
        for group in groups:
            first = group[0]  # the highest of the line
            overlap = min(bottoms[index], bottoms[first]) - max(tops[index], tops[first])
            if overlap >= 0.5 * heights[index]:
                group.append(index)
                break
        else:
            groups.append([index])
    groups.sort(key=lambda group: tops[group].min())
    small = np.concatenate([[], *(stacks[index] for index in np.flatnonzero(heights < lowest))]).astype(int)
    lines = []
    for group in groups:
        height = weighted_median(heights[group], sizes[group])
        if height >= lowest:
            members = np.concatenate([stacks[index] for index in group])
            lines.append((height, _with_parts(members, small, boxes, height)))
    return lines


def _stack_components(boxes, kept):
    """Group components that are parts of one digit above one another, as where a stroke is broken."""
    stacks, edges = [], np.empty((len(kept), 4), boxes.dtype)
    for index in sorted(kept, key=lambda i: boxes[i, 1]):
        place = next(iter(np.flatnonzero(_are_above(edges[: len(stacks)], boxes[index]))), len(stacks))
        if place == len(stacks):
            stacks.append([])
            edges[place] = boxes[index]
        stacks[place].append(index)
        edges[place, :2] = np.minimum(edges[place, :2], boxes[index, :2])
        edges[place, 2:] = np.maximum(edges[place, 2:], boxes[index, 2:])
    return stacks


def _are_above(others, box):
    """Return which boxes are continued by one that does not begin above them."""
    left, top, right, bottom = box
    widths, heights = others[:, 2] - others[:, 0], others[:, 3] - others[:, 1]
    overlap = np.minimum(right, others[:, 2]) - np.maximum(left, others[:, 0])
    gap = top - others[:, 3]
    low, high = np.minimum(bottom - top, heights), np.maximum(bottom - top, heights)
    is_part = (low < 0.6 * high) & (overlap > 0) & (gap <= 0.25 * high)
    return is_part | ((overlap >= 0.5 * np.minimum(right - left, widths)) & (gap <= 0.15 * high))


def _with_parts(members, small, boxes, height):
    """Return the components of a line with the small ones that may be parts of its digits; no commas."""
    line = boxes[members]
    top, bottom = np.median(line[:, 1]), np.median(line[:, 3])
    parts = []
    for index in small:
        left, upper, right, lower = boxes[index]
        overlap = np.minimum(right, line[:, 2]) - np.maximum(left, line[:, 0])
        is_inside = upper >= top - 0.4 * height and (upper + lower) / 2 <= bottom - 0.25 * height
        if is_inside and lower - upper >= 0.08 * height and (overlap >= -0.15 * height).any():
            parts.append(index)
    return np.concatenate([members, parts]).astype(int)
