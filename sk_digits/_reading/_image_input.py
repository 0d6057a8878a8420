"""Pictures as they come, files, Pillow images and arrays, as one grey array in [0, 1]."""

import contextlib
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np

from ._mnist_frame import grey


def as_grey(image):
    """Grey values in [0, 1].

    Parameters
    ----------
    image : str, path-like, bytes, file object, PIL.Image.Image or array-like
        As `read_digits` takes it.

    Returns
    -------
    picture : ndarray of shape (height, width), float32
    """
    if isinstance(image, str | os.PathLike):
        with Path(image).open("rb") as file:
            return _grey_of_array(_pixels_of_file(file, repr(os.fspath(image))))
    if isinstance(image, bytes | bytearray | memoryview):
        return _grey_of_array(_pixels_of_file(io.BytesIO(image), "The image"))
    if hasattr(image, "read"):
        return _grey_of_array(_pixels_of_file(image, repr(getattr(image, "name", image))))
    if hasattr(image, "getexif"):
        with _named_errors("The image"):
            image = _pixels_of(image)
    return _grey_of_array(image)


def _pixels_of_file(file, name):
    Image, _ = _pillow()
    with _named_errors(name), Image.open(file) as image:
        if Image.MAX_IMAGE_PIXELS and image.width * image.height > Image.MAX_IMAGE_PIXELS:
            raise Image.DecompressionBombError
        return _pixels_of(image)


def _pixels_of(image):
    """Pixels of a Pillow image, upright, in grey or with transparency."""
    _, ImageOps = _pillow()
    image = ImageOps.exif_transpose(image)
    if image.mode.endswith(("A", "a")) or "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode not in ("1", "F") and not image.mode.startswith("I"):
        image = image.convert("L")
    return np.asarray(image)


@contextlib.contextmanager
def _named_errors(name):
    """Tell which image is too large or broken, whatever Pillow raises for it."""
    Image, _ = _pillow()
    try:
        yield
    except Image.DecompressionBombError as error:
        raise ValueError(
            f"{name} is too large: a file may have {Image.MAX_IMAGE_PIXELS:,} pixels, which "
            "PIL.Image.MAX_IMAGE_PIXELS says. Make it smaller, or raise that for a file that you trust."
        ) from error
    except (OSError, EOFError, SyntaxError, ValueError, struct.error, zlib.error) as error:
        raise ValueError(f"{name} is broken, or no image in a format that Pillow reads: {error}") from error


def _grey_of_array(image):
    image = np.asarray(image)
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.ndim not in (2, 3) or channels not in (1, 3, 4) or image.size == 0:
        raise ValueError(
            f"The image has shape {image.shape}; an array must be (height, width), or (height, width, 1), "
            "(height, width, 3) and (height, width, 4) for grey, RGB and RGBA, with one pixel at least."
        )
    if image.dtype.kind not in "buif":
        raise ValueError(f"The image has dtype {image.dtype}; pixels must be real numbers.")
    if not np.isfinite(image).all():
        raise ValueError("The image contains NaN or infinity; pixels must be finite.")
    image = _scaled(image)
    return grey(image) if channels > 1 else image.reshape(image.shape[:2])


def _scaled(image):
    """To [0, 1]: by what the dtype can hold, or by the values where that says nothing."""
    if image.dtype.kind in "bu" and image.dtype.itemsize <= 2:
        white = 1 if image.dtype.kind == "b" else np.iinfo(image.dtype).max
        return image.astype(np.float32) / np.float32(white)
    lowest, highest = float(image.min()), float(image.max())
    if lowest >= 0 and highest <= 255:
        return (image / (1 if highest <= 1 else 255)).astype(np.float32)
    return ((image - lowest) / (highest - lowest or 1)).astype(np.float32)


def _pillow():
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ImportError(
            'Image files are read by Pillow, which is not installed: pip install "sk_digits[images]". '
            "Arrays are read without it."
        ) from error
    return Image, ImageOps
