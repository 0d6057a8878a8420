"""Random deformations of digit images, drawn anew for every image in every epoch of training."""

import math
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from ._validation import image_shape_of


class RandomDeformation(BaseEstimator):
    """Elastic displacements, rotation, scaling, shear and shift, drawn at random for each image.

    Give it to `DenseDigitClassifier` as `augmentation`: every image is deformed anew in every epoch,
    inside the compiled training loop, and predictions see the images as they are. Its parameters can be
    searched as ``augmentation__rotation`` and so on.

    Parameters
    ----------
    displacement : float, default=0.8
        How far a smooth random displacement field moves the pixels [1]_: root mean square, in pixels,
        for each axis.

    smoothness : float, default=5.0
        Standard deviation, in pixels, of the Gaussian that makes the displacement field smooth.

    rotation : float, default=10.0
        Largest rotation to either side, in degrees.

    scaling : float, default=0.1
        Largest change of height and of width, drawn apart, as a share of them.

    shear : float, default=5.0
        Largest slant to either side, in degrees.

    shift : float, default=1.0
        Largest shift up or down, left or right, in pixels.

    image_shape : tuple of two int or None, default=None
        Height and width. None takes the shape of the images that `fit` is given as a stack, and a square
        for rows of features.

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
        """Deformed copies to look at, as training would see them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, height, width)
            Images.

        n : int, default=10
            Copies of each image.

        random_state : int, RandomState instance or None, default=None
            Seed of the deformations.

        Returns
        -------
        copies : ndarray of shape (n_samples, n, height, width), float32
            Deformed images.

        Raises
        ------
        ValueError
            Where the features are no image, and where a parameter is out of bounds.
        """
        from ._engine import _trainer as _training

        X = np.asarray(X, dtype=np.float32)
        stack_shape = X.shape[1:3] if X.ndim > 2 else None
        X = X.reshape(len(X), -1)
        settings = self.settings(X.shape[1], stack_shape)
        seed = check_random_state(random_state).randint(2**32, dtype=np.uint32)
        copies = _training.deformed(X.repeat(n, axis=0), settings, seed)
        return copies.reshape(len(X), n, *settings["image_shape"])

    def settings(self, n_features, image_shape=None):
        """What the training needs to know, checked.

        Parameters
        ----------
        n_features : int
            Pixels of an image.

        image_shape : tuple of two int or None, default=None
            Shape of the stack that the images came in.

        Returns
        -------
        settings : dict
            The image shape, the amplitudes in pixels and radians, and the smoothness.
        """
        self._validate_params()
        shape = self.image_shape if self.image_shape is not None else image_shape
        return {
            "image_shape": image_shape_of(n_features, shape, "augmentation=RandomDeformation"),
            "amplitudes": (
                self.displacement,
                math.radians(self.rotation),
                self.scaling,
                math.radians(self.shear),
                self.shift,
            ),
            "smoothness": float(self.smoothness),
        }
