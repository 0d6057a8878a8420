"""Readers of MNIST as one table, CSV, ARFF or parquet, for `_layouts`.

A row is an image, and a column is a pixel or the label. Every reader returns (images, labels) as uint8
arrays, of shapes (n, 28, 28) and (n,); the labels are None if the table has no column of labels.
"""

import io
import re
from itertools import zip_longest

import numpy as np

from .._optional import import_optional
from ._files import MAX_LABEL, MAX_PIXEL, allowed_values, read_bytes

_LABEL_COLUMNS = ("label", "class")
_PIXEL_COLUMNS = (
    [f"pixel{i}" for i in range(784)],  # Kaggle's digit-recognizer
    [f"pixel{i}" for i in range(1, 785)],  # OpenML's mnist_784
    [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)],  # Kaggle's mnist-in-csv
)


def read_csv(path):
    """Read a CSV file, plain or gzip, with or without a header; return (images, labels)."""
    content = read_bytes(path)
    start = content.find(b"\n") + 1 or len(content)
    columns = [cell.strip().strip('"') for cell in content[:start].decode("utf-8-sig", "replace").split(",")]
    if all(cell.isdigit() for cell in columns):  # no header: the first line is an image
        start = 0
        columns = ["label"][: len(columns) - 784] + _PIXEL_COLUMNS[2]
    return _parse_rows(path, content[start:], 2 if start else 1, columns)


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
            return _parse_rows(path, rows, content.count(b"\n", 0, start) + 1, columns)
    raise ValueError(f"{path}: missing line @DATA between the attributes and the rows of an ARFF file.")


def read_parquet(path):
    """Read a parquet file; return (images, labels)."""
    purpose = "Reading MNIST from a parquet file"
    pyarrow = import_optional("pyarrow", purpose=purpose, extra="data")
    parquet = import_optional("pyarrow.parquet", purpose=purpose, extra="data")
    try:
        with parquet.ParquetFile(path) as file:
            table = file.read()
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise ValueError(f"{path}: cannot be read as a parquet file: {error}") from error
    label = _find_label_column(path, table.column_names)
    values = np.empty((table.num_rows, table.num_columns), np.uint8)
    for i, name in enumerate(table.column_names):
        values[:, i] = _column_as_uint8(path, name, table.column(i), MAX_LABEL if i == label else MAX_PIXEL)
    return _split_columns(values, label)


def _parse_rows(path, content, first_line, columns):
    """Parse comma-separated rows of integers; `first_line` is the line number of the first row."""
    purpose = "Reading MNIST from a CSV or ARFF file"
    pyarrow = import_optional("pyarrow", purpose=purpose, extra="data")
    csv = import_optional("pyarrow.csv", purpose=purpose, extra="data")
    label = _find_label_column(path, columns)
    names = [str(i) for i in range(len(columns))]
    if not content:
        raise ValueError(f"{path}: the table has no rows after its header.")
    try:
        table = csv.read_csv(
            pyarrow.BufferReader(content),
            read_options=csv.ReadOptions(column_names=names),
            # Comments in ARFF files start with %.
            parse_options=csv.ParseOptions(
                invalid_row_handler=lambda row: "skip" if row.text.startswith("%") else "error"
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pyarrow.uint8()), null_values=[]
            ),
        )
    except pyarrow.ArrowInvalid as error:
        # pyarrow reads with many threads and does not report the line.
        message = _describe_first_error(content, first_line, columns, label) or error
        raise ValueError(f"{path}: {message}") from error
    values = np.empty((table.num_rows, len(columns)), np.uint8)
    for i, column in enumerate(table.columns):
        values[:, i] = column.to_numpy()
    if label is not None and values[:, label].max(initial=0) > MAX_LABEL:
        raise ValueError(f"{path}: {_describe_first_error(content, first_line, columns, label)}")
    return _split_columns(values, label)


def _describe_first_error(content, first_line, columns, label):
    """Return the error message for the first invalid row, with its line and column, or None."""
    for number, line in enumerate(io.BytesIO(content), first_line):
        cells = line.strip().replace(b'"', b"").split(b",")
        if cells == [b""] or cells[0].startswith(b"%"):
            continue
        if len(cells) != len(columns):
            return f"line {number} has {len(cells)} values, expected {len(columns)} (one per column)."
        for i, cell in enumerate(cells):
            limit = MAX_LABEL if i == label else MAX_PIXEL
            if not cell.strip().isdigit() or int(cell) > limit:
                value = cell.decode("utf-8", "replace")
                return f"line {number}, column {columns[i]!r}: {allowed_values(limit)}, got {value!r}."
    return None


def _column_as_uint8(path, name, column, limit):
    """Convert a column of numbers, text or categories to uint8, or raise ValueError at an invalid value."""
    import pyarrow

    if pyarrow.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    reason = ""
    try:
        values = column.cast(pyarrow.uint8())
        if not values.null_count and values.to_numpy().max(initial=0) <= limit:
            return values.to_numpy()
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
        reason = f" ({error})"
    allowed = (*range(limit + 1), *map(str, range(limit + 1)))
    for row, value in enumerate(column.to_pylist()):
        if value not in allowed:
            raise ValueError(f"{path}: row {row}, column {name!r}: {allowed_values(limit)}, got {value!r}.")
    raise ValueError(f"{path}: column {name!r}: {allowed_values(limit)}, got {column.type}{reason}.")


def _find_label_column(path, columns):
    """Return the index of the column of labels, or None; raise ValueError if other columns are not pixels."""
    pixels = [name for name in columns if name not in _LABEL_COLUMNS]
    labels = [i for i, name in enumerate(columns) if name in _LABEL_COLUMNS]
    if pixels in _PIXEL_COLUMNS and len(labels) <= 1:
        return labels[0] if labels else None
    if len(labels) > 1:
        error = f"the table has {len(labels)} columns of labels"
    else:
        nearest = max(_PIXEL_COLUMNS, key=lambda names: sum(map(str.__eq__, names, pixels)))
        found, expected = next((a, b) for a, b in zip_longest(pixels, nearest) if a != b)
        error = f"found column {found!r}, expected {expected!r}"
        if found is None:
            error = f"missing column {expected!r}"
        elif expected is None:
            error = f"unexpected column {found!r}"
    raise ValueError(
        f"{path}: {error}, among {len(columns)} columns. A table must have 784 columns of pixels in order "
        "(pixel0 to pixel783, pixel1 to pixel784 or 1x1 to 28x28) and at most one column of labels ('label' "
        "or 'class')."
    )


def _split_columns(values, label):
    """Return the columns of pixels as images, and the column of labels; `label` is its index or None."""
    if label is None:
        return values.reshape(-1, 28, 28), None
    return np.delete(values, label, axis=1).reshape(-1, 28, 28), values[:, label].copy()
