"""Tests of `datasets`: the bundled digits, and MNIST from every layout of local files.

`test_datasets_errors` has the tests of invalid files, `test_datasets_download` those of `fetch_mnist`.
"""

import io
import tempfile

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from mnist_files import (
    LAYOUTS_WITH_SPLIT,
    LAYOUTS_WITHOUT_SPLIT,
    OPENML_PIXELS,
    SMALL_MNIST,
    assert_same_mnist,
    encode_png,
    full_mnist,
    training_then_test,
    write_arff,
    write_csv,
    write_digit_recognizer,
    write_hugging_face,
    write_hugging_face_parts,
    write_idx,
    write_images,
    write_npz,
    write_parquet,
    write_zip,
)
from PIL import Image
from sklearn.datasets import load_digits as load_bundled_digits

from sk_digits.datasets import load_digits, load_mnist


def test_load_digits_scales_the_bundled_digits_and_splits_them(digits):
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


def test_load_mnist_reads_the_published_files(mnist):
    assert mnist.data_train.shape == (60000, 784)
    assert mnist.data_test.shape == (10000, 784)
    assert mnist.images.shape == (70000, 28, 28)
    assert (mnist.data.dtype, mnist.data.min(), mnist.data.max()) == (np.float32, 0, 1)
    assert mnist.target_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert np.bincount(mnist.target_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert len(mnist.feature_names) == 784


@pytest.mark.parametrize("subfolder", ["", "data", "data/unpacked"], ids=["depth 0", "depth 1", "depth 2"])
@pytest.mark.parametrize("layout", LAYOUTS_WITH_SPLIT)
def test_a_layout_is_found_in_a_folder_and_up_to_two_levels_below(layout, subfolder, tmp_path):
    (tmp_path / subfolder).mkdir(parents=True, exist_ok=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "notes.txt").write_text("where this is from")
    LAYOUTS_WITH_SPLIT[layout](tmp_path / subfolder, SMALL_MNIST)
    assert_same_mnist(load_mnist(str(tmp_path)), SMALL_MNIST)


@pytest.mark.parametrize("name", LAYOUTS_WITHOUT_SPLIT)
def test_all_images_of_a_layout_without_split_are_training_images(name, tmp_path):
    path = tmp_path / name
    LAYOUTS_WITHOUT_SPLIT[name](path, SMALL_MNIST)
    images, labels = training_then_test(SMALL_MNIST)
    empty = {"x_test": np.empty((0, 28, 28)), "y_test": np.empty(0)}
    assert_same_mnist(load_mnist(path), {"x_train": images, "y_train": labels, **empty})
    X, y = load_mnist(path, dtype="uint8", return_X_y=True)
    np.testing.assert_array_equal(X, images)
    np.testing.assert_array_equal(y, labels)
    assert (X.dtype, y.dtype) == (np.uint8, np.int64)
    if not name.startswith("mnist.csv"):  # a folder is searched for CSV files of known names only
        np.testing.assert_array_equal(load_mnist(tmp_path).target, labels)


def test_a_single_table_of_70000_rows_is_split_as_mnist(tmp_path):
    pixel = np.repeat([0, 255], [60_000, 10_000]).astype(np.uint8)
    label = np.repeat([1, 2], [60_000, 10_000])
    table = pyarrow.table([pixel] * 784 + [label], [*OPENML_PIXELS, "class"])
    pyarrow.parquet.write_table(table, tmp_path / "mnist_784.parquet")
    mnist = load_mnist(tmp_path, dtype="uint8")
    assert (mnist.data_train.shape, mnist.data_train.max()) == ((60_000, 784), 0)
    assert (mnist.data_test.shape, mnist.data_test.min()) == ((10_000, 784), 255)
    assert np.bincount(mnist.target_train).tolist() == [0, 60_000]
    assert np.bincount(mnist.target_test).tolist() == [0, 0, 10_000]


@pytest.mark.parametrize("name", ["mnist.npz", "train-images-idx3-ubyte", "t10k-labels.idx1-ubyte"])
def test_the_path_of_one_file_reads_the_whole_dataset(name, tmp_path):
    {"m": write_npz, "t": write_idx}[name[0]](tmp_path, SMALL_MNIST)
    if "." in name:
        write_idx(tmp_path, SMALL_MNIST, "{1}/{1}")
        name = f"{name}/{name}" if name.startswith("t10k") else name
    assert_same_mnist(load_mnist(tmp_path / name), SMALL_MNIST)


def test_mnist_is_read_beside_other_datasets_of_torchvision(tmp_path):
    write_idx(tmp_path, {**SMALL_MNIST, "y_train": SMALL_MNIST["y_train"][::-1]}, "FashionMNIST/raw/{0}")
    write_idx(tmp_path, SMALL_MNIST, "MNIST/raw/{0}")
    assert_same_mnist(load_mnist(tmp_path), SMALL_MNIST)


PNG_COLUMNS = {
    "struct of bytes": lambda contents: [{"bytes": content} for content in contents],
    "bytes": lambda contents: contents,
    "large bytes": lambda contents: pyarrow.array(contents, pyarrow.large_binary()),
    "struct in chunks": lambda contents: pyarrow.chunked_array(
        [[{"path": None, "bytes": content}] for content in contents]
    ),
}


@pytest.mark.parametrize("encode", PNG_COLUMNS.values(), ids=PNG_COLUMNS)
def test_encoded_images_in_parquet_files_are_read_in_every_form(encode, tmp_path):
    write_hugging_face(tmp_path, SMALL_MNIST, encode=encode)
    assert_same_mnist(load_mnist(tmp_path), SMALL_MNIST)
    test = load_mnist(tmp_path / "test-00000-of-00001.parquet", dtype="uint8")
    np.testing.assert_array_equal(test.data_train, SMALL_MNIST["x_test"].reshape(-1, 784))
    assert test.target.tolist() == SMALL_MNIST["y_test"].tolist()


@pytest.mark.parametrize("folder", ["", "data", "mnist", "datasets/mnist"])
@pytest.mark.parametrize(
    "write",
    [
        write_hugging_face_parts,
        lambda folder, arrays: write_hugging_face(folder, arrays, "{}-00000-of-00001-b42a3b5b.parquet"),
        lambda folder, arrays: write_hugging_face(folder, arrays, "{}.parquet"),
    ],
    ids=["two parts", "with a hash", "plain names"],
)
def test_parquet_files_in_parts_and_folders_as_at_hugging_face(write, folder, tmp_path):
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / "README.md").write_text("# MNIST")
    write(tmp_path / folder, SMALL_MNIST)
    assert_same_mnist(load_mnist(tmp_path), SMALL_MNIST)


def test_encoded_images_may_have_no_labels_and_other_columns(tmp_path):
    write_hugging_face(tmp_path, SMALL_MNIST)
    table = pyarrow.table([[{"bytes": encode_png(SMALL_MNIST["x_test"][0])}], ["a"]], ["image", "id"])
    pyarrow.parquet.write_table(table, tmp_path / "test-00000-of-00001.parquet")
    mnist = load_mnist(tmp_path, dtype="uint8")
    assert mnist.target_test is None
    np.testing.assert_array_equal(mnist.data_test, SMALL_MNIST["x_test"][:1].reshape(1, -1))


# Layouts in zip archives


@pytest.fixture
def temporary_files(tmp_path, monkeypatch):
    """Return the folder for temporary files, and check at the end that it is empty."""
    folder = tmp_path / "temporary files"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert not list(folder.iterdir())


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS_WITH_SPLIT if "zip of" not in layout])
def test_every_layout_is_read_from_a_zip_archive(layout, temporary_files, tmp_path):
    (tmp_path / "downloads").mkdir()
    path = tmp_path / "downloads" / "archive.zip"
    write_zip(path, LAYOUTS_WITH_SPLIT[layout], SMALL_MNIST)
    assert_same_mnist(load_mnist(path), SMALL_MNIST)
    mnist = load_mnist(path.parent)
    assert_same_mnist(mnist, SMALL_MNIST)
    assert "temporary files" not in mnist.DESCR


@pytest.mark.parametrize("name", LAYOUTS_WITHOUT_SPLIT)
def test_a_zip_archive_of_one_file_or_folder_of_any_name_is_read(name, temporary_files, tmp_path):
    write = LAYOUTS_WITHOUT_SPLIT[name]
    write_zip(tmp_path / "data.zip", lambda folder, arrays: write(folder / name, arrays), SMALL_MNIST)
    X, y = load_mnist(tmp_path / "data.zip", dtype="uint8", return_X_y=True)
    images, labels = training_then_test(SMALL_MNIST)
    np.testing.assert_array_equal(X, images)
    np.testing.assert_array_equal(y, labels)


def test_an_unpacked_layout_is_read_rather_than_an_archive_beside_it(tmp_path):
    write_zip(tmp_path / "archive.zip", write_npz, {**SMALL_MNIST, "y_train": SMALL_MNIST["y_train"][::-1]})
    (tmp_path / "code.zip").write_bytes(b"no archive")
    (tmp_path / "data" / "unpacked").mkdir(parents=True)
    write_npz(tmp_path / "data" / "unpacked", SMALL_MNIST)
    assert_same_mnist(load_mnist(tmp_path), SMALL_MNIST)


# Tables as text


def blank_corners(images):
    images = images.copy()
    images[:, [0, -1], [0, -1]] = 0
    return images


# Format of the numbers, delimiter
FORMATS = [
    *((form, ",") for form in ("%d", "%.1f", "%.18e", '"%d"', " %d ")),
    *(("%d", delimiter) for delimiter in (";", "\t", " ")),
    ("%.1f", ";"),
]


@pytest.mark.parametrize("n_rows", [1, 6])
@pytest.mark.parametrize("header", ["none", "numbers"])
@pytest.mark.parametrize("position", ["first", "last", "none"])
@pytest.mark.parametrize(("form", "delimiter"), FORMATS)
def test_a_csv_file_that_does_not_name_its_labels(form, position, header, delimiter, n_rows, tmp_path):
    pixels = blank_corners(SMALL_MNIST["x_train"])[-n_rows:].reshape(n_rows, 784)
    labels = SMALL_MNIST["y_train"][-n_rows:]
    parts = {
        "first": [labels[:, np.newaxis], pixels],
        "last": [pixels, labels[:, np.newaxis]],
        "none": [pixels],
    }
    rows = np.hstack(parts[position])
    file = io.StringIO()
    if header == "numbers":
        file.write(delimiter.join(map(str, range(rows.shape[1]))) + "\n")
    np.savetxt(file, rows, fmt=form, delimiter=delimiter)
    (tmp_path / "mnist_train.csv").write_text(file.getvalue().strip("\n"), encoding="utf-8-sig")
    if position == "none":
        with pytest.raises(ValueError, match=r"mnist_train.csv: missing column of labels"):
            load_mnist(tmp_path)
        write_csv(tmp_path / "train.csv", OPENML_PIXELS, SMALL_MNIST["x_train"], SMALL_MNIST["y_train"])
        (tmp_path / "mnist_train.csv").rename(tmp_path / "test.csv")
        np.testing.assert_array_equal(load_mnist(tmp_path, dtype="uint8").data_test, pixels)
        return
    X, y = load_mnist(tmp_path, dtype="uint8", return_X_y=True)
    np.testing.assert_array_equal(X, pixels)
    np.testing.assert_array_equal(y, labels)


@pytest.mark.parametrize("label_last", [False, True])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_label_is_found_by_its_name_in_any_column(label_last, delimiter, tmp_path):
    images, labels = SMALL_MNIST["x_train"], np.zeros(6, np.uint8)
    options = {"label_last": label_last, "delimiter": delimiter}
    write_csv(tmp_path / "mnist.csv", map(str, range(784)), images, labels, **options)
    X, y = load_mnist(tmp_path / "mnist.csv", dtype="uint8", return_X_y=True)
    np.testing.assert_array_equal(X, images.reshape(6, -1))
    assert not y.any()


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_digit_recognizer_has_test_images_without_labels(dtype, tmp_path):
    write_digit_recognizer(tmp_path, SMALL_MNIST)
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n")
    mnist = load_mnist(tmp_path, dtype=dtype)
    scale = 1 if dtype == "uint8" else np.float32(255)
    np.testing.assert_array_equal(mnist.data_test, SMALL_MNIST["x_test"].reshape(-1, 784) / scale)
    np.testing.assert_array_equal(mnist.data, SMALL_MNIST["x_train"].reshape(-1, 784) / scale)
    assert mnist.data.dtype == mnist.data_test.dtype == dtype
    assert mnist.target_test is None
    assert mnist.target.tolist() == mnist.target_train.tolist() == list(range(6))
    X, y = load_mnist(tmp_path, dtype=dtype, return_X_y=True)
    assert len(X) == len(y) == 6


@pytest.mark.parametrize(
    ("convert", "suffix"),
    [
        (lambda image: image.convert("RGB"), ".png"),
        (lambda image: image.convert("RGBA"), ".png"),
        (lambda image: image.convert("LA"), ".png"),
        (lambda image: image, ".bmp"),
        (lambda image: image, ".gif"),
        (lambda image: image, ".tiff"),
    ],
    ids=["RGB", "RGBA", "LA", "BMP", "GIF", "TIFF"],
)
def test_images_of_other_modes_and_formats_are_converted_to_greyscale(convert, suffix, tmp_path):
    for label, pixels in enumerate(SMALL_MNIST["x_train"]):
        (tmp_path / str(label)).mkdir()
        convert(Image.fromarray(pixels)).save(tmp_path / str(label) / f"digit{suffix}")
    (tmp_path / "3" / ".DS_Store").write_bytes(b"written by the operating system")
    (tmp_path / "__MACOSX").mkdir()
    mnist = load_mnist(tmp_path, dtype="uint8")
    np.testing.assert_array_equal(mnist.data_train, SMALL_MNIST["x_train"].reshape(-1, 784))


def test_images_may_have_another_size_than_28x28(tmp_path):
    write_images(tmp_path, SMALL_MNIST["x_train"][:, :16, :12], SMALL_MNIST["y_train"])
    mnist = load_mnist(tmp_path)
    assert mnist.images.shape == (6, 16, 12)
    assert (len(mnist.feature_names), mnist.feature_names[-1]) == (192, "pixel_15_11")


@pytest.fixture(scope="module")
def full_arrays(mnist_path):
    return full_mnist(mnist_path)


FULL_LAYOUTS = {
    **{
        name: write
        for name, write in LAYOUTS_WITH_SPLIT.items()
        if "gzip" not in name and "header" not in name and "zip of" not in name
    },
    "digit-recognizer": write_digit_recognizer,
    "OpenML, ARFF": lambda folder, arrays: write_arff(folder / "mnist_784.arff", arrays),
    "OpenML, parquet": lambda folder, arrays: write_parquet(folder / "mnist_784.parquet", arrays),
}


@pytest.mark.slow
@pytest.mark.parametrize("layout", FULL_LAYOUTS)
def test_the_full_mnist_is_the_same_in_every_layout(layout, full_arrays, tmp_path):
    arrays = full_arrays
    if layout.startswith("images"):  # writing 70,000 small files takes minutes
        arrays = {name: values[:1000] for name, values in arrays.items()}
        arrays = {
            name: values[np.argsort(arrays[f"y{name[1:]}"], kind="stable")] for name, values in arrays.items()
        }
    FULL_LAYOUTS[layout](tmp_path, arrays)
    mnist = load_mnist(tmp_path, dtype="uint8")
    images, labels = training_then_test(arrays)
    assert np.array_equal(np.concatenate([mnist.data_train, mnist.data_test]), images)
    assert np.array_equal(mnist.target, labels[: len(mnist.target)])
    n_train = 42_000 if layout == "digit-recognizer" else len(arrays["y_train"])
    assert len(mnist.data_train) == len(mnist.target_train) == n_train
