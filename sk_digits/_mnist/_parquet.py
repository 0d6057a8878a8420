"""Reader of MNIST as a parquet file, of pixels or of encoded images, for `_layouts`."""

import io

import numpy as np

from .._optional import import_optional
from ._encoded_images import decode_images
from ._files import MAX_LABEL, MAX_PIXEL, allowed_values, check_file_start, shorten
from ._tables import LABEL_COLUMNS, find_label_column, split_columns


def read_parquet(path):
    """Read a parquet file; return (images, labels).

    The columns are pixels, as in `_tables`, or the content of image files, as in the datasets of Hugging
    Face: a column "image" of bytes, or of structs with a field "bytes".
    """
    purpose = "Reading MNIST from a parquet file"
    pyarrow = import_optional("pyarrow", purpose=purpose, extra="data")
    parquet = import_optional("pyarrow.parquet", purpose=purpose, extra="data")
    check_file_start(path)
    try:
        with parquet.ParquetFile(path) as file:
            table = file.read()
    except (OSError, pyarrow.ArrowException) as error:
        raise ValueError(f"{path}: cannot be read as a parquet file: {shorten(error)}") from error
    encoded = _find_encoded_images(table)
    if encoded is not None:
        return _decode_column(path, encoded), _read_labels(path, table)
    label = find_label_column(path, table.column_names)
    values = np.empty((table.num_rows, table.num_columns), np.uint8)
    for i, name in enumerate(table.column_names):
        values[:, i] = _column_as_uint8(path, name, table.column(i), MAX_LABEL if i == label else MAX_PIXEL)
    return split_columns(values, label)


def _find_encoded_images(table):
    """Return the column with the content of image files, or None."""
    import pyarrow

    if table.column_names.count("image") != 1:
        return None
    column = table.column("image")
    if pyarrow.types.is_struct(column.type) and column.type.get_field_index("bytes") >= 0:
        column = column.flatten()[column.type.get_field_index("bytes")]
    is_binary = pyarrow.types.is_binary(column.type) or pyarrow.types.is_large_binary(column.type)
    return column if is_binary else None


def _decode_column(path, column):
    contents = column.to_pylist()
    places = [f"{path}: row {row}, column 'image'" for row in range(len(contents))]
    for content, place in zip(contents, places, strict=True):
        if content is None:
            raise ValueError(f"{place}: the content of an image file is missing.")
    return decode_images(map(io.BytesIO, contents), places)


def _read_labels(path, table):
    names = [name for name in table.column_names if name in LABEL_COLUMNS]
    if len(names) > 1:
        raise ValueError(f"{path}: the table has {len(names)} columns of labels.")
    return _column_as_uint8(path, names[0], table.column(names[0]), MAX_LABEL) if names else None


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
        reason = f" ({shorten(error)})"
    allowed = (*range(limit + 1), *map(str, range(limit + 1)))
    for row, value in enumerate(column.to_pylist()):
        if value not in allowed:
            raise ValueError(
                f"{path}: row {row}, column {name!r}: {allowed_values(limit)}, got {shorten(repr(value))}."
            )
    raise ValueError(f"{path}: column {name!r}: {allowed_values(limit)}, got {shorten(column.type)}{reason}.")
