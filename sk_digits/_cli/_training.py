"""The commands ``fit`` and ``search``: train a classifier and save it."""

import math
import time

from ._checks import (
    UsageError,
    check_folds,
    check_images_per_label,
    check_output_file,
    check_parameters,
    validate_parameters,
)
from ._data import load_data
from ._files import save_model
from ._messages import recorded_interruption
from ._progress import epoch_note, progress_bar
from ._search import search_with_progress


def fit(options):
    """Train a classifier, save it, and report its accuracy on the validation images."""
    check_output_file(options.output)
    classifier = _make_classifier(options)
    X, y, X_val, y_val = _split(load_data(options.data), options.validation)
    started = time.perf_counter()
    interrupted = _fit_with_progress(classifier, X, y, X_val, y_val)
    seconds = time.perf_counter() - started
    save_model(classifier, options.output)
    accuracy, loss = _score(classifier, X_val, y_val)
    result = {
        "model": str(options.output),
        "n_samples": len(X),
        "n_iter": classifier.n_iter_,
        "seconds": round(seconds, 3),
        "loss": classifier.loss_,
        "validation_accuracy": accuracy,
        "validation_loss": loss,
        "interrupted": interrupted,
    }
    epochs = f"{classifier.n_iter_} epoch{'s' if classifier.n_iter_ != 1 else ''}"
    lines = [
        f"Trained on {len(X):,} images, {epochs} in {seconds:.1f} s; "
        f"training loss of the last epoch: {classifier.loss_:.4f}."
    ]
    if interrupted:
        lines.append("Interrupted; the completed epochs are kept.")
    lines.append(f"Saved as {options.output}.")
    if y_val is not None:
        lines.append(
            f"Accuracy on {len(y_val):,} validation images: {accuracy:.2%}, loss {loss:.4f} "
            "(of the saved classifier)."
        )
    return result, "\n".join(lines)


def search(options):
    """Grid-search parameters and save the best classifier, fitted on all training images."""
    check_output_file(options.output)
    classifier = _make_classifier(options)
    grid = dict(options.grid)
    check_parameters(classifier, grid)
    data = load_data(options.data)
    check_folds(
        data.target_train,
        options.folds,
        f"--folds {options.folds}",
        early_stopping=any(grid.get("early_stopping", [classifier.early_stopping])),
    )
    found = search_with_progress(classifier, grid, options.folds, data.data_train, data.target_train)
    save_model(found.best_estimator_, options.output)
    candidates = _candidates(found.cv_results_)
    lines = [f"{len(candidates)} candidates in {options.folds} folds, best first:"]
    lines += [f"  {c['accuracy']:.4f} +- {c['std']:.4f}  {_format_params(c['params'])}" for c in candidates]
    result = {"model": str(options.output), "best_params": found.best_params_, "candidates": candidates}
    return result, "\n".join([*lines, f"Saved as {options.output}, fitted on all training images."])


def _make_classifier(options):
    """Return the classifier that ``--recipe``, ``--set`` and ``--seed`` describe, its parameters checked."""
    from .._classifier import DenseDigitClassifier
    from ..recipes import recipes

    if options.recipe and options.recipe not in recipes:
        raise UsageError(f"--recipe must be one of {', '.join(recipes)}, got {options.recipe!r}.")
    params = recipes[options.recipe] if options.recipe else {}
    classifier = DenseDigitClassifier(**params, random_state=options.seed)
    settings = dict(options.set)
    check_parameters(classifier, {name: [value] for name, value in settings.items()})
    classifier.set_params(**settings)
    validate_parameters(classifier)
    return classifier


def _split(data, share):
    """Return training images and labels, and validation images and labels or None."""
    from sklearn.model_selection import train_test_split

    X, y = data.data_train, data.target_train
    if not share:
        return X, y, None, None
    check_images_per_label(y, 2, f"--validation {share}")
    n_labels, n_val = len(set(y.tolist())), math.ceil(share * len(y))
    if min(n_val, len(y) - n_val) < n_labels:
        raise ValueError(
            f"--validation {share} splits the images into {len(y) - n_val} for training and {n_val} for "
            f"validation; each part requires at least {n_labels}, one of each label."
        )
    X, X_val, y, y_val = train_test_split(X, y, test_size=share, stratify=y, random_state=0)
    return X, y, X_val, y_val


def _fit_with_progress(classifier, X, y, X_val, y_val):
    """Fit with a progress bar over the epochs; return whether Ctrl-C ended it."""
    from .._engine._trainer import make_epoch_callback

    with progress_bar("Training") as advance, recorded_interruption() as interruption:
        callback = make_epoch_callback(lambda logs, n_epochs: advance(epoch_note(logs), n_epochs))
        classifier.set_params(callbacks=callback)
        classifier.fit(X, y, X_val=X_val, y_val=y_val)
    classifier.set_params(callbacks=None)
    return bool(interruption)


def _score(classifier, X_val, y_val):
    """Return accuracy and mean cross-entropy on the validation images; (None, None) without any."""
    import numpy as np

    if y_val is None:
        return None, None
    columns = np.searchsorted(classifier.classes_, y_val)
    log_probabilities = classifier.predict_log_proba(X_val)[np.arange(len(y_val)), columns]
    return classifier.score(X_val, y_val), -float(log_probabilities.mean())


def _candidates(results):
    """Return parameters and accuracy of each candidate, the most accurate first."""
    columns = (results[name] for name in ("params", "mean_test_score", "std_test_score"))
    candidates = [
        {"params": params, "accuracy": float(mean), "std": float(std)}
        for params, mean, std in zip(*columns, strict=True)
    ]
    return sorted(candidates, key=lambda candidate: -candidate["accuracy"])


def _format_params(params):
    return ", ".join(f"{name}={value!r}" for name, value in params.items())
