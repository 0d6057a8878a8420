"""Readers of MNIST's binary files, IDX and Keras' mnist.npz, and what all readers of `_mnist` share.

Every reader returns uint8 arrays. An invalid file is a ValueError that names the file, the place in it and
what is allowed there.
"""

import gzip
import io
import math
import zipfile
import zlib

import numpy as np

MAX_PIXEL = 255
MAX_LABEL = 9
# The largest layout, float text as CSV, has about a quarter of this; a larger file is not MNIST, and a small
# compressed file can decompress to any size.
MAX_BYTES = 2**30
# The last two bytes of a magic number are the type, 8 for uint8, and the number of dimensions.
_IDX_KINDS = {2051: "images", 2049: "labels"}
_NPZ_SUBSETS = ("train", "test")


def read_idx(path, expected_magic):
    """Read an IDX file of uint8 values, plain or gzip.

    The format is described at https://yann.lecun.com/exdb/mnist: a magic number, the size of each dimension
    as a big-endian 32-bit integer, and the values.

    Parameters
    ----------
    path : Path
    expected_magic : {2051, 2049}
        Magic number of a file of images or of labels.

    Returns
    -------
    values : ndarray of shape (n, height, width) or (n,), uint8
    """
    content = read_bytes(path)
    n_dimensions = expected_magic & 0xFF
    offset = 4 + 4 * n_dimensions
    magic = int.from_bytes(content[:4], "big")
    if len(content) >= 4 and magic != expected_magic:
        kind = f"an IDX file of {_IDX_KINDS[magic]}" if magic in _IDX_KINDS else "not an MNIST file"
        raise ValueError(
            f"{path}: magic number at offset 0 must be {expected_magic} (an IDX file of "
            f"{_IDX_KINDS[expected_magic]}), got {magic} ({kind})."
        )
    if len(content) < offset:
        raise ValueError(
            f"{path}: the file ends at offset {len(content)}, inside the {offset}-byte header that starts "
            f"with the magic number {expected_magic}."
        )
    shape = [int.from_bytes(content[i : i + 4], "big") for i in range(4, offset, 4)]
    expected_size = offset + math.prod(shape)
    if len(content) != expected_size:
        raise ValueError(
            f"{path}: the file has {len(content)} bytes, expected {expected_size} from its header (magic "
            f"number {magic}, dimensions {shape}, values from offset {offset})."
        )
    values = np.frombuffer(content, np.uint8, offset=offset).reshape(shape)
    if n_dimensions == 1 and values.max(initial=0) > MAX_LABEL:
        first = int((values > MAX_LABEL).argmax())
        raise ValueError(
            f"{path}: offset {offset + first}: {allowed_values(MAX_LABEL)}, got {values[first]}."
        )
    return values


def read_npz(path):
    """Read Keras' mnist.npz; return (images, labels) of the training set and of the test set."""
    names = [f"{kind}_{subset}" for subset in _NPZ_SUBSETS for kind in "xy"]
    check_file_start(path)
    try:
        # np.load leaves a file open that it opened itself and cannot read.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            check_members(archive.zip.infolist())
            missing = [name for name in names if name not in archive.files]
            if missing:
                raise ValueError(
                    f"missing arrays {', '.join(missing)}; found {list_names(archive.files) or 'none'}"
                )
            arrays = {name: np.asarray(archive[name]) for name in names}  # a member may be text
    except Exception as error:  # `zipfile` and NumPy raise nearly anything for damaged archives
        raise ValueError(f"{path}: cannot be read as Keras' mnist.npz: {shorten(error)}.") from error
    arrays = {name: _check_npz_array(path, name, values) for name, values in arrays.items()}
    for subset in _NPZ_SUBSETS:
        n_images, n_labels = len(arrays[f"x_{subset}"]), len(arrays[f"y_{subset}"])
        if n_images != n_labels:
            raise ValueError(
                f"{path}: x_{subset} has {n_images} images, but y_{subset} has {n_labels} labels."
            )
    return [(arrays[f"x_{subset}"], arrays[f"y_{subset}"]) for subset in _NPZ_SUBSETS]


def _check_npz_array(path, name, values):
    """Return an array of mnist.npz as uint8, or raise ValueError if it is not what its name says."""
    is_images = name.startswith("x")
    if values.ndim != (3 if is_images else 1) or values.dtype.kind not in "iu":
        raise ValueError(
            f"{path}: {name} has shape {values.shape} and dtype {values.dtype}, expected integers of shape "
            f"{'(n, height, width)' if is_images else '(n,)'}."
        )
    limit = MAX_PIXEL if is_images else MAX_LABEL
    invalid = (values < 0) | (values > limit)
    if invalid.any():
        index = np.unravel_index(invalid.argmax(), values.shape)
        raise ValueError(
            f"{path}: {name}[{', '.join(map(str, index))}]: {allowed_values(limit)}, got {values[index]}."
        )
    return values.astype(np.uint8, copy=False)


def read_bytes(path):
    """Return the content of a file, decompressed if it is gzip.

    Raises
    ------
    ValueError
        If the content is a web page or another stand-in for the file, is no valid gzip file, or has more
        than `MAX_BYTES` bytes.
    """
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = _decompress(content)
        except (EOFError, OSError, ValueError, zlib.error) as error:
            raise ValueError(f"{path}: invalid gzip file of {len(content)} bytes: {error}.") from error
    check_start(path, content)
    return content


def _decompress(content):
    chunks, size = [], 0
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        while chunk := file.read(2**24):
            chunks.append(chunk)
            size += len(chunk)
            _check_size(size)
    return b"".join(chunks)


def check_members(members):
    """Raise ValueError if the members of a zip archive are too large or need another program to read.

    Parameters
    ----------
    members : list of zipfile.ZipInfo
    """
    _check_size(sum(info.file_size for info in members))
    for info in members:
        # `zipfile` reads no more than the declared size of a member, but limits the memory for it only
        # with these methods.
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(
                f"{shorten(info.filename)} has compression method {info.compress_type}, expected 0 (stored) "
                "or 8 (deflate)"
            )


def _check_size(n_bytes):
    if n_bytes > MAX_BYTES:
        raise ValueError(f"the decompressed content must have at most {MAX_BYTES:,} bytes")


def check_file_start(path):
    """Raise ValueError if a file is a stand-in for the data, as `check_start` does."""
    with path.open("rb") as file:
        check_start(path, file.read(1024))


def check_start(path, content):
    """Raise ValueError if the content of a file is what a failed download leaves in place of the data."""
    start = content[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<!--")):
        raise ValueError(
            f"{path}: the file is a web page, not data. The download may need a login, or its address may be "
            "that of a page about the file; download the file itself."
        )
    if start.startswith(b"version https://git-lfs"):
        raise ValueError(
            f"{path}: the file is a pointer of Git LFS, not data. Get the data with: git lfs pull"
        )


def allowed_values(limit):
    """Return the part of an error message that says which values are allowed up to `limit`."""
    return f"{'labels' if limit == MAX_LABEL else 'pixels'} must be integers from 0 to {limit}"


def shorten(value, limit=200):
    """Return a value as text for an error message, without its middle if it is longer than `limit`."""
    text = str(value)
    return text if len(text) <= limit else f"{text[: limit // 2]}...{text[-limit // 4 :]}"


def list_names(names, limit=10):
    """Return the first names as text for an error message, and the number of the others."""
    names = list(map(shorten, names))
    others = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + others
