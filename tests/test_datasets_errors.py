"""Tests of `datasets.load_mnist` on invalid input: errors name the file, the place and what is allowed."""

import gzip
import struct
import sys
import tempfile
import zipfile

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from mnist_files import (
    KAGGLE_PIXELS,
    LAYOUTS_WITHOUT_SPLIT,
    SMALL_MNIST,
    encode_png,
    training_then_test,
    write_arff,
    write_csv,
    write_hugging_face,
    write_hugging_face_parts,
    write_idx,
    write_images,
    write_npz,
    write_parquet,
    write_zip,
)
from PIL import Image

from sk_digits._mnist import _archives, _files
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


def rows_without_header(first, last):
    """Return rows of 785 numbers with these values in the first and the last column."""
    return [[str(a), *["0"] * 783, str(b)] for a, b in zip(first, last, strict=True)]


UNDECIDED = (
    r"no column is named 'label' or 'class', and the values do not show whether the labels are in the first "
    r"column \(values up to {}\) or in the last \(values up to {}\); labels must be integers from 0 to 9, "
    r"and not all 0. Add a header .*label,pixel0,\.\.\.,pixel783\."
)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (rows_without_header([0, 0], [0, 0]), UNDECIDED.format(0, 0)),
        (rows_without_header([0], [0]), UNDECIDED.format(0, 0)),
        (rows_without_header([3, 0], [0, 9]), UNDECIDED.format(3, 9)),
        (rows_without_header([25, 1], [10, 0]), UNDECIDED.format(25, 10)),
        (rows_without_header([0, 0], [25, 3]), UNDECIDED.format(0, 25)),
        (rows_without_header([0, 0], [255, 0]), UNDECIDED.format(0, 255)),
        ([["1"] * 783], "line 1 has 783 numbers, expected 784 pixels, or 785 with a label"),
        ([["1"] * 786], "line 1 has 786 numbers, expected 784 pixels, or 785 with a label"),
        ([["1"] * 785, ["1"] * 784], "line 2 has 784 values, expected 785"),
        ([["1"] * 785, ["1"] * 784 + ["256"]], rf"line 2, column '785': {PIXELS_ALLOWED} '256'"),
        ([["0.0"] * 785, ["0.5"] * 785], rf"line 2, column '1': {PIXELS_ALLOWED} '0.5'"),
        ([["1"] * 785, ["1", "nan"] + ["1"] * 783], rf"line 2, column '2': {PIXELS_ALLOWED} 'nan'"),
        ([["1"] * 785, ["1", "inf"] + ["1"] * 783], rf"line 2, column '2': {PIXELS_ALLOWED} 'inf'"),
        ([["1"] * 785, ["1", "-1.0"] + ["1"] * 783], rf"line 2, column '2': {PIXELS_ALLOWED} '-1.0'"),
        ([["1"] * 785, ["1", "1e9"] + ["1"] * 783], rf"line 2, column '2': {PIXELS_ALLOWED} '1e9'"),
        ([list(map(str, range(785)))], "the table has no rows after its header"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_an_invalid_csv_file_that_does_not_name_its_columns(rows, message, delimiter, tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("\n".join(delimiter.join(row) for row in rows) + "\n")
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


def png_rows(**last):
    """Return the columns of ten encoded images; `last` changes the values of the last row."""
    rows = [{"image": {"bytes": encode_png(SMALL_MNIST["x_train"][0])}, "label": 3} for _ in range(9)]
    return pyarrow.Table.from_pylist([*rows, {**rows[0], **last}])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            png_rows(image={"bytes": b"\x89PNG and no more"}),
            r"row 9, column 'image': cannot be read as an image",
        ),
        (png_rows(image={"bytes": b""}), r"row 9, column 'image': cannot be read as an image"),
        (png_rows(image={"bytes": None}), r"row 9, column 'image': the content of an image file is missing"),
        (png_rows(image=None), r"row 9, column 'image': the content of an image file is missing"),
        (
            png_rows(image={"bytes": encode_png(np.zeros((27, 28), np.uint8))}),
            r"row 9, column 'image': the image has 27x28 pixels, expected 28x28",
        ),
        (
            png_rows(image={"bytes": encode_png(np.zeros((28, 28), np.uint16))}),
            r"row 9, column 'image': .* expected 8 bits per channel",
        ),
        (png_rows(label=10), rf"row 9, column 'label': {LABELS_ALLOWED} 10"),
        (png_rows(label=-1), rf"row 9, column 'label': {LABELS_ALLOWED} -1"),
        (png_rows(label=None), rf"row 9, column 'label': {LABELS_ALLOWED} None"),
        (png_rows().drop(["label"]), "missing column of labels"),
        (png_rows().append_column("class", [range(10)]), "the table has 2 columns of labels"),
        (pyarrow.table({"image": ["a.png"], "label": [1]}), "found column 'image', expected 'pixel0'"),
        (
            pyarrow.table({"image": [[[0, 1], [2, 3]]], "label": [1]}),
            "found column 'image', expected 'pixel0'",
        ),
    ],
)
def test_an_invalid_parquet_file_of_encoded_images(table, message, tmp_path):
    pyarrow.parquet.write_table(table, tmp_path / "train-00000-of-00001.parquet")
    with pytest.raises(ValueError, match=rf"train-00000-of-00001.parquet: {message}"):
        load_mnist(tmp_path)


def remove_training_set(folder):
    write_hugging_face(folder, SMALL_MNIST)
    (folder / "train-00000-of-00001.parquet").unlink()


def remove_one_part(folder):
    write_hugging_face_parts(folder, SMALL_MNIST)
    (folder / "train-00001-of-00002.parquet").unlink()


def keep_one_part(folder):
    remove_one_part(folder)
    (folder / "test-00000-of-00001.parquet").unlink()


def change_size_of_one_part(folder):
    write_hugging_face_parts(folder, SMALL_MNIST)
    table = pyarrow.table({"image": [encode_png(np.zeros((9, 9), np.uint8))], "label": [1]})
    pyarrow.parquet.write_table(table, folder / "train-00001-of-00002.parquet")


@pytest.mark.parametrize(
    ("write", "error", "message"),
    [
        (
            remove_training_set,
            FileNotFoundError,
            r"missing the parquet file of the training set; the folder contains test-00000-of-00001.parquet",
        ),
        (
            remove_one_part,
            ValueError,
            r"as many parquet files as their names say, 2, got 1: train-00000-of-00002.parquet",
        ),
        (
            keep_one_part,
            ValueError,
            r"as many parquet files as their names say, 2, got 1: train-00000-of-00002.parquet",
        ),
        (
            change_size_of_one_part,
            ValueError,
            r"train-00001-of-00002.parquet: images have shape \(9, 9\), expected \(28, 28\) as in train-",
        ),
    ],
)
def test_an_incomplete_set_of_parquet_files(write, error, message, tmp_path):
    write(tmp_path)
    with pytest.raises(error, match=message):
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


# Web pages, pointers and archives instead of data

WEB_PAGES = [
    b"<!DOCTYPE html>\n<html><body>Log in</body></html>",
    b"\xef\xbb\xbf\r\n <html lang='en'>",
    b"<head><title>404</title>",
    b"<!-- saved from -->\n<!doctype html>",
    b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
]
FILES_OF_EVERY_FORMAT = [
    IMAGES,
    f"{IMAGES}.gz",
    "mnist.npz",
    "mnist_train.csv",
    "mnist_train.csv.gz",
    "mnist_784.arff",
    "mnist_784.arff.gz",
    "mnist_784.parquet",
    "dataset.pq",
    "archive.zip",
    "0/a.png",
]


@pytest.mark.parametrize("name", FILES_OF_EVERY_FORMAT)
@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("page", WEB_PAGES)
def test_a_web_page_that_was_saved_as_data(page, compress, name, tmp_path):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    compress = compress and name.endswith(".gz")
    path.write_bytes(gzip.compress(page) if compress else page)
    with pytest.raises(ValueError, match=rf"{name}: the file is a web page, not data\."):
        load_mnist(tmp_path)


@pytest.mark.parametrize("name", FILES_OF_EVERY_FORMAT)
def test_a_pointer_of_git_lfs_instead_of_data(name, tmp_path):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2\nsize 15561616\n"
    )
    with pytest.raises(ValueError, match=rf"{name}: the file is a pointer of Git LFS, .*git lfs pull"):
        load_mnist(tmp_path)


def write_bytes(content):
    return lambda path: path.write_bytes(content)


def zip_of(**content_by_name):
    def write(path):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in content_by_name.items():
                archive.writestr(name, content)

    return write


def zip_of_mnist(path):
    write_zip(path, write_npz, SMALL_MNIST)


def changed(write, change):
    def write_changed(path):
        write(path)
        path.write_bytes(change(path.read_bytes()))

    return write_changed


def patch_headers(content, local_offset, directory_offset, value):
    """Change bytes in both headers of the only file in an archive."""
    content = bytearray(content)
    for offset in (local_offset, content.index(b"PK\1\2") + directory_offset):
        content[offset : offset + len(value)] = value
    return bytes(content)


def claim_size(size):
    return lambda content: patch_headers(content, 22, 24, struct.pack("<I", size))


def claim_encryption(content):
    return patch_headers(content, 6, 8, b"\1")


def bzip2_of_mnist(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("mnist_train.csv", "0," * 1000)


@pytest.mark.parametrize(
    ("write", "error", "message"),
    [
        (
            write_bytes(b""),
            ValueError,
            r"archive.zip: cannot be read as a zip archive: File is not a zip file",
        ),
        (write_bytes(b"PK\3\4 and no more"), ValueError, r"archive.zip: cannot be read as a zip archive"),
        (
            changed(zip_of_mnist, lambda c: c[:-30]),
            ValueError,
            r"archive.zip: cannot be read as a zip archive",
        ),
        (
            changed(zip_of_mnist, lambda c: c[:60] + bytes(1000) + c[1060:]),
            ValueError,
            r"archive.zip: cannot be read as a zip archive",
        ),
        (
            changed(zip_of(**{"train.csv": "1"}), claim_encryption),
            ValueError,
            r"archive.zip: cannot be .*encrypted",
        ),
        (
            bzip2_of_mnist,
            ValueError,
            r"archive.zip: cannot be .*mnist_train.csv has compression method 12, expected 0 .* or 8",
        ),
        (
            zip_of(**{"notes.txt": "from a friend"}),
            ValueError,
            r"archive.zip/notes.txt: the file has no supported layout. Supported layouts",
        ),
        (
            zip_of(**{"notes.txt": "from a friend", "inner.zip": "PK"}),
            FileNotFoundError,
            r"archive.zip: no supported layout found; the folder contains inner.zip, notes.txt",
        ),
        (zip_of(), FileNotFoundError, r"archive.zip: no supported layout found; the folder is empty"),
        (
            zip_of(**{"train.csv": "label,pixel0\n1,2\n"}),
            ValueError,
            r"archive.zip/train.csv: missing column 'pixel1'",
        ),
        (
            zip_of(**{"test.csv": "1", "notes.txt": ""}),
            FileNotFoundError,
            r"archive.zip: missing train.csv or train.csv.gz beside test.csv",
        ),
        (
            zip_of(**{"train.csv": WEB_PAGES[0]}),
            ValueError,
            r"archive.zip/train.csv: the file is a web page",
        ),
    ],
    ids=[
        *(
            "empty",
            "start only",
            "truncated",
            "damaged",
            "encrypted",
            "bzip2",
            "no layout",
            "nested",
            "no files",
        ),
        *("invalid CSV", "missing CSV", "web page"),
    ],
)
def test_an_invalid_zip_archive(write, error, message, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary files"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    path = tmp_path / "downloads" / "archive.zip"
    path.parent.mkdir()
    write(path)
    for given in (path, path.parent):
        with pytest.raises(error, match=message) as raised:
            load_mnist(given)
        assert "temporary files" not in str(raised.value)
    assert not list(temporary.iterdir())


@pytest.mark.parametrize(
    "name", ["../outside.csv", "/outside.csv", "a/../../../outside.csv", "..\\outside.csv"]
)
def test_an_archive_writes_nothing_outside_its_temporary_folder(name, tmp_path, monkeypatch):
    temporary = tmp_path / "a" / "b"
    temporary.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    zip_of(**{name: "1,2\n", "notes.txt": ""})(tmp_path / "archive.zip")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises((FileNotFoundError, ValueError), match=r"archive.zip"):
        load_mnist(tmp_path / "archive.zip")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("archive.zip", zip_of(**{"train.csv": bytes(100_001)})),
        ("archive.zip", zip_of(**{f"{i}.csv": bytes(10_000) for i in range(11)})),
        ("archive.zip", changed(zip_of(**{"train.csv": bytes(10)}), claim_size(2**32 - 2))),
        ("archive.zip", zip_of(**{"train.csv.gz": gzip.compress(bytes(100_001))})),
        ("mnist.npz", zip_of(**{"x_train.npy": bytes(100_001)})),
        ("mnist.csv.gz", write_bytes(gzip.compress(bytes(100_001)))),
        ("mnist.csv.gz", write_bytes(gzip.compress(bytes(60_000)) * 2)),
        (f"{IMAGES}.gz", write_bytes(gzip.compress(bytes(100_001)))),
        ("mnist_784.arff.gz", write_bytes(gzip.compress(bytes(100_001)))),
    ],
    ids=["zip", "sum in zip", "declared", "gzip in zip", "npz", "gzip", "two gzip streams", "IDX", "ARFF"],
)
def test_a_file_that_decompresses_to_more_than_the_limit(name, write, tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "MAX_BYTES", 100_000)
    write(tmp_path / name)
    with pytest.raises(ValueError, match=r"the decompressed content must have at most 100,000 bytes"):
        load_mnist(tmp_path / name)


def test_a_file_is_not_decompressed_beyond_the_size_that_the_archive_declares(tmp_path):
    path = tmp_path / "archive.zip"
    changed(zip_of(**{"train.csv": bytes(10**7)}), claim_size(1000))(path)
    with pytest.raises(ValueError, match=r"archive.zip: cannot be read as a zip archive: Bad CRC-32"):
        load_mnist(path)


def test_an_archive_of_too_many_files(tmp_path, monkeypatch):
    monkeypatch.setattr(_archives, "MAX_FILES", 3)
    zip_of(**{f"{i}.csv": "" for i in range(4)})(tmp_path / "archive.zip")
    with pytest.raises(ValueError, match=r"it has 4 files, more than 3"):
        load_mnist(tmp_path / "archive.zip")


def test_several_archives(tmp_path):
    zip_of_mnist(tmp_path / "a.zip")
    zip_of_mnist(tmp_path / "b.zip")
    with pytest.raises(ValueError, match=r"several zip archives; pass the path of one of them: a.zip, b.zip"):
        load_mnist(tmp_path)


# Errors of any input have a readable length

LONG = "x" * 100_000


def write_many_names(folder):
    for i in range(300):
        (folder / f"{i:03}{'x' * 200}").touch()


def write_many_datasets(folder):
    for i in range(100):
        (folder / f"data{i}").mkdir()
        write_npz(folder / f"data{i}", SMALL_MNIST)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.csv", lambda path: path.write_text(LONG)),
        ("a.csv", lambda path: path.write_text("|".join(KAGGLE_PIXELS) + "\n")),
        ("a.csv", lambda path: path.write_text(",".join(["label", *KAGGLE_PIXELS]) + f"\n{LONG}\n")),
        (
            "a.csv",
            lambda path: path.write_text(
                ";".join(["label", *KAGGLE_PIXELS]) + "\n" + ";".join(["1", *["0"] * 783, LONG])
            ),
        ),
        ("a.csv", lambda path: path.write_text(",".join([*["1"] * 784, "1" * 100_000]))),
        ("a.csv", lambda path: path.write_text(",".join(map(str, range(50_000))) + "\n")),
        ("a.csv", lambda path: path.write_bytes(b"\xff\xfe" + ",".join(KAGGLE_PIXELS).encode("utf-16-le"))),
        ("a.csv", lambda path: path.write_bytes(np.random.RandomState(0).bytes(100_000))),
        ("a.arff", lambda path: path.write_text(f"@attribute {LONG} real\n@data\n1\n")),
        ("a.parquet", lambda path: path.write_text(LONG)),
        ("a.parquet", lambda path: pyarrow.parquet.write_table(pyarrow.table({LONG: [1]}), path)),
        (
            "a.parquet",
            lambda path: pyarrow.parquet.write_table(
                pyarrow.table([[[0]]] * 784 + [[LONG]], [*KAGGLE_PIXELS, "label"]), path
            ),
        ),
        (
            "a.parquet",
            lambda path: pyarrow.parquet.write_table(
                pyarrow.table([[1]] * 784 + [[LONG]], [*KAGGLE_PIXELS, "label"]), path
            ),
        ),
        (
            "a.parquet",
            lambda path: pyarrow.parquet.write_table(
                pyarrow.table(
                    [[{f"f{i}": i for i in range(1000)}]] + [[0]] * 783 + [[1]], [*KAGGLE_PIXELS, "label"]
                ),
                path,
            ),
        ),
        ("mnist.npz", lambda path: np.savez(path, **{f"a{i}{'x' * 500}": [1] for i in range(500)})),
        ("a.zip", zip_of(**{f"{i}{'x' * 200}.txt": "" for i in range(500)})),
        ("a.zip", zip_of(**{"x" * 60_000: ""})),
        ("", write_many_names),
        ("", write_many_datasets),
        ("", lambda folder: write_zip(folder / "a.zip", lambda folder, _: write_many_datasets(folder), None)),
    ],
)
def test_a_message_has_a_readable_length(name, write, tmp_path):
    write(tmp_path / name)
    with pytest.raises((FileNotFoundError, ValueError)) as raised:
        load_mnist(tmp_path / name)
    assert len(str(raised.value).replace(str(tmp_path), "")) < 3000
    assert str(tmp_path) in str(raised.value)


@pytest.mark.parametrize("path", [LONG, "/".join(["x" * 200] * 100), f"{LONG}\n{LONG}"])
def test_a_text_that_is_no_path_is_shortened_in_the_message(path):
    with pytest.raises(FileNotFoundError, match=r"xxx\.\.\.xxx.*: no such file or folder") as raised:
        load_mnist(path)
    assert len(str(raised.value)) < 1500


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
            lambda folder: (folder / "mnist.rar").write_bytes(b""),
            FileNotFoundError,
            r"no supported layout found; the folder contains mnist.rar. Supported layouts: the four IDX.*"
            r"Hugging Face's .*named 0 to 9; one of these in a .zip archive\.",
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


def test_an_archive_whose_header_numpy_cannot_parse_is_refused(tmp_path):
    write_npz(tmp_path, SMALL_MNIST)
    path = tmp_path / "mnist.npz"
    path.write_bytes(path.read_bytes().replace(b"'shape': (", b"'shape':(("))
    with pytest.raises(ValueError, match=r"mnist\.npz: cannot be read as Keras' mnist\.npz"):
        load_mnist(path)


def test_an_archive_with_a_file_without_a_name_is_refused(tmp_path):
    path = tmp_path / "mnist.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), b"content")
    with pytest.raises(ValueError, match=r"mnist\.zip"):
        load_mnist(path)


def test_a_table_with_bytes_that_are_no_text_is_refused_and_prints_nothing(tmp_path, capfd):
    path = tmp_path / "mnist.csv"
    write_csv(path, KAGGLE_PIXELS, *training_then_test(SMALL_MNIST))
    head, row, *rest = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([head, row.replace(b",", b"\xff", 3), *rest]))
    with pytest.raises(ValueError, match=r"mnist\.csv"):
        load_mnist(path)
    assert capfd.readouterr().err == ""


def test_a_member_of_an_archive_that_is_no_array_is_refused(tmp_path):
    path = tmp_path / "mnist.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name in SMALL_MNIST:
            archive.writestr(f"{name}.npy", b"text")
    with pytest.raises(ValueError, match=r"mnist\.npz"):
        load_mnist(path)
