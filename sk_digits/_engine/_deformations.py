"""Random deformations of a batch of images, in operations that XLA compiles into the epoch."""

import numpy as np
import tensorflow as tf

from ._layers import uniform


def deform(X, rows, image_shape, amplitudes, rows_basis, columns_basis, seed):
    """Deform some images by a smooth random displacement field and a random affine map each.

    Parameters
    ----------
    X : Tensor of shape (n_samples, height * width)
    rows : Tensor of shape (n,)
        Numbers of the images in `X`.
    image_shape : tuple of two int
    amplitudes : Tensor of shape (5,)
        Displacement (pixels r.m.s.), rotation (radians), scaling (a share), shear (radians) and shift
        (pixels); all but the first are the largest value of a uniform draw, to either side.
    rows_basis, columns_basis : Tensor of shape (height, k) and (width, l)
        As `_smooth_basis` makes them.
    seed : Tensor of uint32

    Returns
    -------
    Tensor of shape (n, height * width)
        Values between pixels are interpolated; outside the image, its border goes on.
    """
    height, width = image_shape
    n, dtype = rows.shape[0], amplitudes.dtype
    displacement, rotation, scaling, shear, shift = tf.unstack(amplitudes)
    # Rows of the image come first here, as the two matrix products of the fields leave them.
    field = _displacements(n, rows_basis, columns_basis, seed)
    draws = _uniform(seed, 2**30, (6, n, 1), dtype)
    angle, slant = draws[0] * rotation, tf.tan(draws[1] * shear)
    stretch_y, stretch_x = 1 + draws[2] * scaling, 1 + draws[3] * scaling
    v = tf.reshape(tf.range(height, dtype=dtype) - (height - 1) / 2, (height, 1, 1))
    u = tf.reshape(tf.range(width, dtype=dtype) - (width - 1) / 2, (1, 1, width))
    # Where in the image each pixel of the result comes from.
    u_sheared = (u + slant * v) * stretch_x
    v_stretched = v * stretch_y
    x = tf.cos(angle) * u_sheared - tf.sin(angle) * v_stretched + draws[4] * shift
    y = tf.sin(angle) * u_sheared + tf.cos(angle) * v_stretched + draws[5] * shift
    x += field[:, 0] * displacement + (width - 1) / 2
    y += field[:, 1] * displacement + (height - 1) / 2
    values = _interpolate(X, rows, image_shape, y, x)
    return tf.reshape(tf.transpose(values, (1, 0, 2)), (n, height * width))


def deformation_arguments(settings, dtype):
    """What `deform` takes between the images and the seed, from the settings of a `RandomDeformation`.

    Returns
    -------
    list
        The image shape, or None where there is nothing to deform, and the Tensors after it.
    """
    if settings is None:
        return [None]
    arrays = (
        settings["amplitudes"],
        *(_smooth_basis(size, settings["smoothness"]) for size in settings["image_shape"]),
    )
    return [settings["image_shape"], *(tf.convert_to_tensor(np.asarray(array, dtype)) for array in arrays)]


def _smooth_basis(size, smoothness):
    """Gaussian bumps along one axis, whose random sums are smooth fields of variance 1.

    White noise under a Gaussian of standard deviation `smoothness` varies so slowly that bumps at
    this distance from each other say the same with far fewer random numbers.

    Returns
    -------
    ndarray of shape (size, k)
    """
    margin = 2 * smoothness
    n_bumps = int(np.ceil((size - 1 + 2 * margin) / smoothness)) + 1
    centres = np.linspace(-margin, size - 1 + margin, n_bumps)
    bumps = np.exp(-(((np.arange(size)[:, np.newaxis] - centres) / smoothness) ** 2) / 2)
    return bumps / np.sqrt((bumps**2).sum(axis=1, keepdims=True))


def _displacements(n, rows_basis, columns_basis, seed):
    """Fields of shape (height, 2, n, width), each of mean 0 and variance 1."""
    (height, k), (width, m) = rows_basis.shape, columns_basis.shape
    noise = _uniform(seed, 0, (k, 2 * n * m), rows_basis.dtype) * np.sqrt(3)
    columns = tf.reshape(tf.matmul(rows_basis, noise), (height * 2 * n, m))
    return tf.reshape(tf.matmul(columns, columns_basis, transpose_b=True), (height, 2, n, width))


def _uniform(seed, first, shape, dtype):
    """Uniform numbers in (-1, 1), number `first` and on of the seed's."""
    return uniform(seed, tf.reshape(tf.range(first, first + int(np.prod(shape))), shape), dtype)


def _interpolate(X, rows, image_shape, y, x):
    """Bilinear values of the images at (y, x), of shape (height, n, width)."""
    height, width = image_shape
    y = tf.clip_by_value(y, 0, height - 1)
    x = tf.clip_by_value(x, 0, width - 1)
    top = tf.minimum(tf.cast(y, tf.int32), height - 2)
    left = tf.minimum(tf.cast(x, tf.int32), width - 2)
    down, right = y - tf.cast(top, y.dtype), x - tf.cast(left, x.dtype)
    pixels = tf.reshape(X, [-1])
    # The pixels are fetched from all the data at once; a batch of its own would be written and read again.
    numbers = tf.int32 if X.shape[0] * X.shape[1] < 2**31 else tf.int64
    first = tf.cast(rows, numbers)[:, tf.newaxis] * (height * width) + tf.cast(top * width + left, numbers)

    def pixel(offset):
        return tf.cast(tf.gather(pixels, first + offset), y.dtype)

    upper = pixel(0) * (1 - right) + pixel(1) * right
    lower = pixel(width) * (1 - right) + pixel(width + 1) * right
    return upper * (1 - down) + lower * down
