"""Reading one file of MNIST, or one folder of images: bytes in, uint8 arrays out.

Whatever is wrong with a file is a ValueError that names the file, the place in it, and what is allowed.
"""

import gzip
import importlib
import io
import math
import re
import zipfile
import zlib
from itertools import zip_longest

import numpy as np

_IDX_KINDS = {2051: "images", 2049: "labels"}
_LABEL_COLUMNS = ("label", "class")
_PIXEL_COLUMNS = (
    [f"pixel{i}" for i in range(784)],  # Kaggle's digit-recognizer
    [f"pixel{i}" for i in range(1, 785)],  # OpenML's mnist_784
    [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)],  # mnist-in-csv
)
# Deep and floating-point pixels would be clipped to 255 without a word.
_EIGHT_BIT_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB"}


def read_idx(path, expected_magic):
    """Read one IDX file of uint8 values, plain or gzip.

    An IDX file starts with a magic number, then has one big-endian 32-bit size a dimension, then the
    values. https://yann.lecun.com/exdb/mnist describes it.
    """
    content = _read_bytes(path)
    n_dimensions = expected_magic & 0xFF
    offset = 4 + 4 * n_dimensions
    magic = int.from_bytes(content[:4], "big")
    if len(content) >= 4 and magic != expected_magic:
        kind = _IDX_KINDS.get(magic)
        what = f", which is a file of {kind}" if kind else ", which is no MNIST file"
        raise ValueError(
            f"{path}: magic number {magic} at offset 0{what}; expected {expected_magic}, a file of "
            f"{_IDX_KINDS[expected_magic]}."
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


def read_npz(path):
    """Read Keras' archive; returns ((images, labels) to train on, (images, labels) to test with)."""
    names = ("x_train", "y_train", "x_test", "y_test")
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [name for name in names if name not in archive.files]
            if missing:
                raise ValueError(
                    f"it has the arrays {', '.join(archive.files) or 'none'}, but not {', '.join(missing)}"
                )
            arrays = {name: archive[name] for name in names}
    except (EOFError, OSError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: cannot be read as Keras' mnist.npz: {error}.") from error
    for name, values in arrays.items():
        expected, limit = (3, 255) if name.startswith("x") else (1, 9)
        if values.ndim != expected or values.dtype.kind not in "iu":
            raise ValueError(
                f"{path}: {name} has the shape {values.shape} and the dtype {values.dtype}; expected "
                f"integers in {'(n, height, width)' if expected == 3 else '(n,)'}."
            )
        outside = (values < 0) | (values > limit)
        if outside.any():
            place = np.unravel_index(outside.argmax(), values.shape)
            raise ValueError(
                f"{path}: {name}[{', '.join(map(str, place))}] is {values[place]}; {_allowed(limit)}."
            )
        arrays[name] = values.astype(np.uint8, copy=False)
    parts = [(arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test")]
    for part, (images, labels) in zip(("train", "test"), parts, strict=True):
        if len(images) != len(labels):
            raise ValueError(
                f"{path}: {len(images)} images in x_{part}, but {len(labels)} labels in y_{part}; they do "
                "not belong together."
            )
    return parts


def read_csv(path):
    """Read a CSV file, plain or gzip; returns (images, labels), labels None where there is no such column."""
    content = _read_bytes(path)
    start = content.find(b"\n") + 1 or len(content)
    columns = [cell.strip().strip('"') for cell in content[:start].decode("utf-8-sig", "replace").split(",")]
    if all(cell.isdigit() for cell in columns):  # no header: the first line is an image already
        start = 0
        columns = ["label"][: len(columns) - 784] + _PIXEL_COLUMNS[2]
    return _read_rows(path, content[start:], 2 if start else 1, columns)


def read_arff(path):
    """Read an ARFF file, plain or gzip; returns (images, labels), as `read_csv` does."""
    content = _read_bytes(path)
    columns, start = [], 0
    for line in io.BytesIO(content):
        start += len(line)
        text = line.decode("utf-8", "replace").strip()
        attribute = re.match(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)", text, re.IGNORECASE)
        if attribute:
            columns.append(attribute[1].strip("'\""))
        if text.lower() == "@data":
            # Values may have quotes around them, of either kind; none has a comma within.
            rows = content[start:].translate(None, b"'\"")
            return _read_rows(path, rows, content.count(b"\n", 0, start) + 1, columns)
    raise ValueError(f"{path}: no line @DATA; an ARFF file has one between its attributes and its rows.")


def read_parquet(path):
    """Read a parquet file; returns (images, labels), as `read_csv` does."""
    pyarrow, parquet = require("pyarrow"), require("pyarrow.parquet")
    try:
        with parquet.ParquetFile(path) as file:
            table = file.read()
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise ValueError(f"{path}: cannot be read as a parquet file: {error}") from error
    label = _label_column(path, table.column_names)
    values = np.empty((table.num_rows, table.num_columns), np.uint8)
    for i, name in enumerate(table.column_names):
        values[:, i] = _parquet_column(path, name, table.column(i), 9 if i == label else 255)
    return _images_and_labels(values, label)


def read_image_folder(folder):
    """Read images from folders named by label; returns (images, labels) in the order of labels and names."""
    image_module = require("PIL.Image", "pillow")
    paths, labels = [], []
    for label, subfolder in sorted(label_folders(folder)):
        if label > 9:
            raise ValueError(f"{subfolder}: a folder of images is named by its label; labels are 0 to 9.")
        found = sorted(entry for entry in subfolder.iterdir() if not _is_clutter(entry))
        paths += found
        labels += [label] * len(found)
    others = sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.is_dir() and not entry.name.isdecimal() and not _is_clutter(entry)
    )
    if others:
        raise ValueError(
            f"{folder / others[0]}: stands beside folders named by their label; labels are 0 to 9."
        )
    images = [_read_image(image_module, path) for path in paths]
    shapes = [image.shape for image in images]
    if len(set(shapes)) > 1:
        usual = (28, 28) if (28, 28) in shapes else shapes[0]
        odd = next(i for i, shape in enumerate(shapes) if shape != usual)
        raise ValueError(
            f"{paths[odd]}: has {shapes[odd][0]}x{shapes[odd][1]} pixels, where other images have "
            f"{usual[0]}x{usual[1]}; all must have one size."
        )
    return np.array(images, np.uint8).reshape(-1, *(shapes or [(28, 28)])[0]), np.array(labels, np.uint8)


def label_folders(folder):
    """The subfolders whose name is a number, as pairs of number and path."""
    return [
        (int(entry.name), entry)
        for entry in folder.iterdir()
        if entry.name.isascii() and entry.name.isdecimal() and entry.is_dir()
    ]


def require(module, package=None):
    """Import a module of an optional package, or say how to get it."""
    package = package or module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"MNIST is read with {package} here, which cannot be imported ({error}); install it with: "
            'pip install "sk_digits[data]"'
        ) from error


def _read_bytes(path):
    content = path.read_bytes()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}: broken gzip file after {len(content)} bytes: {error}.") from error


def _read_rows(path, content, first_line, columns):
    """Rows of integers with commas between, the first in line `first_line` of the file."""
    pyarrow, csv = require("pyarrow"), require("pyarrow.csv")
    label = _label_column(path, columns)
    names = [str(i) for i in range(len(columns))]
    if not content:
        raise ValueError(f"{path}: has no rows after its header.")
    try:
        table = csv.read_csv(
            pyarrow.BufferReader(content),
            read_options=csv.ReadOptions(column_names=names),
            # ARFF's comments start with %.
            parse_options=csv.ParseOptions(
                invalid_row_handler=lambda row: "skip" if row.text.startswith("%") else "error"
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pyarrow.uint8()), null_values=[]
            ),
        )
    except pyarrow.ArrowInvalid as error:
        # pyarrow, reading with many threads, does not know the line.
        fault = _first_fault(content, first_line, columns, label) or error
        raise ValueError(f"{path}: {fault}") from error
    values = np.empty((table.num_rows, len(columns)), np.uint8)
    for i, column in enumerate(table.columns):
        values[:, i] = column.to_numpy()
    if label is not None and values[:, label].max(initial=0) > 9:
        raise ValueError(f"{path}: {_first_fault(content, first_line, columns, label)}")
    return _images_and_labels(values, label)


def _first_fault(content, first_line, columns, label):
    """What is wrong with the first bad row, and in which line and column it stands."""
    for number, line in enumerate(io.BytesIO(content), first_line):
        cells = line.strip().replace(b'"', b"").split(b",")
        if cells == [b""] or cells[0].startswith(b"%"):
            continue
        if len(cells) != len(columns):
            return f"line {number} has {len(cells)} values; expected {len(columns)}, one a column."
        for i, cell in enumerate(cells):
            limit = 9 if i == label else 255
            if not cell.strip().isdigit() or int(cell) > limit:
                value = cell.decode("utf-8", "replace")
                return f"line {number}, column {columns[i]!r}: {value!r}; {_allowed(limit)}."
    return None


def _parquet_column(path, name, column, limit):
    """One column as uint8, from numbers, text or categories."""
    pyarrow = require("pyarrow")
    if pyarrow.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        values = column.cast(pyarrow.uint8())
        if not values.null_count and values.to_numpy().max(initial=0) <= limit:
            return values.to_numpy()
        reason = _allowed(limit)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
        reason = f"{_allowed(limit)} ({error})"
    allowed = set(range(limit + 1)) | set(map(str, range(limit + 1)))
    for row, value in enumerate(column.to_pylist()):
        if value not in allowed:
            raise ValueError(f"{path}: row {row}, column {name!r}: {value!r}; {_allowed(limit)}.")
    raise ValueError(f"{path}: column {name!r}: {reason}.")


def _label_column(path, columns):
    """Where the labels stand, or None; the pixels must be there, in order."""
    pixels = [name for name in columns if name not in _LABEL_COLUMNS]
    labels = [i for i, name in enumerate(columns) if name in _LABEL_COLUMNS]
    if pixels in _PIXEL_COLUMNS and len(labels) <= 1:
        return labels[0] if labels else None
    known = "784 pixels in order, pixel0 to pixel783, pixel1 to pixel784 or 1x1 to 28x28"
    if len(labels) > 1:
        fault = f"has {len(labels)} columns of labels"
    else:
        nearest = max(_PIXEL_COLUMNS, key=lambda names: sum(map(str.__eq__, names, pixels)))
        found, wanted = next((a, b) for a, b in zip_longest(pixels, nearest) if a != b)
        fault = f"column {found!r} stands where {wanted!r} should"
        if found is None:
            fault = f"has no column {wanted!r}"
        elif wanted is None:
            fault = f"has the column {found!r} too many"
    raise ValueError(
        f"{path}: {fault}, among {len(columns)} columns; a table of MNIST has {known}, and at most one "
        "column 'label' or 'class'."
    )


def _images_and_labels(values, label):
    if label is None:
        return values.reshape(-1, 28, 28), None
    return np.delete(values, label, axis=1).reshape(-1, 28, 28), values[:, label].copy()


def _read_image(image_module, path):
    """One image as grey pixels."""
    try:
        with image_module.open(path) as image:
            if image.mode not in _EIGHT_BIT_MODES:
                raise ValueError(f"its pixels are of mode {image.mode!r}; expected 8 bits a channel")
            # What is behind them, black or white, decides what the digit looks like.
            if "A" in image.getbands() and image.getchannel("A").getextrema()[0] < 255:
                raise ValueError("it has transparent pixels; save it with a background")
            return np.asarray(image.convert("L"))
    except (EOFError, OSError, SyntaxError, ValueError, image_module.DecompressionBombError) as error:
        raise ValueError(f"{path}: cannot be read as an image: {error}.") from error


def _is_clutter(entry):
    """Whether a system put this file or folder there, not a user."""
    return entry.name.startswith((".", "__")) or entry.name in ("Thumbs.db", "desktop.ini")


def _allowed(limit):
    return "labels are integers 0 to 9" if limit == 9 else "pixels are integers 0 to 255"
