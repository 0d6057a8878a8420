"""Augmentation of the training images: random deformations, drawn for every image in every epoch."""

import math
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from ._engine._spec import Deformation
from ._images import infer_image_shape

__all__ = ["RandomDeformation"]


class RandomDeformation(BaseEstimator):
    """Random elastic displacement, rotation, scaling, shear and shift of each image.

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

    image_shape : tuple of two int or None, default=None
        Height and width. None uses the shape of the stack of images passed to `fit`, and a square for rows
        of features.

    See Also
    --------
    sk_digits.DenseDigitClassifier : Trains on the deformed images.

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

    _parameter_constraints: dict = {  # noqa: RUF012, scikit-learn's own form
        "displacement": [Interval(Real, 0, None, closed="left")],
        "smoothness": [Interval(Real, 0.5, None, closed="left")],
        "rotation": [Interval(Real, 0, 180, closed="both")],
        "scaling": [Interval(Real, 0, 1, closed="left")],
        "shear": [Interval(Real, 0, 90, closed="left")],
        "shift": [Interval(Real, 0, None, closed="left")],
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
        image_shape=None,
    ):
        self.displacement = displacement
        self.smoothness = smoothness
        self.rotation = rotation
        self.scaling = scaling
        self.shear = shear
        self.shift = shift
        self.image_shape = image_shape

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
        ),
        smoothness=float(params.smoothness),
    )
