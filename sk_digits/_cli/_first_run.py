"""The command ``sk-digits`` without a subcommand: search, report on and save a pipeline."""

import time
from pathlib import Path

from .._progress import spinner
from ._checks import check_folds, check_output_folder, has_labelled_test_images
from ._data import match_labels
from ._evaluation import report_as_text
from ._figures import confusion_figure, save_figure
from ._files import save_model
from ._search import search_with_progress

GRID = {
    "classifier__hidden_layer_sizes": [(128,), (512, 512)],
    "classifier__learning_rate": [0.001, 0.003],
}
FOLDS = 3
PIPELINE, PICTURE = "pipeline.skops", "confusion_matrix.png"


def first_run(mnist, folder, started):
    """Search, evaluate and save a classifier of the bundled digits or of MNIST.

    Parameters
    ----------
    mnist : path-like or None
        File or folder that `load_mnist` reads; None selects the bundled digits.
    folder : path-like
        Folder for the pipeline and the picture; it is created if it does not exist.
    started : float
        When the command was started, as `time.perf_counter` returns it.
    """
    folder = Path(folder)
    check_output_folder(folder, (PIPELINE, PICTURE))
    with spinner("Loading the images"):
        digits = _load(mnist)
    folder.mkdir(parents=True, exist_ok=True)
    height, width = digits.images.shape[1:]
    print(
        f"{len(digits.data_train):,} images of {height}x{width} pixels for training, "
        f"{len(digits.data_test):,} for testing."
    )
    search = search_with_progress(_make_pipeline(), GRID, FOLDS, digits.data_train, digits.target_train)
    save_model(search.best_estimator_, folder / PIPELINE)
    print(f"\nBest of {len(search.cv_results_['params'])} candidates in {FOLDS} folds:")
    for name, value in search.best_params_.items():
        print(f"  {name.removeprefix('classifier__')} = {value}")
    print(f"  cross-validated accuracy {search.best_score_:.4f}")
    predicted = search.predict(digits.data_test)
    _, labels = match_labels(search, digits.target_test)
    print("\nOn the test images:\n")
    print(report_as_text(digits.target_test, predicted, labels))
    save_figure(confusion_figure(digits.target_test, predicted, labels), folder / PICTURE)
    print(f"\nSaved in {folder.resolve()}:")
    print(f"  {PIPELINE}           the fitted pipeline, for sk_digits.export.load")
    print(f"  {PICTURE}     the confusion matrix as a picture")
    print("\nTo read a photo of your own handwriting: sk-digits predict photo.jpg")
    print(f"Done in {time.perf_counter() - started:.0f} seconds.")


def _load(mnist):
    """Return the dataset, after checking that it allows a search and a report."""
    from .. import datasets

    digits = datasets.load_digits() if mnist is None else datasets.load_mnist(mnist)
    if not has_labelled_test_images(digits):
        raise ValueError(f"{mnist} has no labelled test images, which the report requires.")
    check_folds(digits.target_train, FOLDS, f"the cross-validation in {FOLDS} folds")
    return digits


def _make_pipeline():
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import MinMaxScaler

    from .._classifier import DenseDigitClassifier

    return Pipeline([("scaler", MinMaxScaler()), ("classifier", DenseDigitClassifier(random_state=0))])
