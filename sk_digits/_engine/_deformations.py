"""Random deformations of a batch of images, in operations that XLA compiles into the epoch."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ._layers import hash_uniform

# Standard deviation, in pixels, of the blur whose level sets are strokes of another thickness.
BLUR = 0.8
# Radius of the gaps, in pixels.
GAP_RADIUS = 1.5


def deform(X, rows, seed, statics, amplitudes, rows_basis, columns_basis):
    """Deform images by a smooth random displacement field and a random affine map each.

    Parameters
    ----------
    X : Tensor of shape (n_samples, height * width)
    rows : Tensor of shape (n,)
        Indices of the images in `X`.
    seed : Tensor of uint32
    statics : Statics
    amplitudes : Tensor of shape (7,)
        As in a `Deformation`. From rotation to shift they are bounds of symmetric uniform distributions.
    rows_basis, columns_basis : Tensor of shape (height, k) and (width, m)
        As returned by `_smooth_basis`.

    Returns
    -------
    Tensor of shape (n, height * width)
        Bilinearly interpolated; outside the image its border is repeated.
    """
    height, width = image_shape = statics.image_shape
    n, dtype = rows.shape[0], amplitudes.dtype
    displacement, rotation, scaling, shear, shift, thickness, neighbours = tf.unstack(amplitudes)
    # Rows of the image are the first axis, as the two matrix products of the fields produce them.
    field = _draw_displacements(n, rows_basis, columns_basis, seed)
    draws = _draw_uniform(seed, 2**30, (6, n, 1), dtype)
    angle, slant = draws[0] * rotation, tf.tan(draws[1] * shear)
    stretch_y, stretch_x = 1 + draws[2] * scaling, 1 + draws[3] * scaling
    v = tf.reshape(tf.range(height, dtype=dtype) - (height - 1) / 2, (height, 1, 1))
    u = tf.reshape(tf.range(width, dtype=dtype) - (width - 1) / 2, (1, 1, width))
    # The coordinates in the image at which each pixel of the result is sampled.
    u_sheared = (u + slant * v) * stretch_x
    v_stretched = v * stretch_y
    x = tf.cos(angle) * u_sheared - tf.sin(angle) * v_stretched + draws[4] * shift
    y = tf.sin(angle) * u_sheared + tf.cos(angle) * v_stretched + draws[5] * shift
    x += field[:, 0] * displacement + (width - 1) / 2
    y += field[:, 1] * displacement + (height - 1) / 2
    values = _interpolate(X, rows, image_shape, y, x)
    if statics.varies_strokes:
        values = _vary_strokes(values, statics, thickness, neighbours, seed)
    return tf.reshape(tf.transpose(values, (1, 0, 2)), (n, height * width))


class Statics(NamedTuple):
    """What the epoch is compiled for: the height and width of the images, and which options are on."""

    image_shape: tuple[int, int]
    thickness: bool
    gaps: int
    neighbours: bool

    @property
    def varies_strokes(self):
        return self.thickness or self.gaps > 0 or self.neighbours


def make_deformation_arguments(deformation, dtype):
    """Return the arguments of `deform` after the seed.

    Returns
    -------
    list
        The `Statics`, or None without a deformation, followed by ndarrays of `dtype`.
    """
    if deformation is None:
        return [None]
    *_, thickness, neighbours = deformation.amplitudes
    statics = Statics(deformation.image_shape, thickness > 0, deformation.gaps, neighbours > 0)
    bases = (_smooth_basis(size, deformation.smoothness) for size in deformation.image_shape)
    arrays = (deformation.amplitudes, *bases)
    return [statics, *(np.asarray(array, dtype) for array in arrays)]


def _smooth_basis(size, smoothness):
    """Return Gaussian bumps along one axis whose random sums are smooth fields of variance 1.

    White noise filtered by a Gaussian of standard deviation `smoothness` varies so slowly that bumps at
    this spacing reproduce it from far fewer random numbers.

    Returns
    -------
    ndarray of shape (size, k)
    """
    margin = 2 * smoothness
    n_bumps = int(np.ceil((size - 1 + 2 * margin) / smoothness)) + 1
    centres = np.linspace(-margin, size - 1 + margin, n_bumps)
    bumps = np.exp(-(((np.arange(size)[:, np.newaxis] - centres) / smoothness) ** 2) / 2)
    return bumps / np.sqrt((bumps**2).sum(axis=1, keepdims=True))


def _draw_displacements(n, rows_basis, columns_basis, seed):
    """Draw fields of shape (height, 2, n, width), each with mean 0 and variance 1."""
    (height, k), (width, m) = rows_basis.shape, columns_basis.shape
    noise = _draw_uniform(seed, 0, (k, 2 * n * m), rows_basis.dtype) * np.sqrt(3)
    columns = tf.reshape(tf.matmul(rows_basis, noise), (height * 2 * n, m))
    return tf.reshape(tf.matmul(columns, columns_basis, transpose_b=True), (height, 2, n, width))


def _vary_strokes(values, statics, thickness, neighbours, seed):
    """Change the strokes of images of shape (height, n, width); the ink is the light side."""
    low = tf.reduce_min(values, axis=(0, 2), keepdims=True)
    span = tf.reduce_max(values, axis=(0, 2), keepdims=True) - low
    ink = (values - low) / tf.maximum(span, np.finfo(values.dtype.as_numpy_dtype).tiny)
    n, first = values.shape[1], 3 * 2**29
    draws = _draw_uniform(seed, first, (2 + 2 * statics.gaps, n, 1), values.dtype)
    if statics.neighbours:
        has_neighbour = tf.cast(draws[0] < 2 * neighbours - 1, values.dtype)
        ink = tf.maximum(
            ink, has_neighbour * _draw_neighbours(ink, _draw_uniform(seed, first - 2, (2,), values.dtype))
        )
    if statics.thickness:
        ink = _change_thickness(ink, draws[1] * thickness)
    y, x = (tf.range(size, dtype=values.dtype) + 0.5 for size in statics.image_shape)
    for index in range(2, 2 + 2 * statics.gaps, 2):
        # Gaps lie where the strokes are, in the middle of the image.
        height, width = statics.image_shape
        dy = y[:, tf.newaxis, tf.newaxis] - height / 2 - draws[index] * height * 0.36
        dx = x - width / 2 - draws[index + 1] * width * 0.36
        distance = tf.sqrt(dy**2 + dx**2)
        ink *= tf.clip_by_value(distance - GAP_RADIUS + 0.5, 0, 1)
    return low + ink * span


def _draw_neighbours(ink, draws):
    """Return, at one edge of each image, the ink of another image; draws are two numbers in (-1, 1)."""
    height, n, width = ink.shape
    shift = tf.sign(draws[0]) * width * (0.75 + 0.12 * draws[1])
    columns = tf.range(width, dtype=ink.dtype)
    # A matrix product, since XLA would compute the images again for each shifted pixel.
    shifted = tf.maximum(1 - abs(columns[:, tf.newaxis] + shift - columns), 0)
    others = tf.reshape(tf.roll(ink, 1, axis=1), (height * n, width))
    return tf.reshape(tf.matmul(others, shifted), (height, n, width))


def _change_thickness(ink, radius):
    """Move the edges of the strokes outwards by a radius of shape (n, 1), in pixels, by a level of a blur."""
    height, n, width = ink.shape
    blurs = [
        np.exp(-((np.subtract.outer(range(size), range(size)) / BLUR) ** 2) / 2) for size in (height, width)
    ]
    rows, columns = (tf.constant(blur / blur.sum(axis=1, keepdims=True), ink.dtype) for blur in blurs)
    blurred = tf.matmul(rows, tf.reshape(ink, (height, n * width)))
    blurred = tf.reshape(
        tf.matmul(tf.reshape(blurred, (height * n, width)), columns, transpose_b=True), (height, n, width)
    )
    peak = tf.reduce_max(blurred, axis=(0, 2), keepdims=True)
    blurred /= tf.maximum(peak, 1e-6)
    # The profile of a blurred edge is the normal distribution; thin lines would vanish where strokes are made
    # as much thinner.
    radius = tf.where(radius < 0, radius / 2, radius) / BLUR
    level = (1 - tf.math.erf(radius / np.sqrt(2))) / 2
    # At most twice the level, so that the background stays empty.
    slope = tf.minimum(tf.exp(-(radius**2) / 2) / (np.sqrt(2 * np.pi) * BLUR), 2 * level)
    return tf.clip_by_value((blurred - level) / slope + 0.5, 0, 1)


def _draw_uniform(seed, first, shape, dtype):
    """Draw uniform numbers in (-1, 1), starting at index `first` of the seed's sequence."""
    return hash_uniform(seed, tf.reshape(tf.range(first, first + int(np.prod(shape))), shape), dtype)


def _interpolate(X, rows, image_shape, y, x):
    """Return bilinear values of the images at (y, x), of shape (height, n, width)."""
    height, width = image_shape
    y = tf.clip_by_value(y, 0, height - 1)
    x = tf.clip_by_value(x, 0, width - 1)
    top = tf.minimum(tf.cast(y, tf.int32), height - 2)
    left = tf.minimum(tf.cast(x, tf.int32), width - 2)
    down, right = y - tf.cast(top, y.dtype), x - tf.cast(left, x.dtype)
    pixels = tf.reshape(X, [-1])
    # Pixels are gathered from all the data at once; a separate batch would be written and read again.
    index_dtype = tf.int32 if X.shape[0] * X.shape[1] < 2**31 else tf.int64
    first = tf.cast(rows, index_dtype)[:, tf.newaxis] * (height * width)
    first += tf.cast(top * width + left, index_dtype)

    def pixel(offset):
        return tf.cast(tf.gather(pixels, first + offset), y.dtype)

    upper = pixel(0) * (1 - right) + pixel(1) * right
    lower = pixel(width) * (1 - right) + pixel(width + 1) * right
    return upper * (1 - down) + lower * down
