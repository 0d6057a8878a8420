"""Loading digits, and what a broken file is told."""

import gzip
import sys
import time
from types import SimpleNamespace

import numpy as np
import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest
import sklearn.datasets
from PIL import Image
from sklearn.datasets import load_digits as load_bundled_digits

from sk_digits._mnist import _download
from sk_digits.datasets import fetch_mnist, load_digits, load_mnist

NAMES = {
    ("train", "x"): "train-images-idx3-ubyte",
    ("train", "y"): "train-labels-idx1-ubyte",
    ("test", "x"): "t10k-images-idx3-ubyte",
    ("test", "y"): "t10k-labels-idx1-ubyte",
}
CSV_PIXELS = [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)]
KAGGLE_PIXELS = [f"pixel{i}" for i in range(784)]
OPENML_PIXELS = [f"pixel{i}" for i in range(1, 785)]


def idx(values):
    header = np.array([2048 + values.ndim, *values.shape], ">i4")
    return header.tobytes() + values.astype(np.uint8).tobytes()


def write_idx(folder, parts, spelling="{0}", pack=bytes):
    for (part, kind), name in NAMES.items():
        path = folder / spelling.format(name, name.replace("-idx", ".idx"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pack(idx(parts[f"{kind}_{part}"])))


def write_npz(folder, parts):
    np.savez(folder / "mnist.npz", **parts)


def write_csv(path, pixel_names, images, labels=None, header=True):
    names = [*(["label"] if labels is not None else []), *pixel_names]
    columns = [*([labels] if labels is not None else []), *images.reshape(-1, 784).T]
    options = pyarrow.csv.WriteOptions(include_header=header)
    with pyarrow.output_stream(str(path), compression="detect") as stream:
        table = pyarrow.table([pyarrow.array(column) for column in columns], names)
        pyarrow.csv.write_csv(table, stream, options)


def write_csv_pair(folder, parts, ending="csv", header=True):
    for part in ("train", "test"):
        write_csv(
            folder / f"mnist_{part}.{ending}", CSV_PIXELS, parts[f"x_{part}"], parts[f"y_{part}"], header
        )


def whole(parts):
    images = np.concatenate([parts["x_train"], parts["x_test"]]).reshape(-1, 784)
    return images, np.concatenate([parts["y_train"], parts["y_test"]])


def write_digit_recognizer(folder, parts):
    """As the competition cuts MNIST: three fifths with labels, the rest without."""
    images, labels = whole(parts)
    n = len(images) * 3 // 5
    write_csv(folder / "train.csv", KAGGLE_PIXELS, images[:n], labels[:n])
    write_csv(folder / "test.csv", KAGGLE_PIXELS, images[n:])


def write_arff(path, parts, quoted=False):
    images, labels = whole(parts)
    quote = "'" if quoted else ""
    head = ["% MNIST", "", "@RELATION mnist_784", ""]
    head += [f"@ATTRIBUTE {quote}{name}{quote} real" for name in OPENML_PIXELS]
    head += ["@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}", "", "@DATA", ""]
    rows = pyarrow.table([*map(pyarrow.array, images.T), labels], [*OPENML_PIXELS, "class"])
    with pyarrow.output_stream(str(path), compression="detect") as stream:
        stream.write("\n".join(head).encode())
        if quoted:
            lines = (", ".join([*map(str, x), f"'{y}'"]) for x, y in zip(images, labels, strict=True))
            stream.write("\n".join(lines).encode())
        else:
            pyarrow.csv.write_csv(rows, stream, pyarrow.csv.WriteOptions(include_header=False))
        stream.write(b"\n%\n%\n")


def write_parquet(path, parts, pixels="uint8", text=True):
    images, labels = whole(parts)
    label = pyarrow.array(labels).cast(pyarrow.string()).dictionary_encode() if text else labels
    columns = [*(pyarrow.array(column).cast(pixels) for column in images.T), label]
    pyarrow.parquet.write_table(pyarrow.table(columns, [*OPENML_PIXELS, "class"]), path)


def write_images(folder, images, labels, suffix=".png"):
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / str(label) / f"{i:05}{suffix}")


def write_split_images(folder, parts, names=("train", "test")):
    for part, name in zip(("train", "test"), names, strict=True):
        write_images(folder / name, parts[f"x_{part}"], parts[f"y_{part}"])


SPLIT = {
    "IDX": write_idx,
    "IDX, gzip": lambda folder, parts: write_idx(folder, parts, "{0}.gz", gzip.compress),
    "torchvision": lambda folder, parts: write_idx(folder, parts, "MNIST/raw/{0}"),
    "Kaggle, dots": lambda folder, parts: write_idx(folder, parts, "{1}"),
    "Kaggle, folders": lambda folder, parts: write_idx(folder, parts, "{0}/{0}"),
    "Kaggle, folders, gzip": lambda folder, parts: write_idx(folder, parts, "{0}/{0}.gz", gzip.compress),
    "Keras": write_npz,
    "mnist-in-csv": write_csv_pair,
    "mnist-in-csv, gzip": lambda folder, parts: write_csv_pair(folder, parts, "csv.gz"),
    "CSV without header": lambda folder, parts: write_csv_pair(folder, parts, header=False),
    "images in train and test": write_split_images,
    "images in Training and Testing": lambda folder, parts: write_split_images(
        folder, parts, ("Training", "Testing")
    ),
}
WHOLE = {
    "mnist.csv": lambda path, parts: write_csv(path, KAGGLE_PIXELS, *whole(parts)),
    "mnist.csv.gz": lambda path, parts: write_csv(path, OPENML_PIXELS, *whole(parts)),
    "mnist_784.arff": write_arff,
    "quoted.arff": lambda path, parts: write_arff(path, parts, quoted=True),
    "mnist_784.arff.gz": write_arff,
    "mnist_784.parquet": write_parquet,
    "dataset_554.pq": lambda path, parts: write_parquet(path, parts, "float64"),
    "integers.parquet": lambda path, parts: write_parquet(path, parts, "int64", text=False),
    "images": lambda path, parts: write_images(path, whole(parts)[0].reshape(-1, 28, 28), whole(parts)[1]),
}


@pytest.fixture(scope="session")
def parts():
    """A small MNIST: 6 images to train on, 4 to test with."""
    rng = np.random.RandomState(0)
    return {
        "x_train": rng.randint(0, 256, (6, 28, 28), np.uint8),
        "y_train": np.arange(6, dtype=np.uint8),
        "x_test": rng.randint(0, 256, (4, 28, 28), np.uint8),
        "y_test": np.arange(6, 10, dtype=np.uint8),
    }


@pytest.fixture
def folder(tmp_path, parts):
    write_idx(tmp_path, parts)
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


def assert_is(mnist, parts):
    """The same images in the same split, under the one contract."""
    for part in ("train", "test"):
        np.testing.assert_array_equal(mnist[f"target_{part}"], parts[f"y_{part}"])
        pixels = mnist[f"data_{part}"]
        np.testing.assert_array_equal(pixels, parts[f"x_{part}"].reshape(-1, 784) / np.float32(255))
        assert (pixels.dtype, mnist[f"target_{part}"].dtype) == (np.float32, np.int64)
    np.testing.assert_array_equal(mnist.data, np.concatenate([mnist.data_train, mnist.data_test]))
    np.testing.assert_array_equal(mnist.target, np.concatenate([mnist.target_train, mnist.target_test]))
    np.testing.assert_array_equal(mnist.images.reshape(-1, 784), mnist.data)
    assert mnist.feature_names[:2] + mnist.feature_names[-1:] == ["pixel_0_0", "pixel_0_1", "pixel_27_27"]
    assert mnist.target_names == list("0123456789")
    assert "MNIST" in mnist.DESCR


@pytest.mark.parametrize("above", ["", "data", "data/unpacked"], ids=["in it", "a level below", "two below"])
@pytest.mark.parametrize("layout", SPLIT)
def test_a_folder_with_any_layout(layout, above, tmp_path, parts):
    (tmp_path / above).mkdir(parents=True, exist_ok=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "notes.txt").write_text("where this is from")
    SPLIT[layout](tmp_path / above, parts)
    assert_is(load_mnist(str(tmp_path)), parts)


@pytest.mark.parametrize("name", WHOLE)
def test_a_layout_without_a_split_is_all_to_train_on(name, tmp_path, parts):
    path = tmp_path / name
    WHOLE[name](path, parts)
    images, labels = whole(parts)
    empty = {"x_test": np.empty((0, 28, 28)), "y_test": np.empty(0)}
    assert_is(load_mnist(path), {"x_train": images, "y_train": labels, **empty})
    X, y = load_mnist(path, dtype="uint8", return_X_y=True)
    np.testing.assert_array_equal(X, images)
    np.testing.assert_array_equal(y, labels)
    assert (X.dtype, y.dtype) == (np.uint8, np.int64)
    if not name.startswith("mnist.csv"):  # a CSV file of its own name has to be named
        np.testing.assert_array_equal(load_mnist(tmp_path).target, labels)


@pytest.mark.parametrize("name", ["mnist.npz", "train-images-idx3-ubyte", "t10k-labels.idx1-ubyte"])
def test_one_file_of_a_set(name, tmp_path, parts):
    {"m": write_npz, "t": write_idx}[name[0]](tmp_path, parts)
    if "." in name:
        write_idx(tmp_path, parts, "{1}/{1}")
        name = f"{name}/{name}" if name.startswith("t10k") else name
    assert_is(load_mnist(tmp_path / name), parts)


def test_torchvision_keeps_other_sets_of_the_same_names(tmp_path, parts):
    write_idx(tmp_path, {**parts, "y_train": parts["y_train"][::-1]}, "FashionMNIST/raw/{0}")
    write_idx(tmp_path, parts, "MNIST/raw/{0}")
    assert_is(load_mnist(tmp_path), parts)


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_digit_recognizer_has_test_images_without_labels(dtype, tmp_path, parts):
    write_digit_recognizer(tmp_path, parts)
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n")
    mnist = load_mnist(tmp_path, dtype=dtype)
    scale = 1 if dtype == "uint8" else np.float32(255)
    np.testing.assert_array_equal(mnist.data_test, parts["x_test"].reshape(-1, 784) / scale)
    np.testing.assert_array_equal(mnist.data, parts["x_train"].reshape(-1, 784) / scale)
    assert mnist.data.dtype == mnist.data_test.dtype == dtype
    assert mnist.target_test is None
    assert mnist.target.tolist() == mnist.target_train.tolist() == list(range(6))
    X, y = load_mnist(tmp_path, dtype=dtype, return_X_y=True)
    assert len(X) == len(y) == 6


@pytest.mark.parametrize(
    ("change", "suffix"),
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
def test_images_in_colour_and_of_other_formats_are_grey(change, suffix, tmp_path, parts):
    for label, pixels in enumerate(parts["x_train"]):
        (tmp_path / str(label)).mkdir()
        change(Image.fromarray(pixels)).save(tmp_path / str(label) / f"digit{suffix}")
    (tmp_path / "3" / ".DS_Store").write_bytes(b"a system's own")
    (tmp_path / "__MACOSX").mkdir()
    mnist = load_mnist(tmp_path, dtype="uint8")
    np.testing.assert_array_equal(mnist.data_train, parts["x_train"].reshape(-1, 784))


def test_images_of_another_size_that_all_share(tmp_path, parts):
    write_images(tmp_path, parts["x_train"][:, :16, :12], parts["y_train"])
    mnist = load_mnist(tmp_path)
    assert mnist.images.shape == (6, 16, 12)
    assert (len(mnist.feature_names), mnist.feature_names[-1]) == (192, "pixel_15_11")


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


def csv_of(parts, change=lambda rows: None, pixel_names=KAGGLE_PIXELS):
    """train.csv as text, after a change of its rows of cells, the header first."""
    rows = [["label", *pixel_names]]
    rows += [[str(y), *map(str, x.ravel())] for x, y in zip(parts["x_train"], parts["y_train"], strict=True)]
    change(rows)
    return "\n".join(",".join(row) for row in rows) + "\n"


def put(row, column, value):
    def change(rows):
        rows[row][column] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put(3, 5, "256"), r"line 4, column 'pixel4': '256'; pixels are integers 0 to 255"),
        (put(6, 784, "-1"), r"line 7, column 'pixel783': '-1'; pixels are"),
        (put(2, 1, "0.5"), r"line 3, column 'pixel0': '0.5'; pixels are"),
        (put(2, 1, ""), r"line 3, column 'pixel0': ''; pixels are"),
        (put(1, 0, "10"), r"line 2, column 'label': '10'; labels are integers 0 to 9"),
        (put(1, 0, "five"), r"line 2, column 'label': 'five'; labels are"),
        (put(1, 0, "'5'"), r"line 2, column 'label': \"'5'\"; labels are"),
        (put(1, 0, "5.5"), r"line 2, column 'label': '5.5'; labels are"),
        (lambda rows: rows[6].__delitem__(slice(700, None)), r"line 7 has 700 values; expected 785"),
        (lambda rows: rows[2].append("0"), r"line 3 has 786 values; expected 785"),
        (
            put(0, 5, "pixel5"),
            r"column 'pixel5' stands where 'pixel4' should, among 785 columns.*1x1 to 28x28",
        ),
        (lambda rows: [row.pop() for row in rows], r"has no column 'pixel783', among 784 columns"),
        (lambda rows: [row.append("0") for row in rows], r"has the column '0' too many"),
        (lambda rows: [row.append(row[0]) for row in rows], r"has 2 columns of labels"),
        (
            lambda rows: [row.pop(0) for row in rows],
            r"has no column of labels.*the folder that holds train.csv",
        ),
        (lambda rows: rows.__delitem__(slice(1, None)), r"has no rows after its header"),
        (lambda rows: rows.clear(), r"column '' stands where 'pixel0' should"),
    ],
)
def test_a_broken_table_is_told_the_line_and_the_column(change, message, tmp_path, parts):
    path = tmp_path / "train.csv"
    path.write_text(csv_of(parts, change))
    with pytest.raises(ValueError, match=rf"train.csv: {message}"):
        load_mnist(path)


def arff_text(parts, old, new, tmp_path):
    write_arff(tmp_path / "mnist_784.arff", parts)
    text = (tmp_path / "mnist_784.arff").read_text()
    assert old in text
    (tmp_path / "mnist_784.arff").write_text(text.replace(old, new, 1))


def parquet_column(parts, name, values, tmp_path):
    path = tmp_path / "mnist_784.parquet"
    write_parquet(path, parts)
    table = pyarrow.parquet.read_table(path)
    i = table.column_names.index(name)
    pyarrow.parquet.write_table(table.set_column(i, name, pyarrow.array(values)), path)


def npz_with(parts, tmp_path, **changes):
    arrays = {name: changes.get(name, values) for name, values in parts.items()}
    np.savez(tmp_path / "mnist.npz", **{name: a for name, a in arrays.items() if a is not None})


def bad_image(parts, tmp_path, name, content):
    write_images(tmp_path, parts["x_train"], parts["y_train"])
    (tmp_path / name).parent.mkdir(exist_ok=True)
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    else:
        Image.fromarray(content).save(tmp_path / name)


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda p, t: arff_text(p, ",9\n", ",nine\n", t),
            ValueError,
            r"line 801, column 'class': 'nine'; lab",
        ),
        (lambda p, t: arff_text(p, "@DATA", "", t), ValueError, r"mnist_784.arff: no line @DATA"),
        (lambda p, t: arff_text(p, "pixel7 ", "p7 ", t), ValueError, r"'p7' stands where 'pixel7' should"),
        (
            lambda p, t: arff_text(p, "@DATA\n", "@DATA\n{0 5, 784 3}\n", t),
            ValueError,
            r"line 792 has 2 values; expected 785",
        ),
        (
            lambda p, t: parquet_column(p, "class", [*"012345678", "ten"], t),
            ValueError,
            r"parquet: row 9, column 'class': 'ten'; labels are integers 0 to 9",
        ),
        (
            lambda p, t: parquet_column(p, "class", [*range(9), 10], t),
            ValueError,
            r"row 9, column 'class': 10; labels are",
        ),
        (
            lambda p, t: parquet_column(p, "class", [*"012345678", None], t),
            ValueError,
            r"row 9, column 'class': None; labels are",
        ),
        (
            lambda p, t: parquet_column(p, "pixel9", [0.0] * 9 + [0.5], t),
            ValueError,
            r"row 9, column 'pixel9': 0.5; pixels are integers 0 to 255",
        ),
        (
            lambda p, t: parquet_column(p, "pixel9", [0] * 9 + [256], t),
            ValueError,
            r"row 9, column 'pixel9': 256; pixels are",
        ),
        (
            lambda p, t: (t / "mnist.parquet").write_bytes(b"PAR1 and no more"),
            ValueError,
            r"mnist.parquet: cannot be read as a parquet file",
        ),
        (lambda p, t: npz_with(p, t, y_test=None), ValueError, r"arrays x_train, .*, but not y_test"),
        (
            lambda p, t: npz_with(p, t, y_test=np.array([0, 1, 12, 3])),
            ValueError,
            r"mnist.npz: y_test\[2\] is 12; labels are integers 0 to 9",
        ),
        (
            lambda p, t: npz_with(p, t, x_test=np.full((4, 28, 28), -1)),
            ValueError,
            r"x_test\[0, 0, 0\] is -1; pixels are integers 0 to 255",
        ),
        (
            lambda p, t: npz_with(p, t, x_test=p["x_test"] / 255),
            ValueError,
            r"x_test has .* the dtype float64",
        ),
        (
            lambda p, t: npz_with(p, t, y_test=np.eye(4, dtype=int)),
            ValueError,
            r"y_test has the shape \(4, 4\)",
        ),
        (
            lambda p, t: npz_with(p, t, y_test=p["y_test"][1:]),
            ValueError,
            r"4 images in x_test, but 3 labels",
        ),
        (
            lambda p, t: npz_with(p, t, x_test=p["x_test"][:, 1:]),
            ValueError,
            r"training and test images differ in size: \[\(27, 28\), \(28, 28\)\]",
        ),
        (
            lambda p, t: npz_with(p, t, x_train=p["x_train"][:0], y_train=p["y_train"][:0]),
            ValueError,
            r"has no images to train on",
        ),
        (
            lambda p, t: (t / "mnist.npz").write_bytes(b"PK\3\4 and no more"),
            ValueError,
            r"mnist.npz: cannot be read as Keras' mnist.npz",
        ),
        (
            lambda p, t: np.save((t / "mnist.npz").open("wb"), p["x_train"]),
            ValueError,
            r"mnist.npz: cannot be read as Keras' mnist.npz",
        ),
        (
            lambda p, t: (t / "mnist.npz").write_bytes(b"no archive"),
            ValueError,
            r"mnist.npz: cannot be read as Keras' mnist.npz",
        ),
        (
            lambda p, t: bad_image(p, t, "4/b.png", np.zeros((27, 28), np.uint8)),
            ValueError,
            r"4/b.png: has 27x28 pixels, where other images have 28x28",
        ),
        (
            lambda p, t: bad_image(p, t, "4/b.png", np.zeros((28, 28), np.uint16)),
            ValueError,
            r"4/b.png: cannot be read as an image: its pixels are of mode 'I(;16)?'; expected 8 bits",
        ),
        (
            lambda p, t: bad_image(p, t, "4/b.png", np.zeros((28, 28, 4), np.uint8)),
            ValueError,
            r"4/b.png: cannot be read as an image: it has transparent pixels",
        ),
        (lambda p, t: bad_image(p, t, "4/b.png", PNG), ValueError, r"4/b.png: cannot be read as an image"),
        (lambda p, t: bad_image(p, t, "4/b.png", b""), ValueError, r"4/b.png: cannot be read as an image"),
        (
            lambda p, t: bad_image(p, t, "4/b.txt", b"four"),
            ValueError,
            r"4/b.txt: cannot be read as an image",
        ),
        (lambda p, t: bad_image(p, t, "10/b.png", p["x_train"][0]), ValueError, r"10: .* labels are 0 to 9"),
        (
            lambda p, t: bad_image(p, t, "six/b.png", p["x_train"][0]),
            ValueError,
            r"six: .* labels are 0 to 9",
        ),
        (
            lambda p, t: write_csv(t / "test.csv", KAGGLE_PIXELS, p["x_test"]),
            FileNotFoundError,
            r"has test.csv, but neither train.csv nor train.csv.gz; there is: test.csv",
        ),
        (
            lambda p, t: [write_arff(t / "a.arff", p), write_parquet(t / "b.parquet", p)],
            ValueError,
            r"several tables; give one of them: a.arff, b.parquet",
        ),
        (
            lambda p, t: [write_idx(t, p, "a/{0}"), write_idx(t, p, "b/{0}")],
            ValueError,
            r"several sets of images; give one of them: .*a \(the four IDX files.*b \(",
        ),
        (
            lambda p, t: (t / "mnist.zip").write_bytes(b""),
            FileNotFoundError,
            r"holds no known layout; there is: mnist.zip. Known are: the four IDX.*named 0 to 9",
        ),
        (lambda p, t: None, FileNotFoundError, r"holds no known layout; there is: nothing"),
        (lambda p, t: (t / "2024").mkdir(), FileNotFoundError, r"holds no known layout; there is: 2024"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(make, error, message, tmp_path, parts):
    make(parts, tmp_path)
    with pytest.raises(error, match=message):
        load_mnist(tmp_path)


def test_a_path_that_leads_nowhere_or_elsewhere(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere is no folder and no file. Known are: the four IDX"):
        load_mnist(tmp_path / "nowhere")
    (tmp_path / "mnist.txt").write_text("5 0 4 1")
    with pytest.raises(ValueError, match=r"mnist.txt is no file of a known layout. Known are: the four IDX"):
        load_mnist(tmp_path / "mnist.txt")


@pytest.mark.parametrize("dtype", ["float64", None, int])
def test_a_dtype_that_is_not_allowed(dtype, folder):
    with pytest.raises(ValueError, match=r'dtype=.* is not allowed; give "float32" or "uint8"'):
        load_mnist(folder, dtype=dtype)


@pytest.mark.parametrize(
    ("name", "module", "package"),
    [
        ("mnist.csv", "pyarrow", "pyarrow"),
        ("mnist_784.arff", "pyarrow.csv", "pyarrow"),
        ("mnist_784.parquet", "pyarrow.parquet", "pyarrow"),
        ("images", "PIL.Image", "pillow"),
    ],
)
def test_a_missing_package_is_named_with_the_extra(name, module, package, tmp_path, parts, monkeypatch):
    WHOLE[name](tmp_path / name, parts)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf'read with {package} here.*pip install "sk_digits\[data\]"'):
        load_mnist(tmp_path / name)


@pytest.fixture(scope="session")
def real(mnist_path):
    mnist = load_mnist(mnist_path, dtype="uint8")
    images = mnist.images
    return {
        "x_train": images[:60_000],
        "y_train": mnist.target_train.astype(np.uint8),
        "x_test": images[60_000:],
        "y_test": mnist.target_test.astype(np.uint8),
    }


ROUND_TRIPS = {
    **{name: SPLIT[name] for name in SPLIT if "gzip" not in name and "header" not in name},
    "digit-recognizer": write_digit_recognizer,
    "OpenML, ARFF": lambda folder, parts: write_arff(folder / "mnist_784.arff", parts),
    "OpenML, parquet": lambda folder, parts: write_parquet(folder / "mnist_784.parquet", parts),
}


@pytest.mark.parametrize("layout", ROUND_TRIPS)
def test_the_real_mnist_comes_back_from_every_layout(layout, real, tmp_path):
    if layout.startswith("images"):  # 70,000 small files are slow to write
        real = {name: values[:1000] for name, values in real.items()}
        real = {
            name: values[np.argsort(real[f"y{name[1:]}"], kind="stable")] for name, values in real.items()
        }
    ROUND_TRIPS[layout](tmp_path, real)
    mnist = load_mnist(tmp_path, dtype="uint8")
    images, labels = whole(real)
    assert np.array_equal(np.concatenate([mnist.data_train, mnist.data_test]), images)
    assert np.array_equal(mnist.target, labels[: len(mnist.target)])
    n_train = 42_000 if layout == "digit-recognizer" else len(real["y_train"])
    assert len(mnist.data_train) == len(mnist.target_train) == n_train


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No network, and an empty cache of scikit-learn's and of Keras'."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("urllib.request._opener", None)  # it keeps the proxies of its first use
    monkeypatch.setattr("sklearn.datasets._openml.time.sleep", lambda seconds: None)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "sklearn"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    return tmp_path / "keras" / "datasets"


@pytest.mark.filterwarnings("ignore:A network error occurred")
@pytest.mark.parametrize("home", ["KERAS_HOME", "HOME"])
def test_without_network_the_copy_of_keras_is_taken(home, offline, real, monkeypatch, capsys):
    if home == "HOME":
        monkeypatch.delenv("KERAS_HOME")
        monkeypatch.setenv("HOME", str(offline.parent.parent))
        offline = offline.parent.rename(offline.parent.parent / ".keras") / "datasets"
    write_npz(offline, real)
    mnist = fetch_mnist()
    assert_is(mnist, real)
    assert str(offline / "mnist.npz") in mnist.DESCR
    assert "MNIST from openml.org" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:A network error occurred")
def test_a_copy_with_another_checksum_is_refused(offline, parts):
    write_npz(offline, parts)
    with pytest.raises(
        ValueError, match=r"mnist.npz is not MNIST: the SHA-256 of the arrays is .*, expected c2"
    ):
        fetch_mnist()


@pytest.mark.filterwarnings("ignore:A network error occurred")
def test_without_network_and_copy_it_is_told_what_was_tried(offline):
    with pytest.raises(
        ConnectionError, match=r"fetch_openml \(.*refused.*Keras' copy .*mnist.npz \(no such file\)"
    ):
        fetch_mnist()


@pytest.mark.parametrize("md5", [_download._ARFF_MD5, "0" * 32], ids=["MNIST", "another file"])
def test_a_download_is_checked_and_split(md5, offline, real, monkeypatch):
    def fetch_openml(name, *, version, data_home, as_frame):
        assert (name, version, as_frame) == ("mnist_784", 1, False)
        images, labels = whole(real)
        return SimpleNamespace(
            data=images.astype(np.int64),
            target=labels.astype(str).astype(object),
            details={"md5_checksum": md5},
        )

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch_openml)
    if md5.startswith("000"):
        with pytest.raises(ValueError, match=r"mnist_784.arff is not MNIST: the MD5 is 000"):
            fetch_mnist()
    else:
        assert_is(fetch_mnist(), real)
        X, y = fetch_mnist(dtype="uint8", return_X_y=True)
        assert (X.shape, X.dtype, y.dtype) == ((70_000, 784), np.uint8, np.int64)


@pytest.mark.parametrize("columns", [40, 120])
def test_the_progress_line_counts_the_download_however_long_the_path_of_the_cache(
    monkeypatch, tmp_path, capsys, columns
):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(columns))
    cache = tmp_path / ("[a long name]" * 5)
    cache.mkdir()
    with _download._progress_line(cache):
        (cache / "part").write_bytes(bytes(2_500_000))
        time.sleep(0.6)
    told = capsys.readouterr().err
    assert f"scikit-learn's cache {cache}\n" in told
    assert "2.5 MB downloaded" in told
