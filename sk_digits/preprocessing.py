"""Digits that were not born in MNIST's frame: a transformer that brings them there, a reader of pictures."""

import math
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from ._images import images_as_rows
from ._reading._image_input import as_grey
from ._reading._mnist_frame import framed, ink_of, without_specks
from ._reading._reader import Digit, Reading, read_digits

__all__ = ["Digit", "DigitNormalizer", "Reading", "read_digits"]

# Pixels that are worked on at a time.
BLOCK = 2_000_000


class DigitNormalizer(TransformerMixin, BaseEstimator):
    """Bring images of one digit each into the frame in which the MNIST database has its digits.

    As that database was made [1]_: the digit is cropped, scaled into a box of 20x20 pixels with its aspect
    kept, and placed in 28x28 pixels with its centre of mass in the middle. What comes out is light on
    dark, in [0, 1], whatever came in: the background, dark or light, is found by Otsu's threshold [2]_ and
    the border, and each image is scaled by its own background and ink. Nothing is learned from the data.

    Parameters
    ----------
    image_shape : tuple of two int or None, default=None
        Height and width of the images that come in. None takes the shape of the images that `fit` is given
        as a stack; rows of features are a square or, where their number is no square, an image of one row.

    output_shape : tuple of two int, default=(28, 28)
        Height and width of the images that come out.

    box_size : int, default=20
        Longest side of the digit in them, in pixels; at most the smaller side of `output_shape`.

    Attributes
    ----------
    image_shape_ : tuple of two int
        Height and width of the images that come in.

    n_features_in_ : int
        Number of pixels of these.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where `X` had names that are all strings.

    See Also
    --------
    read_digits : Finds and reads several digits in a picture, with uneven light.

    Notes
    -----
    Images without any contrast come out as zeros. Pieces with less than 2 % of the ink of the largest are
    taken for specks and left out. The centre of mass is moved by whole pixels, so digits of MNIST come
    out as they are, but for a few with such specks.

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
    >>> images = 255 - 200 * load_digits().images[:5]  # dark on light, 8x8 pixels
    >>> X = DigitNormalizer().fit_transform(images)
    >>> X.shape, X.dtype.name, float(X.min()), float(X.max())
    ((5, 784), 'float32', 0.0, 1.0)
    """

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
        """Take down the shape of the images; nothing else is learned.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Images, also as a stack of shape (n_samples, height, width), (n_samples, height, width, 1), or in
            colour with 3 (RGB) or 4 (RGBA) in the place of 1. Any real dtype, any range of values.

        y : None, default=None
            Not used.

        Returns
        -------
        self : DigitNormalizer
            The fitted transformer.

        Raises
        ------
        ValueError
            Where the features are no image of `image_shape`, and where a parameter is out of bounds.
        """
        shape = _pair(self.output_shape, "output_shape")
        if self.box_size > min(shape):
            raise ValueError(
                f"box_size={self.box_size} is more than output_shape={shape} has room for; it may be "
                f"{min(shape)} at most."
            )
        X, stack_shape = _as_rows(X)
        X = validate_data(self, X, reset=True)
        self.image_shape_ = self._input_shape(X.shape[1], stack_shape)
        return self

    def transform(self, X):
        """Images in MNIST's frame.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Images, in any form that `fit` takes.

        Returns
        -------
        X_out : ndarray of shape (n_samples, n_pixels), float32
            Rows of `output_shape`, 784 pixels by default: ink is 1, background 0.

        Raises
        ------
        ValueError
            Where the images are of another shape than those of `fit`.
        """
        check_is_fitted(self)
        X, stack_shape = _as_rows(X)
        if stack_shape not in (None, self.image_shape_):
            raise ValueError(
                f"X has images of shape {stack_shape}, but DigitNormalizer was fitted on images of shape "
                f"{self.image_shape_}."
            )
        X = validate_data(self, X, reset=False, dtype=np.float64)
        shape = tuple(self.output_shape)
        out = np.empty((len(X), math.prod(shape)), np.float32)
        for rows in gen_batches(len(X), max(1, BLOCK // X.shape[1])):
            ink = without_specks(ink_of(X[rows].reshape(-1, *self.image_shape_)))
            out[rows] = framed(ink, shape, self.box_size).reshape(len(ink), -1)
        return out

    def get_feature_names_out(self, input_features=None):
        """Names of the pixels that come out.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the pixels that come in; only their number is checked.

        Returns
        -------
        names : ndarray of shape (n_pixels,), object
            "pixel_0_0" and so on: row and column, as `load_mnist` names them.
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features)
        return np.array([f"pixel_{i}_{j}" for i, j in np.ndindex(*self.output_shape)], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _input_shape(self, n_features, stack_shape):
        if self.image_shape is None:
            side = math.isqrt(n_features)
            return stack_shape or ((side, side) if side * side == n_features else (1, n_features))
        shape = _pair(self.image_shape, "image_shape")
        if math.prod(shape) != n_features or stack_shape not in (None, shape):
            given = f"images of shape {stack_shape}" if stack_shape else f"{n_features} features"
            raise ValueError(f"image_shape={shape} are {math.prod(shape)} pixels, but X has {given}.")
        return shape


def _pair(shape, name):
    shape = tuple(shape)
    if len(shape) != 2 or not all(isinstance(side, Integral) and side > 0 for side in shape):
        raise ValueError(f"{name}={shape!r} must be two positive int: height and width.")
    return shape


def _as_rows(X):
    """Rows of pixels, colours made grey; and height and width, where `X` was a stack."""
    shape = getattr(X, "shape", ())
    if len(shape) == 4 and shape[3] in (3, 4):
        X = np.stack([as_grey(image) for image in np.asarray(X)])
    return images_as_rows(X)
