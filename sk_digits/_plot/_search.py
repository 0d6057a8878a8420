"""`SearchDisplay`: the scores of a search against each parameter."""

from numbers import Real

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._figure import FigureMixin

SCORE_COLOR, BEST_COLOR, SPREAD_COLOR = "tab:blue", "#d55e00", "darkgrey"
# Parameters beyond this ratio of their largest and smallest value are drawn on a logarithmic scale.
LOG_RATIO = 20
MAX_LABEL = 24
# Up to so many values of a number are the ticks of its axis.
MAX_TICKS = 6


class SearchDisplay(FigureMixin):
    """Score of each candidate of a search, in a panel for each parameter.

    Use `from_estimator` to create a SearchDisplay.

    Parameters
    ----------
    results : dict of str to ndarray of shape (n_candidates,)
        The `cv_results_` of a search.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the first panel.

    axes_ : list of matplotlib.axes.Axes
        Axes of each parameter.

    figure_ : matplotlib.figure.Figure
        Figure of `ax_`; `figure_.savefig` saves it to a file.

    parameters_ : list of str
        The parameter of each panel: those that have several values.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sk_digits import DenseDigitClassifier
    >>> from sk_digits.datasets import load_digits
    >>> from sk_digits.plotting import SearchDisplay
    >>> digits = load_digits()
    >>> grid = {"dropout": [0.1, 0.2], "learning_rate": [0.001, 0.003]}
    >>> search = GridSearchCV(DenseDigitClassifier((32,), epochs=5, random_state=0), grid, cv=2)
    >>> display = SearchDisplay.from_estimator(search.fit(digits.data_train, digits.target_train))
    >>> display.parameters_
    ['dropout', 'learning_rate']
    """

    def __init__(self, results):
        self.results = results

    def plot(self, *, ax=None):
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on, which are divided if there are several parameters. If None, a new figure is
            created.

        Returns
        -------
        self : SearchDisplay
            The Display, with `ax_`, `axes_`, `figure_` and `parameters_` set.
        """
        params = self.results["params"]
        names = sorted({name for candidate in params for name in candidate})
        varied = [name for name in names if len({repr(candidate.get(name)) for candidate in params}) > 1]
        self.parameters_ = varied or names[:1]
        n = len(self.parameters_)
        self.axes_ = self._set_panels(ax, n, "right", max(1.2 + 3.4 * n, 6.4), 4)
        ax = self.axes_[0]
        seconds = _seconds(self.results)
        for panel, name in zip(self.axes_, self.parameters_, strict=True):
            self._draw_panel(panel, name, [candidate.get(name) for candidate in params], seconds)
            panel.tick_params(labelleft=panel is ax)
        ax.set_ylabel("Cross-validated score")
        best = float(np.nanmax(self.results["mean_test_score"]))
        ax.set_title(
            f"Best of {len(params)} candidates: {best:.4f} (orange). Bars: spread over the folds.\n"
            f"Larger points took longer: {seconds.min():.2g} to {seconds.max():.2g} s a fit.",
            fontsize=9,
            loc="left",
        )
        return self

    def _draw_panel(self, ax, name, values, seconds):
        """Draw the candidates by their values of one parameter, larger if a fit took more seconds."""
        scores, spread = (np.asarray(self.results[key]) for key in ("mean_test_score", "std_test_score"))
        positions, labels = _positions(values)
        is_best = scores == np.nanmax(scores)
        ax.errorbar(positions, scores, spread, fmt="none", ecolor=SPREAD_COLOR, capsize=3, zorder=1)
        sizes = 25 + 120 * seconds / max(seconds.max(), 1e-9)
        colors = np.where(is_best, BEST_COLOR, SCORE_COLOR)
        ax.scatter(positions, scores, s=sizes, c=colors, alpha=0.8, zorder=2)
        ax.set_xlabel(name)
        if labels is not None:
            is_long = max(map(len, labels)) > 4
            ax.set_xticks(
                range(len(labels)), labels, rotation=30 if is_long else 0, ha="right" if is_long else "center"
            )
            ax.set_xlim(-0.5, len(labels) - 0.5)
        elif positions.min() > 0 and positions.max() > LOG_RATIO * positions.min():
            ax.set_xscale("log")
            ax.minorticks_off()
        tried = np.unique(positions)
        if labels is None and len(tried) <= MAX_TICKS:
            ax.set_xticks(tried, [f"{value:g}" for value in tried])

    @classmethod
    def from_estimator(cls, search, *, ax=None):
        """Draw the scores of a fitted search.

        Parameters
        ----------
        search : estimator
            Fitted search of scikit-learn, such as `GridSearchCV`, `RandomizedSearchCV` or a halving search.

        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on, which are divided if there are several parameters. If None, a new figure is
            created.

        Returns
        -------
        display : SearchDisplay
            The Display, with its figure drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the search is not fitted.
        TypeError
            If it has no `cv_results_` with a single score.
        """
        check_is_fitted(search)
        if "mean_test_score" not in getattr(search, "cv_results_", {}):
            raise TypeError(
                f"search must be a fitted search with one scorer, got {type(search).__name__} without "
                "cv_results_['mean_test_score']."
            )
        return cls(search.cv_results_).plot(ax=ax)


def _seconds(results):
    """Return the seconds of a fit of each candidate, without what a single fold took more, to compile.

    If all but one of n values are equal, they are the mean minus the standard deviation / sqrt(n - 1).
    """
    n_folds = sum(name.startswith("split") and name.endswith("_test_score") for name in results)
    mean, spread = np.asarray(results["mean_fit_time"]), np.asarray(results["std_fit_time"])
    return np.maximum(mean - spread / np.sqrt(max(n_folds - 1, 1)), 0)


def _positions(values):
    """Return where values are drawn along an axis, and the labels of those that are no numbers, or None."""
    if all(isinstance(value, Real) and not isinstance(value, bool) for value in values):
        return np.array(values, dtype=float), None
    texts = [_shorten(value) for value in values]
    labels = list(dict.fromkeys(texts))
    return np.array([labels.index(text) for text in texts], dtype=float), labels


def _shorten(value):
    text = "missing" if value is None else str(value)
    return text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 3]}..."
