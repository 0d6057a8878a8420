"""MNIST's frame: each digit is scaled into a box and centred by its mass."""

import numpy as np

# MNIST's frame and its box.
FRAME_SHAPE, BOX_SIZE = (28, 28), 20
# Fainter ink does not widen the bounding box of a digit.
MIN_INK = 0.1


def place_in_frame(ink, output_shape=FRAME_SHAPE, box_size=BOX_SIZE):
    """Scale each digit into a square box, keeping its aspect ratio, and centre it by its mass.

    The centre of mass is placed in the pixel to the lower right of the middle, as in MNIST, unless the
    digit would then leave the frame.

    Parameters
    ----------
    ink : ndarray of shape (n, height, width)
        In [0, 1], where 0 is background.
    output_shape : tuple of two int
        Height and width of the frame.
    box_size : int
        Longest side of the digit in it, in pixels.

    Returns
    -------
    images : ndarray of shape (n, *output_shape)
        In [0, 1]; images without ink are zeros.
    """
    n = len(ink)
    inked = ink > MIN_INK
    starts, sizes, centres = [], [], []
    for axis, other in ((1, 2), (2, 1)):
        profile, any_ink = ink.sum(axis=other), inked.any(axis=other)
        start = any_ink.argmax(axis=1)
        stop = ink.shape[axis] - any_ink[:, ::-1].argmax(axis=1)
        total = profile.sum(axis=1)
        centre = profile @ (np.arange(ink.shape[axis]) + 0.5) / np.where(total > 0, total, 1)
        starts.append(start), sizes.append(stop - start), centres.append(centre)
    scale = box_size / np.maximum(*sizes)
    weights = []
    for start, size, centre, n_out, n_in in zip(
        starts, sizes, centres, output_shape, ink.shape[1:], strict=True
    ):
        # Whole pixels, so that images that are in the frame already do not change.
        shift = np.rint(n_out // 2 + 0.5 - (centre - start) * scale)
        shift = np.clip(shift, 0, np.maximum(n_out - np.ceil(size * scale), 0))
        weights.append(_resampling_weights(start - shift / scale, scale, n_out, n_in).astype(ink.dtype))
    out = weights[0] @ ink @ weights[1].transpose(0, 2, 1)
    full = out.reshape(n, -1).max(axis=1)[:, np.newaxis, np.newaxis]
    # Downscaling makes thin lines grey; MNIST's strokes are black.
    return out / np.where(full > 0, full, 1)


def _resampling_weights(origin, scale, n_out, n_in):
    """Return the matrices that resample one axis of each image, of shape (n, n_out, n_in).

    Downscaling averages over each output pixel; upscaling interpolates linearly.
    """
    reach = np.maximum(1 / scale, 1)[:, np.newaxis, np.newaxis]
    middle = origin[:, np.newaxis] + (np.arange(n_out) + 0.5) / scale[:, np.newaxis]
    middle = middle[:, :, np.newaxis]
    pixels = np.arange(n_in)
    overlap = np.minimum(pixels + 1, middle + reach / 2) - np.maximum(pixels, middle - reach / 2)
    return np.maximum(overlap, 0) / reach
