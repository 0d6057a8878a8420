"""`LossCurveDisplay`: loss and accuracy, or another score, of every epoch of a training."""

import textwrap

import numpy as np

from ._figure import FigureMixin
from ._inputs import final_estimator

TRAINING_COLOR, VALIDATION_COLOR = "tab:blue", "tab:orange"
# Characters of a line of the title, which fits above half of a figure.
TITLE_WIDTH = 46
LABELS = {
    "loss": "training loss",
    "val_loss": "validation loss",
    "accuracy": "training accuracy",
    "val_accuracy": "validation accuracy",
}


class LossCurveDisplay(FigureMixin):
    """Training and validation loss and accuracy of each epoch, in two panels that share the epochs.

    Use `from_estimator` or `from_history` to create a LossCurveDisplay.

    Parameters
    ----------
    history : dict of str to list of float
        One value per epoch for "loss" and, if available, "accuracy", "val_loss" and "val_accuracy". A
        shorter list contains the values of the last epochs.

    best_epoch : int or None, default=None
        The epoch, counted from 1, whose weights early stopping kept; None if it kept none.

    score_name : str, default="accuracy"
        Name of the validation score: "accuracy", "loss", or any other name of the scores that `history` has
        under "val_score". These are then drawn instead of the accuracies.

    training_only : sequence of str, default=()
        What changes the loss and the accuracy in training, but not in validation, such as "dropout"; it is
        named below the curves, since the training loss can lie above the validation loss for it.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the losses.

    accuracy_ax_ : matplotlib.axes.Axes or None
        Axes of the accuracies, or of the scores, above `ax_`; None without them.

    figure_ : matplotlib.figure.Figure
        Figure of `ax_`; `figure_.savefig` saves it to a file.

    line_ : dict of str to matplotlib.lines.Line2D
        The curves that are drawn, with the keys of `history`.

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

    def __init__(self, history, best_epoch=None, score_name="accuracy", training_only=()):
        self.history = history
        self.best_epoch = best_epoch
        self.score_name = score_name
        self.training_only = training_only

    def plot(self, *, ax=None, accuracy=True):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        accuracy : bool, default=True
            Whether to draw the accuracies, or the scores, in a panel of their own.

        Returns
        -------
        self : LossCurveDisplay
            The Display, with `ax_`, `accuracy_ax_`, `figure_` and `line_` set.
        """
        from matplotlib.ticker import MaxNLocator

        names = ["val_score"] if self._has_scores() else ["accuracy", "val_accuracy"]
        has_scores = accuracy and bool(set(names) & set(self.history))
        n_panels = 1 + has_scores
        ax, *upper = self._set_panels(ax, n_panels, "top", 6.4, 2.2 + 1.7 * n_panels)
        self.line_, self.accuracy_ax_ = {}, upper[0] if upper else None
        self._draw_curve(ax, "loss", TRAINING_COLOR)
        self._draw_curve(ax, "val_loss", VALIDATION_COLOR)
        ax.set(xlabel="Epoch", ylabel="Loss")
        n_epochs = self._n_epochs()
        margin = 0.02 * (n_epochs - 1) if n_epochs > 1 else 0.5
        ax.set_xlim(1 - margin, n_epochs + margin)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        if has_scores:
            self._draw_upper_panel(upper[0], names)
        for panel in filter(None, (ax, self.accuracy_ax_)):
            if self.best_epoch is not None:
                label = f"best epoch (kept): {self.best_epoch}"
                panel.axvline(self.best_epoch, color="grey", linestyle=":", label=label)
            panel.legend()
        if self.training_only:
            causes = ", ".join(self.training_only)
            top = self.accuracy_ax_ or ax
            title = textwrap.fill(f"Training includes {causes}; validation does not", TITLE_WIDTH)
            top.set_title(title, fontsize=9)
        return self

    def _has_scores(self):
        return self.score_name not in ("accuracy", "loss") and "val_score" in self.history

    def _draw_upper_panel(self, panel, names):
        """Draw the accuracies or scores."""
        from matplotlib.ticker import PercentFormatter

        panel.tick_params(labelbottom=False)
        for name in names:
            self._draw_curve(panel, name, TRAINING_COLOR if name == "accuracy" else VALIDATION_COLOR)
        if self._has_scores():
            panel.set_ylabel(self.score_name)
        else:
            panel.set_ylabel("Accuracy")
            panel.yaxis.set_major_formatter(PercentFormatter(xmax=1))

    def _draw_curve(self, ax, name, color):
        values = self.history.get(name)
        if not values:
            return
        (self.line_[name],) = ax.plot(
            np.arange(self._n_epochs() - len(values), self._n_epochs()) + 1,
            values,
            color=color,
            label=LABELS.get(name, f"validation {self.score_name}"),
            marker="." if len(values) < 2 else "",  # a line through one point is invisible
        )

    def _n_epochs(self):
        return max(map(len, self.history.values()))

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
            Whether to draw the accuracies, or the scores, in a panel of their own.

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
        best_epoch = getattr(final, "best_epoch_", None)
        display = cls(_as_lists(history), best_epoch, score_name, _training_only(final))
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
            Whether to draw the accuracies, or the scores, in a panel of their own.

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


def _training_only(estimator):
    """Return what changes the loss of an estimator in training only, in words."""
    # The parameter of the same name may be "auto", and MLPClassifier has neither.
    smoothing = getattr(estimator, "label_smoothing_", None)
    params = estimator.get_params(deep=False) | {"label_smoothing": smoothing}
    words = {
        "label_smoothing": "label smoothing",
        "dropout": "dropout",
        "gaussian_noise": "noise",
        "augmentation": "deformed images",
        "virtual_adversarial": "adversarial perturbations",
        "alpha": "the L2 penalty",
    }
    return [word for name, word in words.items() if params.get(name)]
