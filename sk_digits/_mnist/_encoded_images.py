"""Decoding of image files to greyscale arrays of one size, for `_image_folders` and `_parquet`."""

from pathlib import Path

import numpy as np

from .._optional import import_optional
from ._files import check_file_start, shorten

# Modes with more than 8 bits per channel would silently be clipped to 255.
_EIGHT_BIT_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB"}


def decode_images(files, places):
    """Decode image files in any format that Pillow reads.

    Parameters
    ----------
    files : iterable of Path or binary file
    places : sequence of str or Path
        Where each image is, for error messages.

    Returns
    -------
    images : ndarray of shape (n, height, width), uint8

    Raises
    ------
    ValueError
        If an image cannot be decoded, has more than 8 bits per channel or transparent pixels, or if the
        images differ in size.
    """
    image_module = import_optional(
        "PIL.Image", purpose="Reading MNIST from image files", extra="data", package="pillow"
    )
    images = [_decode_image(image_module, file, place) for file, place in zip(files, places, strict=True)]
    shapes = [image.shape for image in images]
    if len(set(shapes)) > 1:
        expected = (28, 28) if (28, 28) in shapes else shapes[0]
        i = next(i for i, shape in enumerate(shapes) if shape != expected)
        raise ValueError(
            f"{places[i]}: the image has {shapes[i][0]}x{shapes[i][1]} pixels, expected "
            f"{expected[0]}x{expected[1]} as in other images; all images must have the same size."
        )
    return np.array(images, np.uint8).reshape(-1, *(shapes or [(28, 28)])[0])


def _decode_image(image_module, file, place):
    """Return an image file as a greyscale array."""
    try:
        with image_module.open(file) as image:
            if image.mode not in _EIGHT_BIT_MODES:
                raise ValueError(f"expected 8 bits per channel, got mode {image.mode!r}")
            # The background, black or white, determines what the digit looks like.
            if "A" in image.getbands() and image.getchannel("A").getextrema()[0] < 255:
                raise ValueError("the image has transparent pixels; save it with an opaque background")
            return np.asarray(image.convert("L"))
    except (EOFError, OSError, SyntaxError, ValueError, image_module.DecompressionBombError) as error:
        if isinstance(file, Path):
            check_file_start(file)
        raise ValueError(f"{place}: cannot be read as an image: {shorten(error)}.") from error
