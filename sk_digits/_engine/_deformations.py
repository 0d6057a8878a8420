"""Random deformations of a batch of images, in operations that XLA compiles into the epoch."""

import numpy as np
import tensorflow as tf

from ._layers import hash_uniform


def deform(X, rows, image_shape, amplitudes, rows_basis, columns_basis, seed):
    """Deform images by a smooth random displacement field and a random affine map each.

    Parameters
    ----------
    X : Tensor of shape (n_samples, height * width)
    rows : Tensor of shape (n,)
        Indices of the images in `X`.
    image_shape : tuple of two int
        Height and width.
    amplitudes : Tensor of shape (5,)
        As in a `Deformation`. All but the displacement are the bound of a symmetric uniform distribution.
    rows_basis, columns_basis : Tensor of shape (height, k) and (width, m)
        As returned by `_smooth_basis`.
    seed : Tensor of uint32

    Returns
    -------
    Tensor of shape (n, height * width)
        Bilinearly interpolated; outside the image its border is repeated.
    """
    height, width = image_shape
    n, dtype = rows.shape[0], amplitudes.dtype
    displacement, rotation, scaling, shear, shift = tf.unstack(amplitudes)
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
    return tf.reshape(tf.transpose(values, (1, 0, 2)), (n, height * width))


def make_deformation_arguments(deformation, dtype):
    """Return the arguments of `deform` between the images and the seed.

    Returns
    -------
    list
        The image shape, or None without a deformation, followed by the Tensors.
    """
    if deformation is None:
        return [None]
    bases = (_smooth_basis(size, deformation.smoothness) for size in deformation.image_shape)
    arrays = (deformation.amplitudes, *bases)
    return [deformation.image_shape, *(tf.convert_to_tensor(np.asarray(array, dtype)) for array in arrays)]


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
