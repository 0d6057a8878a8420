"""From checked arrays to the fitted attributes: what the parameters ask for, and what training gave."""

import dataclasses
import math
import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from . import _inference
from .augmentation import RandomDeformation

# scikit-learn's names of what Keras calls otherwise.
ACTIVATION_ALIASES = {"identity": "linear", "logistic": "sigmoid"}


@dataclass(frozen=True)
class Data:
    """Checked arrays; `y` are class numbers, `rows` those to train on, `validation` is (X, y, weights)."""

    X: np.ndarray
    image_shape: tuple | None
    y: np.ndarray
    sample_weight: np.ndarray
    rows: np.ndarray
    validation: tuple | None


def train(params, data, *, n_classes, rng, before=None):
    """Train a network.

    Parameters
    ----------
    params : dict
        The classifier's parameters.
    data : Data
    n_classes : int
    rng : RandomState
    before : dict or None
        Attributes of the fit to go on from.

    Returns
    -------
    attributes : dict
        The fitted attributes, private ones included.
    """
    from ._engine import _trainer as _training

    deformation = None
    if isinstance(params["augmentation"], RandomDeformation):
        deformation = params["augmentation"].settings(data.X.shape[1], data.image_shape)
    network = _make_network(_training, params, data.X, n_classes, before)
    network_as_dict = dataclasses.asdict(network)
    epochs, schedule = params["epochs"], params["learning_rate_schedule"]
    job = _training.Job(
        X=data.X,
        y=data.y,
        sample_weight=data.sample_weight,
        rows=data.rows,
        batch_size=params["batch_size"],
        epochs=epochs,
        rng=rng,
        learning_rate_factor=partial(
            _learning_rate_factor,
            schedule,
            _warmup(params),
            epochs * math.ceil(len(data.rows) / params["batch_size"]),
        ),
        callbacks=list(params["callbacks"] or ()),
        augmentation=None if deformation else params["augmentation"],
        deformation=deformation,
        evaluate=data.validation and partial(_evaluate, network_as_dict, *data.validation),
        averaging_start=_averaging_start(params),
        fitting_statistics=partial(_fitting_statistics, network_as_dict, data),
        verbose=int(params["verbose"]),
    )
    early_stopping = None
    if params["early_stopping"] and data.validation:
        early_stopping = {"patience": params["n_iter_no_change"], "min_delta": params["tol"]}
    weights, optimizer_state, history = _training.train(
        network,
        {
            "optimizer": params["optimizer"],
            "learning_rate": params["learning_rate"],
            "schedule": None if isinstance(schedule, str) else schedule,
            "weight_decay": params["weight_decay"],
        },
        job,
        early_stopping,
        before and before["_weights"],
        before and before["_optimizer_state"],
    )
    if job.interrupted:
        warnings.warn("Training interrupted by user.", ConvergenceWarning, stacklevel=5)
    if before:
        history = {name: before["history_"].get(name, []) + values for name, values in history.items()}
    return _attributes(network_as_dict, weights, optimizer_state, history)


def keras_objects(attributes):
    """The Keras model and the SciKeras classifier of a fit, by "model" and "classifier"."""
    from ._engine import _trainer as _training

    network = _training.Network(**attributes["_network"])
    model = _training.keras_model(network, attributes["_weights"], attributes["image_shape_"])
    classifier = _training.keras_classifier(
        model, attributes["classes_"], attributes["n_features_in_"], attributes["history_"]
    )
    return {"model": model, "classifier": classifier}


def _make_network(training, params, X, n_classes, before):
    sizes = np.atleast_1d(params["hidden_layer_sizes"])
    if sizes.ndim != 1 or (sizes.size and (sizes.dtype.kind not in "iu" or sizes.min() < 1)):
        raise ValueError(
            "hidden_layer_sizes must be whole numbers, all of 1 or more, "
            f"got {params['hidden_layer_sizes']!r}."
        )
    is_double = params["dtype"] == "auto" and X.dtype == np.float64
    network = training.Network(
        n_features=X.shape[1],
        hidden_layer_sizes=tuple(sizes.tolist()),
        n_classes=n_classes,
        activation=ACTIVATION_ALIASES.get(params["activation"], params["activation"]),
        dropout=float(params["dropout"]),
        gaussian_noise=float(params["gaussian_noise"]),
        batch_norm=bool(params["batch_norm"]),
        batch_norm_epsilon=training.BATCH_NORM_EPSILON,
        label_smoothing=float(params["label_smoothing"]),
        virtual_adversarial=float(params["virtual_adversarial"]),
        dtype="float64" if is_double else "float32",
    )
    if not before:
        return network
    for name in ("hidden_layer_sizes", "batch_norm"):
        if getattr(network, name) != before["_network"][name]:
            raise ValueError(
                f"{name}={params[name]!r}, but the network to go on with was fitted with "
                f"{before['_network'][name]!r}. Clone the classifier, or set warm_start=False, to start anew."
            )
    # The precision of the first fit stays.
    return dataclasses.replace(network, dtype=before["_network"]["dtype"])


def _attributes(network, weights, optimizer_state, history):
    coefs, intercepts = _inference.dense_layers(weights, network["batch_norm"], network["batch_norm_epsilon"])
    scores = history.get("val_accuracy")
    return {
        "_network": network,
        "_weights": weights,
        "_optimizer_state": optimizer_state,
        "coefs_": coefs,
        "intercepts_": intercepts,
        "n_layers_": len(coefs) + 1,
        "n_outputs_": len(intercepts[-1]),
        "out_activation_": "softmax",
        "history_": history,
        "loss_curve_": history["loss"],
        "loss_": history["loss"][-1],
        "n_iter_": len(history["loss"]),
        "validation_scores_": scores,
        "best_validation_score_": max(scores) if scores else None,
    }


def _warmup(params):
    """The share of the steps in which the learning rate rises."""
    schedule, warmup = params["learning_rate_schedule"], params["warmup"]
    if warmup is None:
        return 0.3 if schedule == "one_cycle" else 0.0
    if not isinstance(schedule, str):
        raise ValueError(
            f"warmup={warmup!r} goes with a learning_rate_schedule of 'constant', 'cosine' or 'one_cycle'; "
            "an instance of LearningRateSchedule has to bring its own warm-up."
        )
    return warmup


def _learning_rate_factor(schedule, warmup, total_steps, steps):
    """What the learning rate is multiplied with at each of `steps`."""
    risen = np.minimum((steps + 1) / (warmup * total_steps), 1) if warmup else np.ones(len(steps))
    if schedule == "one_cycle":
        risen = 0.04 + 0.96 * (1 - _half_cosine(risen))
    if not isinstance(schedule, str) or schedule == "constant":
        return risen
    return risen * _half_cosine(np.maximum(steps / total_steps - warmup, 0) / (1 - warmup))


def _half_cosine(x):
    """From 1 at 0 down to 0 at 1."""
    return 0.5 * (1 + np.cos(np.pi * x))


def _averaging_start(params):
    """The epoch from which on the weights are averaged, or None."""
    if not params["weight_averaging"]:
        return None
    return params["epochs"] - max(1, round(params["weight_averaging"] * params["epochs"]))


def _fitting_statistics(network, data, weights):
    """Averaged weights with the batch-normalisation statistics that these have on the training data."""
    if not network["batch_norm"]:
        return weights
    sample_weight = np.zeros_like(data.sample_weight)
    sample_weight[data.rows] = data.sample_weight[data.rows]
    return _inference.fitting_batch_norm(
        data.X, sample_weight, weights, network["batch_norm_epsilon"], network["activation"]
    )


def _evaluate(network, X, y, sample_weight, weights):
    """Validation figures, under Keras' names, of the network with these weights."""
    layers = _inference.dense_layers(weights, network["batch_norm"], network["batch_norm_epsilon"])
    z = _inference.logits(X, *layers, network["activation"])
    accuracy, loss = _inference.accuracy_and_loss(z, y, sample_weight)
    return {"val_accuracy": accuracy, "val_loss": loss}
