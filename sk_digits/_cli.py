"""The command ``sk-digits``: the first run, from digits to a saved, evaluated pipeline."""

import argparse
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from . import __version__

GRID = {
    "classifier__hidden_layer_sizes": [(128,), (512, 512)],
    "classifier__learning_rate": [0.001, 0.003],
}
FOLDS = 3


def main(argv=None):
    """Run the command line; returns the exit code: 0, 1 (it failed) or 2 (wrong usage)."""
    options = _parser().parse_args(argv)
    # TensorFlow's start-up messages are for its developers; this process is ours, so it may be quiet.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        first_run(options.mnist, options.output)
    except KeyboardInterrupt:
        print("sk-digits: interrupted", file=sys.stderr)
        return 1
    except (OSError, ValueError, ImportError) as error:
        print(f"sk-digits: {error}", file=sys.stderr)
        return 1
    return 0


def first_run(mnist, folder):
    """Search, evaluate and save a classifier of the bundled digits, or of MNIST.

    Parameters
    ----------
    mnist : path-like or None
        File or folder that `load_mnist` reads; None takes the bundled digits.
    folder : path-like
        Where the pipeline and the picture go.
    """
    from sklearn.metrics import classification_report, confusion_matrix

    from . import datasets

    started = time.perf_counter()
    digits = datasets.load_digits() if mnist is None else datasets.load_mnist(mnist)
    if digits.target_test is None or not len(digits.target_test):
        raise ValueError(f"{mnist} has no labelled test images, and the report is about those.")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    height, width = digits.images.shape[1:]
    print(
        f"{len(digits.data_train):,} images of {height}x{width} pixels to train on, "
        f"{len(digits.data_test):,} to test with."
    )
    search = _search(digits.data_train, digits.target_train)
    print(f"\nBest of {len(search.cv_results_['params'])} candidates in {FOLDS} folds:")
    for name, value in search.best_params_.items():
        print(f"  {name.removeprefix('classifier__')} = {value}")
    print(f"  cross-validated accuracy {search.best_score_:.4f}")
    predicted = search.predict(digits.data_test)
    print("\nOn the test images:\n")
    print(classification_report(digits.target_test, predicted, target_names=digits.target_names, digits=4))
    print(_as_text(confusion_matrix(digits.target_test, predicted), digits.target_names))
    pipeline = folder / "pipeline.joblib"
    picture = folder / "confusion_matrix.png"
    _save(search.best_estimator_, pipeline)
    _draw_confusion_matrix(digits.target_test, predicted, digits.target_names, picture)
    print(f"\nSaved in {folder.resolve()}:")
    print(f"  {pipeline.name}          the fitted pipeline, for joblib.load")
    print(f"  {picture.name}     the confusion matrix as a picture")
    print(f"Done in {time.perf_counter() - started:.0f} seconds.")


def _parser():
    parser = argparse.ArgumentParser(
        prog="sk-digits",
        description="Train a classifier of handwritten digits: search its parameters, report how good it "
        "is on images it has not seen, and save it. Without arguments on the digits that come with "
        "scikit-learn, with no network, in well under two minutes.",
    )
    parser.add_argument(
        "--mnist", metavar="PATH", help="file or folder with MNIST, in any layout that load_mnist knows"
    )
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        default="sk-digits-run",
        help="where the fitted pipeline and the confusion matrix go (default: %(default)s)",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def _search(X, y):
    """A grid search over a scaler and the classifier, with a progress bar on a terminal."""
    from sklearn.metrics import accuracy_score
    from sklearn.model_selection import GridSearchCV, ParameterGrid
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import MinMaxScaler

    from ._classifier import DenseDigitClassifier

    pipeline = Pipeline([("scaler", MinMaxScaler()), ("classifier", DenseDigitClassifier(random_state=0))])
    with _progress_bar("Searching", len(ParameterGrid(GRID)) * FOLDS) as advance:

        def accuracy(estimator, X, y):
            score = accuracy_score(y, estimator.predict(X))
            advance()
            return score

        search = GridSearchCV(pipeline, GRID, scoring=accuracy, cv=FOLDS, error_score="raise")
        return search.fit(X, y)


@contextmanager
def _progress_bar(title, total):
    """A bar on the terminal; gives the function that moves it one step. Silent where there is none."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)


def _as_text(matrix, names):
    """The confusion matrix as lines: a row for each true label, a column for each predicted one."""
    width = max(len(str(matrix.max())), *map(len, names)) + 2
    head = "true \\ predicted"
    lines = [head + "".join(f"{name:>{width}}" for name in names)]
    for name, row in zip(names, matrix, strict=True):
        cells = "".join(f"{count or '.':>{width}}" for count in row.tolist())
        lines.append(f"{name:>{len(head)}}{cells}")
    return "\n".join(lines)


def _save(estimator, path):
    """Write with joblib; the file appears when it is whole."""
    import joblib

    partial = path.with_name(path.name + ".part")
    try:
        joblib.dump(estimator, partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _draw_confusion_matrix(true, predicted, names, path):
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    figure = Figure(figsize=(6.4, 6), layout="constrained")
    axes = figure.subplots()
    ConfusionMatrixDisplay.from_predictions(
        true, predicted, display_labels=names, cmap="Blues", colorbar=False, ax=axes
    )
    axes.set_title(f"{(true == predicted).mean():.2%} of {len(true):,} test images are right")
    figure.savefig(path, dpi=150)
