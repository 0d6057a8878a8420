"""The command ``predict``: read the digits in image files."""

import os
import sys
import warnings
from pathlib import Path

from .._image_files import IMAGE_SUFFIXES, images_in
from .._progress import progress_bar
from ._checks import UsageError
from ._data import plain_label
from ._figures import figure_path, save_figure
from ._files import ARCHIVE_PREFIX, load_model
from ._messages import one_line, print_message

# First bytes of a file of skops, of a pickle, and of one that zlib, gzip, bz2, lzma, xz or lz4 compressed.
MODEL_PREFIXES = (
    ARCHIVE_PREFIX,
    b"\x80",
    b"x",
    b"\x1f\x8b",
    b"BZ",
    b"\x5d\x00",
    b"\xfd7zXZ",
    b"\x04\x22\x4d\x18",
)
# Pictures of one figure.
MAX_SHOWN = 20


def predict(options):
    """Read the digits in images; report files that cannot be read and continue with the next."""
    figure_file = figure_path(options.show) if options.show else None
    model, names = _model_and_images(options.model, options.images)
    readings, failed, shown = [], [], []
    files = _image_files(names)
    with progress_bar("Reading", len(files)) as progress:
        for file in files:
            try:
                reading = _read_digits(file, model, options.min_probability)
                readings.append(_as_plain_values(file, reading))
                shown.append((str(file), reading))
            except (OSError, ValueError) as error:
                failed.append({"file": str(file), "error": one_line(error)})
            progress.advance()
    lines = [line for reading in readings for line in _reading_as_lines(reading)]
    for failure in failed:
        print_message(failure["error"])
    if figure_file and shown:
        save_figure(_draw(shown[:MAX_SHOWN]), figure_file)
        lines.append(f"Saved as {figure_file}.")
    return {"images": readings, "failed": failed}, "\n".join(lines)


def _image_files(names):
    """Return the files to read: paths, those of images in folders, and "-" for standard input."""
    files = []
    for name in names:
        path = Path(name)
        if name != "-" and os.path.isdir(path):  # Path.is_dir raises an error if the name is too long
            files += images_in(path)
        else:
            files.append(name if name == "-" else path)
    return files


def _model_and_images(model, images):
    """Return the classifier, None for the one that comes with the package, and the names of the images.

    A model file in the place of the first image is the way of version 0.1.
    """
    if model is None and _is_model_file(images[0]):
        if len(images) == 1:
            raise UsageError(
                f"{images[0]} is a model file; name an image after it, or --model {images[0]} IMAGE."
            )
        warnings.warn(
            "A model file in the place of the first image will be an error in version 0.3; use "
            f"--model {images[0]}.",
            FutureWarning,
            stacklevel=2,
        )
        model, images = images[0], images[1:]
    return (None if model is None else load_model(model)), images


def _is_model_file(name):
    """Return whether a file begins as those of skops or joblib do, and not as an image does."""
    if name == "-" or Path(name).suffix.lower() in IMAGE_SUFFIXES or not os.path.isfile(name):
        return False
    with open(name, "rb") as file:
        return file.read(6).startswith(MODEL_PREFIXES)


def _read_digits(file, model, min_probability):
    from ..preprocessing import read_digits

    if file != "-":
        return read_digits(file, model, min_probability=min_probability)
    try:
        return read_digits(sys.stdin.buffer.read(), model, min_probability=min_probability)
    except ValueError as error:
        raise ValueError(str(error).replace("The image", "Standard input", 1)) from error


def _as_plain_values(file, reading):
    """Return a reading as what JSON has."""
    lines = [
        [
            {
                "label": plain_label(digit.label),
                "probability": float(digit.probability),
                "box": list(digit.box),
            }
            for digit in line
        ]
        for line in reading.lines
    ]
    text = "\n".join(
        "".join(
            str(digit["label"]) if digit["probability"] >= reading.min_probability else "?" for digit in line
        )
        for line in lines
    )
    return {"file": str(file), "text": text, "digits": [digit for line in lines for digit in line]}


def _draw(readings):
    """Return a figure of the pictures below one another, with the digits found in them."""
    from matplotlib.figure import Figure

    from ..plotting import ReadingDisplay

    heights = [8 * reading.image.shape[0] / max(reading.image.shape) + 0.6 for _, reading in readings]
    figure = Figure(figsize=(8, sum(heights)), layout="constrained")
    axes = figure.subplots(len(readings), squeeze=False, height_ratios=heights)[:, 0]
    for ax, (file, reading) in zip(axes, readings, strict=True):
        ReadingDisplay.from_reading(reading, ax=ax)
        ax.set_title(f"{file}: {reading.text or 'no digit found'}")
    return figure


def _reading_as_lines(reading):
    text = reading["text"] or "no digit found"
    separator = "\n" if "\n" in text else " "
    yield f"{reading['file']}:{separator}{text}"
    for digit in reading["digits"]:
        left, top, right, bottom = digit["box"]
        yield f"  {digit['label']}  {digit['probability']:7.2%}  at x {left} to {right}, y {top} to {bottom}"
