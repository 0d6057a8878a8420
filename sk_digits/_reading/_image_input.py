"""Image input of the reader: files, Pillow images and arrays become one grey array of limited size."""

import base64
import contextlib
import io
import os
import struct
import urllib.parse
import zlib
from pathlib import Path

import numpy as np

from .._optional import import_optional

# ITU-R BT.601, as in Pillow's own conversion to grey.
LUMINANCE_WEIGHTS = np.array([0.299, 0.587, 0.114])
# Larger images are downscaled by a whole factor.
MAX_PIXELS = 1_500_000
# Longer paths and data URLs are shortened in error messages.
MAX_SHOWN = 300


def as_grey(image):
    """Return an image as grey values in [0, 1].

    Parameters
    ----------
    image : str, path-like, bytes, file object, PIL.Image.Image or array-like
        In any form that `read_digits` takes.

    Returns
    -------
    image : ndarray of shape (height, width), float32

    Raises
    ------
    ValueError
        If a file cannot be decoded, or an array is not an image.
    ImportError
        If a file is given and Pillow is not installed.
    """
    if isinstance(image, str) and image[:5].lower() == "data:":
        name = f"The data URL {_shortened(repr(image))}"
        return _array_as_grey(_decode_file(io.BytesIO(_data_url_content(image, name)), name))
    if isinstance(image, str | os.PathLike):
        with _open_file(image) as file:
            return _array_as_grey(_decode_file(file, repr(os.fspath(image))))
    if isinstance(image, bytes | bytearray | memoryview):
        return _array_as_grey(_decode_file(io.BytesIO(image), "The image"))
    if hasattr(image, "read"):
        return _array_as_grey(_decode_file(image, repr(getattr(image, "name", image))))
    if hasattr(image, "getexif"):
        with _pillow_errors("The image"):
            image = _decode(image)
    return _array_as_grey(image)


def downscale(image, max_pixels=None):
    """Downscale an image of more than `max_pixels` by a whole factor; return it and the factor."""
    factor = int(np.ceil(np.sqrt(image.size / (max_pixels or MAX_PIXELS))))
    return (block_means(image, factor), factor) if factor > 1 else (image, 1)


def block_means(image, side):
    """Return the means over blocks of `side` x `side` pixels.

    The last row and column are repeated if `side` does not divide the height or the width, so the last
    blocks may reach beyond the image.
    """
    height, width = image.shape
    padded = np.pad(image, ((0, -height % side), (0, -width % side)), mode="edge")
    # One axis after the other is several times as fast as both at once.
    rows = padded.reshape(-1, side, padded.shape[1]).mean(axis=1, dtype=np.float32)
    return rows.reshape(len(rows), -1, side).mean(axis=2, dtype=np.float32)


def _open_file(path):
    """Open an image file, or raise an OSError of readable length."""
    try:
        return Path(path).open("rb")
    except OSError as error:
        if len(os.fspath(path)) <= MAX_SHOWN:
            raise
        raise type(error)(
            error.errno,
            f"{error.strerror}; a str must be the path of an image file or a data URL that starts with "
            f"'data:', got {len(os.fspath(path)):,} characters",
            _shortened(os.fspath(path)),
        ) from None


def _data_url_content(url, name):
    """Return the content of a data URL (RFC 2397), such as ``data:image/png;base64,...``."""
    header, comma, data = url.partition(",")
    if not comma:
        raise ValueError(f"{name} has no comma between its type and its content.")
    content = urllib.parse.unquote_to_bytes(data)
    if header.rstrip().lower().endswith(";base64"):
        try:
            content = base64.b64decode(b"".join(content.split()), validate=True)
        except ValueError as error:
            raise ValueError(f"{name} is not valid base64: {error}.") from error
    if not content:
        raise ValueError(f"{name} is empty, as that of a canvas without pixels is.")
    return content


def _shortened(text):
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN // 3]}...{text[-MAX_SHOWN // 6 :]}"


def _decode_file(file, name):
    Image = _import_pillow("PIL.Image")
    with _pillow_errors(name), Image.open(file) as image:
        if Image.MAX_IMAGE_PIXELS and image.width * image.height > Image.MAX_IMAGE_PIXELS:
            raise Image.DecompressionBombError
        return _decode(image)


def _decode(image):
    """Return the pixels of a Pillow image, rotated by its EXIF data, in grey or RGBA."""
    if image.getexif().get(_import_pillow("PIL.ExifTags").Base.Orientation, 1) != 1:
        image = _import_pillow("PIL.ImageOps").exif_transpose(image)
    if image.mode.endswith(("A", "a")) or "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode not in ("1", "F") and not image.mode.startswith("I"):
        image = image.convert("L")
    return np.asarray(image)


@contextlib.contextmanager
def _pillow_errors(name):
    """Turn the errors of Pillow into ValueErrors that name the image."""
    Image = _import_pillow("PIL.Image")
    pillow = _import_pillow("PIL")
    try:
        yield
    except Image.DecompressionBombError as error:
        raise ValueError(
            f"{name} is too large: a file may have at most {Image.MAX_IMAGE_PIXELS:,} pixels "
            "(PIL.Image.MAX_IMAGE_PIXELS). Downscale it, or raise this limit if you trust the file."
        ) from error
    except pillow.UnidentifiedImageError as error:
        raise ValueError(f"{name} is broken, or not in an image format that Pillow reads.") from error
    except (OSError, EOFError, SyntaxError, ValueError, struct.error, zlib.error) as error:
        raise ValueError(f"{name} is broken, or not in an image format that Pillow reads: {error}") from error


def _import_pillow(module):
    return import_optional(
        module, purpose="Reading image files, unlike arrays,", extra="images", package="pillow"
    )


def _array_as_grey(image):
    image = np.asarray(image)
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.ndim not in (2, 3) or channels not in (1, 3, 4) or image.size == 0:
        raise ValueError(
            f"The image has shape {image.shape}, expected (height, width), (height, width, 1), "
            "(height, width, 3) for RGB or (height, width, 4) for RGBA, with at least one pixel."
        )
    if image.dtype.kind not in "buif":
        raise ValueError(f"The image has dtype {image.dtype}; pixels must be real numbers.")
    if not np.isfinite(image).all():
        raise ValueError("The image contains NaN or infinity; pixels must be finite.")
    image = _scale_to_unit_range(image)
    return _luminance(image) if channels > 1 else image.reshape(image.shape[:2])


def _scale_to_unit_range(image):
    """Scale pixels to [0, 1]: by the range of their dtype, or by their values if it is wider than 16 bits."""
    if image.dtype.kind in "bu" and image.dtype.itemsize <= 2:
        white = 1 if image.dtype.kind == "b" else np.iinfo(image.dtype).max
        return image.astype(np.float32) / np.float32(white)
    lowest, highest = float(image.min()), float(image.max())
    if lowest >= 0 and highest <= 255:
        return (image / (1 if highest <= 1 else 255)).astype(np.float32)
    return ((image - lowest) / (highest - lowest or 1)).astype(np.float32)


def _luminance(image):
    """Return the luminance of an RGB or RGBA image in [0, 1].

    Transparent pixels take the background of the opposite polarity: white if the opaque pixels are dark,
    else black.
    """
    luminance = image[..., :3] @ LUMINANCE_WEIGHTS.astype(image.dtype)
    if image.shape[-1] == 3:
        return luminance
    alpha = image[..., 3]
    opaque = alpha.sum()
    background = 1.0 if opaque == 0 or (luminance * alpha).sum() / opaque < 0.5 else 0.0
    return luminance * alpha + background * (1 - alpha)
