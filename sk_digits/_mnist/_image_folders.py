"""Reader of MNIST as image files in folders named by label, for `_layouts`."""

import numpy as np

from .._optional import import_optional
from ._files import MAX_LABEL, allowed_values

# Modes with more than 8 bits per channel would silently be clipped to 255.
_EIGHT_BIT_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB"}


def read_image_folder(folder):
    """Read the images of all label folders in `folder`, sorted by label and file name.

    Returns
    -------
    images : ndarray of shape (n, height, width), uint8
    labels : ndarray of shape (n,), uint8
    """
    image_module = import_optional(
        "PIL.Image", purpose="Reading MNIST from image files", extra="data", package="pillow"
    )
    paths, labels = _list_images(folder)
    images = [_read_image(image_module, path) for path in paths]
    shapes = [image.shape for image in images]
    if len(set(shapes)) > 1:
        expected = (28, 28) if (28, 28) in shapes else shapes[0]
        i = next(i for i, shape in enumerate(shapes) if shape != expected)
        raise ValueError(
            f"{paths[i]}: the image has {shapes[i][0]}x{shapes[i][1]} pixels, expected "
            f"{expected[0]}x{expected[1]} as in other images; all images must have the same size."
        )
    return np.array(images, np.uint8).reshape(-1, *(shapes or [(28, 28)])[0]), np.array(labels, np.uint8)


def label_folders(folder):
    """Return the subfolders that are named by an integer, as pairs of this integer and the path."""
    return [
        (int(entry.name), entry)
        for entry in folder.iterdir()
        if entry.name.isascii() and entry.name.isdecimal() and entry.is_dir()
    ]


def _list_images(folder):
    """Return the paths and labels of all images, or raise ValueError if a subfolder has another name."""
    paths, labels = [], []
    for label, subfolder in sorted(label_folders(folder)):
        if label > MAX_LABEL:
            raise ValueError(_folder_name_error(subfolder))
        found = sorted(entry for entry in subfolder.iterdir() if not _is_system_file(entry))
        paths += found
        labels += [label] * len(found)
    others = sorted(
        entry
        for entry in folder.iterdir()
        if entry.is_dir() and not entry.name.isdecimal() and not _is_system_file(entry)
    )
    if others:
        raise ValueError(_folder_name_error(others[0]))
    return paths, labels


def _folder_name_error(folder):
    return (
        f"{folder}: folders of images are named by their label; {allowed_values(MAX_LABEL)}, "
        f"got {folder.name!r}."
    )


def _read_image(image_module, path):
    """Return an image file as a greyscale array."""
    try:
        with image_module.open(path) as image:
            if image.mode not in _EIGHT_BIT_MODES:
                raise ValueError(f"expected 8 bits per channel, got mode {image.mode!r}")
            # The background, black or white, determines what the digit looks like.
            if "A" in image.getbands() and image.getchannel("A").getextrema()[0] < 255:
                raise ValueError("the image has transparent pixels; save it with an opaque background")
            return np.asarray(image.convert("L"))
    except (EOFError, OSError, SyntaxError, ValueError, image_module.DecompressionBombError) as error:
        raise ValueError(f"{path}: cannot be read as an image: {error}.") from error


def _is_system_file(entry):
    """Return whether the operating system, not the user, creates files or folders of this name."""
    return entry.name.startswith((".", "__")) or entry.name in ("Thumbs.db", "desktop.ini")
