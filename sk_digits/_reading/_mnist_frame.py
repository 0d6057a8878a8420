"""Into MNIST's frame: ink told from background, cropped, scaled into a box and centred by its mass.

Arrays of shape (n, height, width) in, arrays of the same kind out; nothing here knows of estimators.
"""

import numpy as np
from scipy import ndimage

# ITU-R BT.601, as Pillow's own conversion to grey.
LUMINANCE = np.array([0.299, 0.587, 0.114])
# Neighbours along both axes and the diagonals of an image, never from one image to the next.
NEIGHBOURS = np.stack([np.zeros((3, 3)), np.ones((3, 3)), np.zeros((3, 3))])
# Ink below this does not widen the box around a digit.
FAINT = 0.1
# Levels that Otsu's method tells apart.
BINS = 128


def grey(image):
    """Luminance of colours in [0, 1], of shape (..., 3) or (..., 4).

    Transparent pixels are taken as paper: white behind dark colours, black behind light ones.
    """
    luminance = image[..., :3] @ LUMINANCE.astype(image.dtype)
    if image.shape[-1] == 3:
        return luminance
    alpha = image[..., 3]
    opaque = alpha.sum()
    paper = 1.0 if opaque == 0 or (luminance * alpha).sum() / opaque < 0.5 else 0.0
    return luminance * alpha + paper * (1 - alpha)


def otsu(rows):
    """Otsu's threshold of each row of values in [0, 1].

    Where an empty range of levels parts the two classes equally well, its middle is taken.
    """
    n = len(rows)
    levels = np.minimum((rows * BINS).astype(np.intp), BINS - 1)
    flat = (levels + BINS * np.arange(n)[:, np.newaxis]).ravel()
    counts = np.bincount(flat, minlength=n * BINS).reshape(n, BINS)
    centres = (np.arange(BINS) + 0.5) / BINS
    below = counts.cumsum(axis=1)[:, :-1]
    sum_below = (counts * centres).cumsum(axis=1)
    above = rows.shape[1] - below
    means = sum_below[:, :-1] / np.maximum(below, 1)
    means_above = (sum_below[:, -1:] - sum_below[:, :-1]) / np.maximum(above, 1)
    between = below * above * (means - means_above) ** 2
    best = between >= between.max(axis=1, keepdims=True) * (1 - 1e-9)
    edges = np.arange(1, BINS) / BINS
    return (best * edges).sum(axis=1) / best.sum(axis=1)


def ink_of(images):
    """How much ink each pixel has, in [0, 1]: the background, dark or light, becomes 0.

    The background is the side of Otsu's threshold on which most of the border lies.
    """
    n, height, width = images.shape
    rows = images.reshape(n, -1)
    lowest = rows.min(axis=1, keepdims=True)
    span = rows.max(axis=1, keepdims=True) - lowest
    rows = (rows - lowest) / np.where(span > 0, span, 1)
    threshold = otsu(rows)[:, np.newaxis]
    inside = np.zeros((height, width), bool)
    inside[1:-1, 1:-1] = True
    border = rows[:, ~inside.ravel()]
    light = (border > threshold).mean(axis=1, keepdims=True) > 0.5
    rows, border, threshold = (np.where(light, 1 - values, values) for values in (rows, border, threshold))
    # Over the part of the border that is background: a digit may touch it.
    level = _median(border, border <= threshold)
    # On the side where there is no ink.
    noise = 1.4826 * _median(level - border, border <= level)
    threshold = np.maximum(threshold, level + 3 * noise)
    # A robust maximum: a tenth of the inked pixels may be darker.
    tenth = (rows > threshold).sum(axis=1, keepdims=True) // 10
    full = np.take_along_axis(np.sort(rows, axis=1), rows.shape[1] - 1 - tenth, axis=1)
    ink = np.clip((rows - level) / np.maximum(full - level, 1e-12), 0, 1)
    ink[(rows - level < 3 * noise) | (span == 0)] = 0
    return ink.reshape(images.shape)


def _median(values, chosen):
    """Median of the chosen values of each row, of which there is one at least; the lower one of two."""
    middle = (chosen.sum(axis=1, keepdims=True) - 1) // 2
    return np.take_along_axis(np.sort(np.where(chosen, values, np.inf), axis=1), middle, axis=1)


def without_specks(ink, share=0.02):
    """Blot out connected pieces that have less than this share of the ink of an image's largest one."""
    labels, _ = ndimage.label(ink > 0, NEIGHBOURS)
    mass = np.bincount(labels.ravel(), ink.ravel())
    mass[0] = 0
    mass = mass[labels]
    return np.where(mass >= share * mass.max(axis=(1, 2), keepdims=True), ink, 0)


def framed(ink, output_shape, box_size):
    """Scale the inked part into a square box, keeping its aspect, and centre it by its mass.

    Images without ink come back as zeros. The mass comes to lie in the pixel right below the middle, as
    in MNIST, except where the box would then leave the frame.
    """
    n = len(ink)
    inked = ink > FAINT
    starts, sizes, masses = [], [], []
    for axis, other in ((1, 2), (2, 1)):
        profile, any_ink = ink.sum(axis=other), inked.any(axis=other)
        start = any_ink.argmax(axis=1)
        stop = ink.shape[axis] - any_ink[:, ::-1].argmax(axis=1)
        total = profile.sum(axis=1)
        centre = profile @ (np.arange(ink.shape[axis]) + 0.5) / np.where(total > 0, total, 1)
        starts.append(start), sizes.append(stop - start), masses.append(centre)
    scale = box_size / np.maximum(*sizes)
    weights = []
    for start, size, centre, n_out, n_in in zip(
        starts, sizes, masses, output_shape, ink.shape[1:], strict=True
    ):
        # Whole pixels, so that what is in the frame already stays as it is.
        shift = np.rint(n_out // 2 + 0.5 - (centre - start) * scale)
        shift = np.clip(shift, 0, np.maximum(n_out - np.ceil(size * scale), 0))
        weights.append(_resampling(start - shift / scale, scale, n_out, n_in))
    out = weights[0] @ ink @ weights[1].transpose(0, 2, 1)
    full = out.reshape(n, -1).max(axis=1)[:, np.newaxis, np.newaxis]
    # A thin line is grey after scaling down; MNIST's strokes are black.
    return out / np.where(full > 0, full, 1)


def _resampling(origin, scale, n_out, n_in):
    """Matrices of shape (n, n_out, n_in): means over an output pixel, linear interpolation scaling up."""
    reach = np.maximum(1 / scale, 1)[:, np.newaxis, np.newaxis]
    middle = origin[:, np.newaxis] + (np.arange(n_out) + 0.5) / scale[:, np.newaxis]
    middle = middle[:, :, np.newaxis]
    pixels = np.arange(n_in)
    overlap = np.minimum(pixels + 1, middle + reach / 2) - np.maximum(pixels, middle - reach / 2)
    return np.maximum(overlap, 0) / reach
