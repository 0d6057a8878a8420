"""Ruled lines in ink: horizontal, vertical, or slanted from one border of the picture to the other."""

import itertools

import numpy as np
from scipy import ndimage

from ._ink import EIGHT_CONNECTED, weighted_median

# Horizontal and vertical rules are longer, as a multiple of the height of the other ink.
MIN_RULE_LENGTHS = 2.2, 1.35
# Runs of ink across a horizontal or vertical rule are at most this multiple of its thickness long, plus one.
# Few strokes are part of a vertical one, which is often the uneven edge of a table or a sheet.
MAX_RULE_THICKNESSES = 1.0, 1.8
# Rules that cross the whole picture may rise or fall by this share of its width, and this share of their
# columns has ink.
MAX_RULE_SLOPE, MIN_RULE_COVERAGE = 0.1, 0.97
# More runs of ink at a border are texture.
MAX_RULES = 100


def find_rules(mask):
    """Return the pixels of ruled lines: long, thin runs of ink, nearly horizontal or vertical.

    Those that cross the whole picture may be slanted. Pixels at which a stroke crosses the line are not among
    them. Runs that are not much longer than the other ink is high are strokes: the base of a 2, or a 1.
    """
    height, width = mask.shape
    shortest = max(24, round(0.6 * width)), max(24, round(0.8 * height))
    across, down = _find_horizontal_rules(mask, shortest[0]), _find_vertical_rules(mask, shortest[1])
    slanted = _find_slanted_rules(mask)
    if not (across.any() or down.any() or slanted.any()):
        return across
    labels, _ = ndimage.label(mask & ~across & ~down & ~slanted, EIGHT_CONNECTED)
    heights = np.array([box[0].stop - box[0].start for box in ndimage.find_objects(labels)])
    if not len(heights):
        return np.zeros_like(mask)
    usual = weighted_median(heights, np.bincount(labels.ravel())[1:])
    lengths = np.maximum(shortest, np.ceil(np.multiply(MIN_RULE_LENGTHS, usual)).astype(int))
    rules = _find_horizontal_rules(mask, lengths[0]) | _find_vertical_rules(mask, lengths[1])
    return rules | slanted if width >= MIN_RULE_LENGTHS[0] * usual else rules


def _find_vertical_rules(mask, length):
    return _find_horizontal_rules(mask.T, length, MAX_RULE_THICKNESSES[1]).T


def _find_horizontal_rules(mask, length, max_thickness=MAX_RULE_THICKNESSES[0]):
    if mask.shape[1] < length:
        return np.zeros_like(mask)
    # A line that is slightly slanted moves up or down by a pixel now and then.
    thick = ndimage.maximum_filter1d(mask, 5, axis=0, mode="constant").astype(np.uint8)
    eroded = ndimage.minimum_filter1d(thick, length, axis=1, mode="constant")
    runs = (
        ndimage.maximum_filter1d(eroded, length, axis=1, mode="constant", origin=-1 + length % 2) > 0
    ) & mask
    columns = runs.sum(axis=0)
    if not runs.any():
        return runs
    thickness = np.median(columns[columns > 0])
    vertical, lengths = _vertical_runs(mask)
    return runs & (lengths[vertical] <= max_thickness * thickness + 1)


def _vertical_runs(mask):
    """Return the number of the vertical run of ink of each pixel, 0 for none, and the length of each run."""
    vertical, _ = ndimage.label(mask, [[0, 1, 0]] * 3)
    return vertical, np.bincount(vertical.ravel())


def _find_slanted_rules(mask):
    """Return the pixels of straight lines from the left to the right border, nearly horizontal or slanted."""
    lines = _straight_lines(mask)
    if not lines:
        return np.zeros_like(mask)
    vertical, lengths = _vertical_runs(mask)
    is_rule = np.zeros(len(lengths), bool)
    for rows in lines:
        around = np.clip(rows + np.arange(-1, 2)[:, np.newaxis], 0, len(mask) - 1)
        runs = np.unique(vertical[around, np.arange(mask.shape[1])])
        runs = runs[runs > 0]
        is_rule[runs] |= lengths[runs] <= np.median(lengths[runs]) + 1
    return is_rule[vertical]


def _straight_lines(mask):
    """Return the row in each column of each straight line of ink from the left to the right border."""
    width = mask.shape[1]
    columns = np.arange(width)
    lefts, rights = _middles_of_runs(mask[:, 0]), _middles_of_runs(mask[:, -1])
    if max(len(lefts), len(rights)) > MAX_RULES:
        return []
    # A line may bend by two pixels.
    thick = ndimage.maximum_filter1d(mask, 5, axis=0, mode="constant")
    lines = []
    for left, right in itertools.product(lefts, rights):
        if abs(right - left) <= MAX_RULE_SLOPE * width:
            rows = np.rint(left + (right - left) * columns / width).astype(int)
            if thick[rows, columns].mean() >= MIN_RULE_COVERAGE:
                lines.append(rows)
    return lines


def _middles_of_runs(values):
    """Return the middle of each run of true values."""
    edges = np.flatnonzero(np.diff(np.pad(values.astype(int), 1)))
    return (edges[::2] + edges[1::2] - 1) / 2
