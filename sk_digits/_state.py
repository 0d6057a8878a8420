"""What a fit learned, `FittedState`, and its form in files: dicts, lists, numbers, strings and arrays."""

import functools
import importlib.metadata
from dataclasses import dataclass

import numpy as np

from . import __version__
from ._engine._spec import Network, Regularization

# What may differ between the machine of a fit and the one of a prediction.
PACKAGES = ("keras", "numpy", "scikeras", "scikit-learn", "tensorflow")
# A state that belongs to no optimizer, so that training begins with a new one.
NEW_OPTIMIZER = "", []


@dataclass(frozen=True)
class FittedState:
    """What a fit learned and what is needed to resume it.

    Attributes
    ----------
    network : Network
    regularization : Regularization
    weights : list of ndarray
        In Keras' order, batch normalisation not folded in.
    optimizer_state : tuple of str and list of ndarray, or None
        None if a file was saved without it; the next training starts from a new one and warns.
    generator : RandomState
        Random generator of the training, where the fit left it.
    split_seed : int or None
        Seed of the validation split, kept so that a warm start does not train on its validation rows.
    history : dict of str to list of float
        Metrics of every epoch, those before a resume included; NaN for epochs without that metric.
    best_epoch : int or None
        Index in `history` of the epoch whose weights early stopping kept; None if these are not the weights.
    score_metric : str
        Key in `history` of the validation score of the last fit.
    scorer_name : str or None
        Identifies the scorer whose scores `history` has under "val_score".
    batch_size : int or None
        Rows per step in the last call to `fit` or `partial_fit`; None if there was none.
    learning_rate : float or None
        Learning rate at the start of that call; None for a schedule of Keras'.
    versions : dict of str to str
        Versions of the packages that the last call used.
    seconds : float or None
        Time that all calls took to train; None if it is not known.
    """

    network: Network
    regularization: Regularization
    weights: list
    optimizer_state: tuple | None
    generator: np.random.RandomState
    split_seed: int | None
    history: dict
    best_epoch: int | None
    score_metric: str
    scorer_name: str | None
    batch_size: int | None
    learning_rate: float | None
    versions: dict
    seconds: float | None


@functools.cache
def current_versions():
    """Return the versions of sk_digits and of the packages that it trains with."""
    return {"sk_digits": __version__} | {name: importlib.metadata.version(name) for name in PACKAGES}


def state_to_plain(state, *, with_optimizer=True):
    """Return a `FittedState` as a dict of plain values; its arrays are not copied."""
    return vars(state) | {
        "network": vars(state.network),
        "regularization": vars(state.regularization),
        "optimizer_state": state.optimizer_state if with_optimizer else None,
    }


def state_from_plain(content):
    """Return the `FittedState` that `state_to_plain` was given."""
    network = content["network"]
    sizes = tuple(network["hidden_layer_sizes"])
    return FittedState(
        **content
        | {
            "network": Network(**network | {"hidden_layer_sizes": sizes}),
            "regularization": Regularization(**content["regularization"]),
        }
    )


def state_of_version_0_1(attributes):
    """Return the plain form of the state in a pickle of version 0.1, whose private attributes are given."""
    network = dict(attributes["_network"])
    strengths = {
        name: network.pop(name)
        for name in ("dropout", "gaussian_noise", "label_smoothing", "virtual_adversarial")
    }
    return {
        "network": network,
        "regularization": strengths | {"alpha": 0.0},
        "weights": attributes["_weights"],
        # The optimizers of 0.1 had other names for the same variables.
        "optimizer_state": None,
        "generator": attributes["_random_state"],
        "split_seed": None,
        "history": attributes["history_"],
        "best_epoch": None,
        "score_metric": "val_accuracy",
        "scorer_name": None,
        "batch_size": attributes["batch_size"],
        "learning_rate": attributes["learning_rate"],
        "versions": {"sk_digits": "0.1.0"},
        "seconds": None,
    }
