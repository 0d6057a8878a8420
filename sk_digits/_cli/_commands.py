"""What the subcommands of ``sk-digits`` do: each takes parsed options and returns a result.

A result is a dict of plain values, which ``--json`` prints, and a text for people.
"""

import sys
import time
import warnings
from pathlib import Path

from ._files import check_can_be_written, load_model, save_model, whole_file
from ._progress import epoch_note, progress_bar, search_with_progress, working

IMAGE_SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


class UsageError(ValueError):
    """What was asked for makes no sense, whatever the data."""


def fit(options):
    """Train a classifier and save it."""
    check_can_be_written(options.output)
    classifier = _classifier(options)
    data = load_data(options.data)
    X, y, validation = _validation_part(data, options.validation)
    started = time.perf_counter()
    with progress_bar("Training", classifier.epochs) as advance:
        interrupted = _fit_with_progress(classifier, X, y, validation, advance)
    save_model(classifier, options.output)
    result = {
        "model": str(options.output),
        "n_samples": len(X),
        "n_iter": classifier.n_iter_,
        "seconds": round(time.perf_counter() - started, 3),
        "loss": classifier.loss_,
        "validation_accuracy": classifier.validation_scores_[-1] if classifier.validation_scores_ else None,
        "interrupted": interrupted,
    }
    epochs = f"{classifier.n_iter_} epoch{'s' if classifier.n_iter_ != 1 else ''}"
    lines = [
        f"Trained on {len(X):,} images, {epochs} in {result['seconds']:.1f} s: loss {result['loss']:.4f}."
    ]
    if validation:
        accuracy = result["validation_accuracy"]
        lines.append(f"Accuracy on {len(validation['y_val']):,} validation images: {accuracy:.2%}.")
    if interrupted:
        lines.append("Interrupted; what was learned before is kept.")
    return result, "\n".join([*lines, f"Saved as {options.output}."])


def search(options):
    """Grid-search parameters and save the best classifier, fitted on all training images."""
    check_can_be_written(options.output)
    classifier = _classifier(options)
    grid = dict(options.grid)
    _check_parameters(classifier, grid)
    data = load_data(options.data)
    found = search_with_progress(classifier, grid, options.folds, data.data_train, data.target_train)
    save_model(found.best_estimator_, options.output)
    candidates = [
        {"params": params, "accuracy": float(mean), "std": float(std)}
        for params, mean, std in zip(
            found.cv_results_["params"],
            found.cv_results_["mean_test_score"],
            found.cv_results_["std_test_score"],
            strict=True,
        )
    ]
    candidates.sort(key=lambda candidate: -candidate["accuracy"])
    lines = [f"{len(candidates)} candidates in {options.folds} folds, best first:"]
    lines += [f"  {c['accuracy']:.4f} +- {c['std']:.4f}  {_as_words(c['params'])}" for c in candidates]
    result = {"model": str(options.output), "best_params": found.best_params_, "candidates": candidates}
    return result, "\n".join([*lines, f"Saved as {options.output}, fitted on all training images."])


def evaluate(options):
    """Report how good a saved classifier is on images with labels."""
    from sklearn.metrics import classification_report, confusion_matrix

    model = load_model(options.model)
    X, y = _part(load_data(options.data), options.part)
    with working("Predicting"):
        predicted = model.predict(X)
    labels = model.classes_.tolist()
    matrix = confusion_matrix(y, predicted, labels=labels)
    report = classification_report(y, predicted, labels=labels, zero_division=0, output_dict=True)
    result = {
        "n_samples": len(y),
        "accuracy": float((predicted == y).mean()),
        "report": report,
        "confusion_matrix": matrix.tolist(),
        "labels": labels,
    }
    text = classification_report(y, predicted, labels=labels, zero_division=0, digits=4)
    right = f"{result['accuracy']:.2%} of {len(y):,} images are right."
    return result, f"{right}\n\n{text}\n{matrix_as_text(matrix, list(map(str, labels)))}"


def predict(options):
    """Read the digits in images; a file that cannot be read is reported, and the rest goes on."""
    model = load_model(options.model)
    readings, failed = [], []
    files = _image_files(options.images)
    with progress_bar("Reading", len(files)) as advance:
        for file in files:
            try:
                readings.append(_read(file, model))
            except (OSError, ValueError) as error:
                failed.append({"file": str(file), "error": " ".join(str(error).split())})
            advance()
    lines = [line for reading in readings for line in _reading_as_lines(reading)]
    for failure in failed:
        print(f"sk-digits: {failure['error']}", file=sys.stderr)
    return {"images": readings, "failed": failed}, "\n".join(lines)


def show(options):
    """Draw a picture of a saved classifier, or of its predictions, and save it."""
    output = options.output or Path(f"{options.picture}.png")
    check_can_be_written(output)
    model = load_model(options.model)
    figure = _figure(options, model)
    with whole_file(output) as partial:
        figure.savefig(partial, dpi=150)
    return {"picture": str(output)}, f"Saved as {output}."


def load_data(name):
    """The digits that ``--data`` names."""
    from .. import datasets

    if name == "digits":
        return datasets.load_digits()
    if name == "openml":
        return datasets.fetch_mnist()  # has a line of its own
    with working(f"Loading {name}"):
        return datasets.load_mnist(name)


def matrix_as_text(matrix, names):
    """The confusion matrix as lines: a row for each true label, a column for each predicted one."""
    width = max(len(str(matrix.max())), *map(len, names)) + 2
    head = "true \\ predicted"
    lines = [head + "".join(f"{name:>{width}}" for name in names)]
    for name, row in zip(names, matrix, strict=True):
        cells = "".join(f"{count or '.':>{width}}" for count in row.tolist())
        lines.append(f"{name:>{len(head)}}{cells}")
    return "\n".join(lines)


def confusion_figure(true, predicted, names=None):
    """The confusion matrix as scikit-learn draws it, in a figure that pyplot does not know."""
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    ax = Figure(figsize=(6.4, 6), layout="constrained").subplots()
    ConfusionMatrixDisplay.from_predictions(
        true, predicted, display_labels=names, cmap="Blues", colorbar=False, ax=ax
    )
    return ax.figure


def _classifier(options):
    from .._classifier import DenseDigitClassifier
    from ..recipes import recipes

    if options.recipe and options.recipe not in recipes:
        raise UsageError(f"there is no recipe {options.recipe!r}; there are {', '.join(recipes)}.")
    params = recipes[options.recipe] if options.recipe else {}
    classifier = DenseDigitClassifier(**params, random_state=options.seed)
    settings = dict(options.set)
    _check_parameters(classifier, settings)
    return classifier.set_params(**settings)


def _check_parameters(classifier, names):
    known = sorted(classifier.get_params())
    for name in names:
        if name not in known:
            raise UsageError(f"there is no parameter {name!r}; there are {', '.join(known)}.")


def _validation_part(data, share):
    """Training images, labels, and the validation arguments of `fit`."""
    from sklearn.model_selection import train_test_split

    X, y = data.data_train, data.target_train
    if not share:
        return X, y, {}
    X, X_val, y, y_val = train_test_split(X, y, test_size=share, stratify=y, random_state=0)
    return X, y, {"X_val": X_val, "y_val": y_val}


def _fit_with_progress(classifier, X, y, validation, advance):
    """Fit with a line an epoch; returns whether Ctrl-C ended it."""
    from sklearn.exceptions import ConvergenceWarning

    from .._engine._trainer import epoch_callback

    classifier.set_params(callbacks=[epoch_callback(lambda logs: advance(epoch_note(logs)))])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        classifier.fit(X, y, **validation)
    classifier.set_params(callbacks=None)
    return any(issubclass(warning.category, ConvergenceWarning) for warning in caught)


def _part(data, part):
    """Images and labels of the part that is asked for; without one the test part, where it has labels."""
    has_test = data.target_test is not None and len(data.target_test) > 0
    if part == "test" and not has_test:
        raise ValueError("this data has no test images with labels; ask for --part train.")
    if part == "train" or not has_test:
        return data.data_train, data.target_train
    return data.data_test, data.target_test


def _as_words(params):
    return ", ".join(f"{name}={value!r}" for name, value in params.items())


def _image_files(names):
    files = []
    for name in names:
        path = Path(name)
        if name != "-" and path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
            if not inside:
                raise ValueError(f"{path} has no image; known are {', '.join(sorted(IMAGE_SUFFIXES))}.")
            files += inside
        else:
            files.append(name if name == "-" else path)
    return files


def _read(file, model):
    """The digits in one image file, or in the bytes on standard input, as plain values."""
    from ..preprocessing import read_digits

    reading = read_digits(sys.stdin.buffer.read() if file == "-" else file, model)
    digits = [
        {"label": digit.label, "probability": float(digit.probabilities.max()), "box": list(digit.box)}
        for digit in reading.digits
    ]
    return {"file": str(file), "text": reading.text, "digits": digits}


def _reading_as_lines(reading):
    yield f"{reading['file']}: {reading['text'] or 'no digit found'}"
    for digit in reading["digits"]:
        left, top, right, bottom = digit["box"]
        yield f"  {digit['label']}  {digit['probability']:7.2%}  at x {left} to {right}, y {top} to {bottom}"


def _figure(options, model):
    """The figure that ``show`` saves."""
    from .. import plotting

    if options.picture == "curves":
        return plotting.LossCurveDisplay.from_estimator(model).figure_
    if options.picture == "weights":
        return plotting.WeightsDisplay.from_estimator(model, n_units=options.n).figure_
    X, y = _part(load_data(options.data), options.part)
    with working("Predicting"):
        if options.picture == "confusion":
            return confusion_figure(y, model.predict(X))
        display = {"samples": plotting.DigitsDisplay, "mistakes": plotting.MistakesDisplay}[options.picture]
        return display.from_estimator(model, X, y, n_images=options.n).figure_
