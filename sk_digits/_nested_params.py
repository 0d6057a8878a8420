"""Parameters of the optimizer and of callbacks, as ``optimizer__momentum`` and ``callbacks__patience``.

`set_params` keeps them in the parameters `optimizer_params` and `callbacks_params`, so that clones and the
results of a search hold numbers, not objects.
"""

HOLDERS = {"optimizer": "optimizer_params", "callbacks": "callbacks_params"}


def nested_values(params):
    """Return the values under their nested names, from a dict with the parameters of a classifier."""
    return {
        f"{owner}__{name}": value
        for owner, holder in HOLDERS.items()
        for name, value in _as_dict(params[holder]).items()
    }


def route_nested(current, changes):
    """Separate nested names from the parameters of the classifier.

    Parameters
    ----------
    current : dict of str to object
        Parameters of the classifier.
    changes : dict of str to object
        What `set_params` was called with.

    Returns
    -------
    own : dict of str to object
        `changes` without nested names, and with the dicts that hold them.
    attributes : list of tuple of (object, str, object)
        Callback, attribute and value, for callbacks that were given as instances.

    Raises
    ------
    ValueError
        If an instance has no attribute of that name.
    """
    attributes = []
    nested = [name for name in changes if name.partition("__")[0] in HOLDERS and "__" in name]
    own = {name: value for name, value in changes.items() if name not in nested}
    for name in nested:
        owner, _, key = name.partition("__")
        callback = None
        if owner == "callbacks":
            callback, attribute = _find_instance((current | own)[owner], key)
        if callback is None:
            holder = HOLDERS[owner]
            own[holder] = {**_as_dict((current | own)[holder]), key: changes[name]}
        elif hasattr(callback, attribute):
            attributes.append((callback, attribute, changes[name]))
        else:
            raise ValueError(
                f"Invalid parameter {name!r}: the callback {type(callback).__name__} has no attribute "
                f"{attribute!r}. Give its class or name instead of an instance to set its parameters."
            )
    return own, attributes


def labelled_callbacks(callbacks):
    """Return callbacks as a dict from the label in their nested names; of a single one it is ""."""
    if callbacks is None:
        return {}
    if isinstance(callbacks, dict):
        return callbacks
    if isinstance(callbacks, list | tuple):
        return {str(index): callback for index, callback in enumerate(callbacks)}
    return {"": callbacks}


def split_label(callbacks, key):
    """Return the label of a callback and the name of its parameter, from the key in `callbacks_params`."""
    if isinstance(callbacks, list | tuple | dict):
        label, _, name = key.partition("__")
        return label, name
    return "", key


def _as_dict(held):
    """Return the nested parameters; none if there is no dict, which only `fit` refuses."""
    return held if isinstance(held, dict) else {}


def _find_instance(callbacks, key):
    """Return the instance that a nested name refers to, or None, and the name of its attribute."""
    label, attribute = split_label(callbacks, key)
    callback = labelled_callbacks(callbacks).get(label)
    return (None if isinstance(callback, str | type) else callback), attribute
