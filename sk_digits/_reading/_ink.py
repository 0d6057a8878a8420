"""Ink and background: polarity, thresholds, uneven light and noise.

`ink_intensity` serves `DigitNormalizer`, which takes stacks of images with an even background and one digit
each. `ink_contrast` serves `read_digits`, which takes one picture with uneven light.
"""

import numpy as np
from scipy import ndimage

from ._image_input import block_means

# Structuring element of connected components: neighbours along both axes and the diagonals.
EIGHT_CONNECTED = np.ones((3, 3))
# The same in a stack, where pixels of different images are never connected.
EIGHT_CONNECTED_STACK = np.stack([np.zeros((3, 3)), EIGHT_CONNECTED, np.zeros((3, 3))])
# Bins of the histogram of Otsu's method.
OTSU_BINS = 128


def ink_intensity(images):
    """Return the intensity of the ink in each image, whatever its polarity.

    The background is the side of Otsu's threshold on which most of the border, of the corners and of the
    whole image lie, with equal weights, since a digit that fills its image covers most of the border.

    Parameters
    ----------
    images : ndarray of shape (n, height, width)
        Any range of values.

    Returns
    -------
    ink : ndarray of shape (n, height, width)
        In [0, 1], where 0 is background. An image without contrast has no ink.
    """
    n, height, width = images.shape
    rows = images.reshape(n, -1)
    lowest = rows.min(axis=1, keepdims=True)
    span = rows.max(axis=1, keepdims=True) - lowest
    rows = (rows - lowest) / np.where(span > 0, span, 1)
    threshold = otsu_thresholds(rows)[:, np.newaxis]
    inside = np.zeros((height, width), bool)
    inside[1:-1, 1:-1] = True
    # The last value becomes the lowest, so that there is background where ink covers the border.
    border = np.concatenate([rows[:, ~inside.ravel()], rows[:, :1]], axis=1)
    above = (rows > threshold).reshape(images.shape)
    light = _background_share(above)[:, np.newaxis] > 0.5
    rows, border, threshold = (np.where(light, 1 - values, values) for values in (rows, border, threshold))
    border[:, -1] = rows.min(axis=1)
    # A digit may touch the border, so only the part of the border below the threshold is background.
    level = _masked_median(border, border <= threshold)
    # Ink lies above the level, so the noise is measured below it.
    noise = robust_std(border - level, border <= level)
    # Full intensity is a robust maximum: a tenth of the inked pixels may exceed it.
    tenth = (rows > threshold).sum(axis=1, keepdims=True) // 10
    full = np.take_along_axis(np.sort(rows, axis=1), rows.shape[1] - 1 - tenth, axis=1)
    ink = np.clip((rows - level) / np.maximum(full - level, 1e-12), 0, 1)
    # The pattern of a cheque is measured as noise, though strokes on it are darker.
    ink[(rows - level < np.minimum(3 * noise, 0.5 * (full - level))) | (span == 0)] = 0
    return ink.reshape(images.shape)


def _background_share(masks):
    """Return the mean share of the border, the corners and the whole of each mask, of shape (n,)."""
    side = max(1, min(masks.shape[1:]) // 8)
    ends = np.r_[0:side, -side:0]
    border = np.concatenate([masks[:, 0], masks[:, -1], masks[:, 1:-1, 0], masks[:, 1:-1, -1]], axis=1)
    corners = masks[:, ends][:, :, ends]
    return (border.mean(axis=1) + corners.mean(axis=(1, 2)) + masks.mean(axis=(1, 2))) / 3


def otsu_thresholds(rows):
    """Return Otsu's threshold of each row of values in [0, 1].

    If an empty range of bins separates the two classes equally well, its middle is taken.
    """
    n = len(rows)
    bins = np.minimum((rows * OTSU_BINS).astype(np.intp), OTSU_BINS - 1)
    flat = (bins + OTSU_BINS * np.arange(n)[:, np.newaxis]).ravel()
    counts = np.bincount(flat, minlength=n * OTSU_BINS).reshape(n, OTSU_BINS)
    centres = (np.arange(OTSU_BINS) + 0.5) / OTSU_BINS
    n_below = counts.cumsum(axis=1)[:, :-1]
    cumulative = (counts * centres).cumsum(axis=1)
    n_above = rows.shape[1] - n_below
    mean_below = cumulative[:, :-1] / np.maximum(n_below, 1)
    mean_above = (cumulative[:, -1:] - cumulative[:, :-1]) / np.maximum(n_above, 1)
    between_class_variance = n_below * n_above * (mean_below - mean_above) ** 2
    best = between_class_variance >= between_class_variance.max(axis=1, keepdims=True) * (1 - 1e-9)
    edges = np.arange(1, OTSU_BINS) / OTSU_BINS
    return (best * edges).sum(axis=1) / best.sum(axis=1)


def remove_small_components(ink, min_share=0.02):
    """Set connected components to 0 that have less than `min_share` of the ink of an image's largest one."""
    labels, _ = ndimage.label(ink > 0, EIGHT_CONNECTED_STACK)
    mass = np.bincount(labels.ravel(), ink.ravel())
    mass[0] = 0
    mass = mass[labels]
    return np.where(mass >= min_share * mass.max(axis=(1, 2), keepdims=True), ink, 0)


def local_contrast(picture):
    """Return the contrast of a picture to its smooth background and the standard deviation of its noise.

    Parameters and returns are those of `contrast_to`, for the background that `estimate_background` finds.
    """
    return contrast_to(picture, estimate_background(picture))


def contrast_to(picture, background):
    """Return the contrast of a picture to a background and the standard deviation of its noise.

    Parameters
    ----------
    picture, background : ndarray of shape (height, width)
        Grey values in [0, 1].

    Returns
    -------
    contrast : ndarray of shape (height, width)
        Positive for ink. The ink has the polarity with the stronger outliers.
    noise : float
    """
    contrast = ndimage.gaussian_filter(picture - background, 0.8)
    noise = robust_std(contrast)
    outliers = contrast[abs(contrast) > 0.5 * robust_maximum(abs(contrast))]
    return (contrast if outliers.sum() > 0 else -contrast), noise


def global_contrast(picture, is_slanted):
    """Return the contrast of a picture to one even background and the standard deviation of its noise.

    Ink that is wide, or that fills its picture, is background to `local_contrast`, but not to this. Polarity
    and background are those of `ink_intensity`.

    Parameters
    ----------
    picture : ndarray of shape (height, width)
        Grey values in [0, 1].
    is_slanted : bool
        Whether the background is a plane, as under light from one side, rather than a single level.

    Returns
    -------
    contrast : ndarray of shape (height, width)
        Positive for ink.
    noise : float
    """
    smooth, background, light = _find_global_background(picture)
    if is_slanted:
        level, background = _fit_slanted_background(smooth, background, light)
    else:
        level = np.median(smooth[background])
    contrast = level - smooth if light else smooth - level
    return contrast, robust_std(contrast[background])


def slanted_background(picture):
    """Return the plane that is the background of a picture that is filled with ink."""
    return _fit_slanted_background(*_find_global_background(picture))[0]


def _find_global_background(picture):
    """Return the picture without its finest noise, the mask of its background, and whether that is light."""
    smooth = ndimage.gaussian_filter(picture, 0.5)
    above = _above_threshold(smooth)
    light = _background_share(above[np.newaxis])[0] > 0.5
    return smooth, above == light, light


def _fit_slanted_background(smooth, background, light):
    """Return the plane through the background and its mask, given a first mask."""
    for _ in range(2):
        flat = smooth - _fit_plane(smooth, background)
        background = _above_threshold(flat) == light
        # The soft edges of ink are no outliers in the first mask, but would tilt the plane.
        background &= abs(flat) <= 3 * robust_std(flat[background])
    return _fit_plane(smooth, background), background


def _above_threshold(values):
    """Return which values are above Otsu's threshold."""
    lowest = values.min()
    span = values.max() - lowest
    return values > lowest + span * otsu_thresholds((values - lowest).reshape(1, -1) / (span or 1))


def estimate_background(picture):
    """Return the background of a picture, that is, what it would be without ink.

    The background is smooth at the scale of digits. It is a plane, plus the median of the residuals over a
    wide window, which is then refined by the Gaussian-weighted mean of the residuals that are not outliers.
    """
    side = max(1, min(picture.shape) // 48)
    coarse = block_means(picture, side)
    plane = _fit_plane(coarse, np.ones(coarse.shape))
    coarse = coarse - plane
    window = max(3, min(coarse.shape) // 2)
    # A median over a wide window takes long; it is as good at half the resolution.
    background = ndimage.median_filter(block_means(coarse, 2), max(3, window // 2), mode="mirror")
    background = _enlarge(background, 2, coarse.shape)
    for _ in range(2):
        deviation = abs(coarse - background)
        outliers = deviation > max(0.3 * deviation.max(), 3 * robust_std(deviation))
        known = (~ndimage.binary_dilation(outliers, iterations=1)).astype(np.float32)
        weight = ndimage.gaussian_filter(known, window / 6, mode="mirror")
        mean = ndimage.gaussian_filter(known * coarse, window / 6, mode="mirror")
        background = np.where(weight > 1e-3, mean / np.maximum(weight, 1e-3), background)
    return _enlarge(background + plane, side, picture.shape)


def _enlarge(blocks, side, shape):
    """Return blocks of `side` x `side` pixels as an array of the given shape, interpolated linearly."""
    enlarged = ndimage.zoom(blocks, side, order=1, mode="nearest", grid_mode=True)
    return enlarged[: shape[0], : shape[1]]


def _fit_plane(values, known):
    """Return the least-squares plane through the known values of a 2-D array."""
    rows, columns = (np.linspace(-1, 1, size) for size in values.shape)
    # The terms of the plane are 1, row and column, each a product of a function of the row and of the column.
    of_row = np.stack([np.ones_like(rows), rows, np.ones_like(rows)])
    of_column = np.stack([np.ones_like(columns), np.ones_like(columns), columns])
    gram = np.einsum("ir,jr,rc,ic,jc->ij", of_row, of_row, known, of_column, of_column, optimize=True)
    moments = np.einsum("ir,rc,ic->i", of_row, known * values, of_column, optimize=True)
    weights = np.linalg.lstsq(gram, moments, rcond=None)[0]
    return ((weights * of_row.T) @ of_column).astype(values.dtype)


def robust_maximum(values, n=12):
    """Return the n-th largest value, so that single pixels do not count."""
    n = min(n, values.size)
    return float(np.partition(values, values.size - n, axis=None)[values.size - n])


def weighted_median(values, weights):
    """Return the value up to which half of the weights lie."""
    order = np.argsort(values)
    total = np.cumsum(np.asarray(weights)[order])
    return values[order][np.searchsorted(total, total[-1] / 2)]


def robust_std(deviations, mask=None):
    """Return the normalised median absolute deviation: the standard deviation if the noise is normal.

    Without a mask it is one float for all values; with a mask it has shape (n, 1), for the masked values of
    each row.
    """
    deviations = abs(deviations)
    return 1.4826 * (float(np.median(deviations)) if mask is None else _masked_median(deviations, mask))


def _masked_median(values, mask):
    """Return the median of the masked values of each row, the lower of two; each row has at least one."""
    middle = (mask.sum(axis=1, keepdims=True) - 1) // 2
    return np.take_along_axis(np.sort(np.where(mask, values, np.inf), axis=1), middle, axis=1)
