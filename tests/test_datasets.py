"""Loading digits, and what a broken file is told."""

import gzip

import numpy as np
import pytest
from sklearn.datasets import load_digits as load_bundled_digits

from sk_digits.datasets import load_digits, load_mnist

NAMES = {
    "train-images-idx3-ubyte": 2051,
    "train-labels-idx1-ubyte": 2049,
    "t10k-images-idx3-ubyte": 2051,
    "t10k-labels-idx1-ubyte": 2049,
}


def idx(values):
    header = np.array([2048 + values.ndim, *values.shape], ">i4")
    return header.tobytes() + values.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path):
    """A small MNIST: 6 images to train on, 4 to test with."""
    rng = np.random.RandomState(0)
    for part, n in (("train", 6), ("t10k", 4)):
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(idx(rng.randint(0, 256, (n, 28, 28))))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.arange(n)))
    return tmp_path


def test_the_bundled_digits(digits):
    bundled = load_bundled_digits()
    np.testing.assert_array_equal(digits.data * 16, bundled.data)
    np.testing.assert_array_equal(digits.images.reshape(-1, 64), digits.data)
    assert digits.data.dtype == np.float32
    assert len(digits.feature_names) == 64
    assert digits.target_names == list("0123456789")
    assert np.bincount(digits.target_test).min() >= 35
    assert len(digits.data_train) + len(digits.data_test) == 1797
    X, y = load_digits(return_X_y=True)
    np.testing.assert_array_equal(X, digits.data)
    np.testing.assert_array_equal(y, bundled.target)


def test_mnist_as_published(mnist):
    assert mnist.data_train.shape == (60000, 784)
    assert mnist.data_test.shape == (10000, 784)
    assert mnist.images.shape == (70000, 28, 28)
    assert (mnist.data.dtype, mnist.data.min(), mnist.data.max()) == (np.float32, 0, 1)
    assert mnist.target_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert np.bincount(mnist.target_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert len(mnist.feature_names) == 784


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
def test_idx_files(folder, compressed):
    before = load_mnist(folder)
    if compressed:
        for name in NAMES:
            (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
            (folder / name).unlink()
    mnist = load_mnist(str(folder))
    np.testing.assert_array_equal(mnist.data, before.data)
    assert mnist.data_train.shape == (6, 784)
    assert mnist.target_test.tolist() == [0, 1, 2, 3]
    X, y = load_mnist(folder, return_X_y=True)
    assert (X.shape, y.shape) == ((10, 784), (10,))


def swap(folder, a, b):
    contents = (folder / a).read_bytes(), (folder / b).read_bytes()
    (folder / b).write_bytes(contents[0])
    (folder / a).write_bytes(contents[1])


def rewrite(name, change):
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (
            rewrite(IMAGES, lambda c: c[:-1]),
            ValueError,
            rf"{IMAGES}: has 4719 bytes.*2051.*offset 16\) announces 4720",
        ),
        (rewrite(IMAGES, lambda c: c + b"0"), ValueError, rf"{IMAGES}: has 4721 bytes"),
        (
            rewrite(IMAGES, lambda c: c[:10]),
            ValueError,
            rf"{IMAGES}: ends at offset 10 inside the header of 16",
        ),
        (rewrite(IMAGES, lambda c: b""), ValueError, rf"{IMAGES}: ends at offset 0 inside the header"),
        (
            rewrite(IMAGES, lambda c: b"PNG!" + c),
            ValueError,
            rf"{IMAGES}: magic number \d+ at offset 0, which is no MNIST file; expected 2051",
        ),
        (
            lambda folder: swap(folder, IMAGES, LABELS),
            ValueError,
            rf"{IMAGES}: magic number 2049 at offset 0, which is a file of labels; expected 2051",
        ),
        (
            lambda folder: swap(folder, IMAGES, "t10k-images-idx3-ubyte"),
            ValueError,
            r"train files do not belong together: 4 images in train-images.*, 6 labels in train-labels",
        ),
        (rewrite(LABELS, lambda c: c[:-1] + b"\x0a"), ValueError, rf"{LABELS}: label 10 at offset 13"),
        (rewrite(LABELS, lambda c: gzip.compress(c)[:-9]), ValueError, rf"{LABELS}: broken gzip file"),
        (lambda folder: (folder / LABELS).unlink(), FileNotFoundError, rf"neither {LABELS} nor {LABELS}.gz"),
    ],
)
def test_a_broken_file_is_named_with_what_was_expected(folder, damage, error, message):
    damage(folder)
    with pytest.raises(error, match=message):
        load_mnist(folder)


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere is no folder"):
        load_mnist(tmp_path / "nowhere")
