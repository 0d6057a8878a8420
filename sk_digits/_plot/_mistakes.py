"""`MistakesDisplay`: the images that were predicted wrongly, the worst first."""

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from ._mosaic import Display, as_images, checked_images, draw_grid


class MistakesDisplay(Display):
    """Images that were predicted wrongly, the worst first, with the probabilities.

    The worst mistake is the one where the wrong label is the most probable. Make it by `from_estimator` or
    `from_predictions`.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width)
        What is shown, the worst first.

    y_true : ndarray of shape (n_images,)
        True labels.

    y_pred : ndarray of shape (n_images,)
        Predicted labels.

    proba_true : ndarray of shape (n_images,)
        Probabilities of the true labels.

    proba_pred : ndarray of shape (n_images,)
        Probabilities of the predicted labels.

    n_mistakes : int
        Mistakes in all, shown or not.

    n_samples : int
        Images that were predicted, in all.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.

    figure_ : matplotlib.figure.Figure
        Figure of `ax_`; `figure_.savefig` writes it to a file.

    im_ : matplotlib.image.AxesImage or None
        All images, as one; None without mistakes.

    text_ : list of matplotlib.text.Text
        Labels and probabilities; or the message that there are no mistakes.

    See Also
    --------
    DigitsDisplay : A sample of images, right or wrong.
    sklearn.metrics.ConfusionMatrixDisplay : How often which label is taken for which.

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
            Where to draw; None makes a figure.

        n_columns : int, default=8
            Images in a row, at most.

        cmap : str or matplotlib.colors.Colormap, default="gray_r"
            Colours of the pixels.

        Returns
        -------
        self : MistakesDisplay
            With `ax_`, `figure_`, `im_` and `text_`.
        """
        captions = [
            f"{true} → {pred}\n{p_true:.1%} → {p_pred:.1%}"
            for true, pred, p_true, p_pred in zip(
                self.y_true, self.y_pred, self.proba_true, self.proba_pred, strict=True
            )
        ]
        title = f"{self.n_mistakes:,} mistakes in {self.n_samples:,} images"
        if self.n_mistakes > len(self.images):
            title += f", the worst {len(self.images)}"
        title += "\ntrue → predicted, and their probabilities"
        if len(self.images) == 0:
            title = f"No mistakes in {self.n_samples:,} images"
        draw_grid(self, ax, captions, ["black"] * len(captions), title, 2, n_columns, cmap)
        return self

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, n_images=24, image_shape=None, ax=None, n_columns=8, cmap="gray_r"
    ):
        """Predict images, and draw the mistakes.

        Parameters
        ----------
        estimator : estimator
            Fitted classifier with `predict_proba`, or a pipeline or search that ends in one.

        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images, also as a stack of shape (n_samples, height, width).

        y : array-like of shape (n_samples,)
            True labels.

        n_images : int, default=24
            Mistakes to show, at most.

        image_shape : tuple of two int or None, default=None
            Height and width. None takes them from a stack, from what `estimator` was fitted on, or a square.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        n_columns : int, default=8
            Images in a row, at most.

        cmap : str or matplotlib.colors.Colormap, default="gray_r"
            Colours of the pixels.

        Returns
        -------
        display : MistakesDisplay
            Drawn.

        Raises
        ------
        ValueError
            Where the lengths differ, a label is none of the classes, or the features are no image.
        """
        check_is_fitted(estimator)
        check_consistent_length(X, y)
        y_proba = estimator.predict_proba(X)
        return cls.from_predictions(
            as_images(X, image_shape, estimator),
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
        """Draw the mistakes of probabilities that are at hand.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images, also as a stack of shape (n_samples, height, width).

        y_true : array-like of shape (n_samples,)
            True labels.

        y_proba : array-like of shape (n_samples, n_classes)
            Probabilities, as `predict_proba` gives them.

        classes : array-like of shape (n_classes,), default=None
            Label of each column of `y_proba`. None takes the sorted labels of `y_true`.

        n_images : int, default=24
            Mistakes to show, at most.

        image_shape : tuple of two int or None, default=None
            Height and width. None takes them from a stack, or a square.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        n_columns : int, default=8
            Images in a row, at most.

        cmap : str or matplotlib.colors.Colormap, default="gray_r"
            Colours of the pixels.

        Returns
        -------
        display : MistakesDisplay
            Drawn.

        Raises
        ------
        ValueError
            Where the lengths differ, a label is none of the classes, or the features are no image.
        """
        y_proba = check_array(y_proba, input_name="y_proba")
        classes = np.unique(y_true) if classes is None else np.asarray(classes)
        if len(classes) != y_proba.shape[1]:
            raise ValueError(
                f"y_proba has {y_proba.shape[1]} columns, but there are {len(classes)} classes: "
                f"{classes.tolist()}; give classes=, the label of each column."
            )
        predicted = y_proba.argmax(axis=1)
        images, y_true, y_pred = checked_images(X, y_true, classes[predicted], image_shape)
        unknown = np.setdiff1d(y_true, classes)
        if len(unknown):
            raise ValueError(f"y_true has labels {unknown.tolist()} that are none of {classes.tolist()}.")
        rows = np.arange(len(images))
        true = (y_true[:, np.newaxis] == classes).argmax(axis=1)
        proba_true, proba_pred = y_proba[rows, true], y_proba[rows, predicted]
        wrong = np.flatnonzero(true != predicted)
        worst = wrong[np.argsort(-proba_pred[wrong], kind="stable")][:n_images]
        display = cls(
            images[worst],
            y_true[worst],
            y_pred[worst],
            proba_true[worst],
            proba_pred[worst],
            n_mistakes=len(wrong),
            n_samples=len(images),
        )
        return display.plot(ax=ax, n_columns=n_columns, cmap=cmap)
