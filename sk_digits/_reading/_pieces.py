"""Pieces of a line of writing that are digits or parts of them.

A piece is a connected component of ink, or a slice of one that is wide enough for two digits. The pieces of a
line are numbered from left to right, so that a candidate for a digit is a range of numbers.
"""

import itertools
import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import ndimage

from ._image_input import block_means
from ._loops import find_loops, split_at_loops

# Lines of more height, in pixels, are downscaled.
MAX_LINE_HEIGHT = 96
# Components that are narrower, as a share of the height of the line, are not cut.
MIN_CUT_WIDTH = 0.75
# Number of candidate cuts for each stretch of a component that is as wide as the line is high.
CUTS_PER_HEIGHT = 8
# Slants that are tried, as shifts to the right for each pixel upwards.
SLANTS = np.linspace(-0.3, 0.9, 13)


@dataclass(frozen=True, eq=False)
class Line:
    """The ink of one line of writing, in pieces.

    Attributes
    ----------
    ink : ndarray of shape (height, width)
        Ink in [0, 1], with the soft edges of the strokes.
    pieces : ndarray of shape (height, width), int
        Number of the piece that each pixel belongs to, from 1 on, with the soft edges; 0 is background.
    boxes : ndarray of shape (n_pieces, 4)
        Left, top, right and bottom of each piece, without its soft edges, in pixels of `ink`.
    spans : ndarray of shape (n_pieces, 2)
        First and last column of each piece after the slant is removed.
    components : ndarray of shape (n_pieces,)
        Number of the component that each piece is, or is a slice of.
    extents : ndarray of shape (n_pieces, 2)
        Range of pieces in which the component of each piece lies.
    component_boxes : ndarray of shape (n_components, 4)
        Left, top, right and bottom of each component, in pixels of the picture.
    at_border : ndarray of shape (n_pieces,), bool
        Whether the component touches the border of the picture.
    digit_height : float
        Usual height of a digit, in pixels of `ink`.
    origin : tuple of two int
        Left and top of `ink` in the picture.
    factor : int
        Number of pixels of the picture in a pixel of `ink`.
    """

    ink: np.ndarray
    pieces: np.ndarray
    boxes: np.ndarray
    spans: np.ndarray
    components: np.ndarray
    extents: np.ndarray
    component_boxes: np.ndarray
    at_border: np.ndarray
    digit_height: float
    origin: tuple
    factor: int

    def box(self, start, stop):
        """Return the bounding box of the pieces from `start` to `stop`, in pixels of the picture."""
        boxes = self.boxes[start:stop] * self.factor + np.array(self.origin * 2)
        if self.is_whole(start, stop):
            boxes = self.component_boxes[np.unique(self.components[start:stop])]
        return tuple(map(int, (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))))

    def is_whole(self, start, stop):
        """Return whether the pieces from `start` to `stop` are complete components."""
        extents = self.extents[start:stop]
        return bool(extents[:, 0].min() >= start and extents[:, 1].max() <= stop)

    def crop(self, start, stop):
        """Return the ink of the pieces from `start` to `stop`, with its soft edges."""
        boxes, margin = self.boxes[start:stop], self.margin
        left, top = np.maximum(boxes[:, :2].min(axis=0) - margin, 0)
        right, bottom = boxes[:, 2:].max(axis=0) + margin
        area = np.s_[top:bottom, left:right]
        own = (self.pieces[area] > start) & (self.pieces[area] <= stop)
        return np.where(own, self.ink[area], 0)

    @property
    def margin(self):
        return max(1, round(self.digit_height / 20))


def make_lines(contrast, labels, boxes, digit_height, members):
    """Return the `Line` of the given components, or two that differ in their pieces."""
    margin = max(1, round(digit_height / 20))
    left, top = np.maximum(boxes[members, :2].min(axis=0) - margin, 0)
    right, bottom = boxes[members, 2:].max(axis=0) + margin
    area = np.s_[top:bottom, left:right]
    number = np.zeros(len(boxes) + 1, np.int32)
    number[members + 1] = np.arange(1, len(members) + 1)
    core_labels, others = number[labels[area]], labels[area] > 0
    factor = max(1, int(digit_height // (MAX_LINE_HEIGHT / 2))) if digit_height > MAX_LINE_HEIGHT else 1
    full = ndimage.labeled_comprehension(
        contrast[area], core_labels, range(1, len(members) + 1), lambda v: np.quantile(v, 0.75), float, 1.0
    )
    own = _grow(core_labels, margin, ~others)
    ink = np.where(own > 0, np.clip(contrast[area] / np.concatenate([[1.0], full])[own], 0, 1), 0)
    if factor > 1:
        ink = block_means(ink, factor)
        core_labels, own = (_pad_and_sample(array, factor) for array in (core_labels, own))
        # A block may have the core of one component and the soft edge of another.
        own = np.where(core_labels > 0, core_labels, own)
        digit_height /= factor
    at_border = touches_border(boxes[members], labels.shape)
    loops = find_loops(own, core_labels, digit_height, margin)
    # Both ways of cutting need the columns of the pixels without the slant.
    slant = _estimate_slant(core_labels > 0)
    columns = np.arange(ink.shape[1]) + slant * (np.arange(len(ink))[:, np.newaxis] - len(ink) / 2)
    cut = partial(
        _cut_into_pieces,
        ink,
        own,
        core_labels,
        columns,
        component_boxes=boxes[members],
        at_border=at_border,
        digit_height=digit_height,
        origin=(int(left), int(top)),
        factor=factor,
    )
    lines = [cut(loops=np.zeros_like(loops))]
    if loops.any():
        lines.append(cut(loops=loops))
    return lines


def _pad_and_sample(array, factor):
    """Return the largest value of each block, as labels of the pixels of `block_means`."""
    height, width = array.shape
    padded = np.pad(array, ((0, -height % factor), (0, -width % factor)))
    return padded.reshape(padded.shape[0] // factor, factor, -1, factor).max(axis=(1, 3))


def _grow(labels, margin, free):
    """Extend labels into free pixels by a margin, each to the nearest one."""
    distance, nearest = ndimage.distance_transform_cdt(labels == 0, "chessboard", return_indices=True)
    grown = labels[tuple(nearest)]
    return np.where((labels > 0) | ((distance <= margin) & free), grown, 0)


def _cut_into_pieces(
    ink, own, core_labels, columns, *, loops, component_boxes, at_border, digit_height, origin, factor
):
    """Cut out loops, cut other wide parts of components, and number the pieces from left to right."""
    pieces, components = _number_pieces(ink, own, core_labels, loops, columns, digit_height)
    core = np.where(core_labels > 0, pieces, 0)
    numbers = range(1, len(components) + 1)
    places = [np.flatnonzero(components == component) for component in components]
    return Line(
        ink=ink,
        pieces=pieces,
        boxes=bounding_boxes(core),
        spans=np.stack(
            [ndimage.minimum(columns, core, numbers), ndimage.maximum(columns, core, numbers) + 1], axis=1
        ),
        components=components,
        extents=np.array([(place[0], place[-1] + 1) for place in places]),
        component_boxes=component_boxes,
        at_border=at_border[components],
        digit_height=digit_height,
        origin=origin,
        factor=factor,
    )


def _number_pieces(ink, own, core_labels, loops, columns, digit_height):
    """Return the number of the piece of each pixel, from left to right, and the component of each piece.

    `columns` are those of the pixels after the slant is removed.
    """
    pieces = np.zeros_like(own)
    centres, components = [], []
    for component, area in enumerate(ndimage.find_objects(own)):
        core = None if area is None else core_labels[area] == component + 1
        # A small component may have no pixels of its own after downscaling.
        if core is None or not core.any():
            continue
        for part, is_loop in split_at_loops(own[area] == component + 1, core, loops[area]):
            inner = core & part
            x, u = np.nonzero(inner)[1], columns[area][inner]
            cuts = [] if is_loop else _candidate_cuts(x, u, ink[area][inner], digit_height)
            for start, stop in itertools.pairwise([-np.inf, *cuts, np.inf]):
                inside = (u >= start) & (u < stop)
                if inside.any():
                    centres.append(u[inside].mean())
                    components.append(component)
                    pieces[area][part & (columns[area] >= start) & (columns[area] < stop)] = len(centres)
    order = np.argsort(centres, kind="stable")
    ranks = np.zeros(len(centres) + 1, np.int32)
    ranks[order + 1] = np.arange(1, len(centres) + 1)
    return ranks[pieces], np.array(components)[order]


def _estimate_slant(mask):
    """Return the slant of `SLANTS` at which the columns of ink are the most uneven."""
    y, x = np.nonzero(mask)
    if not len(y):
        return 0.0
    scores = []
    for slant in SLANTS:
        u = np.rint(x + slant * (y - mask.shape[0] / 2)).astype(int)
        profile = np.bincount(u - u.min()).astype(float)
        scores.append((profile**2).sum() * (1 - 0.1 * abs(slant)))
    return float(SLANTS[int(np.argmax(scores))])


def _candidate_cuts(x, u, ink, digit_height):
    """Return the columns at which a component may be cut: those with the least ink.

    `x` are the columns of its pixels, and `u` those after the slant is removed.
    """
    first = u.min()
    width = u.max() + 1 - first
    # A stroke that leans to the other side than its line is wide only after the slant is removed.
    if min(width, np.ptp(x) + 1) < MIN_CUT_WIDTH * digit_height:
        return []
    profile = np.bincount((u - first).astype(int), ink)
    n_cuts = math.ceil(CUTS_PER_HEIGHT * width / digit_height)
    min_distance = max(1, round(0.06 * digit_height))
    cuts = [0, len(profile)]
    for column in np.argsort(profile, kind="stable").tolist():
        if len(cuts) < n_cuts + 2 and all(abs(column - other) >= min_distance for other in cuts):
            cuts.append(column)
    return (first + np.sort(cuts[2:])).tolist()


def bounding_boxes(labels):
    """Return left, top, right and bottom of each label from 1 on."""
    return np.array(
        [(box[1].start, box[0].start, box[1].stop, box[0].stop) for box in ndimage.find_objects(labels)]
    )


def touches_border(boxes, shape):
    """Return which boxes touch the border of a picture of a shape."""
    height, width = shape
    return (boxes[:, 0] <= 0) | (boxes[:, 1] <= 0) | (boxes[:, 2] >= width) | (boxes[:, 3] >= height)
