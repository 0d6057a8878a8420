"""Files of Keras models from others, loaded without running code from them."""

import json
import math
import subprocess
import sys
from pathlib import Path

from . import _hdf5_probe
from ._quiet_import import quiet_import

with quiet_import():
    import keras

MODELS = {"Sequential", "Functional", "Model"}
# The modules that models and layers may be in.
MODULES = (None, "keras", "keras.layers", "keras.models", *(f"keras.src.models.{n.lower()}" for n in MODELS))
# Parts of the configuration of a layer, which only compute numbers.
PARTS = ("constraints", "dtype_policies", "initializers", "regularizers")
# A valid file is read in a small part of this time, in seconds.
MAX_SECONDS = 30


def load_model_file(path, layers):
    """Load a Keras model from a .keras or .h5 file, without running code from it.

    Keras itself builds whatever object a file names, so everything that the file names is checked first.

    Parameters
    ----------
    path : path-like
    layers : collection of str
        Classes of the layers that the file may hold.

    Raises
    ------
    ValueError
        If the file is damaged or holds anything else; the message names it.
    OSError
        If it cannot be read.
    """
    path = Path(path)
    path.open("rb").close()  # raises the error of a file that is not there or cannot be read
    try:
        found = _probe(path)
        config = found["config"]
        # Nothing of how the model was compiled is loaded.
        _check_config({**config, "compile_config": None}, layers)
        size = 4 * _count_weights(config)
        if size > found["limit"]:
            raise ValueError(f"it would expand to {size:,} bytes")
        return keras.models.load_model(path, compile=False)
    # Nearly anything can be raised for a file that was damaged or made up.
    except Exception as error:
        reason = str(error) if type(error) is ValueError else f"it is damaged ({type(error).__name__})"
        raise ValueError(f"{path} cannot be loaded as a Keras model: {reason}.") from error


def _probe(path):
    """Return what `_hdf5_probe` finds in a file, in a process of its own."""
    # Without -P, the folder of the program would be searched for modules first.
    command = [sys.executable, "-P", _hdf5_probe.__file__, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=MAX_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"it is damaged: it could not be read in {MAX_SECONDS} seconds") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it is damaged"])[-1]
        raise ValueError(last if done.returncode == 1 else "it is damaged")
    return json.loads(done.stdout)


def _check_config(config, layers):
    """Raise ValueError if a configuration names anything but known layers and their parts."""
    if config.get("class_name") not in MODELS:
        raise ValueError("it holds neither a Sequential nor a Functional model")
    pending = [config]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending += item
        elif isinstance(item, dict):
            pending += item.values()
            if "class_name" in item and not _is_known(item, layers):
                details = item.get("config")
                name = item.get("name") or (details.get("name") if isinstance(details, dict) else None)
                raise ValueError(
                    f"it holds {name or 'an object'!r} of type {item['class_name']!r}; the layers that can "
                    f"be used are {', '.join(sorted(layers))}"
                )


def _is_known(item, layers):
    """Return whether an item of a configuration is a model, a known layer, or a part of one."""
    name, module = item["class_name"], item.get("module")
    if not isinstance(name, str):
        return False
    # Keras writes ">" before a name that was registered in the process that saved the file.
    name = name.removeprefix(">")
    if item.get("registered_name") not in (None, name, f">{name}"):
        return False
    if name in MODELS or name in layers:
        return module in MODULES
    if name in ("__tensor__", "__keras_tensor__", "__tuple__"):
        return True
    return any(
        isinstance(getattr(getattr(keras, part), name, None), type)
        and module in (None, "keras", f"keras.{part}")
        for part in PARTS
    )


def _count_weights(config):
    """Return the number of weights of the dense layers that a configuration describes."""
    n_in, count = 1, 0
    for layer in config["config"]["layers"]:
        details = layer["config"]
        if layer["class_name"] in MODELS:
            count += _count_weights(layer)
            continue
        shape = details.get("batch_shape") or details.get("batch_input_shape")
        if shape:
            n_in = math.prod(side for side in shape[1:] if side)
        if "units" in details:
            count, n_in = count + n_in * int(details["units"]), int(details["units"])
    return count
