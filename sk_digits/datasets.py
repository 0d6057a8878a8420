"""Public module of the datasets, each a `Bunch`: scikit-learn's digits, MNIST, and your own handwriting."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits as _load_bundled_digits
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

from ._images import pixel_names
from ._mnist._download import download_mnist
from ._mnist._layouts import read_layout
from ._reading._photos import find_photos, frame_photo


def load_digits(*, return_X_y=False):
    """Load the 1,797 digits of 8x8 pixels that are bundled with scikit-learn.

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a `Bunch`.

    Returns
    -------
    digits : Bunch
        Dictionary-like object with the following attributes.

        data : ndarray of shape (1797, 64), float32
            Pixels, scaled to [0, 1].
        target : ndarray of shape (1797,), int
            Labels from 0 to 9.
        images : ndarray of shape (1797, 8, 8), float32
            The pixels of `data` as images.
        data_train, data_test, target_train, target_test : ndarray
            A fixed, stratified split: 1,437 training images and 360 test images.
        feature_names, target_names : list of str
            Names of the pixels and of the classes.
        DESCR : str
            Description of the dataset.
    (data, target) : tuple of ndarray
        If `return_X_y` is True.

    See Also
    --------
    load_mnist : Load MNIST from local files.
    fetch_mnist : Download MNIST.

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
    return _make_bunch(data, bundled.target, (8, 8), train, test, bundled.DESCR)


def load_handwriting(folder, *, return_X_y=False):
    """Load photos or scans of single digits, in MNIST's frame, to train on your own handwriting.

    Parameters
    ----------
    folder : str or path-like
        Folder of image files, each of one digit. The label of a file is the digit that names its sub-folder,
        as in ``7/photo.jpg``, or else the first character of its name, as in ``7_photo.jpg``.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a `Bunch`.

    Returns
    -------
    handwriting : Bunch
        Dictionary-like object with the following attributes.

        data : ndarray of shape (n_samples, 784), float32
            The digits, found as `read_digits` does: if there are several in a photo, the largest.
        target : ndarray of shape (n_samples,), int
            Labels from 0 to 9.
        images : ndarray of shape (n_samples, 28, 28), float32
            The pixels of `data` as images; draw some to see whether the digits were found.
        filenames : list of str
            The file of each row.
    (data, target) : tuple of ndarray
        If `return_X_y` is True.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    ValueError
        If it contains no image, or an image without a label or that is broken.
    ImportError
        If Pillow is not installed: ``pip install "sk_digits[images]"``.

    See Also
    --------
    sk_digits.load_pretrained : The classifier that can go on training with these rows.

    Examples
    --------
    >>> from sk_digits import load_pretrained
    >>> from sk_digits.datasets import load_handwriting
    >>> X, y = load_handwriting("my_digits", return_X_y=True)  # doctest: +SKIP
    >>> reader = load_pretrained().set_params(learning_rate=0.0003)
    >>> for _ in range(20):  # doctest: +SKIP
    ...     reader.partial_fit(X, y)
    """
    files, target = find_photos(folder)
    images = np.stack([frame_photo(file) for file in files])
    data = images.reshape(len(images), -1)
    if return_X_y:
        return data, target
    return Bunch(data=data, target=target, images=images, filenames=[str(file) for file in files])


def load_mnist(path, *, dtype="float32", return_X_y=False):
    """Load MNIST from local files in any common layout.

    Parameters
    ----------
    path : str or path-like
        A file or a folder. A folder is searched for the following layouts, in it and up to two levels below:

        - the four IDX files ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
          ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, plain or ``.gz``: as published, as
          stored by torchvision (``MNIST/raw``), or as spelled on Kaggle (``train-images.idx3-ubyte``,
          ``train-images-idx3-ubyte/train-images-idx3-ubyte``). The path of one of the files reads all four;
        - Keras' ``mnist.npz``;
        - ``mnist_train.csv`` and ``mnist_test.csv``, or ``train.csv`` and ``test.csv`` of Kaggle's
          digit-recognizer, plain or ``.gz``. A single CSV file with another name must be passed by its own
          path. The columns are ``label`` (or ``class``), anywhere in the table, and ``pixel0`` to
          ``pixel783``, ``pixel1`` to ``pixel784``, ``1x1`` to ``28x28`` or ``0`` to ``783``. Without these
          names, the label is the first or the last column, whichever has values from 0 to 9 that are not
          all 0; if both or neither have, the file is refused. The delimiter is a comma, semicolon, tab or
          space. Numbers may be written as floats;
        - OpenML's ``mnist_784`` as an ARFF file (``.arff``, ``.arff.gz``) or a parquet file (``.parquet``,
          ``.pq``);
        - Hugging Face's ``train-00000-of-00001.parquet`` and ``test-00000-of-00001.parquet``, in one part
          or several, or ``train.parquet`` and ``test.parquet``. The columns are ``image``, the content of
          image files, and ``label``; or pixels as above;
        - images in folders named ``0`` to ``9``, which may be in the folders ``train`` and ``test`` or
          ``training`` and ``testing``. Colour images are converted to greyscale. All images must have the
          same size;
        - a ``.zip`` archive of one of these, such as Kaggle's ``archive.zip``. It is unpacked to a temporary
          folder, at most 1 GiB.

        The layout nearest to `path` is read, and of several in one folder the first in this order; an
        archive is read only if nothing else is found. CSV, ARFF, parquet and image files require
        ``pip install "sk_digits[data]"``. Nothing is downloaded; use `fetch_mnist` for that.

    dtype : {"float32", "uint8"}, default="float32"
        Type of the pixels. With "float32" they are scaled to [0, 1]; with "uint8" they are the values 0 to
        255 of the files.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a `Bunch`.

    Returns
    -------
    mnist : Bunch
        Dictionary-like object with the following attributes.

        data : ndarray of shape (n_images, n_pixels) and of `dtype`
            Pixels of the labelled images, row by row; the training images come first. All of MNIST is
            70,000 images of 784 pixels.
        target : ndarray of shape (n_images,), int
            Labels from 0 to 9.
        images : ndarray of shape (n_images, height, width)
            The pixels of `data` as images.
        data_train, data_test, target_train, target_test : ndarray
            The split of the layout. A single table is split if it has 70,000 rows: the first 60,000 are the
            training images. If the layout has no split, all images are training images, and `data_test`
            and `target_test` have no rows. If the test images have no labels, as in Kaggle's
            digit-recognizer, they are in `data_test` only, and `target_test` is None.
        feature_names, target_names : list of str
            Names of the pixels, ``pixel_0_0`` to ``pixel_27_27`` in every layout, and of the classes.
        DESCR : str
            Description of MNIST and the path that it was read from.
    (data, target) : tuple of ndarray
        If `return_X_y` is True.

    Raises
    ------
    FileNotFoundError
        If the path does not exist, has no supported layout, or lacks a file of its layout.
    ValueError
        If a file is invalid (the message names the place in it and what was expected), if files do not
        match each other, if there are several datasets, or if `dtype` is not one of the allowed types.
    ImportError
        If the layout requires a package that is not installed.

    See Also
    --------
    fetch_mnist : Download MNIST.
    load_digits : Load scikit-learn's bundled digits.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
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
    dtype = _check_dtype(dtype)
    train, test, source = read_layout(Path(path))
    return _make_mnist(train, test, source, dtype, return_X_y)


def fetch_mnist(*, data_home=None, dtype="float32", return_X_y=False):
    """Download MNIST from OpenML, or load it from a cache.

    The download, about 15 MB, is made once: scikit-learn's `fetch_openml` stores it in its cache. If OpenML
    cannot be reached, Keras' copy ``~/.keras/datasets/mnist.npz`` is read (``$KERAS_HOME/datasets/mnist.npz``
    if that variable is set). The checksum of MNIST is verified in both cases. Progress is shown on stderr.
    The download requires pandas: ``pip install "sk_digits[data]"``.

    Parameters
    ----------
    data_home : str, path-like or None, default=None
        Folder of scikit-learn's cache; None is ``~/scikit_learn_data``.

    dtype : {"float32", "uint8"}, default="float32"
        Type of the pixels, as in `load_mnist`.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a `Bunch`.

    Returns
    -------
    mnist : Bunch
        The same attributes as from `load_mnist`, with 60,000 training images and 10,000 test images.
    (data, target) : tuple of ndarray
        If `return_X_y` is True.

    Raises
    ------
    ConnectionError
        If OpenML cannot be reached and Keras has no copy.
    ValueError
        If the checksum is not that of MNIST, or `dtype` is not one of the allowed types.

    See Also
    --------
    load_mnist : Load MNIST from local files.

    Examples
    --------
    >>> from sk_digits.datasets import fetch_mnist
    >>> mnist = fetch_mnist()  # doctest: +SKIP
    >>> mnist.data_train.shape  # doctest: +SKIP
    (60000, 784)
    """
    dtype = _check_dtype(dtype)
    train, test, source = download_mnist(data_home)
    return _make_mnist(train, test, source, dtype, return_X_y)


def _check_dtype(dtype):
    if dtype not in ("float32", "uint8"):
        raise ValueError(f'dtype must be "float32" or "uint8", got {dtype!r}.')
    return np.dtype(dtype)


def _make_mnist(train, test, source, dtype, return_X_y):
    """Return the `Bunch`, or ``(data, target)``, that all layouts share.

    Parameters
    ----------
    train : tuple of (images, labels)
    test : tuple of (images, labels) or None
        None if the layout has no split; the labels are None if they are not given.
    source : str or Path
        Where the images come from.
    dtype : dtype
    return_X_y : bool
    """
    if not len(train[0]):
        raise ValueError(f"{source}: found no training images.")
    image_shape = train[0].shape[1:]
    if test is None:
        test = np.empty((0, *image_shape), np.uint8), np.empty(0, np.uint8)
    if test[0].shape[1:] != image_shape:
        raise ValueError(
            f"{source}: training images have shape {image_shape}, but test images have shape "
            f"{test[0].shape[1:]}."
        )
    labelled = [train] if test[1] is None else [train, test]
    data = _as_rows(np.concatenate([images for images, _ in labelled]), dtype)
    target = np.concatenate([labels for _, labels in labelled]).astype(np.int64)
    if return_X_y:
        return data, target
    n_train = len(train[0])
    descr = (
        "The MNIST database of handwritten digits (Y. LeCun, C. Cortes, C. Burges): greyscale images of "
        f"centred digits, {n_train} training images and {len(test[0])} test images. Read from {source}."
    )
    mnist = _make_bunch(data, target, image_shape, slice(n_train), slice(n_train, None), descr)
    if test[1] is None:
        mnist.update(data_test=_as_rows(test[0], dtype), target_test=None)
    return mnist


def _as_rows(images, dtype):
    """Return uint8 images as rows of pixels, scaled to [0, 1] if `dtype` is float32."""
    rows = images.reshape(len(images), -1)
    return rows if dtype == np.uint8 else rows / np.float32(255)


def _make_bunch(data, target, image_shape, train, test, descr):
    """Return the attributes that all datasets share; `train` and `test` index the rows of `data`."""
    return Bunch(
        data=data,
        target=target,
        images=data.reshape(-1, *image_shape),
        data_train=data[train],
        data_test=data[test],
        target_train=target[train],
        target_test=target[test],
        feature_names=pixel_names(image_shape),
        target_names=[str(digit) for digit in range(10)],
        DESCR=descr,
    )
