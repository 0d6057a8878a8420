"""The command ``sk-digits`` without a subcommand: from digits to a saved, evaluated pipeline."""

import time
from pathlib import Path

from ._commands import confusion_figure, matrix_as_text
from ._files import save_model
from ._progress import search_with_progress

GRID = {
    "classifier__hidden_layer_sizes": [(128,), (512, 512)],
    "classifier__learning_rate": [0.001, 0.003],
}
FOLDS = 3


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

    from .. import datasets

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
    print(matrix_as_text(confusion_matrix(digits.target_test, predicted), digits.target_names))
    pipeline = folder / "pipeline.joblib"
    picture = folder / "confusion_matrix.png"
    save_model(search.best_estimator_, pipeline)
    _draw_confusion_matrix(digits.target_test, predicted, digits.target_names, picture)
    print(f"\nSaved in {folder.resolve()}:")
    print(f"  {pipeline.name}          the fitted pipeline, for joblib.load")
    print(f"  {picture.name}     the confusion matrix as a picture")
    print(f"Done in {time.perf_counter() - started:.0f} seconds.")


def _search(X, y):
    """A grid search over a scaler and the classifier."""
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import MinMaxScaler

    from .._classifier import DenseDigitClassifier

    pipeline = Pipeline([("scaler", MinMaxScaler()), ("classifier", DenseDigitClassifier(random_state=0))])
    return search_with_progress(pipeline, GRID, FOLDS, X, y)


def _draw_confusion_matrix(true, predicted, names, path):
    figure = confusion_figure(true, predicted, names)
    figure.axes[0].set_title(f"{(true == predicted).mean():.2%} of {len(true):,} test images are right")
    figure.savefig(path, dpi=150)
