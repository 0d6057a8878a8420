"""`LossCurveDisplay`: loss and accuracy, or another score, of every epoch of a training."""

import numpy as np

from ._figure import FigureMixin
from ._inputs import final_estimator

TRAINING_COLOR, VALIDATION_COLOR = "tab:blue", "tab:orange"
LABELS = {
    "loss": "training loss",
    "val_loss": "validation loss",
    "accuracy": "training accuracy",
    "val_accuracy": "validation accuracy",
}


class LossCurveDisplay(FigureMixin):
    """Training and validation loss and accuracy of each epoch, with the best epoch marked.

    Use `from_estimator` or `from_history` to create a LossCurveDisplay.

    Parameters
    ----------
    history : dict of str to list of float
        One value per epoch for "loss" and, if available, "accuracy", "val_loss" and "val_accuracy". A
        shorter list contains the values of the last epochs.

    best_epoch : int or None, default=None
        The epoch, counted from 1, whose weights early stopping kept. None marks the epoch with the highest
        validation score instead, whose weights are not those of the estimator.

    score_name : str, default="accuracy"
        Name of the validation score: "accuracy", "loss" (the lowest is the best), or any other name of the
        scores that `history` has under "val_score". These are then drawn instead of the accuracies.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the losses.

    accuracy_ax_ : matplotlib.axes.Axes or None
        Axes of the accuracies, or of the scores, on top of `ax_` and with its scale on the right; None
        without them.

    figure_ : matplotlib.figure.Figure
        Figure of `ax_`; `figure_.savefig` saves it to a file.

    line_ : dict of str to matplotlib.lines.Line2D
        The curves that are drawn, with the keys of `history`.

    best_epoch_ : int or None
        The epoch that is marked, counted from 1: `best_epoch`, or else the one with the highest validation
        score. Ties are resolved by the lowest validation loss, as in early stopping. None without
        validation.

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

    def __init__(self, history, best_epoch=None, score_name="accuracy"):
        self.history = history
        self.best_epoch = best_epoch
        self.score_name = score_name

    def plot(self, *, ax=None, accuracy=True):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        accuracy : bool, default=True
            Whether to draw the accuracies, or the scores, on a scale of their own.

        Returns
        -------
        self : LossCurveDisplay
            The Display, with `ax_`, `accuracy_ax_`, `figure_`, `line_` and `best_epoch_` set.
        """
        from matplotlib.ticker import MaxNLocator

        ax = self._set_axes(ax, 6.4, 4.4)
        self.line_, self.accuracy_ax_ = {}, None
        self._draw_curve(ax, "loss", "-", TRAINING_COLOR)
        self._draw_curve(ax, "val_loss", "-", VALIDATION_COLOR)
        ax.set(xlabel="Epoch", ylabel="Loss")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        names = ["val_score"] if self._has_scores() else ["accuracy", "val_accuracy"]
        if accuracy and set(names) & set(self.history):
            self._draw_right_axes(names)
        handles = list(self.line_.values())
        self.best_epoch_ = self.best_epoch or self._find_best_epoch()
        if self.best_epoch_ is not None:
            extreme = "lowest" if self.score_name == "loss" else "highest"
            meaning = "best epoch (kept)" if self.best_epoch else f"{extreme} validation {self.score_name}"
            label = f"{meaning}: {self.best_epoch_}"
            handles.append(ax.axvline(self.best_epoch_, color="grey", linestyle=":", label=label))
        # Below the axes: with two scales, no corner of the axes is free of curves.
        ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, frameon=False)
        return self

    def _has_scores(self):
        return self.score_name not in ("accuracy", "loss") and "val_score" in self.history

    def _draw_right_axes(self, names):
        from matplotlib.ticker import PercentFormatter

        self.accuracy_ax_ = self.ax_.twinx()
        for name in names:
            color = TRAINING_COLOR if name == "accuracy" else VALIDATION_COLOR
            self._draw_curve(self.accuracy_ax_, name, "--", color)
        if self._has_scores():
            self.accuracy_ax_.set_ylabel(f"{self.score_name} (dashed)")
        else:
            self.accuracy_ax_.set_ylabel("Accuracy (dashed)")
            self.accuracy_ax_.yaxis.set_major_formatter(PercentFormatter(xmax=1))

    def _draw_curve(self, ax, name, linestyle, color):
        values = self.history.get(name)
        if not values:
            return
        (self.line_[name],) = ax.plot(
            np.arange(self._n_epochs() - len(values), self._n_epochs()) + 1,
            values,
            linestyle,
            color=color,
            label=LABELS.get(name, f"validation {self.score_name}"),
            marker="." if len(values) < 2 else "",  # a line through one point is invisible
        )

    def _n_epochs(self):
        return max(map(len, self.history.values()))

    def _find_best_epoch(self):
        losses = self.history.get("val_loss") or []
        name = "val_score" if self._has_scores() else "val_accuracy"
        scores = [] if self.score_name == "loss" else self.history.get(name) or []
        if not scores and not losses:
            return None
        n_validated = max(len(scores), len(losses))
        missing = [0] * n_validated
        order = np.lexsort((losses or missing, -np.asarray(scores or missing)))
        return self._n_epochs() - n_validated + int(order[0]) + 1

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, accuracy=True):
        """Draw the curves of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted `DenseDigitClassifier` or `sklearn.neural_network.MLPClassifier`, or a pipeline or search
            that ends in one.

        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        accuracy : bool, default=True
            Whether to draw the accuracies, or the scores, on a scale of their own.

        Returns
        -------
        display : LossCurveDisplay
            The Display, with its figure drawn.

        Raises
        ------
        TypeError
            If the estimator has no `loss_curve_`.
        """
        final = final_estimator(estimator, "loss_curve_")
        history = getattr(final, "history_", None)
        if history is None:
            accuracies = getattr(final, "validation_scores_", None)
            history = {"loss": final.loss_curve_} | ({"val_accuracy": accuracies} if accuracies else {})
        score_name = _score_name(final)
        if score_name != "loss" and "val_score" not in history:
            score_name = "accuracy"
        display = cls(_as_lists(history), getattr(final, "best_epoch_", None), score_name)
        return display.plot(ax=ax, accuracy=accuracy)

    @classmethod
    def from_history(cls, history, *, ax=None, accuracy=True):
        """Draw the curves of a history as recorded by Keras.

        Parameters
        ----------
        history : dict of str to list of float
            One value per epoch for "loss" and, if available, "accuracy", "val_loss" and "val_accuracy". A
            shorter list contains the values of the last epochs.

        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        accuracy : bool, default=True
            Whether to draw the accuracies, or the scores, on a scale of their own.

        Returns
        -------
        display : LossCurveDisplay
            The Display, with its figure drawn.

        Raises
        ------
        ValueError
            If the history has no "loss".
        """
        if "loss" not in history or len(history["loss"]) == 0:
            raise ValueError(f"history must contain values of 'loss', got keys {list(history)}.")
        return cls(_as_lists(history)).plot(ax=ax, accuracy=accuracy)


def _as_lists(history):
    return {name: list(values) for name, values in history.items()}


def _score_name(estimator):
    """Return the name of the validation score of an estimator."""
    scoring = getattr(estimator, "scoring", None)
    if scoring is None or isinstance(scoring, str):
        return scoring or "accuracy"
    # A lambda, and a scorer made of a function, have no name to show.
    name = getattr(scoring, "__name__", "<")
    return "score" if "<" in name else name
