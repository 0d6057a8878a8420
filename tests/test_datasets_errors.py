"""Tests of `datasets.load_mnist` on invalid input: errors name the file, the place and what is allowed."""

import gzip
import sys

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from mnist_files import (
    KAGGLE_PIXELS,
    LAYOUTS_WITHOUT_SPLIT,
    SMALL_MNIST,
    write_arff,
    write_csv,
    write_idx,
    write_images,
    write_parquet,
)
from PIL import Image

from sk_digits.datasets import load_mnist

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
PIXELS_ALLOWED = "pixels must be integers from 0 to 255, got"
LABELS_ALLOWED = "labels must be integers from 0 to 9, got"


def rewrite(name, change):
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


def swap(a, b):
    def swap_in(folder):
        contents = (folder / a).read_bytes(), (folder / b).read_bytes()
        (folder / b).write_bytes(contents[0])
        (folder / a).write_bytes(contents[1])

    return swap_in


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (
            rewrite(IMAGES, lambda c: c[:-1]),
            ValueError,
            rf"{IMAGES}: the file has 4719 bytes, expected 4720 from its header .*2051.*offset 16\)",
        ),
        (rewrite(IMAGES, lambda c: c + b"0"), ValueError, rf"{IMAGES}: the file has 4721 bytes"),
        (
            rewrite(IMAGES, lambda c: c[:10]),
            ValueError,
            rf"{IMAGES}: the file ends at offset 10, inside the 16-byte header",
        ),
        (
            rewrite(IMAGES, lambda c: b""),
            ValueError,
            rf"{IMAGES}: the file ends at offset 0, inside the 16-byte header",
        ),
        (
            rewrite(IMAGES, lambda c: b"PNG!" + c),
            ValueError,
            rf"{IMAGES}: magic number at offset 0 must be 2051 .*, got \d+ \(not an MNIST file\)",
        ),
        (
            swap(IMAGES, LABELS),
            ValueError,
            rf"{IMAGES}: magic number at offset 0 must be 2051 .*, got 2049 \(an IDX file of labels\)",
        ),
        (
            swap(IMAGES, "t10k-images-idx3-ubyte"),
            ValueError,
            r"train-images.* has 4 images, but train-labels.* has 6 labels",
        ),
        (
            rewrite(LABELS, lambda c: c[:-1] + b"\x0a"),
            ValueError,
            rf"{LABELS}: offset 13: {LABELS_ALLOWED} 10",
        ),
        (rewrite(LABELS, lambda c: gzip.compress(c)[:-9]), ValueError, rf"{LABELS}: invalid gzip file"),
        (
            lambda folder: (folder / LABELS).unlink(),
            FileNotFoundError,
            rf"missing {LABELS} or {LABELS}.gz, under any supported spelling; the folder contains t10k-",
        ),
    ],
)
def test_an_invalid_idx_file(damage, error, message, tmp_path):
    write_idx(tmp_path, SMALL_MNIST)
    damage(tmp_path)
    with pytest.raises(error, match=message):
        load_mnist(tmp_path)


def set_cell(row, column, value):
    def change(rows):
        rows[row][column] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_cell(3, 5, "256"), rf"line 4, column 'pixel4': {PIXELS_ALLOWED} '256'"),
        (set_cell(6, 784, "-1"), rf"line 7, column 'pixel783': {PIXELS_ALLOWED} '-1'"),
        (set_cell(2, 1, "0.5"), rf"line 3, column 'pixel0': {PIXELS_ALLOWED} '0.5'"),
        (set_cell(2, 1, ""), rf"line 3, column 'pixel0': {PIXELS_ALLOWED} ''"),
        (set_cell(1, 0, "10"), rf"line 2, column 'label': {LABELS_ALLOWED} '10'"),
        (set_cell(1, 0, "five"), rf"line 2, column 'label': {LABELS_ALLOWED} 'five'"),
        (set_cell(1, 0, "'5'"), rf"line 2, column 'label': {LABELS_ALLOWED} \"'5'\""),
        (set_cell(1, 0, "5.5"), rf"line 2, column 'label': {LABELS_ALLOWED} '5.5'"),
        (lambda rows: rows[6].__delitem__(slice(700, None)), r"line 7 has 700 values, expected 785"),
        (lambda rows: rows[2].append("0"), r"line 3 has 786 values, expected 785"),
        (
            set_cell(0, 5, "pixel5"),
            r"found column 'pixel5', expected 'pixel4', among 785 columns.*1x1 to 28x28",
        ),
        (lambda rows: [row.pop() for row in rows], r"missing column 'pixel783', among 784 columns"),
        (lambda rows: [row.append("0") for row in rows], r"unexpected column '0'"),
        (lambda rows: [row.append(row[0]) for row in rows], r"the table has 2 columns of labels"),
        (
            lambda rows: [row.pop(0) for row in rows],
            r"missing column of labels.*the folder that contains train.csv",
        ),
        (lambda rows: rows.__delitem__(slice(1, None)), r"the table has no rows after its header"),
        (lambda rows: rows.clear(), r"found column '', expected 'pixel0'"),
    ],
)
def test_an_invalid_csv_file(change, message, tmp_path):
    rows = [["label", *KAGGLE_PIXELS]]
    for image, label in zip(SMALL_MNIST["x_train"], SMALL_MNIST["y_train"], strict=True):
        rows.append([str(label), *map(str, image.ravel())])
    change(rows)
    path = tmp_path / "train.csv"
    path.write_text("\n".join(",".join(row) for row in rows) + "\n")
    with pytest.raises(ValueError, match=rf"train.csv: {message}"):
        load_mnist(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",9\n", ",nine\n", rf"line 801, column 'class': {LABELS_ALLOWED} 'nine'"),
        ("@DATA", "", r"mnist_784.arff: missing line @DATA"),
        ("pixel7 ", "p7 ", r"found column 'p7', expected 'pixel7'"),
        ("@DATA\n", "@DATA\n{0 5, 784 3}\n", r"line 792 has 2 values, expected 785"),
    ],
)
def test_an_invalid_arff_file(old, new, message, tmp_path):
    path = tmp_path / "mnist_784.arff"
    write_arff(path, SMALL_MNIST)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        load_mnist(tmp_path)


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        (
            "class",
            [*"012345678", "ten"],
            rf"parquet: row 9, column 'class': {LABELS_ALLOWED} 'ten'",
        ),
        ("class", [*range(9), 10], rf"row 9, column 'class': {LABELS_ALLOWED} 10"),
        ("class", [*"012345678", None], rf"row 9, column 'class': {LABELS_ALLOWED} None"),
        ("pixel9", [0.0] * 9 + [0.5], rf"row 9, column 'pixel9': {PIXELS_ALLOWED} 0.5"),
        ("pixel9", [0] * 9 + [256], rf"row 9, column 'pixel9': {PIXELS_ALLOWED} 256"),
        ("pixel9", [[0]] * 10, rf"row 0, column 'pixel9': {PIXELS_ALLOWED} \[0\]"),
        ("pixel9", [{"value": 0}] * 10, rf"row 0, column 'pixel9': {PIXELS_ALLOWED} \{{'value': 0\}}"),
    ],
)
def test_an_invalid_column_of_a_parquet_file(column, values, message, tmp_path):
    path = tmp_path / "mnist_784.parquet"
    write_parquet(path, SMALL_MNIST)
    table = pyarrow.parquet.read_table(path)
    i = table.column_names.index(column)
    pyarrow.parquet.write_table(table.set_column(i, column, pyarrow.array(values)), path)
    with pytest.raises(ValueError, match=message):
        load_mnist(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_test": None}, r"mnist.npz: .*missing arrays y_test; found x_train, y_train, x_test"),
        ({"y_test": np.array([0, 1, 12, 3])}, rf"mnist.npz: y_test\[2\]: {LABELS_ALLOWED} 12"),
        ({"x_test": np.full((4, 28, 28), -1)}, rf"x_test\[0, 0, 0\]: {PIXELS_ALLOWED} -1"),
        ({"x_test": SMALL_MNIST["x_test"] / 255}, r"x_test has .* dtype float64, expected integers"),
        ({"y_test": np.eye(4, dtype=int)}, r"y_test has shape \(4, 4\) .* expected integers of shape \(n,\)"),
        ({"y_test": SMALL_MNIST["y_test"][1:]}, r"x_test has 4 images, but y_test has 3 labels"),
        (
            {"x_test": SMALL_MNIST["x_test"][:, 1:]},
            r"training images have shape \(28, 28\), but test images have shape \(27, 28\)",
        ),
        (
            {"x_train": SMALL_MNIST["x_train"][:0], "y_train": SMALL_MNIST["y_train"][:0]},
            r"found no training images",
        ),
    ],
)
def test_invalid_arrays_in_mnist_npz(changes, message, tmp_path):
    arrays = {name: values for name, values in {**SMALL_MNIST, **changes}.items() if values is not None}
    np.savez(tmp_path / "mnist.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        load_mnist(tmp_path)


def write_npy(path):
    with path.open("wb") as file:
        np.save(file, SMALL_MNIST["x_train"])


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        (
            "mnist.parquet",
            lambda path: path.write_bytes(b"PAR1 and no more"),
            r"mnist.parquet: cannot be read as a parquet file",
        ),
        (
            "mnist.npz",
            lambda path: path.write_bytes(b"PK\3\4 and no more"),
            r"mnist.npz: cannot be read as Keras' mnist.npz",
        ),
        ("mnist.npz", write_npy, r"mnist.npz: cannot be read as Keras' mnist.npz"),
        (
            "mnist.npz",
            lambda path: path.write_bytes(b"no archive"),
            r"mnist.npz: cannot be read as Keras' mnist.npz",
        ),
    ],
    ids=["truncated parquet", "truncated npz", "npy", "text"],
)
def test_a_file_that_is_not_of_the_format_of_its_name(name, write, message, tmp_path):
    write(tmp_path / name)
    with pytest.raises(ValueError, match=message):
        load_mnist(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "4/b.png",
            np.zeros((27, 28), np.uint8),
            r"4/b.png: the image has 27x28 pixels, expected 28x28 as in other images",
        ),
        (
            "4/b.png",
            np.zeros((28, 28), np.uint16),
            r"4/b.png: cannot be read as an image: expected 8 bits per channel, got mode 'I(;16)?'",
        ),
        (
            "4/b.png",
            np.zeros((28, 28, 4), np.uint8),
            r"4/b.png: cannot be read as an image: the image has transparent pixels",
        ),
        ("4/b.png", PNG_SIGNATURE, r"4/b.png: cannot be read as an image"),
        ("4/b.png", b"", r"4/b.png: cannot be read as an image"),
        ("4/b.txt", b"four", r"4/b.txt: cannot be read as an image"),
        ("10/b.png", SMALL_MNIST["x_train"][0], rf"10: .* {LABELS_ALLOWED} '10'"),
        ("six/b.png", SMALL_MNIST["x_train"][0], rf"six: .* {LABELS_ALLOWED} 'six'"),
    ],
)
def test_an_invalid_image_or_folder_of_images(name, content, message, tmp_path):
    write_images(tmp_path, SMALL_MNIST["x_train"], SMALL_MNIST["y_train"])
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        Image.fromarray(content).save(path)
    with pytest.raises(ValueError, match=message):
        load_mnist(tmp_path)


def write_two_tables(folder):
    write_arff(folder / "a.arff", SMALL_MNIST)
    write_parquet(folder / "b.parquet", SMALL_MNIST)


def write_two_datasets(folder):
    write_idx(folder, SMALL_MNIST, "a/{0}")
    write_idx(folder, SMALL_MNIST, "b/{0}")


@pytest.mark.parametrize(
    ("write", "error", "message"),
    [
        (
            lambda folder: write_csv(folder / "test.csv", KAGGLE_PIXELS, SMALL_MNIST["x_test"]),
            FileNotFoundError,
            r"missing train.csv or train.csv.gz beside test.csv; the folder contains test.csv",
        ),
        (
            write_two_tables,
            ValueError,
            r"found several tables; pass the path of one of them: a.arff, b.parquet",
        ),
        (
            write_two_datasets,
            ValueError,
            r"found several datasets; pass the path of one of them: .*a \(the four IDX files.*b \(",
        ),
        (
            lambda folder: (folder / "mnist.zip").write_bytes(b""),
            FileNotFoundError,
            r"no supported layout found; the folder contains mnist.zip. Supported layouts: the four IDX.*"
            r"named 0 to 9",
        ),
        (lambda folder: None, FileNotFoundError, r"no supported layout found; the folder is empty"),
        (
            lambda folder: (folder / "2024").mkdir(),
            FileNotFoundError,
            r"no supported layout found; the folder contains 2024",
        ),
    ],
    ids=["no train.csv", "two tables", "two datasets", "unknown file", "empty folder", "folder of a year"],
)
def test_a_folder_without_a_layout_or_with_several(write, error, message, tmp_path):
    write(tmp_path)
    with pytest.raises(error, match=message):
        load_mnist(tmp_path)


def test_a_path_that_does_not_exist_or_is_another_file(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"nowhere: no such file or folder. Supported layouts: the four IDX"
    ):
        load_mnist(tmp_path / "nowhere")
    (tmp_path / "mnist.txt").write_text("5 0 4 1")
    with pytest.raises(
        ValueError, match=r"mnist.txt: the file has no supported layout. Supported layouts: the four IDX"
    ):
        load_mnist(tmp_path / "mnist.txt")


@pytest.mark.parametrize("dtype", ["float64", None, int])
def test_a_dtype_that_is_not_allowed(dtype, tmp_path):
    write_idx(tmp_path, SMALL_MNIST)
    with pytest.raises(ValueError, match=r'dtype must be "float32" or "uint8", got '):
        load_mnist(tmp_path, dtype=dtype)


@pytest.mark.parametrize(
    ("name", "module", "message"),
    [
        ("mnist.csv", "pyarrow", "Reading MNIST from a CSV or ARFF file requires pyarrow"),
        ("mnist_784.arff", "pyarrow.csv", "Reading MNIST from a CSV or ARFF file requires pyarrow"),
        ("mnist_784.parquet", "pyarrow.parquet", "Reading MNIST from a parquet file requires pyarrow"),
        ("images", "PIL.Image", "Reading MNIST from image files requires pillow"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(name, module, message, tmp_path, monkeypatch):
    LAYOUTS_WITHOUT_SPLIT[name](tmp_path / name, SMALL_MNIST)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf'{message}, .*pip install "sk_digits\[data\]"'):
        load_mnist(tmp_path / name)
