"""Labelled photos of single digits become rows in MNIST's frame."""

from pathlib import Path

import numpy as np

from .._image_files import images_in
from ._image_input import as_grey
from ._reader import read_digits
from ._single_digits import frame_images

# Photos are downscaled to about this side before the ink is found without a reading.
MAX_SIDE = 300


def find_photos(folder):
    """Return the image files of a folder and their labels, sorted by name.

    The label is the digit that names the sub-folder of a file or, outside of such a folder, the first
    character of its name.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    ValueError
        If it contains no image, or an image without a label.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder.")
    files = images_in(folder, recursive=True)
    labels = []
    for file in files:
        name = file.parent.name if _is_digit(file.parent.name) and file.parent != folder else file.name[0]
        if not _is_digit(name):
            raise ValueError(
                f"{file} has no label; put it in a folder that is named by its digit, such as "
                f"{folder / '7' / file.name}, or begin its name with the digit, such as 7_{file.name}."
            )
        labels.append(int(name))
    return files, np.array(labels)


def frame_photo(file):
    """Return the largest digit of a photo in MNIST's frame, of shape (28, 28), float32."""
    digits = read_digits(file).digits
    if digits:
        return max(
            digits, key=lambda digit: (digit.box[2] - digit.box[0]) * (digit.box[3] - digit.box[1])
        ).image
    # What the reader takes for no digit is one to its writer.
    grey = as_grey(file)
    step = max(1, max(grey.shape) // MAX_SIDE)
    return frame_images(grey[np.newaxis, ::step, ::step])[0].astype(np.float32)


def _is_digit(text):
    return len(text) == 1 and text in "0123456789"
