"""Images of what is no digit: parts and pairs of digits, dashes, dots, rules, letters, scribbles, blanks."""

import functools
from pathlib import Path

import numpy as np
from scipy import ndimage

from ._composition import crop, side_by_side
from ._glyphs import CANVAS, GLYPH_SIZE, draw_strokes, spline

# Halves that could be read as another digit, or still as the same, are left out: the right half of 8 is a 3,
# the lower half of 9 is a 1.
HALVES = {
    "left": (0, 2, 3, 5, 6, 8),
    "right": (0, 2, 5),
    "top": (0, 3, 4, 5, 6),
    "bottom": (0, 2, 3, 5),
}
# Letters and signs that do not resemble digits, in the fonts that Matplotlib ships.
CHARACTERS = "CEFHKLMNRTUVWXadekmnrtuvwxf?%&@#+*=<>"
# Ends of rules (left, right, up, down) that form a 1, with and without a base, or a 7.
LIKE_DIGITS = ({2, 3}, {0, 1, 2}, {0, 3})
FONTS = ("DejaVuSans", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSans-Bold", "STIXGeneral", "cmr10")


def _draw_half(images, labels, random_state):
    """Cut a digit near its middle and keep one side."""
    sides = [side for side in HALVES if np.isin(labels, HALVES[side]).any()]
    if not sides:
        return _draw_scribble(images, labels, random_state)
    side = sides[random_state.randint(len(sides))]
    image = images[random_state.choice(np.flatnonzero(np.isin(labels, HALVES[side])))]
    if side in ("top", "bottom"):
        image = image.T
    inked = np.flatnonzero((image > 0.1).any(axis=0))
    if not len(inked):
        return image
    share = random_state.uniform(0.3, 0.55)
    share = share if side in ("left", "top") else 1 - share
    cut = inked[0] + round((inked[-1] + 1 - inked[0]) * share)
    half = image[:, :cut] if side in ("left", "top") else image[:, cut:]
    return half.T if side in ("top", "bottom") else half


def _draw_pair(images, labels, random_state):
    """Put two digits side by side so that they touch or nearly touch."""
    pair = [crop(images[random_state.randint(len(images))]) for _ in range(2)]
    return side_by_side(pair, random_state.randint(-1, 4, 1), random_state)[0]


def _draw_wrong_cut(images, labels, random_state):
    """Cut a piece out of two touching digits that has a part of each of them."""
    left, right = (crop(images[random_state.randint(len(images))]) for _ in range(2))
    shares = random_state.uniform(0.3, 0.6, 2)
    left = left[:, -max(2, round(shares[0] * left.shape[1])) :]
    right = right[:, : max(2, round(shares[1] * right.shape[1]))]
    return side_by_side([left, right], random_state.randint(0, 3, 1), random_state)[0]


def _draw_dash(images, labels, random_state):
    """Draw one or two lines that are nearly horizontal, straight or waving."""
    strokes = []
    for height in ((0,), (-5, 5))[random_state.randint(4) == 0]:
        slope = random_state.uniform(-0.4, 0.4)
        wave = random_state.normal(0, 2, 4) * random_state.randint(2)
        x = np.linspace(4, CANVAS - 4, 4)
        strokes.append(spline(np.stack([x, CANVAS / 2 + height + slope * (x - CANVAS / 2) + wave], axis=1)))
    return draw_strokes(strokes, random_state.uniform(0.6, 4))


def _draw_dot(images, labels, random_state):
    """Draw a solid blob, which may have the tail of a comma."""
    y, x = np.mgrid[:CANVAS, :CANVAS] - CANVAS / 2
    aspect, angle = random_state.uniform(1, 1.7), random_state.uniform(0, np.pi)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    radius = np.hypot(along / aspect, across) + random_state.normal(0, 1) * np.sin(3 * np.arctan2(y, x))
    dot = np.clip(9 - radius, 0, 1)
    if random_state.randint(2):
        start, end = (CANVAS / 2, CANVAS / 2), (random_state.uniform(8, 18), random_state.uniform(30, 38))
        dot = np.maximum(dot, draw_strokes([np.array([start, end])], random_state.uniform(1.5, 4)))
    return dot


def _draw_rules(images, labels, random_state):
    """Draw a piece of a table or a frame: a corner, a tee or a crossing."""
    middle = CANVAS / 2 + random_state.uniform(-8, 8, 2)
    ends = [(4, middle[1]), (CANVAS - 4, middle[1]), (middle[0], 4), (middle[0], CANVAS - 4)]
    kept = random_state.permutation(4)[: random_state.randint(2, 5)]
    strokes = [np.array([middle, np.array(ends[index]) + random_state.normal(0, 0.7, 2)]) for index in kept]
    drawing = draw_strokes(strokes, random_state.uniform(0.5, 2.5))
    return drawing[::-1].T if set(kept) in LIKE_DIGITS else drawing


def _draw_character(images, labels, random_state):
    """Draw a letter or a sign in one of the fonts, slanted."""
    character = CHARACTERS[random_state.randint(len(CHARACTERS))]
    glyph = _rasterize(FONTS[random_state.randint(len(FONTS))], character)
    padded = np.pad(glyph, ((0, 0), (len(glyph) // 3,) * 2))
    shear = random_state.uniform(-0.3, 0.3)
    matrix = [[1, 0], [shear, 1]]
    return np.clip(ndimage.affine_transform(padded, matrix, (0, -shear * len(glyph) / 2), order=1), 0, 1)


@functools.cache
def _rasterize(font, character):
    import matplotlib
    from matplotlib.ft2font import FT2Font

    face = FT2Font(str(Path(matplotlib.get_data_path(), "fonts", "ttf", f"{font}.ttf")))
    face.set_size(GLYPH_SIZE, 72)
    face.set_text(character)
    face.draw_glyphs_to_bitmap(antialiased=True)
    return np.asarray(face.get_image(), dtype=np.float64) / 255


def _draw_scribble(images, labels, random_state):
    """Draw a pen's way through a few random points."""
    points = random_state.uniform(4, CANVAS - 4, (random_state.randint(7, 13), 2))
    return draw_strokes([spline(points)], random_state.uniform(0.6, 2.5))


def _draw_texture(images, labels, random_state):
    """Draw smooth noise above a threshold, as a patterned paper leaves it."""
    noise = ndimage.gaussian_filter(random_state.normal(size=(28, 28)), random_state.uniform(0.6, 2.5, 2))
    return np.clip((noise - np.quantile(noise, random_state.uniform(0.5, 0.9))) / noise.std(), 0, 1)


def _draw_blank(images, labels, random_state):
    return np.zeros((28, 28))


KINDS = {
    "half": _draw_half,
    "pair": _draw_pair,
    "wrong cut": _draw_wrong_cut,
    "dash": _draw_dash,
    "dot": _draw_dot,
    "rules": _draw_rules,
    "character": _draw_character,
    "scribble": _draw_scribble,
    "texture": _draw_texture,
    "blank": _draw_blank,
}
# Odds of the kinds: mostly what the segmentation of a line has to tell from digits.
ODDS = (7, 5, 5, 2, 1, 1, 4, 1, 1, 0.2)


def draw_non_digits(n, images, labels, random_state):
    """Draw `n` images of kinds chosen at random, as a list of arrays of any shapes, in [0, 1]."""
    odds = np.array(ODDS) / np.sum(ODDS)
    kinds = np.array(list(KINDS))[random_state.choice(len(KINDS), n, p=odds)]
    return [KINDS[kind](images, labels, random_state) for kind in kinds]
