"""`DigitsDisplay`: a sample of images with their labels."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from ._mosaic import Display, as_images, checked_images, draw_grid

RIGHT, WRONG = "black", "crimson"


class DigitsDisplay(Display):
    """Images in a grid, each with its true and its predicted label.

    Make it by `from_estimator` or `from_predictions`.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width)
        What is shown.

    y_true : ndarray of shape (n_images,)
        True labels.

    y_pred : ndarray of shape (n_images,)
        Predicted labels.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.

    figure_ : matplotlib.figure.Figure
        Figure of `ax_`; `figure_.savefig` writes it to a file.

    im_ : matplotlib.image.AxesImage
        All images, as one.

    text_ : list of matplotlib.text.Text
        The labels; those of wrong predictions are red.

    See Also
    --------
    MistakesDisplay : Only what was predicted wrongly, the worst first.

    Examples
    --------
    >>> from sk_digits import DenseDigitClassifier
    >>> from sk_digits.datasets import load_digits
    >>> from sk_digits.plotting import DigitsDisplay
    >>> digits = load_digits()
    >>> clf = DenseDigitClassifier((32,), random_state=0).fit(digits.data_train, digits.target_train)
    >>> display = DigitsDisplay.from_estimator(clf, digits.data_test, digits.target_test, random_state=0)
    >>> len(display.text_)
    20
    """

    def __init__(self, images, y_true, y_pred):
        self.images = images
        self.y_true = y_true
        self.y_pred = y_pred

    def plot(self, *, ax=None, n_columns=10, cmap="gray_r"):
        """Draw the images.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        n_columns : int, default=10
            Images in a row, at most.

        cmap : str or matplotlib.colors.Colormap, default="gray_r"
            Colours of the pixels.

        Returns
        -------
        self : DigitsDisplay
            With `ax_`, `figure_`, `im_` and `text_`.
        """
        captions = [f"{true} → {pred}" for true, pred in zip(self.y_true, self.y_pred, strict=True)]
        colors = [RIGHT if right else WRONG for right in np.equal(self.y_true, self.y_pred)]
        draw_grid(self, ax, captions, colors, "true → predicted", 1, n_columns, cmap)
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        n_images=20,
        image_shape=None,
        random_state=None,
        ax=None,
        n_columns=10,
        cmap="gray_r",
    ):
        """Predict a sample of images, and draw it.

        Parameters
        ----------
        estimator : estimator
            Fitted classifier, or a pipeline or search that ends in one.

        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images, also as a stack of shape (n_samples, height, width).

        y : array-like of shape (n_samples,)
            True labels.

        n_images : int, default=20
            Images to draw at random; all, in their order, where there are no more.

        image_shape : tuple of two int or None, default=None
            Height and width. None takes them from a stack, from what `estimator` was fitted on, or a square.

        random_state : int, RandomState instance or None, default=None
            Seed of the sample.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        n_columns : int, default=10
            Images in a row, at most.

        cmap : str or matplotlib.colors.Colormap, default="gray_r"
            Colours of the pixels.

        Returns
        -------
        display : DigitsDisplay
            Drawn.

        Raises
        ------
        ValueError
            Where the lengths differ or the features are no image.
        """
        check_is_fitted(estimator)
        check_consistent_length(X, y)
        y_pred = estimator.predict(X)
        return cls.from_predictions(
            as_images(X, image_shape, estimator),
            y,
            y_pred,
            n_images=n_images,
            random_state=random_state,
            ax=ax,
            n_columns=n_columns,
            cmap=cmap,
        )

    @classmethod
    def from_predictions(
        cls,
        X,
        y_true,
        y_pred,
        *,
        n_images=20,
        image_shape=None,
        random_state=None,
        ax=None,
        n_columns=10,
        cmap="gray_r",
    ):
        """Draw a sample of images with labels that are at hand.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images, also as a stack of shape (n_samples, height, width).

        y_true : array-like of shape (n_samples,)
            True labels.

        y_pred : array-like of shape (n_samples,)
            Predicted labels.

        n_images : int, default=20
            Images to draw at random; all, in their order, where there are no more.

        image_shape : tuple of two int or None, default=None
            Height and width. None takes them from a stack, or a square.

        random_state : int, RandomState instance or None, default=None
            Seed of the sample.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        n_columns : int, default=10
            Images in a row, at most.

        cmap : str or matplotlib.colors.Colormap, default="gray_r"
            Colours of the pixels.

        Returns
        -------
        display : DigitsDisplay
            Drawn.

        Raises
        ------
        ValueError
            Where the lengths differ or the features are no image.
        """
        images, y_true, y_pred = checked_images(X, y_true, y_pred, image_shape)
        rng = check_random_state(random_state)
        shown = np.sort(rng.permutation(len(images))[:n_images])
        display = cls(images[shown], y_true[shown], y_pred[shown])
        return display.plot(ax=ax, n_columns=n_columns, cmap=cmap)
