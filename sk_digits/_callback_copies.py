"""Copies of the user's Keras callbacks, for clones and pickles of the estimator; does not load Keras."""

import copy
import pickle
import warnings

import joblib

# The model and the weights of the last fit, under Keras' names.
_LEFT_OUT = ("_model", "best_weights")


def copy_callbacks(callbacks, memo=None):
    """Return independent copies of callbacks, for a clone or a deep copy.

    What cannot be copied, such as an open file, is shared with the original, which opens it again in its
    next fit. The model and the weights of the last fit are left out.
    """

    def copy_or_share(value):
        try:
            return copy.deepcopy(value, memo)
        except Exception:
            return value

    return _map_callbacks(callbacks, copy_or_share)


def picklable_callbacks(callbacks):
    """Return copies of callbacks that can be pickled.

    Attributes that cannot be pickled, such as an open file, are None in the copies. Callbacks that only
    cloudpickle can pickle, such as those with a lambda, are wrapped for it and unwrapped when loaded. Those
    that cannot be pickled at all are left out, with a warning.
    """

    def keep_if_picklable(value):
        try:
            pickle.dumps(joblib.wrap_non_picklable_objects(value, keep_wrapper=False))
        except Exception:
            return None
        return value

    copies = _map_callbacks(callbacks, keep_if_picklable)
    if isinstance(copies, dict):
        wrapped = {label: _wrap(callback) for label, callback in copies.items()}
        return {label: callback for label, callback in wrapped.items() if callback is not None}
    if isinstance(copies, list | tuple):
        wrapped = (_wrap(callback) for callback in copies)
        return type(copies)(callback for callback in wrapped if callback is not None)
    return None if copies is None else _wrap(copies)


def _map_callbacks(callbacks, function):
    """Return copies of callbacks whose attributes are mapped by a function."""
    if isinstance(callbacks, dict):
        return {label: _map_attributes(callback, function) for label, callback in callbacks.items()}
    if isinstance(callbacks, list | tuple):
        return type(callbacks)(_map_attributes(callback, function) for callback in callbacks)
    return _map_attributes(callbacks, function)


def _map_attributes(callback, function):
    if isinstance(callback, type) or not hasattr(callback, "set_model"):
        return callback  # a class, a name, or no callback, which fit refuses
    twin = object.__new__(type(callback))
    for name, value in vars(callback).items():
        vars(twin)[name] = None if name in _LEFT_OUT else function(value)
    return twin


def _wrap(callback):
    """Return the callback, wrapped for cloudpickle if needed, or None if it cannot be pickled."""
    wrapped = joblib.wrap_non_picklable_objects(callback, keep_wrapper=False)
    for candidate in (callback, wrapped):
        try:
            pickle.loads(pickle.dumps(candidate))
        except Exception:  # any, from the code of any callback
            continue
        return candidate
    warnings.warn(
        f"The callback {type(callback).__name__} cannot be pickled; it is left out of the pickled estimator.",
        UserWarning,
        stacklevel=4,
    )
    return None
