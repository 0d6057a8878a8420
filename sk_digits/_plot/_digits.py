"""`DigitsDisplay`: a sample of images with true and predicted labels."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from ._figure import FigureMixin
from ._inputs import check_counts, check_images, check_images_and_labels
from ._mosaic import plot_captioned_images

# Told apart by a red-blind person, too; wrong images also have a frame.
CORRECT_COLOR, WRONG_COLOR = "black", "#d55e00"


class DigitsDisplay(FigureMixin):
    """Grid of images with their true and predicted labels.

    Use `from_estimator` or `from_predictions` to create a DigitsDisplay.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width)
        Images to draw.

    y_true : ndarray of shape (n_images,)
        True labels.

    y_pred : ndarray of shape (n_images,)
        Predicted labels.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the images.

    figure_ : matplotlib.figure.Figure
        Figure of `ax_`; `figure_.savefig` saves it to a file.

    im_ : matplotlib.image.AxesImage
        The grid of all images.

    text_ : list of matplotlib.text.Text
        The labels: the true one, and of wrong predictions both, in orange beside a framed image.

    See Also
    --------
    MistakesDisplay : Misclassified images, most confident mistakes first.

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
            Axes to draw on. If None, a new figure is created.

        n_columns : int, default=10
            Maximum number of images per row.

        cmap : str or matplotlib.colors.Colormap, default="gray_r"
            Colormap of the pixels.

        Returns
        -------
        self : DigitsDisplay
            The Display, with `ax_`, `figure_`, `im_` and `text_` set.

        Raises
        ------
        TypeError
            If `n_columns` is not an int.
        ValueError
            If `n_columns` is less than 1.
        """
        check_counts(n_columns=n_columns)
        pairs = list(zip(self.y_true, self.y_pred, strict=True))
        is_wrong = np.not_equal(self.y_true, self.y_pred)
        captions = [f"{true} → {pred}" if true != pred else str(true) for true, pred in pairs]
        colors = [WRONG_COLOR if wrong else CORRECT_COLOR for wrong in is_wrong]
        title = f"{is_wrong.sum()} of {len(pairs)} wrong"
        if is_wrong.any():
            title += ": framed, with true → predicted label"
        plot_captioned_images(
            self, ax, captions, colors, title, 1, n_columns, cmap, framed=is_wrong, frame_color=WRONG_COLOR
        )
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
        """Draw a sample of images with the predictions of an estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted classifier, or a pipeline or search that ends in one.

        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images; a stack of shape (n_samples, height, width[, 1]) is accepted as well.

        y : array-like of shape (n_samples,)
            True labels.

        n_images : int, default=20
            Number of images, drawn at random and shown in the order of `X`. If there are no more than that,
            all are shown.

        image_shape : tuple of two int or None, default=None
            Height and width. If None, they are those of a stack, or those that `estimator` was fitted on;
            otherwise images are square.

        random_state : int, RandomState instance or None, default=None
            Seed of the random sample. Pass an int for reproducible output.

        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        n_columns : int, default=10
            Maximum number of images per row.

        cmap : str or matplotlib.colors.Colormap, default="gray_r"
            Colormap of the pixels.

        Returns
        -------
        display : DigitsDisplay
            The Display, with its figure drawn.

        Raises
        ------
        TypeError
            If `n_images` or `n_columns` is not an int.
        ValueError
            If `n_images` or `n_columns` is less than 1, the lengths differ, or the features are not an
            image.
        """
        check_counts(n_images=n_images, n_columns=n_columns)
        check_is_fitted(estimator)
        check_consistent_length(X, y)
        y_pred = estimator.predict(X)
        return cls.from_predictions(
            check_images(X, image_shape, estimator),
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
        """Draw a sample of images with given predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images; a stack of shape (n_samples, height, width[, 1]) is accepted as well.

        y_true : array-like of shape (n_samples,)
            True labels.

        y_pred : array-like of shape (n_samples,)
            Predicted labels.

        n_images : int, default=20
            Number of images, drawn at random and shown in the order of `X`. If there are no more than that,
            all are shown.

        image_shape : tuple of two int or None, default=None
            Height and width. If None, they are those of a stack; otherwise images are square.

        random_state : int, RandomState instance or None, default=None
            Seed of the random sample. Pass an int for reproducible output.

        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        n_columns : int, default=10
            Maximum number of images per row.

        cmap : str or matplotlib.colors.Colormap, default="gray_r"
            Colormap of the pixels.

        Returns
        -------
        display : DigitsDisplay
            The Display, with its figure drawn.

        Raises
        ------
        TypeError
            If `n_images` or `n_columns` is not an int.
        ValueError
            If `n_images` or `n_columns` is less than 1, the lengths differ, or the features are not an
            image.
        """
        check_counts(n_images=n_images, n_columns=n_columns)
        images, y_true, y_pred = check_images_and_labels(X, y_true, y_pred, image_shape)
        rng = check_random_state(random_state)
        sample = np.sort(rng.permutation(len(images))[:n_images])
        display = cls(images[sample], y_true[sample], y_pred[sample])
        return display.plot(ax=ax, n_columns=n_columns, cmap=cmap)
