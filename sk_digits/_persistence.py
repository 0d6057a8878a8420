"""What a pickle or a file keeps of a classifier: its parameters, and the fitted state as plain values.

Private classes are not part of it, so that files do not depend on where these are defined.
"""

import inspect
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import numpy as np
from sklearn.exceptions import InconsistentVersionWarning

from . import __version__
from ._callback_copies import picklable_callbacks
from ._state import state_from_plain, state_of_version_0_1, state_to_plain
from .augmentation import RandomDeformation

# Raised whenever an older version could not read the files of a newer one.
FORMAT = 1
# Attributes that follow from the state.
DERIVED = {
    "batch_size_",
    "best_epoch_",
    "best_validation_score_",
    "coefs_",
    "history_",
    "intercepts_",
    "label_smoothing_",
    "learning_rate_",
    "loss_",
    "loss_curve_",
    "n_iter_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "validation_scores_",
}
_options = ContextVar("options", default=None)


class NewerFormatError(ValueError):
    """A newer version of sk_digits wrote a classifier in a form that this one does not know."""


@dataclass
class FileOptions:
    """How classifiers become part of a file without pickle.

    Attributes
    ----------
    resumable : bool
        Whether the state of the optimizer is kept.
    left_out : set of str
        Filled with the names of the parameters whose values are no plain values.
    """

    resumable: bool
    left_out: set = field(default_factory=set)


@contextmanager
def plain_states(resumable):
    """Make classifiers whose state is taken within this context have only plain values in it.

    Yields
    ------
    options : FileOptions
    """
    options = FileOptions(resumable)
    token = _options.set(options)
    try:
        yield options
    finally:
        _options.reset(token)


def to_persisted(classifier, attributes):
    """Return what `__getstate__` of a classifier with these attributes returns; they are not changed."""
    options = _options.get()
    kept = {
        name: value for name, value in attributes.items() if name not in DERIVED and name != "_keras_cache"
    }
    if options is None:
        kept["callbacks"] = picklable_callbacks(attributes["callbacks"])
    else:
        kept |= _defaults_of_other_values(classifier, kept, options)
    if "_state" in kept:
        with_optimizer = options is None or options.resumable
        kept["_state"] = state_to_plain(kept["_state"], with_optimizer=with_optimizer)
    return kept | {"_sk_digits_format": FORMAT, "_sk_digits_version": __version__}


def from_persisted(classifier, persisted):
    """Return the attributes of a classifier, and its `FittedState` or None.

    Parameters
    ----------
    classifier : DenseDigitClassifier
        Without attributes.
    persisted : dict
        As `to_persisted` returns it, of this version or an older one.

    Raises
    ------
    NewerFormatError
        If a newer version wrote it in a form that this one does not know.
    """
    attributes = dict(persisted)
    file_format = attributes.pop("_sk_digits_format", 0)
    version = attributes.pop("_sk_digits_version", "0.1.0")
    if file_format > FORMAT:
        raise NewerFormatError(
            f"This {type(classifier).__name__} was saved by sk_digits {version}, in a format that sk_digits "
            f"{__version__} does not know; install sk_digits {version} or newer."
        )
    if version != __version__:
        warnings.warn(
            InconsistentVersionWarning(
                estimator_name=type(classifier).__name__,
                current_sklearn_version=f"sk_digits {__version__}",
                original_sklearn_version=f"sk_digits {version}",
            ),
            stacklevel=3,
        )
    if "_network" in attributes:
        attributes["_state"] = state_of_version_0_1(attributes)
        for name in ("_network", "_weights", "_optimizer_state", "_random_state"):
            attributes.pop(name, None)
    state = attributes.pop("_state", None)
    attributes = {name: value for name, value in attributes.items() if name not in DERIVED}
    # Parameters that the older version did not have.
    attributes = _defaults(classifier) | attributes
    return attributes, None if state is None else state_from_plain(state)


def _defaults(classifier):
    parameters = inspect.signature(type(classifier).__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def _defaults_of_other_values(classifier, attributes, options):
    """Return the defaults of those parameters whose values are no plain values, and note their names."""
    defaults = _defaults(classifier)
    names = {name for name in defaults if name in attributes and not _is_plain(attributes[name])}
    options.left_out |= names
    return {name: defaults[name] for name in names}


def _is_plain(value):
    """Return whether a file without pickle can hold the value."""
    if isinstance(value, dict):
        return all(isinstance(key, str | int) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, np.ndarray):
        return not value.dtype.hasobject
    plain = None.__class__, bool, int, float, str, np.generic, np.random.RandomState, RandomDeformation
    return isinstance(value, plain)
