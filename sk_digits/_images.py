"""Arrays of images: stacks and rows, height and width, names of the pixels, linear maps of the pixels."""

import math
from numbers import Integral

import numpy as np
from scipy import sparse


def stack_images(X, name="X"):
    """Return a list or tuple of images, or of rows, as one array, and anything else as it is.

    Parameters
    ----------
    X : array-like
        A list may hold arrays or further lists.
    name : str, default="X"
        Name of the argument in error messages.

    Returns
    -------
    X : array-like

    Raises
    ------
    ValueError
        If the images of a list differ in shape.
    """
    if not isinstance(X, list | tuple):
        return X
    try:
        return np.asarray(X)
    except ValueError as error:
        raise ValueError(f"{name} must hold images or rows of one shape, {_shape_difference(X)}.") from error


def _shape_difference(items):
    shapes = []
    for index, item in enumerate(items):
        try:
            shapes.append(np.shape(item))
        except ValueError:
            return f"but item {index} has rows of different lengths"
        if shapes[-1] != shapes[0]:
            return f"got shape {shapes[0]} at item 0 and shape {shapes[-1]} at item {index}"
    return f"got {len(shapes)} items that cannot be stacked"


def images_as_rows(X, name="X"):
    """Flatten a stack of images.

    Parameters
    ----------
    X : array-like
        Images of shape (n, height, width) or (n, height, width, 1) are flattened; anything else is
        returned as it is.
    name : str, default="X"
        Name of the argument in error messages.

    Returns
    -------
    X : array-like
        Rows of pixels.
    image_shape : tuple of two int or None
        Height and width; None if `X` is not a stack of images.

    Raises
    ------
    ValueError
        If the images have more than one channel, or differ in shape.
    """
    X = stack_images(X, name)
    shape = getattr(X, "shape", ())
    if len(shape) < 3:
        return X, None
    if len(shape) > 4 or (len(shape) == 4 and shape[3] != 1):
        raise ValueError(
            f"{name} must be a stack of images with one channel, of shape (n, height, width) or "
            f"(n, height, width, 1), got shape {tuple(shape)}."
        )
    return np.asarray(X).reshape(shape[0], shape[1] * shape[2]), tuple(shape[1:3])


def check_image_shape(shape, name, min_side=1):
    """Return `shape` as a tuple of height and width, or raise ValueError if it is not one."""
    shape = tuple(shape)
    if len(shape) != 2 or not all(isinstance(side, Integral) and side >= min_side for side in shape):
        raise ValueError(f"{name} must be two int of at least {min_side}, height and width, got {shape!r}.")
    return shape


def infer_image_shape(n_features, *candidates, min_side=1):
    """Return the height and width of images of `n_features` pixels.

    Parameters
    ----------
    n_features : int
    *candidates : tuple of two int or None
        The first that is not None is taken; if there is none, images are square.
    min_side : int, default=1
        Smallest height and width.

    Returns
    -------
    image_shape : tuple of two int

    Raises
    ------
    ValueError
        If no image of this shape has `n_features` pixels.
    """
    shape = next((shape for shape in candidates if shape is not None), None)
    if shape is None:
        shape = (math.isqrt(n_features),) * 2
        if math.prod(shape) != n_features or shape[0] < min_side:
            raise ValueError(
                f"{n_features} features are not a square image of at least {min_side}x{min_side} pixels; "
                "pass image_shape=(height, width), or a stack of images."
            )
        return shape
    shape = check_image_shape(shape, "image_shape", min_side)
    if math.prod(shape) != n_features:
        raise ValueError(
            f"image_shape={shape} has {math.prod(shape)} pixels, but the images have {n_features} features."
        )
    return shape


def check_same_image_shape(image_shape, fitted_shape, estimator_name, name="X"):
    """Raise ValueError if images differ in shape from those an estimator was fitted on."""
    if image_shape and fitted_shape and image_shape != fitted_shape:
        raise ValueError(
            f"{name} has images of shape {image_shape}, but {estimator_name} was fitted on images of shape "
            f"{fitted_shape}."
        )


def pixel_names(image_shape):
    """Return the names of the pixels of an image, row by row: "pixel_0_0" and so on."""
    return [f"pixel_{row}_{column}" for row, column in np.ndindex(*image_shape)]


def affine_map(image_shape, angle, scale):
    """Return the rotation and scaling of an image as a linear map of its pixels.

    Parameters
    ----------
    image_shape : tuple of two int
        Height and width.
    angle : float
        Rotation about the centre, in radians.
    scale : float
        Sampling distance; values above 1 shrink the content of the image.

    Returns
    -------
    sparse array of shape (height * width, height * width), float32
        ``image @ map`` interpolates the image bilinearly; outside the image its border is repeated.
    """
    height, width = image_shape
    v, u = np.mgrid[:height, :width] * scale
    v, u = v - (height - 1) / 2 * scale, u - (width - 1) / 2 * scale
    y = np.clip(math.sin(angle) * u + math.cos(angle) * v + (height - 1) / 2, 0, height - 1)
    x = np.clip(math.cos(angle) * u - math.sin(angle) * v + (width - 1) / 2, 0, width - 1)
    top, left = np.minimum(y.astype(int), height - 2), np.minimum(x.astype(int), width - 2)
    down, right = y - top, x - left
    shares = ((1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right)
    first = top * width + left
    sources = (first, first + 1, first + width, first + width + 1)
    n = height * width
    columns = np.tile(np.arange(n), 4)
    return sparse.csc_matrix(
        (np.ravel(shares).astype(np.float32), (np.ravel(sources), columns)), shape=(n, n)
    )
