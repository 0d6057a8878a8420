"""Digits drawn from strokes, in styles of writing that MNIST lacks or has few of.

A style is written as its strokes, parted by slashes, and a stroke as points x,y in percent of a square,
with y downwards. Strokes are splines through their points; a point that appears twice is a corner.
"""

import itertools

import numpy as np
from scipy.interpolate import make_interp_spline

from .._reading._mnist_frame import FRAME_SHAPE, place_in_frame

# The digits are drawn in squares of this side, before they are placed in MNIST's frame.
CANVAS = 40
# Longest side of a digit on the canvas.
GLYPH_SIZE = 32
# Points of the polyline that stands for a stretch of spline.
POINTS_PER_STRETCH = 5

STYLES = {
    0: [
        "50,0 10,25 5,65 45,100 90,70 90,25 50,2",
        "60,6 25,10 3,55 40,100 95,65 80,10 40,0",
        "75,10 30,5 5,50 40,100 95,60 75,10 55,20 85,12",
        "35,5 5,50 45,100 95,55 60,2 40,10",
        "70,10 25,10 5,60 45,100 90,65 75,12 60,5 / 5,52 95,48",
        "60,2 20,15 5,60 45,100 90,65 80,15 55,0 / 95,0 5,100",
        "85,20 60,0 15,15 5,65 45,100 90,75 95,40",
        "20,15 5,55 40,100 85,80 90,25 70,5 55,12",
        "60,10 25,5 5,50 35,100 85,75 85,25 55,5 35,15 60,25 110,10",
        "70,5 20,20 5,65 40,100 90,60 85,20 50,5 30,25 60,35 105,10",
        "45,30 60,5 20,10 0,60 35,100 85,80 95,30 65,5 45,25",
        "60,5 20,15 5,60 40,100 85,70 75,15 105,0",
        "0,5 50,12 20,10 5,55 40,100 90,65 70,8 110,0",
        "75,30 50,0 10,30 10,80 50,100 90,75 85,35",
    ],
    1: [
        "50,0 50,100",
        "30,20 55,0 55,0 55,100",
        "10,35 55,0 55,0 55,100",
        "5,50 60,0 60,0 55,100",
        "0,40 30,25 55,0 55,0 55,100",
        "25,25 55,0 55,0 55,100 / 20,100 90,100",
        "10,40 55,0 55,0 55,100 / 25,99 85,101",
        "50,0 50,100 / 20,100 80,100",
        "35,5 50,0 50,0 50,100 / 10,100 90,97",
        "0,50 30,35 60,0 60,0 55,100",
        "0,45 45,30 65,0 65,0 45,100",
        "0,40 45,35 60,0 60,0 45,100 / 10,100 80,100",
        "0,60 40,40 70,5 55,5 45,50 40,100",
        "20,55 60,0 60,0 50,100 / 15,98 85,92",
        "0,70 40,40 75,5 65,0 55,20 50,100",
        "5,60 50,25 70,0 55,5 45,50 40,100 / 5,100 90,98",
        "10,35 65,0 65,0 55,97 55,97 0,100 0,100 105,97",
        "0,75 90,0 90,0 60,100",
        "0,30 60,0 60,0 20,100",
    ],
    2: [
        "10,25 45,0 85,25 50,65 2,100 2,100 95,100",
        "5,20 50,0 80,30 40,70 0,98 0,98 125,98",
        "15,20 55,0 80,30 45,75 10,95 12,75 50,90 100,95",
        "10,10 70,0 80,25 40,70 0,100 0,100 50,92 95,100",
        "10,5 80,3 80,3 5,100 5,100 90,100",
        "35,30 15,28 25,5 65,0 80,25 50,65 5,98 8,78 35,80 60,95 100,88",
        "30,35 10,20 40,0 80,15 70,45 30,80 2,98 2,98 95,95",
        "10,30 25,3 70,3 75,35 40,75 5,90 20,72 45,85 70,100 95,85",
        "0,15 60,0 85,12 60,45 10,95 30,100 100,90",
        "40,35 20,30 15,10 50,0 85,15 75,45 40,75 10,95 15,75 45,85 70,100 100,85",
        "10,35 20,10 60,0 75,30 45,60 10,85 5,98 35,90 65,85 100,95",
        "25,40 10,15 45,0 85,20 70,50 30,75 2,90 15,100 30,80 65,90 100,75",
    ],
    3: [
        "10,10 60,0 80,25 35,45 35,45 90,70 50,100 2,90",
        "10,2 85,2 85,2 40,42 40,42 90,70 45,100 2,90",
        "5,15 50,0 80,22 50,45 90,72 40,100 0,85",
        "10,20 50,0 80,20 40,42 30,50 50,50 90,75 45,100 0,80",
        "5,10 75,0 75,0 40,40 75,50 85,80 45,100 0,88",
        "10,15 50,0 75,20 55,42 35,42 70,48 95,75 60,100 10,95 0,80",
        "30,25 10,20 30,0 75,5 70,30 45,45 75,50 90,75 60,100 20,95 10,75 25,70",
        "15,10 45,0 70,15 60,35 30,45 40,52 60,42 90,65 75,90 30,100 0,85",
    ],
    4: [
        "30,0 5,60 5,60 95,60 / 70,30 70,100",
        "15,5 10,50 10,50 80,50 / 80,0 80,100",
        "65,0 65,0 2,62 2,62 98,62 / 65,0 65,100",
        "75,0 75,0 5,50 5,50 78,52 / 75,0 78,100",
        "95,55 95,55 5,60 5,60 65,0 65,0 65,100",
        "70,0 70,0 10,45 5,60 30,60 95,50 / 70,5 65,100",
        "20,0 5,40 30,55 75,40 90,0 90,0 75,100",
        "80,0 80,0 5,35 5,35 80,45 / 80,0 80,100",
        "70,0 10,55 10,55 90,45 90,45 70,100",
        "60,0 5,60 30,65 90,50 / 85,30 60,100",
        "75,0 35,25 5,60 5,60 85,55 85,55 60,100",
        "50,0 0,55 0,55 100,55 / 75,35 70,100",
        "90,0 20,40 0,65 0,65 60,65 100,50 / 85,40 65,100",
        "30,0 5,45 25,65 75,45 / 85,25 55,100",
        "40,0 10,40 5,65 40,65 95,50 / 80,25 75,70 60,100",
        "55,0 20,35 0,60 0,60 95,60 / 65,30 60,100",
        "55,0 5,70 5,70 110,68 / 55,0 80,100",
        "25,0 15,50 60,50 95,45 / 75,5 65,100",
        "60,0 25,25 0,55 20,68 55,62 95,58 / 65,45 55,100",
        "20,10 5,50 5,50 85,45 / 95,0 80,50 60,100",
    ],
    5: [
        "20,2 15,45 15,45 70,40 85,75 40,100 0,90 / 20,0 90,0",
        "90,0 90,0 20,0 20,0 15,42 15,42 65,40 90,70 40,100 0,95",
        "90,2 35,5 20,40 70,50 80,80 40,100 2,90",
        "20,10 20,45 20,45 75,50 75,85 30,100 0,92 / 25,3 100,-2",
        "25,0 25,0 20,50 20,50 85,50 85,50 80,95 80,95 0,100 / 25,2 100,5",
        "85,0 30,2 30,2 20,42 20,42 75,42 85,75 45,100 0,90",
        "30,0 20,45 55,38 85,60 70,95 30,100 0,88 / 30,2 105,5",
        "90,5 50,0 25,15 25,40 75,50 80,85 40,100 5,85",
        "80,0 45,5 40,45 75,50 75,85 40,100 10,90",
        "95,0 40,0 40,0 25,45 60,40 80,60 60,95 15,100 5,80 25,75",
        "35,5 30,45 70,40 90,65 70,95 35,100 10,85 / 40,3 75,5 110,-5",
    ],
    6: [
        "70,0 20,40 10,80 50,100 85,75 50,52 12,75",
        "85,5 40,10 5,60 40,100 85,75 55,50 10,65",
        "60,0 10,65 30,100 80,85 70,60 15,70",
        "30,0 10,50 15,90 60,100 90,75 50,60 15,80",
        "90,0 30,35 5,75 35,100 65,80 45,62 10,78",
        "60,0 20,35 5,75 40,100 80,80 60,58 25,70 15,95",
        "55,0 15,45 10,85 50,100 90,80 65,62 20,85",
        "80,0 40,15 10,60 25,100 75,95 80,65 45,60 15,80",
    ],
    7: [
        "5,2 90,2 90,2 35,100",
        "5,2 90,2 90,2 55,45 40,100",
        "5,2 90,2 90,2 35,100 / 30,50 90,48",
        "2,5 95,0 95,0 40,100 / 20,55 95,50",
        "5,20 5,20 8,3 8,3 90,3 90,3 40,100",
        "5,18 5,18 8,3 8,3 90,3 90,3 40,100 / 30,52 90,50",
        "0,12 30,0 60,10 90,0 90,0 45,50 35,100",
        "0,25 20,5 90,5 90,5 40,60 30,100 / 20,55 80,50",
        "10,20 15,5 60,10 90,5 90,5 40,55 40,100 / 0,60 85,55",
        "0,5 95,0 95,0 45,55 40,100 / 15,65 105,62",
        "5,10 90,0 90,0 50,55 25,100 / 5,70 100,60",
        "10,0 10,18 20,5 85,8 85,8 60,45 45,100 / 25,58 95,55",
        "15,30 15,5 30,0 50,15 85,5 85,5 50,50 45,100 / 5,65 95,50",
        "10,15 25,0 50,10 75,5 65,35 45,60 40,100 / 10,55 110,65",
        "0,3 80,3 80,3 35,55 20,100 20,100 60,95 / 10,50 85,50",
        "20,0 80,5 80,5 40,100 / 5,60 115,58",
        "0,10 15,0 70,5 70,5 45,60 40,100 / 5,45 95,40",
        "5,0 75,5 75,5 50,50 10,95 10,95 40,100 / 5,65 95,50",
        "10,25 15,0 15,8 90,0 90,0 55,60 50,100",
    ],
    8: [
        "75,10 30,2 20,30 70,60 75,90 30,100 15,75 60,45 85,20 70,8",
        "50,0 20,12 25,38 50,45 75,35 78,10 50,0 / 50,45 15,60 15,88 50,100 85,88 85,60 50,45",
        "85,0 30,5 25,35 70,60 70,95 25,98 20,70 60,45 95,8",
        "50,48 20,20 50,0 80,20 50,48 10,78 45,100 85,78 50,48",
        "80,5 35,0 20,25 55,45 85,70 65,100 20,95 15,70 50,48 80,25 75,5",
        "70,0 25,10 30,40 75,60 70,95 25,95 20,65 60,40 90,5",
        "60,45 30,40 35,5 60,5 60,30 30,60 15,85 50,100 85,80 60,55 30,60",
        "90,0 40,5 25,25 55,45 80,70 60,100 20,90 25,65 60,45 75,25",
        "70,15 50,0 30,15 40,40 75,70 65,100 15,95 10,70 55,45 70,25",
    ],
    9: [
        "85,15 40,0 10,30 45,50 85,15 85,15 80,100",
        "85,20 45,0 10,25 40,50 85,20 85,20 75,80 40,100 5,90",
        "80,15 40,2 10,25 40,45 80,15 80,15 30,100",
        "75,10 30,0 10,28 50,45 85,5 85,5 85,70 60,100 20,100 5,80",
        "50,45 10,30 40,0 80,20 75,60 30,100",
        "70,5 15,10 20,42 70,40 75,5 75,5 70,100",
        "85,5 40,0 5,20 25,40 80,25 90,5 90,5 95,60 60,100 0,85",
        "70,10 25,5 10,30 50,45 80,20 60,5 60,5 75,60 50,100 5,90",
        "75,10 30,0 15,25 55,40 80,15 80,15 95,55 95,85 50,100 0,80",
        "10,100 30,10 30,10 80,0 95,25 40,45",
        "0,100 40,0 85,5 80,35 30,45",
        "75,10 35,0 15,25 45,42 80,20 80,20 70,95 70,95 0,97",
        "80,15 45,0 15,20 40,45 75,25 60,10 70,50 90,75 80,97 5,97",
        "70,10 30,5 15,30 50,42 75,15 60,50 95,75 70,100 0,95",
        "85,10 40,0 10,25 40,45 80,20 85,15 65,60 75,90 40,100 0,92",
        "25,10 20,40 55,45 80,10 80,10 85,60 70,95 5,100",
        "80,10 40,0 15,30 55,45 80,15 80,15 65,65 25,95 0,80",
        "75,5 30,5 20,35 65,40 75,10 55,55 90,80 45,100 0,100",
        "60,0 20,15 25,42 65,35 65,5 65,5 55,60 85,85 55,100 0,90",
        "75,15 35,0 10,25 35,45 70,30 80,10 80,60 85,100",
        "90,0 45,5 15,25 40,45 80,20 90,0 70,50 35,100",
    ],
}


def draw_glyphs(labels, random_state):
    """Draw one digit for each label, in a style of its label chosen at random.

    Parameters
    ----------
    labels : array-like of int, shape (n,)
        From 0 to 9.
    random_state : RandomState instance

    Returns
    -------
    images : ndarray of shape (n, 28, 28), float32
        In MNIST's frame, in [0, 1].
    """
    drawings = []
    for label in labels:
        styles = STYLES[int(label)]
        strokes = parse_style(styles[random_state.randint(len(styles))])
        drawings.append(draw_strokes(_vary(strokes, random_state), _draw_radius(random_state)))
    return frame(drawings)


def frame(drawings):
    """Return drawings of any shapes in MNIST's frame, of shape (n, 28, 28), float32."""
    framed = [place_in_frame(drawing[np.newaxis])[0] for drawing in drawings]
    return np.array(framed, np.float32).reshape(-1, *FRAME_SHAPE)


def parse_style(style):
    """Return the strokes of a style, arrays of points of shape (n, 2) in the unit square."""
    strokes = (stroke.split() for stroke in style.split("/"))
    return [np.array([point.split(",") for point in stroke], dtype=float) / 100 for stroke in strokes]


def _draw_radius(random_state):
    """Draw the radius of a pen, in pixels of the canvas: from a hairline to a marker, with equal odds."""
    return float(np.exp(random_state.uniform(np.log(0.6), np.log(3.2))))


def _vary(strokes, random_state):
    """Return the points of strokes on the canvas: jittered, warped, widened or narrowed, and slanted."""
    wobble = random_state.uniform(0.01, 0.05)
    powers = np.exp(random_state.normal(0, 0.2, 2))
    bend = random_state.normal(0, 0.07)
    width = random_state.uniform(0.45, 1.2)
    slant = random_state.normal(0, 0.2)
    angle = random_state.normal(0, 0.08)
    cos, sin = np.cos(angle), np.sin(angle)
    shape = np.array([[width * cos, width * sin], [-slant * cos - sin, -slant * sin + cos]])
    varied = []
    for stroke in strokes:
        corners = np.concatenate([[False], (np.diff(stroke, axis=0) == 0).all(axis=1)])
        moved = stroke + random_state.normal(0, wobble, stroke.shape)
        moved[corners] = moved[np.flatnonzero(corners) - 1]
        varied.append(_warp(spline(moved, corners), powers, bend) @ shape)
    points = np.concatenate(varied)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = GLYPH_SIZE / max((high - low).max(), 1e-6)
    return [(stroke - (low + high) / 2) * scale + CANVAS / 2 for stroke in varied]


def _warp(points, powers, bend):
    """Return points of the unit square with other proportions, and bent to the left or right."""
    x, y = (np.sign(points) * np.abs(points) ** powers).T
    return np.column_stack([x + bend * (2 * y - 1) ** 2, y])


def spline(points, corners=()):
    """Return a polyline along the spline through points; the spline is broken at corners."""
    starts = [0, *np.flatnonzero(corners), len(points)]
    pieces = []
    for start, stop in itertools.pairwise(starts):
        piece = points[start:stop]
        if len(piece) > 1:
            knots = np.arange(len(piece))
            fine = np.linspace(0, len(piece) - 1, POINTS_PER_STRETCH * (len(piece) - 1) + 1)
            pieces.append(make_interp_spline(knots, piece, k=min(3, len(piece) - 1))(fine))
    return np.concatenate(pieces)


def draw_strokes(strokes, radius, shape=(CANVAS, CANVAS)):
    """Return the ink of polylines drawn with a round pen on a canvas of a shape, with soft edges."""
    distance = np.full(shape, np.inf)
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    for stroke in strokes:
        start, step = (
            stroke[:-1, :, np.newaxis, np.newaxis],
            np.diff(stroke, axis=0)[..., np.newaxis, np.newaxis],
        )
        along = (x - start[:, 0]) * step[:, 0] + (y - start[:, 1]) * step[:, 1]
        along = np.clip(along / np.maximum((step**2).sum(axis=1), 1e-9), 0, 1)
        squared = (x - start[:, 0] - along * step[:, 0]) ** 2 + (y - start[:, 1] - along * step[:, 1]) ** 2
        distance = np.minimum(distance, np.sqrt(squared.min(axis=0)))
    return np.clip(radius + 0.5 - distance, 0, 1)
