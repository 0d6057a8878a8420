"""`MistakesDisplay`: misclassified images, most confident mistakes first."""

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from ._figure import FigureMixin
from ._inputs import check_counts, check_images, check_images_and_labels
from ._mosaic import plot_captioned_images


class MistakesDisplay(FigureMixin):
    """Misclassified images with their probabilities, most confident mistakes first.

    Mistakes are sorted by the probability of the predicted label, in descending order. Use `from_estimator`
    or `from_predictions` to create a MistakesDisplay.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width)
        Images to draw, most confident mistake first.

    y_true : ndarray of shape (n_images,)
        True labels.

    y_pred : ndarray of shape (n_images,)
        Predicted labels.

    proba_true : ndarray of shape (n_images,)
        Probabilities of the true labels.

    proba_pred : ndarray of shape (n_images,)
        Probabilities of the predicted labels.

    n_mistakes : int
        Number of all mistakes, including those that are not drawn.

    n_samples : int
        Number of all images, including those that were predicted correctly.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the images.

    figure_ : matplotlib.figure.Figure
        Figure of `ax_`; `figure_.savefig` saves it to a file.

    im_ : matplotlib.image.AxesImage or None
        The grid of all images; None if there are no mistakes.

    text_ : list of matplotlib.text.Text
        Labels and probabilities, or the message that there are no mistakes.

    See Also
    --------
    DigitsDisplay : Sample of images, predicted correctly or not.
    sklearn.metrics.ConfusionMatrixDisplay : Number of samples per true and predicted label.

    Examples
    --------
    >>> from sk_digits import DenseDigitClassifier
    >>> from sk_digits.datasets import load_digits
    >>> from sk_digits.plotting import MistakesDisplay
    >>> digits = load_digits()
    >>> clf = DenseDigitClassifier((32,), random_state=0).fit(digits.data_train, digits.target_train)
    >>> display = MistakesDisplay.from_estimator(clf, digits.data_test, digits.target_test)
    >>> display.n_samples
    360
    """

    def __init__(self, images, y_true, y_pred, proba_true, proba_pred, *, n_mistakes, n_samples):
        self.images = images
        self.y_true = y_true
        self.y_pred = y_pred
        self.proba_true = proba_true
        self.proba_pred = proba_pred
        self.n_mistakes = n_mistakes
        self.n_samples = n_samples

    def plot(self, *, ax=None, n_columns=8, cmap="gray_r"):
        """Draw the mistakes.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        n_columns : int, default=8
            Maximum number of images per row.

        cmap : str or matplotlib.colors.Colormap, default="gray_r"
            Colormap of the pixels.

        Returns
        -------
        self : MistakesDisplay
            The Display, with `ax_`, `figure_`, `im_` and `text_` set.

        Raises
        ------
        TypeError
            If `n_columns` is not an int.
        ValueError
            If `n_columns` is less than 1.
        """
        check_counts(n_columns=n_columns)
        captions = [
            f"{true} → {pred}\n{p_pred:.1%} sure"
            for true, pred, p_pred in zip(self.y_true, self.y_pred, self.proba_pred, strict=True)
        ]
        title = f"{self.n_mistakes:,} mistakes in {self.n_samples:,} images"
        if self.n_mistakes > len(self.images):
            title = f"The {len(self.images)} worst of {title}"
        title += "\ntrue → predicted label, and how sure the classifier was of it"
        if len(self.images) == 0:
            title = f"No mistakes in {self.n_samples:,} images"
        plot_captioned_images(self, ax, captions, ["black"] * len(captions), title, 2, n_columns, cmap)
        return self

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, n_images=24, image_shape=None, ax=None, n_columns=8, cmap="gray_r"
    ):
        """Draw the mistakes of an estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted classifier with `predict_proba`, or a pipeline or search that ends in one.

        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images; a stack of shape (n_samples, height, width[, 1]) is accepted as well.

        y : array-like of shape (n_samples,)
            True labels.

        n_images : int, default=24
            Maximum number of mistakes to draw.

        image_shape : tuple of two int or None, default=None
            Height and width. If None, they are those of a stack, or those that `estimator` was fitted on;
            otherwise images are square.

        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        n_columns : int, default=8
            Maximum number of images per row.

        cmap : str or matplotlib.colors.Colormap, default="gray_r"
            Colormap of the pixels.

        Returns
        -------
        display : MistakesDisplay
            The Display, with its figure drawn.

        Raises
        ------
        TypeError
            If `n_images` or `n_columns` is not an int.
        ValueError
            If `n_images` or `n_columns` is less than 1, the lengths differ, a label is not among the
            classes, or the features are not an image.
        """
        check_counts(n_images=n_images, n_columns=n_columns)
        check_is_fitted(estimator)
        check_consistent_length(X, y)
        y_proba = estimator.predict_proba(X)
        return cls.from_predictions(
            check_images(X, image_shape, estimator),
            y,
            y_proba,
            classes=estimator.classes_,
            n_images=n_images,
            ax=ax,
            n_columns=n_columns,
            cmap=cmap,
        )

    @classmethod
    def from_predictions(
        cls,
        X,
        y_true,
        y_proba,
        *,
        classes=None,
        n_images=24,
        image_shape=None,
        ax=None,
        n_columns=8,
        cmap="gray_r",
    ):
        """Draw the mistakes of given predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images; a stack of shape (n_samples, height, width[, 1]) is accepted as well.

        y_true : array-like of shape (n_samples,)
            True labels.

        y_proba : array-like of shape (n_samples, n_classes)
            Probabilities, as returned by `predict_proba`.

        classes : array-like of shape (n_classes,), default=None
            Label of each column of `y_proba`. If None, the sorted labels of `y_true` are used.

        n_images : int, default=24
            Maximum number of mistakes to draw.

        image_shape : tuple of two int or None, default=None
            Height and width. If None, they are those of a stack; otherwise images are square.

        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        n_columns : int, default=8
            Maximum number of images per row.

        cmap : str or matplotlib.colors.Colormap, default="gray_r"
            Colormap of the pixels.

        Returns
        -------
        display : MistakesDisplay
            The Display, with its figure drawn.

        Raises
        ------
        TypeError
            If `n_images` or `n_columns` is not an int.
        ValueError
            If `n_images` or `n_columns` is less than 1, the lengths differ, a label is not among the
            classes, or the features are not an image.
        """
        check_counts(n_images=n_images, n_columns=n_columns)
        y_proba = check_array(y_proba, input_name="y_proba")
        classes = np.unique(y_true) if classes is None else np.asarray(classes)
        if len(classes) != y_proba.shape[1]:
            raise ValueError(
                f"y_proba has {y_proba.shape[1]} columns, expected {len(classes)}, one for each class of "
                f"{classes.tolist()}; pass the label of each column as classes."
            )
        predicted = y_proba.argmax(axis=1)
        images, y_true, y_pred = check_images_and_labels(X, y_true, classes[predicted], image_shape)
        unknown = np.setdiff1d(y_true, classes)
        if len(unknown):
            raise ValueError(
                f"y_true contains labels that are not among the classes: {unknown.tolist()}; the classes are "
                f"{classes.tolist()}."
            )
        true = (y_true[:, np.newaxis] == classes).argmax(axis=1)
        rows = np.arange(len(images))
        proba_true, proba_pred = y_proba[rows, true], y_proba[rows, predicted]
        mistakes = np.flatnonzero(true != predicted)
        drawn = mistakes[np.argsort(-proba_pred[mistakes], kind="stable")][:n_images]
        display = cls(
            images[drawn],
            y_true[drawn],
            y_pred[drawn],
            proba_true[drawn],
            proba_pred[drawn],
            n_mistakes=len(mistakes),
            n_samples=len(images),
        )
        return display.plot(ax=ax, n_columns=n_columns, cmap=cmap)
