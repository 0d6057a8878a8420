"""Images of one digit each: their ink in MNIST's frame, whatever light and neighbours there are."""

import numpy as np
from scipy import ndimage

from ._ink import (
    EIGHT_CONNECTED,
    EIGHT_CONNECTED_STACK,
    contrast_to,
    estimate_background,
    ink_intensity,
    remove_small_components,
    slanted_background,
)
from ._mnist_frame import BOX_SIZE, FRAME_SHAPE, place_in_frame
from ._segmentation import FILLED_SHARE, find_ink

# Smaller images are evenly lit.
MIN_PHOTO_SIDE = 60
# Light is even if the middle 80 % of the background differ by this share of the range of the image at most.
MAX_UNEVENNESS = 0.1
# Ink at the border is not the digit if that much of the ink, in so many of the rows, lies inside.
MIN_INSIDE_SHARE, MIN_INSIDE_ROWS = 0.1, 0.4


def frame_images(images, output_shape=FRAME_SHAPE, box_size=BOX_SIZE):
    """Find the ink of images of one digit each, of shape (n, height, width), and place it in a frame."""
    side = max(images.shape[1:])
    if side >= MIN_PHOTO_SIDE:
        images = np.stack([_in_even_light(image) for image in images])
    ink = ink_intensity(images)
    # Images as small as MNIST's are cut out already, and may touch the border.
    if side > max(FRAME_SHAPE):
        ink = _remove_ink_at_border(ink)
    return place_in_frame(remove_small_components(ink), output_shape, box_size)


def _in_even_light(image):
    """Return an image less its background, if that is uneven: that of the paper nearby, or a plane."""
    lowest, highest = image.min(), image.max()
    picture = (image - lowest) / (highest - lowest if highest > lowest else 1)
    background = estimate_background(picture)
    contrast, noise = contrast_to(picture, background)
    labels, _ = ndimage.label(find_ink(contrast, noise), EIGHT_CONNECTED)
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    rows, columns = np.nonzero((areas >= max(1, 0.1 * areas.max()))[labels])
    is_filled = not len(rows) or np.ptp(rows) * np.ptp(columns) >= FILLED_SHARE * picture.size
    if is_filled:
        background = slanted_background(picture)
    darkest, lightest = np.quantile(background, [0.1, 0.9])
    return picture - background if lightest - darkest > MAX_UNEVENNESS else image


def _remove_ink_at_border(ink):
    """Remove what touches the border of images with a digit inside: parts of its neighbours, or a frame."""
    labels, n_components = ndimage.label(ink > 0, EIGHT_CONNECTED_STACK)
    at_border = np.zeros(n_components + 1, bool)
    for edge in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        at_border[edge] = True
    inside = np.where(at_border[labels], 0, ink)
    share = inside.sum(axis=(1, 2)) >= MIN_INSIDE_SHARE * ink.sum(axis=(1, 2))
    n_rows = (inside > 0).any(axis=2).sum(axis=1)
    is_inside = share & (n_rows >= MIN_INSIDE_ROWS * ink.shape[1])
    return np.where(is_inside[:, np.newaxis, np.newaxis], inside, ink)
