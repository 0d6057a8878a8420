"""Handwritten digits as a `Bunch`: scikit-learn's bundled ones and the MNIST database."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits as _load_bundled_digits
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

# The four files, and what the third and fourth byte of each say: uint8 values, so many dimensions.
_MNIST_FILES = {
    ("train", "images"): ("train-images-idx3-ubyte", 2051),
    ("train", "labels"): ("train-labels-idx1-ubyte", 2049),
    ("test", "images"): ("t10k-images-idx3-ubyte", 2051),
    ("test", "labels"): ("t10k-labels-idx1-ubyte", 2049),
}
_KINDS = {2051: "images", 2049: "labels"}


def load_digits(*, return_X_y=False):
    """Load the 1,797 digits of 8x8 pixels that come with scikit-learn.

    Parameters
    ----------
    return_X_y : bool, default=False
        Return ``(data, target)`` in place of a `Bunch`.

    Returns
    -------
    digits : Bunch
        With the attributes

        data : ndarray of shape (1797, 64), float32
            Pixels, scaled to [0, 1].
        target : ndarray of shape (1797,), int
            Labels 0 to 9.
        images : ndarray of shape (1797, 8, 8), float32
            The same pixels as images.
        data_train, data_test, target_train, target_test : ndarray
            A fixed stratified split: 1,437 images to train on, 360 to test with.
        feature_names, target_names : list of str
            Names of the pixels and of the classes.
        DESCR : str
            Where the digits come from.
    (data, target) : tuple of ndarray
        With `return_X_y`.

    Examples
    --------
    >>> from sk_digits.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> X.shape, float(X.max())
    ((1797, 64), 1.0)
    """
    bundled = _load_bundled_digits()
    data = (bundled.data / 16).astype(np.float32)
    if return_X_y:
        return data, bundled.target
    train, test = train_test_split(
        np.arange(len(data)), test_size=0.2, stratify=bundled.target, random_state=0
    )
    return _bunch(data, bundled.target, (8, 8), train, test, bundled.DESCR)


def load_mnist(path, *, return_X_y=False):
    """Load MNIST from its four IDX files.

    Parameters
    ----------
    path : str or path-like
        Folder with ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-images-idx3-ubyte``
        and ``t10k-labels-idx1-ubyte``, each as it is or with gzip compression and ``.gz``.

    return_X_y : bool, default=False
        Return ``(data, target)`` in place of a `Bunch`.

    Returns
    -------
    mnist : Bunch
        With the attributes

        data : ndarray of shape (70000, 784), float32
            Pixels, scaled to [0, 1]: the training images, then the test images.
        target : ndarray of shape (70000,), int
            Labels 0 to 9.
        images : ndarray of shape (70000, 28, 28), float32
            The same pixels as images.
        data_train, data_test, target_train, target_test : ndarray
            The 60,000 training and the 10,000 test images.
        feature_names, target_names : list of str
            Names of the pixels and of the classes.
        DESCR : str
            What MNIST is.
    (data, target) : tuple of ndarray
        With `return_X_y`.

    Raises
    ------
    FileNotFoundError
        Where the folder or one of the files is missing.
    ValueError
        Where a file is truncated or is not what its name says, with the file, the offset and what was
        expected.
    """
    folder = Path(path)
    parts = {key: _read_idx(_find(folder, name), magic) for key, (name, magic) in _MNIST_FILES.items()}
    for part in ("train", "test"):
        images, labels = parts[part, "images"], parts[part, "labels"]
        if len(images) != len(labels):
            raise ValueError(
                f"{folder}: the {part} files do not belong together: {len(images)} images in "
                f"{_MNIST_FILES[part, 'images'][0]}, {len(labels)} labels in "
                f"{_MNIST_FILES[part, 'labels'][0]}."
            )
    image_shapes = {parts[part, "images"].shape[1:] for part in ("train", "test")}
    if len(image_shapes) != 1:
        raise ValueError(f"{folder}: training and test images differ in size: {sorted(image_shapes)}.")
    (image_shape,) = image_shapes
    n_train = len(parts["train", "labels"])
    images = np.concatenate([parts["train", "images"], parts["test", "images"]])
    data = images.reshape(len(images), -1) / np.float32(255)
    target = np.concatenate([parts["train", "labels"], parts["test", "labels"]]).astype(np.int64)
    if return_X_y:
        return data, target
    descr = (
        "The MNIST database of handwritten digits (Y. LeCun, C. Cortes, C. Burges): grey images of digits, "
        f"centred, {n_train} to train on and {len(target) - n_train} to test with. Read from {folder}."
    )
    return _bunch(data, target, image_shape, slice(n_train), slice(n_train, None), descr)


def _bunch(data, target, image_shape, train, test, descr):
    return Bunch(
        data=data,
        target=target,
        images=data.reshape(-1, *image_shape),
        data_train=data[train],
        data_test=data[test],
        target_train=target[train],
        target_test=target[test],
        feature_names=[f"pixel_{row}_{column}" for row, column in np.ndindex(*image_shape)],
        target_names=[str(digit) for digit in range(10)],
        DESCR=descr,
    )


def _find(folder, name):
    """The file of this name, compressed or not."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder; give the one that holds MNIST's four IDX files.")
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    found = sorted(entry.name for entry in folder.iterdir())
    raise FileNotFoundError(
        f"{folder} has neither {name} nor {name}.gz; there is: {', '.join(found[:10]) or 'nothing'}."
    )


def _read_idx(path, expected_magic):
    """Read one IDX file of uint8 values.

    An IDX file starts with a magic number, then has one big-endian 32-bit size a dimension, then the
    values. https://yann.lecun.com/exdb/mnist describes it.
    """
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path}: broken gzip file after {len(content)} bytes: {error}.") from error
    n_dimensions = expected_magic & 0xFF
    offset = 4 + 4 * n_dimensions
    magic = int.from_bytes(content[:4], "big")
    if len(content) >= 4 and magic != expected_magic:
        what = f", which is a file of {_KINDS[magic]}" if magic in _KINDS else ", which is no MNIST file"
        raise ValueError(
            f"{path}: magic number {magic} at offset 0{what}; expected {expected_magic}, a file of "
            f"{_KINDS[expected_magic]}."
        )
    if len(content) < offset:
        raise ValueError(
            f"{path}: ends at offset {len(content)} inside the header of {offset} bytes, which starts with "
            f"the magic number {expected_magic}."
        )
    shape = [int.from_bytes(content[i : i + 4], "big") for i in range(4, offset, 4)]
    expected_size = offset + math.prod(shape)
    if len(content) != expected_size:
        raise ValueError(
            f"{path}: has {len(content)} bytes, but its header (magic number {magic}, sizes {shape} up to "
            f"offset {offset}) announces {expected_size}."
        )
    values = np.frombuffer(content, np.uint8, offset=offset).reshape(shape)
    if n_dimensions == 1 and values.size and values.max() > 9:
        first = int((values > 9).argmax())
        raise ValueError(f"{path}: label {values[first]} at offset {offset + first}; labels are 0 to 9.")
    return values
