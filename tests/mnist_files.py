"""Writers of MNIST in every supported layout, shared by the tests of `datasets`.

`arrays` is always a dict of uint8 arrays: x_train, y_train, x_test and y_test, as in Keras' mnist.npz.
"""

import gzip
import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.csv
import pyarrow.parquet
from PIL import Image

from sk_digits.datasets import load_mnist

IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
MNIST_IN_CSV_PIXELS = [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)]
KAGGLE_PIXELS = [f"pixel{i}" for i in range(784)]
OPENML_PIXELS = [f"pixel{i}" for i in range(1, 785)]

_rng = np.random.RandomState(0)
# 6 random training images and 4 random test images.
SMALL_MNIST = {
    "x_train": _rng.randint(0, 256, (6, 28, 28), np.uint8),
    "y_train": np.arange(6, dtype=np.uint8),
    "x_test": _rng.randint(0, 256, (4, 28, 28), np.uint8),
    "y_test": np.arange(6, 10, dtype=np.uint8),
}


def full_mnist(path):
    """Return all of MNIST from local files."""
    mnist = load_mnist(path, dtype="uint8")
    return {
        "x_train": mnist.images[:60_000],
        "y_train": mnist.target_train.astype(np.uint8),
        "x_test": mnist.images[60_000:],
        "y_test": mnist.target_test.astype(np.uint8),
    }


def training_then_test(arrays):
    """Return the rows and labels of all images, those of the training set first."""
    images = np.concatenate([arrays["x_train"], arrays["x_test"]]).reshape(-1, 784)
    return images, np.concatenate([arrays["y_train"], arrays["y_test"]])


def assert_same_mnist(mnist, arrays):
    """Check that a Bunch has these images in this split, and all other attributes."""
    for subset in ("train", "test"):
        np.testing.assert_array_equal(mnist[f"target_{subset}"], arrays[f"y_{subset}"])
        pixels = mnist[f"data_{subset}"]
        np.testing.assert_array_equal(pixels, arrays[f"x_{subset}"].reshape(-1, 784) / np.float32(255))
        assert (pixels.dtype, mnist[f"target_{subset}"].dtype) == (np.float32, np.int64)
    np.testing.assert_array_equal(mnist.data, np.concatenate([mnist.data_train, mnist.data_test]))
    np.testing.assert_array_equal(mnist.target, np.concatenate([mnist.target_train, mnist.target_test]))
    np.testing.assert_array_equal(mnist.images.reshape(-1, 784), mnist.data)
    assert mnist.feature_names[:2] + mnist.feature_names[-1:] == ["pixel_0_0", "pixel_0_1", "pixel_27_27"]
    assert mnist.target_names == list("0123456789")
    assert "MNIST" in mnist.DESCR


def write_idx(folder, arrays, spelling="{0}", compress=bytes):
    """Write the four IDX files; in `spelling`, {0} is the published name, {1} the name with a dot."""
    for key, name in IDX_NAMES.items():
        path = folder / spelling.format(name, name.replace("-idx", ".idx"))
        path.parent.mkdir(parents=True, exist_ok=True)
        values = arrays[key]
        header = np.array([2048 + values.ndim, *values.shape], ">i4")
        path.write_bytes(compress(header.tobytes() + values.astype(np.uint8).tobytes()))


def write_npz(folder, arrays):
    np.savez(folder / "mnist.npz", **arrays)


def write_csv(path, pixel_names, images, labels=None, header=True, delimiter=",", label_last=False):
    names, columns = list(pixel_names), list(images.reshape(-1, 784).T)
    if labels is not None:
        position = len(names) if label_last else 0
        names.insert(position, "label")
        columns.insert(position, labels)
    options = pyarrow.csv.WriteOptions(include_header=header, delimiter=delimiter)
    with pyarrow.output_stream(str(path), compression="detect") as stream:
        table = pyarrow.table([pyarrow.array(column) for column in columns], names)
        pyarrow.csv.write_csv(table, stream, options)


def write_csv_pair(folder, arrays, suffix="csv", **options):
    for subset in ("train", "test"):
        images, labels = arrays[f"x_{subset}"], arrays[f"y_{subset}"]
        write_csv(folder / f"mnist_{subset}.{suffix}", MNIST_IN_CSV_PIXELS, images, labels, **options)


def write_digit_recognizer(folder, arrays):
    """Split as Kaggle's competition does: three fifths with labels, the rest without."""
    images, labels = training_then_test(arrays)
    n = len(images) * 3 // 5
    write_csv(folder / "train.csv", KAGGLE_PIXELS, images[:n], labels[:n])
    write_csv(folder / "test.csv", KAGGLE_PIXELS, images[n:])


def write_arff(path, arrays, quoted=False):
    images, labels = training_then_test(arrays)
    quote = "'" if quoted else ""
    header = ["% MNIST", "", "@RELATION mnist_784", ""]
    header += [f"@ATTRIBUTE {quote}{name}{quote} real" for name in OPENML_PIXELS]
    header += ["@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}", "", "@DATA", ""]
    rows = pyarrow.table([*map(pyarrow.array, images.T), labels], [*OPENML_PIXELS, "class"])
    with pyarrow.output_stream(str(path), compression="detect") as stream:
        stream.write("\n".join(header).encode())
        if quoted:
            lines = (", ".join([*map(str, x), f"'{y}'"]) for x, y in zip(images, labels, strict=True))
            stream.write("\n".join(lines).encode())
        else:
            pyarrow.csv.write_csv(rows, stream, pyarrow.csv.WriteOptions(include_header=False))
        stream.write(b"\n%\n%\n")


def write_parquet(path, arrays, pixel_type="uint8", labels_as_categories=True):
    images, labels = training_then_test(arrays)
    if labels_as_categories:
        labels = pyarrow.array(labels).cast(pyarrow.string()).dictionary_encode()
    columns = [*(pyarrow.array(column).cast(pixel_type) for column in images.T), labels]
    pyarrow.parquet.write_table(pyarrow.table(columns, [*OPENML_PIXELS, "class"]), path)


def encode_png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def write_hugging_face(folder, arrays, names="{}-00000-of-00001.parquet", encode=None):
    """Write a parquet file of encoded images for each subset; `encode` returns the column of images."""
    for subset in ("train", "test"):
        contents = list(map(encode_png, arrays[f"x_{subset}"]))
        images = (
            encode(contents) if encode else [{"bytes": c, "path": f"{i}.png"} for i, c in enumerate(contents)]
        )
        labels = pyarrow.array(arrays[f"y_{subset}"], pyarrow.int64())
        table = pyarrow.table([images, labels], ["image", "label"])
        pyarrow.parquet.write_table(table, folder / names.format(subset))


def write_hugging_face_parts(folder, arrays):
    """Write the training set in two parts."""
    write_hugging_face(folder, arrays)
    table = pyarrow.parquet.read_table(folder / "train-00000-of-00001.parquet")
    (folder / "train-00000-of-00001.parquet").unlink()
    for i, rows in enumerate((table[:4], table[4:])):
        pyarrow.parquet.write_table(rows, folder / f"train-0000{i}-of-00002.parquet")


def write_parquet_pair(folder, arrays):
    for subset in ("train", "test"):
        columns = [*arrays[f"x_{subset}"].reshape(-1, 784).T, arrays[f"y_{subset}"]]
        table = pyarrow.table(list(map(pyarrow.array, columns)), [*KAGGLE_PIXELS, "label"])
        pyarrow.parquet.write_table(table, folder / f"{subset}.parquet")


def write_zip(path, write, arrays):
    """Write a zip archive of the files that a function writes, with what macOS adds to archives."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        write(Path(folder), arrays)
        for file in sorted(Path(folder).rglob("*")):
            name = file.relative_to(folder)
            archive.write(file, name)
            archive.writestr(str("__MACOSX" / name.with_name(f"._{name.name}")), b"macOS")


def write_images(folder, images, labels, suffix=".png"):
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / str(label) / f"{i:05}{suffix}")


def write_split_images(folder, arrays, names=("train", "test")):
    for subset, name in zip(("train", "test"), names, strict=True):
        write_images(folder / name, arrays[f"x_{subset}"], arrays[f"y_{subset}"])


def _write_all_images(folder, arrays):
    rows, labels = training_then_test(arrays)
    write_images(folder, rows.reshape(-1, 28, 28), labels)


# Layout -> function that writes it to a folder.
LAYOUTS_WITH_SPLIT = {
    "IDX": write_idx,
    "IDX, gzip": lambda folder, arrays: write_idx(folder, arrays, "{0}.gz", gzip.compress),
    "torchvision": lambda folder, arrays: write_idx(folder, arrays, "MNIST/raw/{0}"),
    "Kaggle, dots": lambda folder, arrays: write_idx(folder, arrays, "{1}"),
    "Kaggle, folders": lambda folder, arrays: write_idx(folder, arrays, "{0}/{0}"),
    "Kaggle, folders, gzip": lambda folder, arrays: write_idx(folder, arrays, "{0}/{0}.gz", gzip.compress),
    "Keras": write_npz,
    "mnist-in-csv": write_csv_pair,
    "mnist-in-csv, gzip": lambda folder, arrays: write_csv_pair(folder, arrays, "csv.gz"),
    "CSV without header": lambda folder, arrays: write_csv_pair(folder, arrays, header=False),
    "CSV without header, label last": lambda folder, arrays: write_csv_pair(
        folder, arrays, header=False, label_last=True
    ),
    "CSV, label last": lambda folder, arrays: write_csv_pair(folder, arrays, label_last=True),
    "CSV, semicolons": lambda folder, arrays: write_csv_pair(folder, arrays, delimiter=";"),
    "Hugging Face": write_hugging_face,
    "parquet pair": write_parquet_pair,
    "images in train and test": write_split_images,
    "images in Training and Testing": lambda folder, arrays: write_split_images(
        folder, arrays, ("Training", "Testing")
    ),
    "zip of Kaggle, dots": lambda folder, arrays: write_zip(
        folder / "archive.zip", lambda folder, arrays: write_idx(folder, arrays, "{1}"), arrays
    ),
    "zip of mnist-in-csv": lambda folder, arrays: write_zip(folder / "archive.zip", write_csv_pair, arrays),
}
# Name of a file or folder -> function that writes it.
LAYOUTS_WITHOUT_SPLIT = {
    "mnist.csv": lambda path, arrays: write_csv(path, KAGGLE_PIXELS, *training_then_test(arrays)),
    "mnist.csv.gz": lambda path, arrays: write_csv(path, OPENML_PIXELS, *training_then_test(arrays)),
    "mnist_784.arff": write_arff,
    "quoted.arff": lambda path, arrays: write_arff(path, arrays, quoted=True),
    "mnist_784.arff.gz": write_arff,
    "mnist_784.parquet": write_parquet,
    "dataset_554.pq": lambda path, arrays: write_parquet(path, arrays, "float64"),
    "integers.parquet": lambda path, arrays: write_parquet(path, arrays, "int64", False),
    "images": _write_all_images,
}
