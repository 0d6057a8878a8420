"""Augmentation of the training images.

`RandomDeformation` changes every image anew in every epoch. `draw_digits`, `draw_touching_digits` and
`draw_non_digits` draw images that are added to the training rows once: they depend on the label, or have one
of their own.
"""

import math
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length, check_random_state, check_scalar
from sklearn.utils._param_validation import Interval

from ._augmentation import _composition, _glyphs, _non_digits
from ._engine._spec import Deformation
from ._images import infer_image_shape
from ._summary import api_page_template

__all__ = ["RandomDeformation", "draw_digits", "draw_non_digits", "draw_touching_digits"]


class RandomDeformation(BaseEstimator):
    """Random elastic displacement, rotation, scaling, shear, shift and strokes of each image.

    Pass an instance to `DenseDigitClassifier` as `augmentation`. Every image is deformed anew in every epoch,
    inside the compiled training loop; predictions are made on the images as they are. Its parameters can be
    searched, for example as ``augmentation__rotation``.

    Parameters
    ----------
    displacement : float, default=0.8
        Root mean square of the smooth random displacement field along each axis [1]_, in pixels.

    smoothness : float, default=5.0
        Standard deviation of the Gaussian that smooths the displacement field, in pixels.

    rotation : float, default=10.0
        Largest rotation in either direction, in degrees.

    scaling : float, default=0.1
        Largest relative change of height and of width, which are drawn independently.

    shear : float, default=5.0
        Largest shear angle in either direction, in degrees.

    shift : float, default=1.0
        Largest shift along each axis, in pixels.

    thickness : float, default=0.0
        Largest change of the radius of the strokes, in pixels: they become thicker, as those of a marker, by
        up to this, or thinner by up to half of it.

    gaps : int, default=0
        Number of gaps in each image, discs of 1.5 pixels radius, as a pen that runs dry leaves them.

    neighbours : float, default=0.0
        Share of the images that have ink of another digit at their left or right edge.

    image_shape : tuple of two int or None, default=None
        Height and width. None uses the shape of the stack of images passed to `fit`, and a square for rows
        of features.

    See Also
    --------
    draw_digits : Draw digits in styles of writing that MNIST lacks.
    sk_digits.DenseDigitClassifier : Trains on the deformed images.

    Notes
    -----
    `thickness`, `gaps` and `neighbours` take the lightest pixels of an image for ink, as in MNIST.

    References
    ----------
    .. [1] P. Simard, D. Steinkraus and J. Platt, "Best Practices for Convolutional Neural Networks Applied
       to Visual Document Analysis", ICDAR 2003.
    .. [2] D. Ciresan et al., "Deep, Big, Simple Neural Nets for Handwritten Digit Recognition", Neural
       Computation 2010.

    Examples
    --------
    >>> from sk_digits import DenseDigitClassifier
    >>> from sk_digits.augmentation import RandomDeformation
    >>> from sk_digits.datasets import load_digits
    >>> digits = load_digits()
    >>> light = RandomDeformation(displacement=0.2, smoothness=2, shift=0.5)
    >>> clf = DenseDigitClassifier((128,), epochs=60, augmentation=light, random_state=0)
    >>> clf.fit(digits.data_train, digits.target_train).score(digits.data_test, digits.target_test) > 0.9
    True
    """

    _doc_link_module = "sk_digits"
    _doc_link_template = property(api_page_template)

    _parameter_constraints: dict = {  # noqa: RUF012, scikit-learn's own form
        "displacement": [Interval(Real, 0, None, closed="left")],
        "smoothness": [Interval(Real, 0.5, None, closed="left")],
        "rotation": [Interval(Real, 0, 180, closed="both")],
        "scaling": [Interval(Real, 0, 1, closed="left")],
        "shear": [Interval(Real, 0, 90, closed="left")],
        "shift": [Interval(Real, 0, None, closed="left")],
        "thickness": [Interval(Real, 0, 1.5, closed="both")],
        "gaps": [Interval(Integral, 0, 20, closed="both")],
        "neighbours": [Interval(Real, 0, 1, closed="both")],
        "image_shape": ["array-like", None],
    }

    def __init__(
        self,
        *,
        displacement=0.8,
        smoothness=5.0,
        rotation=10.0,
        scaling=0.1,
        shear=5.0,
        shift=1.0,
        thickness=0.0,
        gaps=0,
        neighbours=0.0,
        image_shape=None,
    ):
        self.displacement = displacement
        self.smoothness = smoothness
        self.rotation = rotation
        self.scaling = scaling
        self.shear = shear
        self.shift = shift
        self.thickness = thickness
        self.gaps = gaps
        self.neighbours = neighbours
        self.image_shape = image_shape

    def __setstate__(self, state):
        # Pickles of version 0.1 lack the parameters that it did not have.
        super().__setstate__(type(self)().get_params() | state)

    def preview(self, X, n=10, random_state=None):
        """Return deformed copies of images, as training would see them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, height, width)
            Images to deform.

        n : int, default=10
            Number of copies of each image.

        random_state : int, RandomState instance or None, default=None
            Seed of the deformations.

        Returns
        -------
        copies : ndarray of shape (n_samples, n, height, width), float32
            Deformed images.

        Raises
        ------
        ValueError
            If the features are not an image, or a parameter is out of range.

        Examples
        --------
        >>> from sk_digits.augmentation import RandomDeformation
        >>> from sk_digits.datasets import load_digits
        >>> RandomDeformation().preview(load_digits().images[:3], n=5, random_state=0).shape
        (3, 5, 8, 8)
        """
        from ._engine import _trainer

        X = np.asarray(X, dtype=np.float32)
        stack_shape = X.shape[1:3] if X.ndim > 2 else None
        X = X.reshape(len(X), -1)
        deformation = make_deformation(self, X.shape[1], stack_shape)
        seed = check_random_state(random_state).randint(2**32, dtype=np.uint32)
        copies = _trainer.deform_images(X.repeat(n, axis=0), deformation, seed)
        return copies.reshape(len(X), n, *deformation.image_shape)


def draw_digits(labels, *, random_state=None):
    """Draw digits with the strokes of styles of writing that MNIST has few of.

    A 1 with a flag or a base, a 7 with a bar or a serif, a closed 4 or one in a single stroke, a 9 with a
    curled tail, a 2 with loops or a long base, an open or barred 0 and others, each style as likely as the
    others of its label. The strokes are jittered, warped, bent, slanted, widened or narrowed, and drawn with
    pens from a hairline to a marker.

    Parameters
    ----------
    labels : array-like of int, shape (n_samples,)
        Digits to draw, from 0 to 9.

    random_state : int, RandomState instance or None, default=None
        Seed of the drawing.

    Returns
    -------
    X : ndarray of shape (n_samples, 784), float32
        Images in MNIST's frame as rows of pixels, in [0, 1].

    Raises
    ------
    ValueError
        If a label is no integer from 0 to 9.

    See Also
    --------
    draw_non_digits : Draw what is no digit.

    Examples
    --------
    >>> from sk_digits.augmentation import draw_digits
    >>> draw_digits([1, 7, 7, 4], random_state=0).shape
    (4, 784)
    """
    labels = _check_digits(labels, "labels")
    return _glyphs.draw_glyphs(labels, check_random_state(random_state)).reshape(len(labels), 784)


def draw_non_digits(n_samples, X, y, *, random_state=None):
    """Draw images that are no digits, for a class of their own.

    Halves and touching pairs of the given digits, dashes, dots and commas, pieces of ruled lines, letters,
    scribbles, textures and blanks, in MNIST's frame. Shapes that could be a digit, such as the half of 8 that
    is a 3, are left out.

    Parameters
    ----------
    n_samples : int
        Number of images to draw.

    X : array-like of shape (n_digits, 784)
        Images of digits in MNIST's frame, in [0, 1], to take halves and pairs from.

    y : array-like of int, shape (n_digits,)
        Their labels, from 0 to 9.

    random_state : int, RandomState instance or None, default=None
        Seed of the drawing.

    Returns
    -------
    X_out : ndarray of shape (n_samples, 784), float32
        Images as rows of pixels, in [0, 1].

    Raises
    ------
    ValueError
        If `n_samples` is negative, `X` does not have 784 pixels a row, or a label is no integer from 0 to 9.

    See Also
    --------
    draw_digits : Draw digits in styles of writing that MNIST lacks.

    Examples
    --------
    >>> from sk_digits.augmentation import draw_digits, draw_non_digits
    >>> y = [0, 2, 5, 8]
    >>> draw_non_digits(3, draw_digits(y, random_state=0), y, random_state=0).shape
    (3, 784)
    """
    images, y = _check_digit_images(n_samples, X, y)
    random_state = check_random_state(random_state)
    drawings = _non_digits.draw_non_digits(n_samples, images, y, random_state)
    return _glyphs.frame(drawings).reshape(n_samples, 784)


def draw_touching_digits(n_samples, X, y, *, random_state=None):
    """Cut digits out of lines in which they touch their neighbours.

    Each image is a digit of `X`, with what a cut between touching digits leaves of its neighbours and of
    strokes that join them, in MNIST's frame.

    Parameters
    ----------
    n_samples : int
        Number of images to draw.

    X : array-like of shape (n_digits, 784)
        Images of digits in MNIST's frame, in [0, 1].

    y : array-like of int, shape (n_digits,)
        Their labels, from 0 to 9.

    random_state : int, RandomState instance or None, default=None
        Seed of the drawing.

    Returns
    -------
    X_out : ndarray of shape (n_samples, 784), float32
        Images as rows of pixels, in [0, 1].

    y_out : ndarray of shape (n_samples,), int
        Their labels.

    Raises
    ------
    ValueError
        If `n_samples` is negative, `X` does not have 784 pixels a row, or a label is no integer from 0 to 9.

    See Also
    --------
    draw_non_digits : Draw, among others, what is cut out at the wrong place.

    Examples
    --------
    >>> from sk_digits.augmentation import draw_digits, draw_touching_digits
    >>> y = [0, 2, 5, 8]
    >>> X_out, y_out = draw_touching_digits(3, draw_digits(y, random_state=0), y, random_state=0)
    >>> X_out.shape, y_out.shape
    ((3, 784), (3,))
    """
    images, y = _check_digit_images(n_samples, X, y)
    random_state = check_random_state(random_state)
    indices = random_state.randint(len(images), size=n_samples)
    drawings = [_composition.cut_out_touching_digit(images, index, random_state) for index in indices]
    return _glyphs.frame(drawings).reshape(n_samples, 784), y[indices]


def _check_digit_images(n_samples, X, y):
    """Return images of shape (n_digits, 28, 28) and their labels."""
    check_scalar(n_samples, "n_samples", Integral, min_val=0)
    X, y = np.asarray(X), _check_digits(y, "y")
    if X.ndim != 2 or X.shape[1] != 784 or not len(X):
        raise ValueError(f"X must be rows of 784 pixels, 28x28 as MNIST's, got an array of shape {X.shape}.")
    check_consistent_length(X, y)
    return X.reshape(-1, 28, 28), y


def _check_digits(labels, name):
    """Return labels as an array, or raise ValueError if one is no integer from 0 to 9."""
    labels = np.asarray(labels)
    wrong = labels[~np.isin(labels, range(10))]
    if labels.ndim != 1 or len(wrong):
        raise ValueError(
            f"{name} must be a list of integers from 0 to 9, got {wrong[:3] if len(wrong) else labels!r}."
        )
    return labels.astype(int)


def make_deformation(params, n_features, stack_shape):
    """Return the engine's `Deformation` of a `RandomDeformation`.

    Parameters
    ----------
    params : RandomDeformation
    n_features : int
        Number of pixels of an image.
    stack_shape : tuple of two int or None
        Height and width, if the images were passed as a stack.

    Raises
    ------
    ValueError
        If the features are not an image, or a parameter is out of range.
    """
    params._validate_params()
    try:
        shape = infer_image_shape(n_features, params.image_shape, stack_shape, min_side=2)
    except ValueError as error:
        raise ValueError(f"augmentation=RandomDeformation requires images: {error}") from error
    return Deformation(
        image_shape=shape,
        amplitudes=(
            params.displacement,
            math.radians(params.rotation),
            params.scaling,
            math.radians(params.shear),
            params.shift,
            params.thickness,
            params.neighbours,
        ),
        smoothness=float(params.smoothness),
        gaps=int(params.gaps),
    )
