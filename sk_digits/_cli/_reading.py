"""The command ``predict``: read the digits in image files."""

import os
import sys
from pathlib import Path

from ._data import plain_label
from ._files import load_model
from ._messages import one_line, print_message
from ._progress import progress_bar

IMAGE_SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


def predict(options):
    """Read the digits in images; report files that cannot be read and continue with the next."""
    model = load_model(options.model)
    readings, failed = [], []
    files = _image_files(options.images)
    with progress_bar("Reading", len(files)) as advance:
        for file in files:
            try:
                readings.append(_read_digits(file, model))
            except (OSError, ValueError) as error:
                failed.append({"file": str(file), "error": one_line(error)})
            advance()
    lines = [line for reading in readings for line in _reading_as_lines(reading)]
    for failure in failed:
        print_message(failure["error"])
    return {"images": readings, "failed": failed}, "\n".join(lines)


def _image_files(names):
    """Return the files to read: paths, those of images in folders, and "-" for standard input."""
    files = []
    for name in names:
        path = Path(name)
        if name != "-" and os.path.isdir(path):  # Path.is_dir raises an error if the name is too long
            found = sorted(file for file in path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
            if not found:
                raise ValueError(
                    f"{path} contains no image; the suffix must be one of "
                    f"{', '.join(sorted(IMAGE_SUFFIXES))}."
                )
            files += found
        else:
            files.append(name if name == "-" else path)
    return files


def _read_digits(file, model):
    """Return the digits in an image file, or in the image on standard input, as plain values."""
    from ..preprocessing import read_digits

    reading = read_digits(sys.stdin.buffer.read() if file == "-" else file, model)
    digits = [
        {
            "label": plain_label(digit.label),
            "probability": float(digit.probabilities.max()),
            "box": list(digit.box),
        }
        for digit in reading.digits
    ]
    text = "".join(str(digit["label"]) for digit in digits)
    return {"file": str(file), "text": text, "digits": digits}


def _reading_as_lines(reading):
    yield f"{reading['file']}: {reading['text'] or 'no digit found'}"
    for digit in reading["digits"]:
        left, top, right, bottom = digit["box"]
        yield f"  {digit['label']}  {digit['probability']:7.2%}  at x {left} to {right}, y {top} to {bottom}"
