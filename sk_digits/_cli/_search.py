"""Grid search with a progress bar, for the command ``search`` and the first run."""

from ._messages import interruption_as_error
from ._progress import progress_bar


def search_with_progress(estimator, grid, folds, X, y):
    """Fit a `GridSearchCV` by accuracy, with a progress bar over candidates and folds.

    Ctrl-C ends the whole search, although a classifier that it interrupts keeps what it learned.

    Parameters
    ----------
    estimator : estimator
    grid : dict of str to list
    folds : int
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)

    Returns
    -------
    search : GridSearchCV
        Fitted; its `best_estimator_` is fitted on all rows.
    """
    from sklearn.metrics import accuracy_score
    from sklearn.model_selection import GridSearchCV, ParameterGrid

    n_fits = len(ParameterGrid(grid)) * folds + 1  # the last one is the best candidate on all rows
    with progress_bar("Searching", n_fits) as advance:

        def accuracy(fitted, X, y):
            score = accuracy_score(y, fitted.predict(X))
            advance(f"accuracy {score:.4f}")
            return score

        search = GridSearchCV(estimator, grid, scoring=accuracy, cv=folds, error_score="raise")
        with interruption_as_error():
            search.fit(X, y)
        advance(f"best accuracy {search.best_score_:.4f}")
    return search
