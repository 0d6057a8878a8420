"""Tests of `datasets.fetch_mnist`, without network access."""

import hashlib
import time
from types import SimpleNamespace

import numpy as np
import pytest
import sklearn.datasets
from mnist_files import SMALL_MNIST, assert_same_mnist, full_mnist, training_then_test, write_npz

from sk_digits._mnist import _download
from sk_digits.datasets import fetch_mnist


@pytest.fixture
def keras_datasets(monkeypatch, tmp_path):
    """Block the network, and return Keras' folder of datasets; it and scikit-learn's cache are empty."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("urllib.request._opener", None)  # keeps the proxies of its first use
    monkeypatch.setattr("sklearn.datasets._openml.time.sleep", lambda seconds: None)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "sklearn"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    return tmp_path / "keras" / "datasets"


@pytest.fixture(scope="module")
def full_arrays(mnist_path):
    return full_mnist(mnist_path)


@pytest.fixture(params=["small", pytest.param("full", marks=pytest.mark.slow)])
def arrays_of_known_checksum(request, monkeypatch):
    """MNIST, or a small dataset in place of it whose checksum is taken for that of MNIST."""
    if request.param == "full":
        return request.getfixturevalue("full_arrays")
    content = b"".join(SMALL_MNIST[name].tobytes() for name in ("x_train", "x_test", "y_train", "y_test"))
    monkeypatch.setattr(_download, "_ARRAYS_SHA256", hashlib.sha256(content).hexdigest())
    return SMALL_MNIST


@pytest.mark.filterwarnings("ignore:A network error occurred")
@pytest.mark.parametrize("home", ["KERAS_HOME", "HOME"])
def test_the_copy_of_keras_is_read_if_the_download_fails(
    home, keras_datasets, arrays_of_known_checksum, monkeypatch, capsys
):
    if home == "HOME":
        monkeypatch.delenv("KERAS_HOME")
        monkeypatch.setenv("HOME", str(keras_datasets.parent.parent))
        keras_datasets = keras_datasets.parent.rename(keras_datasets.parent.parent / ".keras") / "datasets"
    write_npz(keras_datasets, arrays_of_known_checksum)
    mnist = fetch_mnist()
    assert_same_mnist(mnist, arrays_of_known_checksum)
    assert str(keras_datasets / "mnist.npz") in mnist.DESCR
    assert "MNIST from openml.org" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:A network error occurred")
def test_a_copy_of_keras_with_another_checksum_is_an_error(keras_datasets):
    write_npz(keras_datasets, SMALL_MNIST)
    with pytest.raises(
        ValueError, match=r"mnist.npz is not MNIST: the SHA-256 of the arrays must be c2.*, got "
    ):
        fetch_mnist()


@pytest.mark.filterwarnings("ignore:A network error occurred")
def test_the_error_without_network_and_copy_names_what_was_tried(keras_datasets):
    with pytest.raises(
        ConnectionError, match=r"fetch_openml \(.*refused.*Keras' copy .*mnist.npz \(no such file\)"
    ):
        fetch_mnist()


def replace_download(monkeypatch, arrays, md5):
    """Make scikit-learn's `fetch_openml` return these arrays with this checksum."""

    def fetch_openml(name, *, version, data_home, as_frame):
        assert (name, version, as_frame) == ("mnist_784", 1, False)
        images, labels = training_then_test(arrays)
        return SimpleNamespace(
            data=images.astype(np.int64),
            target=labels.astype(str).astype(object),
            details={"md5_checksum": md5},
        )

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch_openml)


def test_a_download_with_another_checksum_is_an_error(keras_datasets, monkeypatch):
    replace_download(monkeypatch, SMALL_MNIST, "0" * 32)
    with pytest.raises(ValueError, match=r"mnist_784.arff is not MNIST: the MD5 must be 0298.*, got 000"):
        fetch_mnist()


def test_a_download_has_the_type_of_pixels_that_is_asked_for(keras_datasets, monkeypatch):
    replace_download(monkeypatch, SMALL_MNIST, _download._ARFF_MD5)
    images, labels = training_then_test(SMALL_MNIST)
    for dtype, scale in (("float32", np.float32(255)), ("uint8", 1)):
        X, y = fetch_mnist(dtype=dtype, return_X_y=True)
        np.testing.assert_array_equal(X, images / scale)
        np.testing.assert_array_equal(y, labels)
        assert (X.dtype, y.dtype) == (dtype, np.int64)


@pytest.mark.slow
def test_a_download_is_split_as_mnist(keras_datasets, full_arrays, monkeypatch):
    replace_download(monkeypatch, full_arrays, _download._ARFF_MD5)
    assert_same_mnist(fetch_mnist(), full_arrays)
    X, y = fetch_mnist(dtype="uint8", return_X_y=True)
    assert (X.shape, X.dtype, y.dtype) == ((70_000, 784), np.uint8, np.int64)


@pytest.mark.parametrize("columns", [40, 120])
def test_download_progress_is_shown_whatever_the_length_of_the_path(monkeypatch, tmp_path, capsys, columns):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(columns))
    cache = tmp_path / ("[a long name]" * 5)
    cache.mkdir()
    with _download._show_download_progress(cache):
        (cache / "part").write_bytes(bytes(2_500_000))
        time.sleep(0.6)
    shown = capsys.readouterr().err
    assert f"scikit-learn's cache {cache}\n" in shown
    assert "2.5 MB downloaded" in shown
