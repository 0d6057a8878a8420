"""Digits side by side, and digits cut out of a line in which they touch their neighbours."""

import numpy as np

from .._reading._ink import remove_small_components
from ._glyphs import draw_strokes, spline

# Largest shift up or down of a digit in a line, in pixels of MNIST's frame.
MAX_DROP = 4


def crop(image):
    """Return the bounding box of the ink of an image."""
    inked = image > 0.1
    if not inked.any():
        return image
    rows, columns = (np.flatnonzero(inked.any(axis=axis)) for axis in (1, 0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def side_by_side(digits, overlaps, random_state):
    """Return a page with digits from left to right, and the first and last column of each.

    Parameters
    ----------
    digits : list of ndarray of shape (height, width)
    overlaps : array-like of int
        Columns that each digit but the first shares with the one before it.
    random_state : RandomState instance
    """
    height = max(map(len, digits)) + 2 * MAX_DROP
    spans, start = [], 0
    for digit, overlap in zip(digits, [0, *overlaps], strict=True):
        start = max(start - overlap, 0)
        spans.append((start, start + digit.shape[1]))
        start += digit.shape[1]
    page = np.zeros((height, max(stop for _, stop in spans)))
    for digit, (first, last) in zip(digits, spans, strict=True):
        top = random_state.randint(0, height - len(digit) + 1)
        area = page[top : top + len(digit), first:last]
        np.maximum(area, digit, out=area)
    return page, spans


def cut_out_touching_digit(images, index, random_state):
    """Cut one digit out of a line in which it touches others; parts of them and of joining strokes remain."""
    neighbours = random_state.uniform(size=2) < 0.65
    digits = [crop(images[index])]
    position = 0
    if neighbours[0]:
        digits.insert(0, crop(images[random_state.randint(len(images))]))
        position = 1
    if neighbours[1]:
        digits.append(crop(images[random_state.randint(len(images))]))
    overlaps = random_state.randint(0, 3, len(digits) - 1)
    page, spans = side_by_side(digits, overlaps, random_state)
    first, last = spans[position]
    if random_state.randint(3) == 0:
        page = np.maximum(page, _draw_joining_stroke(page.shape, first, last, random_state))
    cut = max(first - random_state.randint(-1, 3), 0), min(last + random_state.randint(-1, 3), page.shape[1])
    # A digit of one or two columns may have none left.
    if cut[0] < cut[1]:
        first, last = cut
    return remove_small_components(page[np.newaxis, :, first:last], min_share=0.1)[0]


def _draw_joining_stroke(shape, first, last, random_state):
    """Return a stroke that leaves a digit for a neighbour, as in zeros that are written in one go."""
    start = random_state.uniform(first, last), random_state.uniform(0.2, 0.6) * shape[0]
    step = random_state.choice([-1, 1]) * random_state.uniform(5, 12)
    bend = random_state.uniform(-2, 4)
    points = [
        start,
        (start[0] + step / 2, start[1] + bend),
        (start[0] + step, start[1] + random_state.uniform(-3, 3)),
    ]
    return draw_strokes([spline(np.array(points))], random_state.uniform(0.3, 1.2), shape)
