"""Readers of MNIST as text tables, CSV and ARFF, for `_layouts`, and what `_parquet` shares with them.

A row is an image, and a column is a pixel or the label. Every reader returns (images, labels) as uint8
arrays, of shapes (n, 28, 28) and (n,); the labels are None if the table has no column of labels.
"""

import codecs
import io
import re
from itertools import zip_longest

import numpy as np

from .._optional import import_optional
from ._files import MAX_LABEL, MAX_PIXEL, allowed_values, read_bytes, shorten

LABEL_COLUMNS = ("label", "class")
_PIXEL_COLUMNS = (
    [f"pixel{i}" for i in range(784)],  # Kaggle's digit-recognizer
    [f"pixel{i}" for i in range(1, 785)],  # OpenML's mnist_784
    [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)],  # Kaggle's mnist-in-csv
    [str(i) for i in range(784)],  # pandas' names of the columns of an array
)
# In the order in which they are looked for in the first line; numbers and names contain none of them.
_DELIMITERS = (";", "\t", ",", " ")


_NOT_ASCII_AS_QUESTION_MARK = bytes(range(128)) + b"?" * 128


def read_csv(path):
    """Read a CSV file, plain or gzip, with or without a header; return (images, labels).

    The delimiter is a comma, semicolon, tab or space. If the column of labels has no name, it is the first
    or the last, as the values show.
    """
    content = read_bytes(path).removeprefix(codecs.BOM_UTF8)
    start = content.find(b"\n") + 1 or len(content)
    header = content[:start].decode("utf-8", "replace").rstrip("\r\n")
    delimiter = next((delimiter for delimiter in _DELIMITERS if delimiter in header), ",")
    columns = [cell.strip().strip('"') for cell in header.split(delimiter)]
    if not all(map(_is_number, columns)):
        label = find_label_column(path, columns)
        return split_columns(_parse_rows(path, content[start:], 2, columns, label, delimiter), label)
    if len(columns) not in (784, 785):
        raise ValueError(
            f"{path}: line 1 has {len(columns)} numbers, expected 784 pixels, or 785 with a label."
        )
    first_line = 1
    if columns == [str(i) for i in range(len(columns))]:  # pandas' header of an array; no pixel is above 255
        first_line, content = 2, content[start:]
    positions = [str(i) for i in range(1, len(columns) + 1)]
    values = _parse_rows(path, content, first_line, positions, None, delimiter)
    return split_columns(values, _infer_label_column(path, values) if len(columns) == 785 else None)


def read_arff(path):
    """Read an ARFF file, plain or gzip; return (images, labels)."""
    content = read_bytes(path)
    columns, start = [], 0
    for line in io.BytesIO(content):
        start += len(line)
        text = line.decode("utf-8", "replace").strip()
        attribute = re.match(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)", text, re.IGNORECASE)
        if attribute:
            columns.append(attribute[1].strip("'\""))
        if text.lower() == "@data":
            # Values may be quoted, with either quote; no value contains a comma.
            rows = content[start:].translate(None, b"'\"")
            label = find_label_column(path, columns)
            values = _parse_rows(path, rows, content.count(b"\n", 0, start) + 1, columns, label)
            return split_columns(values, label)
    raise ValueError(f"{path}: missing line @DATA between the attributes and the rows of an ARFF file.")


def _parse_rows(path, content, first_line, columns, label, delimiter=","):
    """Parse rows of integers, which may be written as floats.

    Parameters
    ----------
    path : Path
    content : bytes
    first_line : int
        Line number of the first row.
    columns : list of str
        Names of the columns, for error messages.
    label : int or None
        Index of the column of labels.
    delimiter : str, default=","

    Returns
    -------
    values : ndarray of shape (n_rows, n_columns), uint8
    """
    purpose = "Reading MNIST from a CSV or ARFF file"
    pyarrow = import_optional("pyarrow", purpose=purpose, extra="data")
    csv = import_optional("pyarrow.csv", purpose=purpose, extra="data")
    if not content.strip():
        raise ValueError(f"{path}: the table has no rows after its header.")

    if not content.isascii():
        # pyarrow decodes the rows that it shows to the handler below, whose errors would be printed.
        content = content.translate(_NOT_ASCII_AS_QUESTION_MARK)
    names = [str(i) for i in range(len(columns))]
    table = error = None
    for column_type in (pyarrow.uint8(), pyarrow.float32()):
        try:
            table = csv.read_csv(
                pyarrow.BufferReader(content),
                read_options=csv.ReadOptions(column_names=names),
                # Comments in ARFF files start with %.
                parse_options=csv.ParseOptions(
                    delimiter=delimiter,
                    invalid_row_handler=lambda row: "skip" if row.text.startswith("%") else "error",
                ),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(names, column_type), null_values=[]
                ),
            )
            break
        except pyarrow.ArrowInvalid as invalid:
            error = invalid
    limits = [MAX_LABEL if i == label else MAX_PIXEL for i in range(len(columns))]
    if table is None or not all(map(_are_integers, table.columns, limits)):
        # pyarrow reads with many threads and does not report the line.
        message = _describe_first_error(content, first_line, columns, limits, delimiter) or shorten(error)
        raise ValueError(f"{path}: {message}") from error
    values = np.empty((table.num_rows, len(columns)), np.uint8)
    for i, column in enumerate(table.columns):
        values[:, i] = column.to_numpy()
    return values


def _are_integers(column, limit):
    """Return whether all values of a column of uint8 or float32 are integers from 0 to `limit`."""
    values = column.to_numpy()
    if values.dtype == np.uint8:
        return values.max(initial=0) <= limit
    return ((values >= 0) & (values <= limit) & (values == np.floor(values))).all()


def _describe_first_error(content, first_line, columns, limits, delimiter):
    """Return the error message for the first invalid row, with its line and column, or None."""
    for number, line in enumerate(io.BytesIO(content), first_line):
        cells = line.decode("utf-8", "replace").strip().replace('"', "").split(delimiter)
        if cells == [""] or cells[0].startswith("%"):
            continue
        if len(cells) != len(columns):
            return f"line {number} has {len(cells)} values, expected {len(columns)} (one per column)."
        for name, limit, cell in zip(columns, limits, cells, strict=True):
            if not (_is_number(cell) and 0 <= float(cell) <= limit and float(cell).is_integer()):
                return f"line {number}, column {name!r}: {allowed_values(limit)}, got {shorten(repr(cell))}."
    return None


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _infer_label_column(path, values):
    """Return the index of the column of labels in a table that does not name it: the first or the last.

    The first and the last pixel of an image are in its corners, where digits have background.
    """
    ends = [0, values.shape[1] - 1]
    first, last = maxima = [int(values[:, i].max(initial=0)) for i in ends]
    labels = [i for i, maximum in zip(ends, maxima, strict=True) if 0 < maximum <= MAX_LABEL]
    if len(labels) != 1:
        raise ValueError(
            f"{path}: no column is named 'label' or 'class', and the values do not show whether the labels "
            f"are in the first column (values up to {first}) or in the last (values up to {last}); "
            f"{allowed_values(MAX_LABEL)}, and not all 0. Add a header with the names of the columns, such "
            "as label,pixel0,...,pixel783."
        )
    return labels[0]


def find_label_column(path, columns):
    """Return the index of the column of labels, or None; raise ValueError if other columns are not pixels."""
    pixels = [name for name in columns if name not in LABEL_COLUMNS]
    labels = [i for i, name in enumerate(columns) if name in LABEL_COLUMNS]
    if pixels in _PIXEL_COLUMNS and len(labels) <= 1:
        return labels[0] if labels else None
    if len(labels) > 1:
        error = f"the table has {len(labels)} columns of labels"
    else:
        nearest = max(_PIXEL_COLUMNS, key=lambda names: sum(map(str.__eq__, names, pixels)))
        found, expected = next((a, b) for a, b in zip_longest(pixels, nearest) if a != b)
        error = f"found column {shorten(repr(found))}, expected {expected!r}"
        if found is None:
            error = f"missing column {expected!r}"
        elif expected is None:
            error = f"unexpected column {shorten(repr(found))}"
    raise ValueError(
        f"{path}: {error}, among {len(columns)} columns. A table must have 784 columns of pixels in order "
        "(pixel0 to pixel783, pixel1 to pixel784, 1x1 to 28x28 or 0 to 783) and at most one column of labels "
        "('label' or 'class')."
    )


def split_columns(values, label):
    """Return the columns of pixels as images, and the column of labels; `label` is its index or None."""
    if label is None:
        return values.reshape(-1, 28, 28), None
    return np.delete(values, label, axis=1).reshape(-1, 28, 28), values[:, label].copy()
