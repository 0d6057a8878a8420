"""Progress on a terminal; silent where the output is none."""

import warnings
from contextlib import contextmanager


@contextmanager
def progress_bar(title, total):
    """A bar on the terminal; gives the function that moves it one step, with a text to show."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        # A disabled bar of the oldest rich allowed still ends in an empty line.
        yield lambda note="": None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=total, note="")
        yield lambda note="": progress.update(task, advance=1, note=note)


@contextmanager
def working(title):
    """A line on the terminal while something goes on of which nobody knows how far it is."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(escape(title)):
        yield


def search_with_progress(estimator, grid, folds, X, y):
    """A fitted `GridSearchCV` by accuracy, with a bar over candidates and folds, and the last fit."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import accuracy_score
    from sklearn.model_selection import GridSearchCV, ParameterGrid

    # And the best one at last on all rows.
    total = len(ParameterGrid(grid)) * folds + 1
    with progress_bar("Searching", total) as advance:

        def accuracy(fitted, X, y):
            score = accuracy_score(y, fitted.predict(X))
            advance(f"accuracy {score:.4f}")
            return score

        search = GridSearchCV(estimator, grid, scoring=accuracy, cv=folds, error_score="raise")
        with warnings.catch_warnings():
            # A fit that Ctrl-C ends keeps what it learned and warns; here it is to end the whole search.
            warnings.filterwarnings("error", "Training interrupted", ConvergenceWarning)
            try:
                search.fit(X, y)
            except ConvergenceWarning:
                raise KeyboardInterrupt from None
        advance()
    return search


def epoch_note(logs):
    """An epoch's loss and, where there is one, its validation score."""
    note = f"loss {logs['loss']:.4f}"
    return f"{note}  validation {logs['val_accuracy']:.2%}" if "val_accuracy" in logs else note
