"""`LossCurveDisplay` and `WeightsDisplay`: how a network was trained, and what its first layer looks for."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._mosaic import Display, as_images, draw_mosaic, steps

TRAIN, VALIDATION = "tab:blue", "tab:orange"


class LossCurveDisplay(Display):
    """Loss and accuracy after every epoch, of training and validation, with the best epoch marked.

    Make it by `from_estimator` or `from_history`.

    Parameters
    ----------
    history : dict of str to list of float
        "loss" and, where there are any, "accuracy", "val_loss" and "val_accuracy": one value an epoch. A
        shorter list belongs to the last epochs.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where the losses were drawn.

    accuracy_ax_ : matplotlib.axes.Axes or None
        The axes of the accuracies, over `ax_`, with its scale on the right; None without accuracies.

    figure_ : matplotlib.figure.Figure
        Figure of `ax_`; `figure_.savefig` writes it to a file.

    line_ : dict of str to matplotlib.lines.Line2D
        The curves, by the names of `history`.

    best_epoch_ : int or None
        The epoch, counted from 1, of the highest validation accuracy (of equal ones that of the lowest
        validation loss, which is the epoch that early stopping keeps); None without validation.

    Examples
    --------
    >>> from sk_digits import DenseDigitClassifier
    >>> from sk_digits.datasets import load_digits
    >>> from sk_digits.plotting import LossCurveDisplay
    >>> digits = load_digits()
    >>> clf = DenseDigitClassifier((32,), early_stopping=True, random_state=0)
    >>> clf = clf.fit(digits.data_train, digits.target_train)
    >>> sorted(LossCurveDisplay.from_estimator(clf).line_)
    ['accuracy', 'loss', 'val_accuracy', 'val_loss']
    """

    def __init__(self, history):
        self.history = history

    def plot(self, *, ax=None, accuracy=True):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        accuracy : bool, default=True
            Draw the accuracies, too, with a scale of their own.

        Returns
        -------
        self : LossCurveDisplay
            With `ax_`, `accuracy_ax_`, `figure_`, `line_` and `best_epoch_`.
        """
        from matplotlib.ticker import MaxNLocator, PercentFormatter

        ax = self._axes(ax, 6.4, 4.4)
        self.line_, self.accuracy_ax_ = {}, None
        self._draw(ax, ("loss", "val_loss"), "-")
        ax.set(xlabel="Epoch", ylabel="Loss")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        if accuracy and {"accuracy", "val_accuracy"} & set(self.history):
            self.accuracy_ax_ = ax.twinx()
            self._draw(self.accuracy_ax_, ("accuracy", "val_accuracy"), "--")
            self.accuracy_ax_.set_ylabel("Accuracy (dashed)")
            self.accuracy_ax_.yaxis.set_major_formatter(PercentFormatter(xmax=1))
        handles = list(self.line_.values())
        self.best_epoch_ = self._best_epoch()
        if self.best_epoch_ is not None:
            label = f"best epoch, {self.best_epoch_}"
            handles.append(ax.axvline(self.best_epoch_, color="grey", linestyle=":", label=label))
        # Below the curves, which go through every corner of a plot with two scales.
        ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, frameon=False)
        return self

    def _draw(self, ax, names, style):
        labels = {"loss": "training loss", "accuracy": "training accuracy"}
        for name, color in zip(names, (TRAIN, VALIDATION), strict=True):
            values = self.history.get(name)
            if values:
                n_epochs = max(map(len, self.history.values()))
                epochs = np.arange(n_epochs - len(values), n_epochs) + 1
                label = labels.get(name, name.replace("val_", "validation "))
                marker = "." if len(values) < 2 else ""
                (self.line_[name],) = ax.plot(epochs, values, style, color=color, label=label, marker=marker)

    def _best_epoch(self):
        scores = self.history.get("val_accuracy") or []
        losses = self.history.get("val_loss") or []
        if not scores and not losses:
            return None
        n_validated = max(len(scores), len(losses))
        keys = np.lexsort((losses or [0] * n_validated, -np.asarray(scores or [0] * n_validated)))
        return max(map(len, self.history.values())) - n_validated + int(keys[0]) + 1

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, accuracy=True):
        """Draw how an estimator was trained.

        Parameters
        ----------
        estimator : estimator
            Fitted `DenseDigitClassifier` or `sklearn.neural_network.MLPClassifier`, or a pipeline or search
            that ends in one.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        accuracy : bool, default=True
            Draw the accuracies, too, with a scale of their own.

        Returns
        -------
        display : LossCurveDisplay
            Drawn.

        Raises
        ------
        TypeError
            Where the estimator keeps no loss curve.
        """
        last = _last_step(estimator, "loss_curve_")
        history = getattr(last, "history_", None)
        if history is None:
            scores = getattr(last, "validation_scores_", None)
            history = {"loss": last.loss_curve_} | ({"val_accuracy": scores} if scores else {})
        return cls.from_history(history, ax=ax, accuracy=accuracy)

    @classmethod
    def from_history(cls, history, *, ax=None, accuracy=True):
        """Draw a history as Keras keeps it.

        Parameters
        ----------
        history : dict of str to list of float
            "loss" and, where there are any, "accuracy", "val_loss" and "val_accuracy".

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        accuracy : bool, default=True
            Draw the accuracies, too, with a scale of their own.

        Returns
        -------
        display : LossCurveDisplay
            Drawn.

        Raises
        ------
        ValueError
            Where the history has no "loss".
        """
        if "loss" not in history or len(history["loss"]) == 0:
            raise ValueError(f"The history has no 'loss'; there is: {', '.join(history) or 'nothing'}.")
        return cls({name: list(values) for name, values in history.items()}).plot(ax=ax, accuracy=accuracy)


class WeightsDisplay(Display):
    """The weights of the first layer as images, one for each unit.

    Make it by `from_estimator`.

    Parameters
    ----------
    weights : ndarray of shape (n_units, height, width)
        What is shown.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.

    figure_ : matplotlib.figure.Figure
        Figure of `ax_`; `figure_.savefig` writes it to a file.

    im_ : matplotlib.image.AxesImage
        All images, as one.

    Examples
    --------
    >>> from sk_digits import DenseDigitClassifier
    >>> from sk_digits.datasets import load_digits
    >>> from sk_digits.plotting import WeightsDisplay
    >>> digits = load_digits()
    >>> clf = DenseDigitClassifier((32,), random_state=0).fit(digits.data_train, digits.target_train)
    >>> WeightsDisplay.from_estimator(clf).weights.shape
    (32, 8, 8)
    """

    def __init__(self, weights):
        self.weights = weights

    def plot(self, *, ax=None, n_columns=10, cmap="RdBu_r", colorbar=True):
        """Draw the weights; white is 0, and the scale is the same for all.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        n_columns : int, default=10
            Images in a row, at most.

        cmap : str or matplotlib.colors.Colormap, default="RdBu_r"
            Colours, from negative to positive weights.

        colorbar : bool, default=True
            Draw the scale beside.

        Returns
        -------
        self : WeightsDisplay
            With `ax_`, `figure_` and `im_`.
        """
        n, height, width = self.weights.shape
        columns = min(n, n_columns)
        rows = -(-n // columns)
        ax = self._axes(ax, 0.7 * max(columns, 5) + 0.9, 0.7 * rows * height / width + 0.5)
        # The few largest weights would make all others pale.
        limit = np.quantile(abs(self.weights), 0.998)
        self.im_, _ = draw_mosaic(ax, self.weights, n_columns=n_columns, cmap=cmap, vmin=-limit, vmax=limit)
        ax.set_title("Weights of the first layer", fontsize=10)
        if colorbar:
            self.figure_.colorbar(self.im_, ax=ax, extend="both")
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator,
        *,
        n_units=40,
        image_shape=None,
        ax=None,
        n_columns=10,
        cmap="RdBu_r",
        colorbar=True,
    ):
        """Draw the first layer of an estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted `DenseDigitClassifier` or `sklearn.neural_network.MLPClassifier`, or a pipeline or search
            that ends in one.

        n_units : int, default=40
            Units to show, the first ones.

        image_shape : tuple of two int or None, default=None
            Height and width. None takes them from what the estimator was fitted on, or a square.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        n_columns : int, default=10
            Images in a row, at most.

        cmap : str or matplotlib.colors.Colormap, default="RdBu_r"
            Colours, from negative to positive weights.

        colorbar : bool, default=True
            Draw the scale beside.

        Returns
        -------
        display : WeightsDisplay
            Drawn.

        Raises
        ------
        TypeError
            Where the estimator has no `coefs_`.
        ValueError
            Where its features are no image.
        """
        last = _last_step(estimator, "coefs_")
        weights = as_images(last.coefs_[0].T[:n_units], image_shape, estimator)
        return cls(weights).plot(ax=ax, n_columns=n_columns, cmap=cmap, colorbar=colorbar)


def _last_step(estimator, attribute):
    """The classifier at the end of a pipeline or search, which must have an attribute."""
    check_is_fitted(estimator)
    last = steps(estimator)[-1]
    if not hasattr(last, attribute):
        raise TypeError(
            f"{type(last).__name__} has no {attribute}; give a fitted DenseDigitClassifier or MLPClassifier, "
            "or a pipeline or search that ends in one."
        )
    return last
