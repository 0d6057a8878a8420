"""`ConfusionDisplay`: the confusion matrix with a colour scale for the mistakes alone."""

import numpy as np
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from ._figure import FigureMixin

# Grey of the correct predictions, and where in the colormap the most frequent mistake is, under black text.
RIGHT_GREY, DARKEST = 0.12, 0.55


class ConfusionDisplay(FigureMixin):
    """Confusion matrix in which rare mistakes stand out.

    The mistakes have a colour scale of their own, and correct predictions, which are far more, are grey. Use
    `from_estimator` or `from_predictions` to create a ConfusionDisplay.

    Parameters
    ----------
    matrix : ndarray of shape (n_classes, n_classes)
        Number of images for each true label (row) and predicted label (column).

    labels : sequence of length n_classes
        The labels of the rows and columns.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the matrix.

    figure_ : matplotlib.figure.Figure
        Figure of `ax_`; `figure_.savefig` saves it to a file.

    text_ : dict of (int, int) to matplotlib.text.Text
        The numbers, by row and column; zeros are not written.

    See Also
    --------
    MistakesDisplay : The images that were classified wrongly.
    sklearn.metrics.ConfusionMatrixDisplay : All numbers on one colour scale, also normalised.

    Examples
    --------
    >>> from sk_digits import DenseDigitClassifier
    >>> from sk_digits.datasets import load_digits
    >>> from sk_digits.plotting import ConfusionDisplay
    >>> digits = load_digits()
    >>> clf = DenseDigitClassifier((32,), random_state=0).fit(digits.data_train, digits.target_train)
    >>> display = ConfusionDisplay.from_estimator(clf, digits.data_test, digits.target_test)
    >>> int(display.matrix.sum())
    360
    """

    def __init__(self, matrix, labels):
        self.matrix = matrix
        self.labels = labels

    def plot(self, *, ax=None, cmap="Oranges"):
        """Draw the matrix.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        cmap : str or matplotlib.colors.Colormap, default="Oranges"
            Colormap of the mistakes, from light to dark.

        Returns
        -------
        self : ConfusionDisplay
            The Display, with `ax_`, `figure_` and `text_` set.
        """
        matrix, names = np.asarray(self.matrix), [str(label) for label in self.labels]
        n = len(names)
        side = max(4.8, 0.55 * n + 1)
        ax = self._set_axes(ax, side, side)
        is_right = np.eye(n, dtype=bool)
        mistakes = np.where(is_right, 0, matrix)
        ax.imshow(np.where(is_right, RIGHT_GREY, 0), cmap="Greys", vmin=0, vmax=1)
        darkest = max(mistakes.max(), 1) / DARKEST
        ax.imshow(np.ma.masked_equal(mistakes, 0), cmap=cmap, vmin=0, vmax=darkest)
        self.text_ = {
            (int(row), int(column)): ax.text(
                column, row, f"{matrix[row, column]:,}", ha="center", va="center", color="black"
            )
            for row, column in zip(*np.nonzero(matrix), strict=True)
        }
        is_long = max(map(len, names)) > 3
        ax.set_xticks(range(n), names, rotation=45 if is_long else 0, ha="right" if is_long else "center")
        ax.set_yticks(range(n), names)
        ax.set(xlabel="Predicted label", ylabel="True label")
        accuracy = np.trace(matrix) / max(matrix.sum(), 1)
        ax.set_title(f"{accuracy:.2%} of {matrix.sum():,} images are classified correctly", fontsize=10)
        return self

    @classmethod
    def from_estimator(cls, estimator, X, y, *, ax=None, cmap="Oranges"):
        """Predict the labels of images, and draw the confusion matrix.

        Parameters
        ----------
        estimator : estimator
            Fitted classifier, or a pipeline or search that ends in one.

        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images, in any form that the estimator accepts.

        y : array-like of shape (n_samples,)
            True labels.

        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        cmap : str or matplotlib.colors.Colormap, default="Oranges"
            Colormap of the mistakes, from light to dark.

        Returns
        -------
        display : ConfusionDisplay
            The Display, with its figure drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If the lengths of `X` and `y` differ.
        """
        check_is_fitted(estimator)
        return cls.from_predictions(y, estimator.predict(X), ax=ax, cmap=cmap)

    @classmethod
    def from_predictions(cls, y_true, y_pred, *, ax=None, cmap="Oranges"):
        """Draw the confusion matrix of predicted labels.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.

        y_pred : array-like of shape (n_samples,)
            Predicted labels.

        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        cmap : str or matplotlib.colors.Colormap, default="Oranges"
            Colormap of the mistakes, from light to dark.

        Returns
        -------
        display : ConfusionDisplay
            The Display, with its figure drawn.

        Raises
        ------
        ValueError
            If there are no labels, or the lengths of `y_true` and `y_pred` differ.
        """
        from sklearn.metrics import confusion_matrix

        check_consistent_length(y_true, y_pred)
        y_true, y_pred = column_or_1d(y_true), column_or_1d(y_pred)
        if len(y_true) == 0:
            raise ValueError("y_true must have at least one label, got none.")
        labels = np.unique(np.concatenate([y_true, y_pred]))
        true, pred = np.searchsorted(labels, y_true), np.searchsorted(labels, y_pred)
        matrix = confusion_matrix(true, pred, labels=np.arange(len(labels)))
        return cls(matrix, labels.tolist()).plot(ax=ax, cmap=cmap)
