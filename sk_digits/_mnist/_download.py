"""MNIST from the network, or from where an earlier download left it."""

import hashlib
import os
import threading
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

import numpy as np
import sklearn.datasets

from ._files import read_npz, require

# Of OpenML's file mnist_784.arff, as OpenML publishes it. scikit-learn compares the download with what the
# server says, and this pins what the server says.
_ARFF_MD5 = "0298d579eb1b86163de7723944c7e495"
# Of the uint8 pixels of the training and then the test images, and then of their labels.
_ARRAYS_SHA256 = "c2069063c1105f2bf96266aef1ff68c6e13bdda7a54e37bf19c16f1db24efc83"


def download_mnist(data_home):
    """Training and test images as (images, labels), and where they are from."""
    try:
        return *_from_openml(data_home), "OpenML's mnist_784, version 1"
    except (OSError, HTTPException, ImportError) as error:
        copy = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets" / "mnist.npz"
        if not copy.is_file():
            raise ConnectionError(
                f"MNIST was not found. Tried: OpenML's mnist_784 through scikit-learn's fetch_openml "
                f"({error}); Keras' copy {copy} (no such file). Where you have MNIST in files, "
                "load_mnist(path) reads them."
            ) from error
    return *_from_keras(copy), copy


def _from_openml(data_home):
    require("pandas")  # scikit-learn's fast reader of ARFF files
    with _progress_line(Path(sklearn.datasets.get_data_home(data_home)) / "openml"):
        mnist = sklearn.datasets.fetch_openml("mnist_784", version=1, data_home=data_home, as_frame=False)
    _check_sum("OpenML's mnist_784.arff", "MD5", mnist.details["md5_checksum"], _ARFF_MD5)
    images, labels = mnist.data.astype(np.uint8).reshape(-1, 28, 28), mnist.target.astype(np.uint8)
    return (images[:60_000], labels[:60_000]), (images[60_000:], labels[60_000:])


def _from_keras(copy):
    train, test = read_npz(copy)
    # Of the arrays, since NumPy may write the same ones as different files.
    checksum = hashlib.sha256()
    for values in (train[0], test[0], train[1], test[1]):
        checksum.update(np.ascontiguousarray(values))
    _check_sum(copy, "SHA-256 of the arrays", checksum.hexdigest(), _ARRAYS_SHA256)
    return train, test


def _check_sum(source, kind, found, expected):
    if found != expected:
        raise ValueError(f"{source} is not MNIST: the {kind} is {found}, expected {expected}.")


@contextmanager
def _progress_line(cache):
    """Say on stderr how far a download is; scikit-learn does not, so the growth of its cache is watched."""
    from rich.console import Console

    console = Console(stderr=True)
    console.out(f"MNIST from openml.org, about 15 MB, or from scikit-learn's cache {cache}", highlight=False)
    if not console.is_terminal:
        yield
        return
    before, done = _megabytes(cache), threading.Event()
    # The path stays out of the line that is drawn anew: in a narrow terminal it would break it.
    with console.status("0.0 MB downloaded") as status:

        def watch():
            while not done.wait(0.2):
                status.update(f"{_megabytes(cache) - before:.1f} MB downloaded")

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()


def _megabytes(folder):
    size = 0
    with suppress(OSError):  # a part that was just moved to its place
        size = sum(entry.stat().st_size for entry in folder.rglob("*"))
    return size / 1e6
