"""Closed loops in ink: zeros that are joined to one another are cut out around their holes."""

import numpy as np
from scipy import ndimage

from ._ink import EIGHT_CONNECTED

# Holes that are lower or narrower, as a share of the height of the line, are not those of a zero.
MIN_HOLE_HEIGHT, MIN_HOLE_WIDTH = 0.2, 0.1
# Components that are narrower, as a share of the height of the line, are one digit, such as an 8.
MIN_WIDTH = 0.75


def find_loops(labels, core_labels, digit_height, margin):
    """Return the loop that each pixel of ink belongs to, in components with several of them.

    A loop is a hole that is large enough for a zero's, with the stroke around it. The strokes that join it to
    its neighbours are not part of it.

    Parameters
    ----------
    labels : ndarray of shape (height, width), int
        Components of ink with their soft edges, which close small gaps in a stroke.
    core_labels : ndarray of shape (height, width), int
        The same without the soft edges.
    digit_height : float
        Usual height of a digit, in pixels.
    margin : int
        Width of the soft edges, in pixels.

    Returns
    -------
    loops : ndarray of shape (height, width), int
        Number of the loop, from 1 on; 0 is none.
    """
    holes, _ = ndimage.label(labels == 0)
    loops = np.zeros_like(holes)
    for component, numbers in _holes_by_component(holes, labels, digit_height).items():
        core = core_labels == component
        if len(numbers) < 2 or np.ptp(np.flatnonzero(core.any(axis=0))) < MIN_WIDTH * digit_height:
            continue
        thickness = 2 * np.percentile(ndimage.distance_transform_edt(core)[core], 95)
        distance, nearest = ndimage.distance_transform_edt(~np.isin(holes, numbers), return_indices=True)
        is_loop = core & (distance <= thickness + margin)
        loops[is_loop] = holes[tuple(nearest)][is_loop]
    return loops


def _holes_by_component(holes, labels, digit_height):
    """Return the numbers of the large holes that each component encloses."""
    enclosed = {}
    for number, (rows, columns) in enumerate(ndimage.find_objects(holes), 1):
        is_large = (
            rows.stop - rows.start >= MIN_HOLE_HEIGHT * digit_height
            and columns.stop - columns.start >= MIN_HOLE_WIDTH * digit_height
        )
        is_inside = (
            min(rows.start, columns.start) > 0 and rows.stop < len(holes) and columns.stop < holes.shape[1]
        )
        if is_large and is_inside:
            around = labels[rows.start - 1 : rows.stop + 1, columns.start - 1 : columns.stop + 1]
            counts = np.bincount(around[around > 0])
            enclosed.setdefault(int(counts.argmax()), []).append(number)
    return enclosed


def split_at_loops(mask, core, loops):
    """Split a component into its loops and the other parts of it that are connected.

    Parameters
    ----------
    mask, core : ndarray of shape (height, width), bool
        Pixels of the component, with its soft edges and without.
    loops : ndarray of shape (height, width), int
        As returned by `find_loops`.

    Returns
    -------
    parts : list of (ndarray of shape (height, width), bool)
        The pixels of each part, and whether it is a loop.
    """
    numbers = np.unique(loops[core & (loops > 0)])
    if not len(numbers):
        return [(mask, False)]
    rest, n_rest = ndimage.label(core & (loops == 0), EIGHT_CONNECTED)
    labels = np.where(core, np.where(rest > 0, rest, n_rest + loops), 0)
    nearest = ndimage.distance_transform_cdt(labels == 0, "chessboard", return_indices=True)[1]
    labels = labels[tuple(nearest)]
    parts = [*range(1, n_rest + 1), *(n_rest + numbers)]
    return [(mask & (labels == part), part > n_rest) for part in parts]
