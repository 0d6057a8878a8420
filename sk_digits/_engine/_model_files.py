"""Files of Keras models from others, loaded without running code from them."""

import io
import json
import math
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import h5py

from ._quiet_import import quiet_import

with quiet_import():
    import keras

MODELS = {"Sequential", "Functional", "Model"}
# The modules that models and layers may be in.
MODULES = (None, "keras", "keras.layers", "keras.models", *(f"keras.src.models.{n.lower()}" for n in MODELS))
# Parts of the configuration of a layer, which only compute numbers.
PARTS = ("constraints", "dtype_policies", "initializers", "regularizers")
# A file may hold, or promise, this many times its own size, beyond MAX_SMALL bytes.
MAX_EXPANSION, MAX_SMALL = 50, 2**28


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
    content = path.read_bytes()
    try:
        config, n_values = _read_archive(content) if content[:2] == b"PK" else _read_hdf5(content)
        # Nothing of how the model was compiled is loaded.
        _check_config({**config, "compile_config": None}, layers)
        size = 4 * max(n_values, _count_weights(config))
        if size > max(MAX_SMALL, MAX_EXPANSION * len(content)):
            raise ValueError(f"it would expand to {size:,} bytes")
        return keras.models.load_model(path, compile=False)
    # Nearly anything can be raised for a file that was damaged or made up.
    except Exception as error:
        reason = str(error) if type(error) is ValueError else f"it is damaged ({type(error).__name__})"
        raise ValueError(f"{path} cannot be loaded as a Keras model: {reason}.") from error


def _read_archive(content):
    """Return the configuration in a .keras file, and the number of values that it holds."""
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > max(MAX_SMALL, MAX_EXPANSION * len(content)):
                raise ValueError(f"it would expand to {size:,} bytes")
            config = json.loads(archive.read("config.json"))
            with h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r") as file:
                return config, _count_values(file)
    except (BadZipFile, KeyError) as error:
        raise ValueError("it is no archive that Keras wrote") from error


def _read_hdf5(content):
    """Return the configuration in a .h5 file, and the number of values that it holds."""
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            config = file.attrs.get("model_config")
            if config is None:
                raise ValueError("it has no model in it; save the whole model, not its weights")
            return json.loads(config), _count_values(file)
    except OSError as error:
        raise ValueError("it is neither an archive nor an HDF5 file that Keras wrote") from error


def _count_values(file):
    counts = []
    file.visititems(lambda _, item: counts.append(item.size) if isinstance(item, h5py.Dataset) else None)
    return sum(counts)


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
    if not isinstance(name, str) or item.get("registered_name") not in (None, name):
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
