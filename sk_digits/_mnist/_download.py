"""Download of MNIST from OpenML, or Keras' copy of an earlier download; `datasets.fetch_mnist` calls it."""

import hashlib
import os
import threading
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

import numpy as np
import sklearn.datasets

from .._optional import import_optional
from ._files import read_npz

# Of mnist_784.arff, as published by OpenML. scikit-learn compares the download only with the checksum that
# the server reports.
_ARFF_MD5 = "0298d579eb1b86163de7723944c7e495"
# Of the uint8 pixels of the training and the test images, followed by their labels.
_ARRAYS_SHA256 = "c2069063c1105f2bf96266aef1ff68c6e13bdda7a54e37bf19c16f1db24efc83"


def download_mnist(data_home):
    """Return (images, labels) of the training set and of the test set, and their source.

    Parameters
    ----------
    data_home : str, path-like or None
        Folder of scikit-learn's cache.

    Returns
    -------
    train, test : tuple of (images, labels)
        uint8 arrays of shape (n, 28, 28) and (n,).
    source : str or Path
        The dataset at OpenML, or Keras' file.

    Raises
    ------
    ConnectionError
        If the download fails and Keras has no copy.
    ValueError
        If the checksum is not that of MNIST.
    """
    try:
        return *_fetch_from_openml(data_home), "OpenML's mnist_784, version 1"
    except (OSError, HTTPException, ImportError) as error:
        path = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets" / "mnist.npz"
        if not path.is_file():
            raise ConnectionError(
                f"MNIST was not found. Tried: OpenML's mnist_784 through scikit-learn's fetch_openml "
                f"({error}); Keras' copy {path} (no such file). To read MNIST from local files, use "
                "load_mnist(path)."
            ) from error
    return *_read_keras_copy(path), path


def _fetch_from_openml(data_home):
    # scikit-learn's fast ARFF parser requires pandas.
    import_optional("pandas", purpose="Downloading MNIST from OpenML", extra="data")
    with _show_download_progress(Path(sklearn.datasets.get_data_home(data_home)) / "openml"):
        mnist = sklearn.datasets.fetch_openml("mnist_784", version=1, data_home=data_home, as_frame=False)
    _verify_checksum("OpenML's mnist_784.arff", "MD5", mnist.details["md5_checksum"], _ARFF_MD5)
    images, labels = mnist.data.astype(np.uint8).reshape(-1, 28, 28), mnist.target.astype(np.uint8)
    return (images[:60_000], labels[:60_000]), (images[60_000:], labels[60_000:])


def _read_keras_copy(path):
    train, test = read_npz(path)
    # The checksum is of the arrays, since NumPy may write the same arrays as different files.
    checksum = hashlib.sha256()
    for values in (train[0], test[0], train[1], test[1]):
        checksum.update(np.ascontiguousarray(values))
    _verify_checksum(path, "SHA-256 of the arrays", checksum.hexdigest(), _ARRAYS_SHA256)
    return train, test


def _verify_checksum(source, kind, checksum, expected):
    if checksum != expected:
        raise ValueError(f"{source} is not MNIST: the {kind} must be {expected}, got {checksum}.")


@contextmanager
def _show_download_progress(cache):
    """Show the downloaded megabytes on stderr, from the size of scikit-learn's cache."""
    from rich.console import Console

    console = Console(stderr=True)
    console.out(
        f"Loading MNIST from openml.org (about 15 MB) or scikit-learn's cache {cache}", highlight=False
    )
    if not console.is_terminal:
        yield
        return
    initial_size, finished = _size_in_megabytes(cache), threading.Event()
    # The updated line does not contain the path, which would wrap in a narrow terminal.
    with console.status("0.0 MB downloaded") as status:

        def update_status():
            while not finished.wait(0.2):
                status.update(f"{_size_in_megabytes(cache) - initial_size:.1f} MB downloaded")

        updater = threading.Thread(target=update_status, daemon=True)
        updater.start()
        try:
            yield
        finally:
            finished.set()
            updater.join()


def _size_in_megabytes(folder):
    size = 0
    with suppress(OSError):  # scikit-learn moves a finished part while it is listed
        size = sum(entry.stat().st_size for entry in folder.rglob("*"))
    return size / 1e6
