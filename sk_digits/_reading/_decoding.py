"""From a picture to digits: hypotheses of what is ink, and of which pieces of ink form a digit.

The classifier decides: it is given every candidate, and the most probable reading wins.
"""

import itertools
import math
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from .._validation import NO_DIGIT
from ._ink import global_contrast, local_contrast, remove_small_components, robust_maximum
from ._mnist_frame import place_in_frame
from ._rules import find_rules
from ._segmentation import (
    FILLED_SHARE,
    MIN_CONTRAST_TO_NOISE,
    MIN_HEIGHT_SHARE,
    close_gaps,
    find_ink,
    find_lines,
)
from ._shipped import load_network

# Two maps of ink are the same if their difference, edges of strokes aside, is this share of the ink at most.
MAX_DIFFERENCE = 0.02
# A picture is flat if nothing stands out from the paper nearby by this factor of its noise. It may be filled
# with ink; what stands out from one background by less than the second factor is a pattern or a shadow.
MAX_FLAT_RATIO, MIN_FLAT_INK_RATIO = 4, 8
# Largest width of a digit, as a share of the height of its line.
MAX_WIDTH = 1.5
# Slices of a component, and digits beside others, have at least this share of the height of their line.
MIN_DIGIT_HEIGHT = 0.5
# A low component that is further from a digit, as a share of its height, is not a stroke of it.
MAX_STROKE_GAP = 0.1
# Most pieces of one digit.
MAX_PIECES = 16
# The classes of a classifier of digits, as strings.
DIGITS = frozenset("0123456789")
# Candidates are no digit more often than the images that a classifier with the class -1 is made for: its odds
# are multiplied by this, for slices of components and for components as they are.
NO_DIGIT_PRIOR, WHOLE_NO_DIGIT_PRIOR = 7.4, 2.0
# Probabilities below this count as this.
MIN_PROBABILITY = 1e-9
# Factors of the probability that a component is no digit, inside the picture and at its border, where other
# writing is cut off.
JUNK_ODDS, BORDER_JUNK_ODDS = 0.2, 0.5
# The same for a component that is wide enough for several digits.
WIDE_JUNK_ODDS = 0.01
# Score of a component that is too low for a digit, so that a digit with all its strokes wins.
LOW_SCORE = -0.05
# Subtracted from the score of a digit that is cut out of a component, as a share of the height of the line.
CUT_COST = 0.4
# Digits that are higher, as a multiple of the usual height in their line, cost so much for each multiple.
USUAL_MAX_HEIGHT, HEIGHT_COST = 1.4, 3.0
# The same for digits that are not as thin as a ruled line.
WIDE_HEIGHT_COST, THIN = 0.5, 0.4
# The same for digits that are wider than this share of the height, which two digits may be.
USUAL_MAX_WIDTH, WIDTH_COST = 1.0, 1.5
# Subtracted from the score of a digit that is wider than MAX_WIDTH: it is one only if no cut is possible.
TOO_WIDE_COST = 3.0
# What a digit adds to the score of a reading for each pixel of its area, beside the logarithm of its
# probability: digits that are less probable than exp(-DIGIT_REWARD) make a reading worse.
DIGIT_REWARD = 2.0
# A picture shows one digit, and parts of its neighbours, if it is at most this multiple of the digit's height
# wide, the digit at most this share of the width off the middle, and no other digit as probable as this.
MAX_CELL_WIDTH, MAX_OFF_MIDDLE, SURELY_WHOLE = 2.0, 0.15, 0.99
# Gaps in strokes are closed if no more digits are found: in longer numbers, that joins the digits.
MAX_BROKEN_DIGITS = 2
# Rules are not read as ink, and no other map of ink is tried where there is much paper, if each digit of the
# reading without them is more probable.
SURE = 0.9


class Size(NamedTuple):
    """What the score of a candidate depends on, beside its probability; shares are of the line's height."""

    width: float
    area: float
    width_share: float
    height_share: float
    is_whole: bool
    is_one_piece: bool
    at_border: bool


@dataclass(frozen=True, eq=False)
class Candidate:
    """Pieces of a line, from `start` to `stop`, read as a digit, or as none if `label` is None.

    What is no digit has no image and no probabilities if it is too low for one.
    """

    start: int
    stop: int
    label: object
    score: float
    probability: float
    probabilities: np.ndarray
    image: np.ndarray
    size: Size


def read_picture(picture, classifier):
    """Return the lines of a picture, each with the candidates that are its digits."""
    contrast, noise = local_contrast(picture)
    maps = contrast, find_ink(contrast, noise)
    best = _read_with_and_without_rules(*maps, classifier)
    is_filled = _extent(best) >= FILLED_SHARE * picture.size
    score = partial(_score, by_area=is_filled)
    other = None
    if is_filled or not _is_sure(best):
        is_flat = robust_maximum(contrast) < MAX_FLAT_RATIO * noise
        min_ratio = MIN_FLAT_INK_RATIO if is_flat else MIN_CONTRAST_TO_NOISE
        other = _global_ink(picture, maps[1], is_filled, min_ratio)
    if other:
        reading = _read_with_and_without_rules(*other, classifier)
        if score(reading) > score(best):
            best, maps = reading, other
    n_digits = sum(len(candidates) for _, candidates in _digits_of(best))
    joined = close_gaps(*maps) if n_digits <= MAX_BROKEN_DIGITS else None
    if joined:
        best = max(best, _read_with_and_without_rules(*joined, classifier), key=score)
    return _without_neighbours(_digits_of(best), picture.shape[1])


def _read_with_and_without_rules(contrast, ink, classifier):
    """Return the better reading of a map of ink, without ruled lines if there are any, or with them."""
    rules = find_rules(ink)
    readings = []
    for mask in (ink & ~rules, ink) if rules.any() else (ink,):
        readings.append([_read_best(lines, classifier) for lines in find_lines(contrast, mask)])
        if _is_sure(readings[0]):
            break
    return max(readings, key=lambda reading: _score(reading, by_area=True))


def _read_best(lines, classifier):
    """Return a line that is cut in several ways, and its candidates, as the best of them."""
    readings = [(line, read_line(line, classifier)) for line in lines]
    return max(readings, key=lambda reading: _score([reading], by_area=True))


def _extent(reading):
    """Return the area of the bounding box of all pieces, in pixels."""
    boxes = np.array([line.box(0, len(line.boxes)) for line, _ in reading]).reshape(-1, 4)
    if not len(boxes):
        return math.inf
    width, height = boxes[:, 2:].max(axis=0) - boxes[:, :2].min(axis=0)
    return int(width) * int(height)


def _global_ink(picture, local_ink, is_slanted, min_ratio):
    """Return the contrast to one even background and its ink; None if that is the same as `local_ink`."""
    contrast, noise = global_contrast(picture, is_slanted)
    ink = find_ink(contrast, noise, min_ratio)
    different = ndimage.binary_opening(ink ^ local_ink, np.ones((2, 2)))
    return (contrast, ink) if different.sum() > MAX_DIFFERENCE * local_ink.sum() else None


def boxes_of_digits(line, digits):
    """Return the bounding boxes of the digits of a line; those of digits that touch share an edge."""
    boxes = [list(line.box(digit.start, digit.stop)) for digit in digits]
    for (one, box), (other, next_box) in itertools.pairwise(zip(digits, boxes, strict=True)):
        touch = line.components[one.stop - 1] == line.components[other.start]
        if touch and box[2] > next_box[0]:
            box[2] = next_box[0] = (box[2] + next_box[0]) // 2
    return boxes


def _is_sure(reading):
    candidates = [candidate for _, candidates in reading for candidate in candidates]
    return bool(candidates) and min(candidate.score for candidate in candidates) > math.log(SURE)


def _digits_of(reading):
    """Return the lines that have digits, each with the candidates that are digits."""
    digits = [(line, [c for c in candidates if c.label is not None]) for line, candidates in reading]
    digits = [(line, candidates) for line, candidates in digits if candidates]
    # Lines that touch the border with each digit are cut off, or the edge of the sheet.
    inside = [entry for entry in digits if not all(candidate.size.at_border for candidate in entry[1])]
    return inside or digits


def _without_neighbours(lines, width):
    """Return the only digit that is whole and in the middle of a narrow picture, or else all lines of it."""
    if len(lines) != 1:
        return lines
    line, digits = lines[0]
    inside = [digit for digit in digits if not digit.size.at_border]
    if len(inside) != 1:
        return lines
    digit = inside[0]
    left, top, right, bottom = line.box(digit.start, digit.stop)
    is_narrow = width <= MAX_CELL_WIDTH * (bottom - top)
    is_in_middle = abs(left + right - width) / 2 <= MAX_OFF_MIDDLE * width
    are_parts = all(other.probability < SURELY_WHOLE for other in digits if other is not digit)
    return [(line, inside)] if is_narrow and is_in_middle and are_parts else lines


def read_line(line, classifier):
    """Return the most probable sequence of candidates for the pieces of a line."""
    spans = _candidate_spans(line)
    if not spans:
        return []
    candidates, shown = [], []
    for span, size in zip(spans, _measure(line, spans), strict=True):
        is_unit = size.is_whole or size.is_one_piece
        if size.height_share >= (MIN_HEIGHT_SHARE if is_unit else MIN_DIGIT_HEIGHT):
            shown.append((span, size))
        elif is_unit:
            # What is so low is no digit, whatever it looks like, but it may be a stroke of its neighbour.
            candidates.append(Candidate(*span, None, LOW_SCORE, 1.0, None, None, size))
    if shown:
        candidates += _classify(line, shown, classifier)
    return _best_path(len(line.boxes), candidates)


def _classify(line, spans_and_sizes, classifier):
    """Return the candidates that ranges of pieces are: digits, and what is no digit."""
    images = _frame(line, [span for span, _ in spans_and_sizes])
    classes = np.asarray(classifier.classes_)
    is_digit = np.array([label != NO_DIGIT for label in classes.tolist()])
    probabilities, digits, no_digits = _predict(classifier, is_digit, images.reshape(len(images), -1))
    candidates = []
    for (span, size), image, row, digit, no_digit in zip(
        spans_and_sizes, images, probabilities, digits, no_digits.tolist(), strict=True
    ):
        weighted = no_digit * (WHOLE_NO_DIGIT_PRIOR if size.is_whole else NO_DIGIT_PRIOR)
        total = weighted + 1 - no_digit
        best = int(np.argmax(np.where(is_digit, row, -1)))
        score = _score_as_digit(float(digit[best]) / total, size)
        if score is not None:
            candidates.append(Candidate(*span, classes[best], score, float(row[best]), row, image, size))
        score = _score_as_no_digit(weighted / total, size)
        if score is not None:
            candidates.append(Candidate(*span, None, score, no_digit, row, image, size))
    return candidates


def _predict(classifier, is_digit, rows):
    """Return the classifier's probabilities, those by which digits are found, and that of being no digit.

    A classifier of digits that has no class for what is no digit is certain of shreds and shadows. The
    network that comes with the package is then asked as well where the digits are, not what they are.
    """
    probabilities = classifier.predict_proba(rows)
    if not is_digit.all() or not DIGITS.issuperset(map(str, classifier.classes_)):
        return probabilities, probabilities, probabilities[:, ~is_digit].sum(axis=1)
    network = load_network()
    second = network.predict_proba(rows)
    no_digit = second[:, network.classes_ == NO_DIGIT].sum(axis=1)
    columns = [network.classes_.tolist().index(int(label)) for label in classifier.classes_]
    found = (probabilities * (1 - no_digit[:, np.newaxis]) + second[:, columns]) / 2
    return probabilities, found, no_digit


def _frame(line, spans):
    """Return ranges of pieces in MNIST's frame, without the specks that a cut leaves of the neighbours."""
    crops = [line.crop(*span) for span in spans]
    height, width = np.max([crop.shape for crop in crops], axis=0)
    ink = np.zeros((len(crops), height, width), np.float32)
    for page, crop in zip(ink, crops, strict=True):
        page[: crop.shape[0], : crop.shape[1]] = crop
    is_whole = np.array([line.is_whole(*span) for span in spans])
    for mask, min_share in ((is_whole, 0.02), (~is_whole, 0.1)):
        if mask.any():
            ink[mask] = remove_small_components(ink[mask], min_share=min_share)
    return place_in_frame(ink).astype(np.float32)


def _measure(line, spans):
    """Return the `Size` of each range of pieces."""
    starts, stops = np.array(spans).T
    edges = np.column_stack([line.spans, line.boxes])
    first, _, left, top, _, _ = _over_ranges(np.minimum, edges, starts, stops).T
    _, last, _, _, right, bottom = _over_ranges(np.maximum, edges, starts, stops).T
    widths, heights = np.maximum(last - first, 0.3 * line.digit_height), (bottom - top).astype(float)
    # A digit may be upright in a slanted line.
    narrowest = np.minimum(widths, np.maximum(right - left, 0.3 * line.digit_height))
    is_whole = _over_ranges(np.minimum, line.extents[:, 0], starts, stops) >= starts
    is_whole &= _over_ranges(np.maximum, line.extents[:, 1], starts, stops) <= stops
    columns = (
        widths,
        widths * heights * line.factor**2,
        narrowest / line.digit_height,
        heights / line.digit_height,
        is_whole,
        stops - starts == 1,
        _over_ranges(np.logical_or, line.at_border, starts, stops),
    )
    return [Size(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _over_ranges(ufunc, values, starts, stops):
    """Return the reduction of the values in each range."""
    # reduceat also reduces what lies between two ranges, and accepts no index behind the last value.
    padded = np.concatenate([values, values[-1:]])
    return ufunc.reduceat(padded, np.column_stack([starts, stops]).ravel())[::2]


def _score_as_digit(probability, size):
    """Return the log probability of a digit, less what its size makes unlikely; None if it is too low."""
    if size.height_share < (MIN_HEIGHT_SHARE if size.is_whole else MIN_DIGIT_HEIGHT):
        return None
    score = math.log(max(probability, MIN_PROBABILITY))
    score -= 2 * max(0, 1 - size.height_share / MIN_DIGIT_HEIGHT)
    cost = HEIGHT_COST if size.width_share < THIN else WIDE_HEIGHT_COST
    score -= cost * max(0, size.height_share - USUAL_MAX_HEIGHT)
    score -= WIDTH_COST * max(0, size.width_share - USUAL_MAX_WIDTH)
    if size.width_share > MAX_WIDTH:
        score -= TOO_WIDE_COST
    return score if size.is_whole else score - CUT_COST / size.width_share


def _score_as_no_digit(probability, size):
    """Return the log probability that a candidate is no digit; None if it is several pieces of components."""
    if not (size.is_whole or size.is_one_piece):
        return None
    if size.height_share > USUAL_MAX_HEIGHT and size.width_share < THIN:
        return math.log(max(probability, 0.5))  # a vertical rule, which looks like a 1
    factor = BORDER_JUNK_ODDS if size.at_border else JUNK_ODDS
    return math.log(max(probability * (factor if size.is_one_piece else WIDE_JUNK_ODDS), MIN_PROBABILITY))


def _candidate_spans(line):
    """Return the ranges of pieces that may be a digit by their size."""
    n, edges = len(line.boxes), line.spans.tolist()
    spans = []
    for start in range(n):
        left, right = edges[start]
        for stop in range(start + 1, min(start + MAX_PIECES, n) + 1):
            left, right = min(left, edges[stop - 1][0]), max(right, edges[stop - 1][1])
            if stop - start > 1:
                if not _continues(line, start, stop - 1):
                    break
                # A digit may be upright in a slanted line.
                width = min(right - left, int(np.ptp(line.boxes[start:stop, ::2])))
                if width > MAX_WIDTH * line.digit_height and not line.is_whole(start, stop):
                    break
            spans.append((start, stop))
    return spans


def _continues(line, start, last):
    """Return whether the last piece may belong to the same digit as those from `start` on.

    It is a slice of the same component, or a stroke above, below or, if it is low, close beside them.
    """
    if line.components[last] in line.components[start:last]:
        return True
    spans, boxes = line.spans[start:last], line.boxes[start:last]
    left, right = line.spans[last]
    first, reach = spans[:, 0].min(), spans[:, 1].max()
    overlap = min(right, reach) - max(left, first)
    # The bar of a slanted 7 may be far from its stem once the slant is removed.
    upright_overlap = min(line.boxes[last, 2], boxes[:, 2].max()) - max(
        line.boxes[last, 0], boxes[:, 0].min()
    )
    top, bottom = boxes[:, 1].min(), boxes[:, 3].max()
    low, high = sorted((line.boxes[last, 3] - line.boxes[last, 1], bottom - top))
    vertical_gap = max(line.boxes[last, 1], top) - min(line.boxes[last, 3], bottom)
    is_above = overlap >= 0.5 * min(right - left, reach - first)
    # Both may be low, as the bar of a 5 and the rest of it.
    height = max(high, line.digit_height)
    is_beside = low < 0.5 * height and max(overlap, upright_overlap) >= -MAX_STROKE_GAP * height
    return vertical_gap <= 0.4 * high and (is_above or is_beside)


def _best_path(n_pieces, candidates):
    """Return the sequence of candidates that covers all pieces with the highest score.

    Scores are weighted by the widths of the candidates, so that they do not depend on the number of digits.
    """
    best = {0: (0.0, ())}
    by_stop = {}
    for candidate in candidates:
        by_stop.setdefault(candidate.stop, []).append(candidate)
    for stop in range(1, n_pieces + 1):
        paths = []
        for candidate in by_stop.get(stop, ()):
            if candidate.start in best:
                score, path = best[candidate.start]
                paths.append((score + candidate.size.width * candidate.score, (path, candidate)))
        if paths:
            best[stop] = max(paths, key=lambda entry: entry[0])
    path, sequence = best.get(n_pieces, (0.0, ()))[1], []
    while path:
        path, candidate = path
        sequence.append(candidate)
    return sequence[::-1]


def _score(reading, *, by_area):
    """Return the score of a reading of a picture, to compare hypotheses of what is ink.

    Digits count by their area, so that what is whole is better than its parts, or by their width in units of
    the height of their line, so that a shadow is not better than the digits in it.
    """
    score = 0.0
    for _, candidates in reading:
        for candidate in candidates:
            reward = DIGIT_REWARD if candidate.label is not None else 0.0
            weight = candidate.size.area if by_area else candidate.size.width_share
            score += weight * (candidate.score + reward)
    return score
