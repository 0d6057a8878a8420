"""From parameters and checked arrays to a run of the engine, and from its result to a fitted state."""

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from . import _inference
from ._budget import auto_batch_size, auto_epochs, auto_label_smoothing, auto_rate_factor
from ._engine._spec import EarlyStopping, Job, Network, OptimizerParams, Regularization
from ._state import FittedState, current_versions
from .augmentation import RandomDeformation, make_deformation

# Other names of activations: scikit-learn's, and Keras' own aliases.
ACTIVATION_ALIASES = {
    "identity": "linear",
    "logistic": "sigmoid",
    "swish": "silu",
    "hard_swish": "hard_silu",
}
# Number of rows for which predictions are checked after a fit.
CHECKED_ROWS = 32


@dataclass(frozen=True)
class Data:
    """Checked arrays of one fit.

    Attributes
    ----------
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    image_shape : tuple of two int or None
    y : ndarray of shape (n_samples,)
        Class indices.
    sample_weight : ndarray of shape (n_samples,)
    rows : ndarray of int
        Indices of the rows to train on.
    validation : tuple of (X, y, sample_weight) or None
    score : callable or None
        ``score(network, layers)`` returns the validation score of a network whose `coefs_` and `intercepts_`
        are `layers`; None if the score is the accuracy or the loss.
    """

    X: np.ndarray
    image_shape: tuple | None
    y: np.ndarray
    sample_weight: np.ndarray
    rows: np.ndarray
    validation: tuple | None
    score: Callable | None


def fit_network(params, data, *, n_classes, generator, split_seed=None, previous=None):
    """Train a network on checked arrays.

    Parameters
    ----------
    params : dict
        Parameters of the classifier.
    data : Data
    n_classes : int
    generator : RandomState
    split_seed : int or None, default=None
        Stored in the result.
    previous : FittedState or None, default=None
        State to resume from.

    Returns
    -------
    FittedState
    """
    started = time.perf_counter()
    network = _make_network(params, data.X, n_classes, previous)
    if previous and previous.optimizer_state is None:
        warnings.warn(
            "The classifier was loaded from a file without the state of its optimizer, so training goes on "
            "from the weights with a new one; sk_digits.export.save(..., resumable=True) keeps the state.",
            UserWarning,
            stacklevel=5,
        )
    regularization = _make_regularization(params, len(data.rows), network.n_features)
    n_previous = len(previous.history["loss"]) if previous else 0
    job = _make_job(params, data, network, generator, n_previous)
    optimizer = make_optimizer_params(params, len(data.rows), network)
    from ._engine import _trainer

    result = _trainer.train(
        network,
        regularization,
        optimizer,
        job,
        previous and previous.weights,
        previous and previous.optimizer_state,
    )
    _check_predictions(network, result, data)
    if result.interrupted:
        warnings.warn("Training interrupted by user.", ConvergenceWarning, stacklevel=5)
    elif len(result.history["loss"]) == job.epochs and _is_unfinished(result.history["loss"], job):
        warnings.warn(
            f"The training loss was still falling steeply after {job.epochs} epochs: the network has not "
            'finished learning. Raise epochs or learning_rate, or set both to "auto".',
            ConvergenceWarning,
            stacklevel=5,
        )
    old_history, scorer_name = _history_to_continue(previous, params["scoring"])
    return FittedState(
        network,
        regularization,
        result.weights,
        result.optimizer_state,
        generator,
        split_seed,
        history=_join_histories(old_history, result.history) if previous else result.history,
        best_epoch=None if result.best_epoch is None else n_previous + result.best_epoch,
        score_metric=_score_metric(params["scoring"]),
        scorer_name=scorer_name,
        batch_size=job.batch_size,
        learning_rate=result.learning_rate,
        versions=current_versions(),
        seconds=time.perf_counter() - started + ((previous and previous.seconds) or 0.0),
    )


def _make_regularization(params, n_rows, n_features):
    """Return the strengths of the regularization, as the user gives them or "auto" chooses them."""
    smoothing = params["label_smoothing"]
    smoothing = auto_label_smoothing(n_rows, n_features) if smoothing == "auto" else float(smoothing)
    return Regularization(
        dropout=float(params["dropout"]),
        gaussian_noise=float(params["gaussian_noise"]),
        label_smoothing=smoothing,
        virtual_adversarial=float(params["virtual_adversarial"]),
        alpha=float(params["alpha"]),
    )


def _check_predictions(network, result, data):
    """Raise ValueError if finite weights have become so large that predictions overflow."""
    layers = _inference.dense_layers(result.weights, network.batch_norm, network.batch_norm_epsilon)
    with np.errstate(over="ignore", invalid="ignore"):
        z = _inference.logits(data.X[:CHECKED_ROWS], *layers, network.activation)
    if not np.isfinite(z).all():
        rate = "" if result.learning_rate is None else f" (it was {result.learning_rate:g})"
        raise ValueError(
            "The weights have become so large that predictions overflow: training has diverged. Lower "
            f"learning_rate{rate} or weight_decay, or scale X, for example with StandardScaler or "
            "MinMaxScaler."
        )


def make_optimizer_params(params, n_rows, network):
    """Return what the engine needs to know of the optimizer."""
    rate, schedule = params["learning_rate"], params["learning_rate_schedule"]
    factor = 1.0
    if isinstance(rate, str):
        has_hidden_layers = bool(network.hidden_layer_sizes)
        rate, factor = None, auto_rate_factor(n_rows, network.n_features, has_hidden_layers=has_hidden_layers)
    return OptimizerParams(
        optimizer=params["optimizer"],
        optimizer_params=params["optimizer_params"] or {},
        learning_rate=_float_or_none(rate),
        weight_decay=_float_or_none(params["weight_decay"]),
        rate_factor=factor,
        schedule=None if isinstance(schedule, str) else schedule,
    )


def _is_unfinished(losses, job):
    """Return whether the loss was still falling steeply when a fit ended.

    Progress is measured along the sum of the learning rates, since a schedule that ends at zero flattens the
    end of any curve. The loss of an unfinished fit falls almost as much in the second half of that sum as in
    the first, and most of it is left.
    """
    if len(losses) < 4 or losses[-1] < 0.4 * losses[0]:
        return False
    steps = math.ceil(len(job.rows) / job.batch_size) * len(losses)
    progress = np.cumsum(job.learning_rate_factor(np.arange(steps)))
    half = np.searchsorted(progress, progress[-1] / 2) * len(losses) // steps
    return losses[half] - losses[-1] > 0.4 * (losses[0] - losses[-1]) > 0


def _join_histories(old, new):
    """Return the metrics of both, with NaN for the epochs in which a metric was not computed."""
    n_old, n_new = len(old["loss"]), len(new["loss"])
    return {
        name: old.get(name, [math.nan] * n_old) + new.get(name, [math.nan] * n_new) for name in {**old, **new}
    }


def _float_or_none(value):
    return None if value is None else float(value)


def validation_scores(state):
    """Return `validation_scores_` of a fitted state: higher is better, so that a loss is negated."""
    scores = state.history.get(state.score_metric)
    if scores is None or state.score_metric != "val_loss":
        return scores
    return [-loss for loss in scores]


def folded_layers(state):
    """Return `coefs_` and `intercepts_` of a fitted state, with batch normalisation folded in."""
    network = state.network
    return _inference.dense_layers(state.weights, network.batch_norm, network.batch_norm_epsilon)


def make_keras_objects(state, classes, image_shape):
    """Return the Keras model and the SciKeras classifier of a fitted state."""
    from ._engine import _trainer

    network = state.network
    model = _trainer.make_keras_model(network, state.regularization, state.weights, image_shape)
    classifier = _trainer.make_keras_classifier(model, classes, network.n_features, state.history)
    return model, classifier


def _make_network(params, X, n_classes, previous):
    """Return the network that the parameters describe, which must be the previous one on a resume."""
    sizes = np.atleast_1d(params["hidden_layer_sizes"])
    if sizes.ndim != 1 or (sizes.size and (sizes.dtype.kind not in "iu" or sizes.min() < 1)):
        raise ValueError(
            f"hidden_layer_sizes must be int of at least 1, got {params['hidden_layer_sizes']!r}."
        )
    is_double = params["dtype"] == "auto" and X.dtype == np.float64
    network = Network(
        n_features=X.shape[1],
        hidden_layer_sizes=tuple(sizes.tolist()),
        n_classes=n_classes,
        activation=ACTIVATION_ALIASES.get(params["activation"], params["activation"]),
        batch_norm=bool(params["batch_norm"]),
        dtype="float64" if is_double else "float32",
    )
    if not previous:
        return network
    for name in ("hidden_layer_sizes", "batch_norm"):
        if getattr(network, name) != getattr(previous.network, name):
            raise ValueError(
                f"{name} must be that of the fitted network, {getattr(previous.network, name)!r}, to resume "
                f"training, got {params[name]!r}. Clone the classifier or set warm_start=False to start anew."
            )
    # A resumed network keeps the precision of its first fit.
    return replace(network, dtype=previous.network.dtype)


def _make_job(params, data, network, generator, initial_epoch):
    """Return the engine's job that the parameters and the data describe."""
    augmentation, deformation = params["augmentation"], None
    if isinstance(augmentation, RandomDeformation):
        deformation = make_deformation(augmentation, data.X.shape[1], data.image_shape)
        augmentation = None
    batch_size, epochs = _batch_size_and_epochs(params, len(data.rows), network)
    early_stopping = None
    if params["early_stopping"] and data.validation and params["n_iter_no_change"] is not None:
        patience = int(params["n_iter_no_change"])
        if params["epochs"] == "auto":
            patience = max(patience, epochs // 5)
        early_stopping = EarlyStopping(
            patience=patience, min_delta=float(params["tol"]), metric=_score_metric(params["scoring"])
        )
    n_steps = epochs * math.ceil(len(data.rows) / batch_size)
    return Job(
        X=data.X,
        y=data.y,
        sample_weight=data.sample_weight,
        rows=data.rows,
        batch_size=batch_size,
        epochs=epochs,
        rng=generator,
        learning_rate_factor=partial(
            _learning_rate_factor, params["learning_rate_schedule"], _warmup(params), n_steps
        ),
        callbacks=params["callbacks"],
        callbacks_params=params["callbacks_params"] or {},
        schedule=params["learning_rate_schedule"],
        initial_epoch=initial_epoch,
        image_shape=data.image_shape,
        early_stopping=early_stopping,
        augmentation=augmentation,
        deformation=deformation,
        evaluate=data.validation and partial(_evaluate, network, data),
        averaging_start=_averaging_start(float(params["weight_averaging"]), epochs),
        recompute_statistics=partial(_recompute_statistics, network, data),
        verbose=int(params["verbose"]),
    )


def _batch_size_and_epochs(params, n_rows, network):
    """Return the rows per step and the number of passes, as the user gives them or "auto" chooses them."""
    # NumPy's integers may be too narrow for what is computed from them.
    batch_size, epochs = params["batch_size"], params["epochs"]
    batch_size = auto_batch_size(n_rows, network.n_weights) if batch_size == "auto" else int(batch_size)
    epochs = auto_epochs(n_rows, network.n_weights) if epochs == "auto" else int(epochs)
    return batch_size, epochs


def _warmup(params):
    """Return the fraction of the steps in which the learning rate rises."""
    schedule, warmup = params["learning_rate_schedule"], params["warmup"]
    if warmup is None:
        return 0.3 if schedule == "one_cycle" else 0.0
    if not isinstance(schedule, str):
        raise ValueError(
            f"warmup={warmup!r} requires learning_rate_schedule to be 'constant', 'cosine' or 'one_cycle'; "
            "an instance of LearningRateSchedule must include its own warm-up."
        )
    return float(warmup)


def _learning_rate_factor(schedule, warmup, n_steps, steps):
    """Return the factor of the learning rate at each of `steps`."""
    ramp = np.minimum((steps + 1) / (warmup * n_steps), 1) if warmup else np.ones(len(steps))
    if schedule == "one_cycle":
        ramp = 0.04 + 0.96 * (1 - _half_cosine(ramp))
    if not isinstance(schedule, str) or schedule == "constant":
        return ramp
    return ramp * _half_cosine(np.maximum(steps / n_steps - warmup, 0) / (1 - warmup))


def _half_cosine(x):
    """Fall from 1 at x = 0 to 0 at x = 1."""
    return 0.5 * (1 + np.cos(np.pi * x))


def _averaging_start(share, epochs):
    """Return the epoch from which the weights are averaged, or None."""
    return epochs - max(1, round(share * epochs)) if share else None


def _recompute_statistics(network, data, weights):
    """Return averaged weights with the batch-normalisation statistics that they have on the training rows."""
    if not network.batch_norm:
        return weights
    sample_weight = np.zeros_like(data.sample_weight)
    sample_weight[data.rows] = data.sample_weight[data.rows]
    return _inference.recompute_batch_norm(
        data.X, sample_weight, weights, network.batch_norm_epsilon, network.activation
    )


def _score_metric(scoring):
    """Return the key in the history of the validation score."""
    if scoring is None:
        return "val_accuracy"
    return "val_loss" if isinstance(scoring, str) and scoring == "loss" else "val_score"


def _history_to_continue(previous, scoring):
    """Return the history before a fit, without scores of another scorer, and the name of the scorer in it."""
    history, name = (previous.history, previous.scorer_name) if previous else ({}, None)
    if _score_metric(scoring) != "val_score" or name == _scorer_name(scoring):
        return history, name
    # Scores of different scorers cannot be compared.
    return {key: values for key, values in history.items() if key != "val_score"}, _scorer_name(scoring)


def _scorer_name(scoring):
    """Return a name that tells scorers apart; the state holds no scorer, which might not pickle."""
    if isinstance(scoring, str):
        return scoring
    name = getattr(scoring, "__qualname__", "<")
    # Lambdas and local functions share their names.
    return repr(scoring) if "<" in name else f"{scoring.__module__}.{name}"


def _evaluate(network, data, weights):
    """Return the validation metrics of the network with these weights, under Keras' names."""
    X, y, sample_weight = data.validation
    layers = _inference.dense_layers(weights, network.batch_norm, network.batch_norm_epsilon)
    with np.errstate(over="ignore", invalid="ignore"):  # of a diverged network, which raises after the epoch
        z = _inference.logits(X, *layers, network.activation)
        accuracy, loss = _inference.accuracy_and_loss(z, y, sample_weight)
    metrics = {"val_accuracy": accuracy, "val_loss": loss}
    if data.score is not None:
        # Scorers refuse probabilities that are not finite.
        metrics["val_score"] = data.score(network, layers) if np.isfinite(loss) else np.nan
    return metrics
