"""Searches with a progress bar, for the command ``search`` and the first run."""

from .._progress import progress_bar, spinner
from ._checks import UsageError
from ._messages import interruption_as_error

# What is shown before the first fit.
STARTING = "starting TensorFlow"
# Each round of a halving search keeps one candidate in this many, and trains them this many times as long.
HALVING_FACTOR = 3
# Passes of the last round of a halving search if the classifier chooses them itself.
HALVING_EPOCHS = 27


def search_with_progress(estimator, grid, folds, X, y, *, jobs=1, draws=None, halving=False, seed=None):
    """Search parameters by cross-validated accuracy, with a progress bar over candidates and folds.

    Ctrl-C ends the whole search, although a classifier that it interrupts keeps what it learned.

    Parameters
    ----------
    estimator : estimator
    grid : dict of str to list or distribution
    folds : int
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    jobs : int, default=1
        Number of processes.
    draws : int or None, default=None
        Number of candidates to draw at random; None tries all of the grid.
    halving : bool, default=False
        Whether to train all candidates for few epochs first, and only the best for more.
    seed : int or None, default=None
        Seed of the draws.

    Returns
    -------
    search : estimator
        Fitted; its `best_estimator_` is fitted on all rows.
    """
    search = _make_search(estimator, grid, folds, draws, halving, seed).set_params(n_jobs=jobs)
    if jobs != 1:
        # The processes cannot report to the bar of this one.
        with spinner(f"Searching in {jobs} processes"), interruption_as_error():
            return search.fit(X, y)
    with progress_bar("Searching", _count_fits(grid, folds, draws, halving), STARTING) as progress:
        _load_tensorflow()
        progress.say("compiling the first network")
        search.set_params(scoring=_reporting_accuracy(progress))
        with interruption_as_error():
            search.fit(X, y)
        progress.advance(f"best accuracy {search.best_score_:.4f}")
    return search.set_params(scoring="accuracy")


def _load_tensorflow():
    """Load TensorFlow, which takes seconds, so that the bar can say so."""
    from .._engine import _trainer  # noqa: F401


def _reporting_accuracy(progress):
    """Return a scorer that advances a bar."""
    from sklearn.metrics import accuracy_score

    def accuracy(fitted, X, y):
        score = accuracy_score(y, fitted.predict(X))
        progress.advance(f"accuracy {score:.4f}")
        return score

    return accuracy


def _make_search(estimator, grid, folds, draws, halving, seed):
    """Return the unfitted search."""
    from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

    common = {"scoring": "accuracy", "cv": folds, "error_score": "raise"}
    if halving:
        return _make_halving_search(estimator, grid, common, draws, seed)
    if draws is not None:
        return RandomizedSearchCV(estimator, grid, n_iter=draws, random_state=seed, **common)
    return GridSearchCV(estimator, grid, **common)


def _make_halving_search(estimator, grid, common, draws, seed):
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401, makes the next import work
    from sklearn.model_selection import HalvingGridSearchCV, HalvingRandomSearchCV

    if "epochs" in grid:
        raise UsageError("--halving chooses the epochs itself; leave epochs out of --grid.")
    epochs = estimator.get_params()["epochs"]
    common |= {"resource": "epochs", "factor": HALVING_FACTOR, "random_state": seed}
    common["min_resources"] = "exhaust"  # so that the last round has the most epochs
    common["max_resources"] = HALVING_EPOCHS if epochs == "auto" else epochs
    if draws is not None:
        return HalvingRandomSearchCV(estimator, grid, n_candidates=draws, **common)
    return HalvingGridSearchCV(estimator, grid, **common)


def _count_fits(grid, folds, draws, halving):
    """Return the number of fits of a search, or None if it shows only as the search runs."""
    from sklearn.model_selection import ParameterGrid

    if halving:
        return None
    n_candidates = draws or len(ParameterGrid(grid))
    return n_candidates * folds + 1  # the last one is the best candidate on all rows
