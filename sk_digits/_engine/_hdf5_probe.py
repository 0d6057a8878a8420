"""Read the file of a Keras model and print what it holds as JSON: a program of its own, see `_model_files`.

The HDF5 library can crash or never end on a damaged file.
"""

import io
import json
import os
import sys
from zipfile import BadZipFile, ZipFile

import h5py

# A file may hold, or promise, this many times its own size, beyond MAX_SMALL bytes.
MAX_EXPANSION, MAX_SMALL = 50, 2**28


def probe(path):
    """Return the configuration of the model in a file, and the number of bytes that it may expand to.

    Raises
    ------
    ValueError
        If the file is no model, or holds or promises far more than its size.
    """
    limit = max(MAX_SMALL, MAX_EXPANSION * os.path.getsize(path))
    with open(path, "rb") as file:
        is_archive = file.read(2) == b"PK"
    if not is_archive:
        return _probe_hdf5(path, limit)
    try:
        with ZipFile(path) as archive:
            _check_size(sum(member.file_size for member in archive.infolist()), limit)
            config = json.loads(archive.read("config.json"))
            with h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r") as file:
                _read_all(file, limit)
    except (BadZipFile, KeyError) as error:
        raise ValueError("it is no archive that Keras wrote") from error
    return {"config": config, "limit": limit}


def _probe_hdf5(path, limit):
    try:
        with h5py.File(path, "r") as file:
            config = file.attrs.get("model_config")
            if config is None:
                raise ValueError("it has no model in it; save the whole model, not its weights")
            _read_all(file, limit)
            return {"config": json.loads(config), "limit": limit}
    except OSError as error:
        raise ValueError("it is neither an archive nor an HDF5 file that Keras wrote") from error


def _read_all(file, limit):
    """Read all arrays and attributes once, after a check of their sizes."""
    items = []
    file.visititems(lambda _, item: items.append(item))
    arrays = [item for item in items if isinstance(item, h5py.Dataset)]
    _check_size(sum(array.nbytes for array in arrays), limit)
    for array in arrays:
        array[()]
    for item in items:
        dict(item.attrs)


def _check_size(n_bytes, limit):
    if n_bytes > limit:
        raise ValueError(f"it would expand to {n_bytes:,} bytes")


if __name__ == "__main__":
    try:
        found = probe(sys.argv[1])
    except Exception as error:  # nearly anything, of a damaged file
        sys.exit(str(error) if type(error) is ValueError else f"it is damaged ({type(error).__name__})")
    print(json.dumps(found))
