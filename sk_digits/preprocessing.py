"""Public door to `_reading`: `DigitNormalizer` for images of one digit, `read_digits` for lines of digits.

The algorithms on arrays are in `_reading`; this module adds the scikit-learn transformer.
"""

import math
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from ._images import (
    check_image_shape,
    check_same_image_shape,
    images_as_rows,
    infer_image_shape,
    pixel_names,
    stack_images,
)
from ._reading._image_input import as_grey
from ._reading._reader import Digit, Reading, read_digits
from ._reading._single_digits import frame_images
from ._summary import api_page_template

__all__ = ["Digit", "DigitNormalizer", "Reading", "read_digits"]

# `transform` works on batches of about this many pixels, to bound its memory.
BATCH_PIXELS = 2_000_000
# Smallest height and width at which a digit is legible, as in scikit-learn's digits, and the largest ratio of
# its sides.
MIN_SIDE, MAX_ASPECT = 8, 3


class DigitNormalizer(TransformerMixin, BaseEstimator):
    """Place images of single digits in the frame of the MNIST database.

    The digit is cropped, scaled into a box of 20x20 pixels with its aspect ratio kept, and placed in an
    image of 28x28 pixels with its centre of mass in the middle, as the digits of MNIST were [1]_. The result
    has light ink on a dark background, in [0, 1], for any input: the polarity is found by Otsu's threshold
    [2]_ and the border, and each image is scaled by the levels of its own background and ink. Nothing is
    learned from the data but the shape of the images.

    Parameters
    ----------
    image_shape : tuple of two int or None, default=None
        Height and width of the input images. None takes the shape of the stack of images that `fit` is
        given; rows of features are square images or, if their number is not a square, images of one row.

    output_shape : tuple of two int, default=(28, 28)
        Height and width of the output images.

    box_size : int, default=20
        Longest side of the digit in the output images, in pixels; at most the smaller side of
        `output_shape`.

    Attributes
    ----------
    image_shape_ : tuple of two int
        Height and width of the input images.

    n_features_in_ : int
        Number of pixels of the input images.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features; set only if `X` has feature names that are all strings.

    See Also
    --------
    read_digits : Find and read several digits in one picture, with uneven light.

    Notes
    -----
    Images without contrast become zeros. Uneven light is removed from images with a side of 60 pixels or
    more. Connected components with less than 2 % of the ink of the largest one are removed as specks and, in
    images larger than MNIST's, those that touch the border if a digit is left inside: frames, and parts of
    neighbours. The centre of mass is moved by whole pixels, so the digits of MNIST stay as they are, except
    for a few with such specks.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-Based Learning Applied to Document
       Recognition", Proceedings of the IEEE, 1998.
    .. [2] N. Otsu, "A Threshold Selection Method from Gray-Level Histograms", IEEE Transactions on Systems,
       Man, and Cybernetics, 1979.

    Examples
    --------
    >>> from sk_digits.datasets import load_digits
    >>> from sk_digits.preprocessing import DigitNormalizer
    >>> images = 255 - 200 * load_digits().images[:5]  # dark ink on light paper, 8x8 pixels
    >>> normalizer = DigitNormalizer().fit(images)
    >>> normalizer.image_shape_
    (8, 8)
    >>> X = normalizer.transform(images)
    >>> X.shape, X.dtype.name, float(X.min()), float(X.max())
    ((5, 784), 'float32', 0.0, 1.0)
    """

    _doc_link_module = "sk_digits"
    _doc_link_template = property(api_page_template)

    _parameter_constraints: dict = {  # noqa: RUF012, scikit-learn's own form
        "image_shape": ["array-like", None],
        "output_shape": ["array-like"],
        "box_size": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, *, image_shape=None, output_shape=(28, 28), box_size=20):
        self.image_shape = image_shape
        self.output_shape = output_shape
        self.box_size = box_size

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Record the shape of the images.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Images as rows of pixels, or as a stack or a list of images of one shape: (height, width),
            (height, width, 1), (height, width, 3) for RGB or (height, width, 4) for RGBA. Any real dtype
            and any range of values.

        y : None, default=None
            Ignored.

        Returns
        -------
        self : DigitNormalizer
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter is invalid, if the images differ in shape, if they do not have `image_shape`, or
            if `X` is one image instead of a stack of images.
        """
        output_shape = check_image_shape(self.output_shape, "output_shape")
        if self.box_size > min(output_shape):
            raise ValueError(
                f"box_size must be at most {min(output_shape)}, the smaller side of "
                f"output_shape={output_shape}, got {self.box_size}."
            )
        X, stack_shape = _as_grey_rows(X, self.image_shape)
        X = validate_data(self, X, reset=True)
        if stack_shape is None:
            self._check_rows(X.shape)
        self.image_shape_ = self._input_image_shape(X.shape[1], stack_shape)
        return self

    def transform(self, X):
        """Place images in MNIST's frame.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Images, in any form that `fit` takes.

        Returns
        -------
        X_out : ndarray of shape (n_samples, n_pixels), float32
            Images of `output_shape` as rows of pixels, 784 by default: 1 is ink, 0 is background.

        Raises
        ------
        ValueError
            If the images do not have the shape of those that `fit` was given, or if `X` is one image.
        """
        check_is_fitted(self)
        X, stack_shape = _as_grey_rows(X, self.image_shape_)
        shape = getattr(X, "shape", ())
        if stack_shape is None and shape == self.image_shape_ and shape[1:] != (self.n_features_in_,):
            raise ValueError(_one_image_message(shape))
        check_same_image_shape(stack_shape, self.image_shape_, type(self).__name__)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        shape = tuple(self.output_shape)
        out = np.empty((len(X), math.prod(shape)), np.float32)
        for rows in gen_batches(len(X), max(1, BATCH_PIXELS // X.shape[1])):
            images = X[rows].reshape(-1, *self.image_shape_)
            out[rows] = frame_images(images, shape, self.box_size).reshape(len(images), -1)
        return out

    def get_feature_names_out(self, input_features=None):
        """Return the names of the output pixels.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the input pixels; only their number is checked.

        Returns
        -------
        names : ndarray of shape (n_pixels,), object
            "pixel_0_0" and so on, row and column, as in the data frames of `load_mnist`.
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features)
        return np.array(pixel_names(self.output_shape), dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _check_rows(self, shape):
        """Raise ValueError if `X` of this shape makes sense as one image, but not as rows of pixels."""
        height, width = shape
        if self.image_shape is not None:
            if shape == tuple(self.image_shape) and height > 1:
                raise ValueError(_one_image_message(shape))
            return
        # Smaller squares than 8x8 pixels are accepted for toy data, but not where X itself is a square.
        are_square_images = math.isqrt(width) ** 2 == width and (width >= MIN_SIDE**2 or height != width)
        if _can_be_digit(height, width) and not are_square_images:
            raise ValueError(
                f"{_one_image_message(shape)} If each row is an image, set image_shape=(height, width)."
            )

    def _input_image_shape(self, n_features, stack_shape):
        if self.image_shape is None and stack_shape is None and math.isqrt(n_features) ** 2 != n_features:
            return 1, n_features
        shape = infer_image_shape(n_features, self.image_shape, stack_shape)
        if stack_shape not in (None, shape):
            raise ValueError(f"image_shape={shape}, but X has images of shape {stack_shape}.")
        return shape


def _as_grey_rows(X, image_shape):
    """Return rows of grey pixels, and the height and width if `X` is a stack or a list of images.

    `image_shape` is the shape that the images must have, or None.
    """
    X = stack_images(X)
    shape = getattr(X, "shape", ())
    has_channels = len(shape) == 3 and shape[2] in (1, 3, 4) and _can_be_digit(*shape[:2])
    if has_channels and (image_shape is None or tuple(image_shape) != tuple(shape[1:])):
        raise ValueError(_one_image_message(shape))
    if len(shape) == 4 and shape[3] in (3, 4):
        X = np.array([as_grey(image) for image in np.asarray(X)]).reshape(shape[:3])
    return images_as_rows(X)


def _can_be_digit(height, width):
    return min(height, width) >= MIN_SIDE and max(height, width) <= MAX_ASPECT * min(height, width)


def _one_image_message(shape):
    return (
        f"X has shape {tuple(shape)}, which is that of one image; pass a stack of images, such as "
        "image[np.newaxis]."
    )
