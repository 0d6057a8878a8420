"""Handwritten digits as a `Bunch`: scikit-learn's bundled ones and the MNIST database."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits as _load_bundled_digits
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

from ._mnist._download import download_mnist
from ._mnist._layouts import read_layout


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


def load_mnist(path, *, dtype="float32", return_X_y=False):
    """Load MNIST from the files that are there, whichever of its layouts they have.

    Parameters
    ----------
    path : str or path-like
        A file, or a folder with one of these, in it or up to two levels below:

        - the four IDX files ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
          ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, plain or ``.gz``, as published, as
          torchvision keeps them (``MNIST/raw``) or under Kaggle's spellings
          (``train-images.idx3-ubyte``, ``train-images-idx3-ubyte/train-images-idx3-ubyte``). One of the
          files stands for its folder;
        - Keras' ``mnist.npz``;
        - ``mnist_train.csv`` and ``mnist_test.csv``, or Kaggle's digit-recognizer ``train.csv`` and
          ``test.csv``, plain or ``.gz``; or one CSV file by its own name. Columns are ``label`` (or
          ``class``) and ``pixel0`` to ``pixel783``, ``pixel1`` to ``pixel784`` or ``1x1`` to ``28x28``;
          without a header, the label is first;
        - OpenML's ``mnist_784`` as an ARFF (``.arff``, ``.arff.gz``) or parquet file (``.parquet``,
          ``.pq``);
        - images in folders named ``0`` to ``9``, which may stand in ``train`` and ``test`` or in
          ``training`` and ``testing``. Coloured images become grey. All have one size.

        The nearest is taken, and of several in one folder the first in this order. CSV, ARFF, parquet and
        images need ``pip install "sk_digits[data]"``. Nothing is downloaded; `fetch_mnist` does that.

    dtype : {"float32", "uint8"}, default="float32"
        float32 pixels are scaled to [0, 1]; uint8 pixels are 0 to 255, as they are in the files.

    return_X_y : bool, default=False
        Return ``(data, target)`` in place of a `Bunch`.

    Returns
    -------
    mnist : Bunch
        With the attributes

        data : ndarray of shape (n_images, n_pixels) and of `dtype`
            Pixels, row by row: the labelled images, those to train on first. The whole of MNIST has 70,000
            images of 784 pixels.
        target : ndarray of shape (n_images,), int
            Labels 0 to 9.
        images : ndarray of shape (n_images, height, width)
            The pixels of `data` as images.
        data_train, data_test, target_train, target_test : ndarray
            The split of the layout. A single table has one if it has 70,000 rows: the first 60,000
            are to train on. Without a split, all images are in `data_train`, and `data_test` and
            `target_test` have no rows. Where the test images have no labels, as in Kaggle's digit-recognizer,
            they are in `data_test` only, and `target_test` is None.
        feature_names, target_names : list of str
            Names of the pixels, ``pixel_0_0`` to ``pixel_27_27`` in every layout, and of the classes.
        DESCR : str
            What MNIST is, and where this was read.
    (data, target) : tuple of ndarray
        With `return_X_y`.

    Raises
    ------
    FileNotFoundError
        Where there is no known layout, or a part of one is missing.
    ValueError
        Where a file is broken or is not what its name says, with the place in it and what was expected;
        where files do not belong together; or where it is not clear which of several sets is meant.
    ImportError
        Where the package that reads a layout is not installed.

    See Also
    --------
    fetch_mnist : Downloads MNIST.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sk_digits.datasets import load_mnist
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(
    ...         Path(folder) / "mnist.npz",
    ...         x_train=np.full((6, 28, 28), 255, np.uint8), y_train=np.arange(6),
    ...         x_test=np.zeros((4, 28, 28), np.uint8), y_test=np.arange(4),
    ...     )
    ...     mnist = load_mnist(folder)
    >>> mnist.data.shape, mnist.data_train.shape, float(mnist.data.max())
    ((10, 784), (6, 784), 1.0)
    """
    dtype = _checked_dtype(dtype)
    train, test, source = read_layout(Path(path))
    return _mnist(train, test, source, dtype, return_X_y)


def fetch_mnist(*, data_home=None, dtype="float32", return_X_y=False):
    """Download MNIST from OpenML, once, or take the copy that Keras has downloaded.

    scikit-learn's `fetch_openml` keeps the download, about 15 MB, in its cache, and takes it from there the
    next time. Where OpenML cannot be reached, Keras' copy ``~/.keras/datasets/mnist.npz`` is taken
    (``$KERAS_HOME/datasets/mnist.npz`` where that variable is set). Either must have the checksum of
    MNIST. A line on stderr says what is going on.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder of scikit-learn's cache; None is ``~/scikit_learn_data``.

    dtype : {"float32", "uint8"}, default="float32"
        As in `load_mnist`.

    return_X_y : bool, default=False
        Return ``(data, target)`` in place of a `Bunch`.

    Returns
    -------
    mnist : Bunch
        As from `load_mnist`: 60,000 images to train on and 10,000 to test with.
    (data, target) : tuple of ndarray
        With `return_X_y`.

    Raises
    ------
    ConnectionError
        Where OpenML cannot be reached and Keras has no copy.
    ValueError
        Where the images or labels are not those of MNIST.

    See Also
    --------
    load_mnist : Loads MNIST from files, without network.

    Examples
    --------
    >>> from sk_digits.datasets import fetch_mnist
    >>> mnist = fetch_mnist()  # doctest: +SKIP
    >>> mnist.data_train.shape  # doctest: +SKIP
    (60000, 784)
    """
    dtype = _checked_dtype(dtype)
    train, test, source = download_mnist(data_home)
    return _mnist(train, test, source, dtype, return_X_y)


def _checked_dtype(dtype):
    if dtype not in ("float32", "uint8"):
        raise ValueError(f'dtype={dtype!r} is not allowed; give "float32" or "uint8".')
    return np.dtype(dtype)


def _mnist(train, test, source, dtype, return_X_y):
    """The one contract of every layout, from (images, labels) to train on and to test with."""
    if not len(train[0]):
        raise ValueError(f"{source}: has no images to train on.")
    image_shape = train[0].shape[1:]
    if test is None:
        test = np.empty((0, *image_shape), np.uint8), np.empty(0, np.uint8)
    if test[0].shape[1:] != image_shape:
        shapes = sorted([image_shape, test[0].shape[1:]])
        raise ValueError(f"{source}: training and test images differ in size: {shapes}.")
    labelled = [train] if test[1] is None else [train, test]
    data = _features(np.concatenate([images for images, _ in labelled]), dtype)
    target = np.concatenate([labels for _, labels in labelled]).astype(np.int64)
    if return_X_y:
        return data, target
    n_train = len(train[0])
    descr = (
        "The MNIST database of handwritten digits (Y. LeCun, C. Cortes, C. Burges): grey images of digits, "
        f"centred, {n_train} to train on and {len(test[0])} to test with. Read from {source}."
    )
    mnist = _bunch(data, target, image_shape, slice(n_train), slice(n_train, None), descr)
    if test[1] is None:
        mnist.update(data_test=_features(test[0], dtype), target_test=None)
    return mnist


def _features(images, dtype):
    rows = images.reshape(len(images), -1)
    return rows if dtype == np.uint8 else rows / np.float32(255)


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
