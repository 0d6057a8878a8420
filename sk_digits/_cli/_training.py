"""The commands ``fit`` and ``search``: train a classifier and save it."""

import math
import time

from .._progress import epoch_note, progress_bar, spinner
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
from ._search import STARTING, search_with_progress


def fit(options):
    """Train a classifier, save it, and report its accuracy on the validation images."""
    check_output_file(options.output)
    with spinner("Starting"):
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
    n_set_aside = 0 if y_val is None else len(y_val)
    of_all = f" of {len(X) + n_set_aside:,}" if n_set_aside else ""
    lines = [
        f"Trained on {len(X):,}{of_all} images, {epochs} in {seconds:.1f} s; "
        f"training loss of the last epoch: {classifier.loss_:.4f}."
    ]
    if n_set_aside:
        lines.append(
            f"{n_set_aside:,} images were set aside to measure the accuracy; --validation 0 trains on all."
        )
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
    """Search parameters and save the best classifier, fitted on all training images."""
    check_output_file(options.output)
    grid = dict(options.grid)
    with spinner("Starting"):
        classifier = _make_classifier(options)
        check_parameters(classifier, {name: _examples(values) for name, values in grid.items()})
        _check_draws(grid, options.random)
    data = load_data(options.data)
    check_folds(
        data.target_train,
        options.folds,
        f"--folds {options.folds}",
        early_stopping=any(_examples(grid.get("early_stopping", [classifier.early_stopping]))),
    )
    found = search_with_progress(
        classifier,
        grid,
        options.folds,
        data.data_train,
        data.target_train,
        jobs=options.jobs,
        draws=options.random,
        halving=options.halving,
        seed=options.seed,
    )
    save_model(found.best_estimator_, options.output)
    candidates = _candidates(found.cv_results_)
    lines = [f"{len(candidates)} candidates in {options.folds} folds, best first:", *_as_table(candidates)]
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
    if options.seed is not None and "random_state" in settings:
        raise UsageError(
            f"--seed {options.seed} and --set random_state={settings['random_state']!r} are the same "
            "parameter; give one of them."
        )
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
    with progress_bar("Training", note=STARTING) as progress, recorded_interruption() as interruption:
        from .._engine._trainer import make_epoch_callback

        progress.say("compiling the network")
        callback = make_epoch_callback(lambda logs, n_epochs: progress.advance(epoch_note(logs), n_epochs))
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


def _examples(values):
    """Return the values of a parameter in a grid: of a range, its ends."""
    return values if isinstance(values, list) else list(values.support())


def _check_draws(grid, draws):
    """Raise UsageError if a range is given without a number of draws, or a number larger than the grid."""
    ranges = [name for name, values in grid.items() if not isinstance(values, list)]
    if draws is None and ranges:
        raise UsageError(f"--grid {ranges[0]} is a range, which requires --random N, the number of draws.")
    size = math.prod(len(values) for values in grid.values() if isinstance(values, list))
    if draws is not None and not ranges and draws > size:
        raise UsageError(f"--random {draws} is more than the {size} candidates of the grid.")


def _candidates(results):
    """Return parameters, accuracy and seconds of each candidate, the most accurate first.

    Of a candidate in several rounds of a halving search, the last counts, and later rounds come first.
    """
    names = ("params", "mean_test_score", "std_test_score", "mean_fit_time")
    rounds = results.get("iter", [0] * len(results["params"]))
    rows = {}
    for round_, params, mean, std, seconds in zip(rounds, *map(results.get, names), strict=True):
        shown = {name: value for name, value in params.items() if name != "epochs" or "iter" not in results}
        row = {"params": params, "accuracy": float(mean), "std": float(std), "seconds": float(seconds)}
        rows[_format_params(shown)] = (int(round_), row)
    ordered = sorted(rows.values(), key=lambda entry: (-entry[0], -entry[1]["accuracy"]))
    return [row for _, row in ordered]


def _as_table(candidates):
    """Return the candidates as lines of text."""
    head = f"  {'accuracy':>17}  {'seconds':>7}  parameters"
    return [
        head,
        *(
            f"  {c['accuracy']:>8.4f} +- {c['std']:.4f}  {c['seconds']:>7.2f}  {_format_params(c['params'])}"
            for c in candidates
        ),
    ]


def _format_params(params):
    return ", ".join(f"{name}={_format_value(value)}" for name, value in params.items())


def _format_value(value):
    return f"{value:.4g}" if isinstance(value, float) else repr(value)
