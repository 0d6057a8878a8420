"""The command ``export``: a saved classifier as a file for other programs."""

import logging
from pathlib import Path

from .._atomic_write import atomic_write
from .._progress import spinner
from .._suggestions import did_you_mean
from ._checks import UsageError, check_output_file
from ._files import load_model, save_model

MAX_FILES = 2  # a model and the output


def export(options):
    """Write a saved classifier in the format that the suffix of the output names."""
    if len(options.files) > MAX_FILES:
        raise UsageError(
            f"expected MODEL and OUT, got {len(options.files)} files: {', '.join(options.files)}."
        )
    *model, output = options.files
    output = Path(output)
    suffix = output.suffix.lower()
    if suffix not in WRITERS:
        raise UsageError(
            f"the suffix of OUT must be one of {', '.join(WRITERS)}, got {output.name!r}."
            f"{did_you_mean(suffix, WRITERS)}"
        )
    check_output_file(output)
    classifier = load_model(model[0]) if model else _load_pretrained()
    with spinner("Exporting"):
        try:
            WRITERS[suffix](classifier, output)
        except TypeError as error:  # of a classifier of another kind
            raise ValueError(str(error)) from error
    size = output.stat().st_size
    return {"output": str(output), "size": size}, f"Saved as {output} ({size / 1e6:.1f} MB)."


def _load_pretrained():
    from .. import load_pretrained

    return load_pretrained()


def _write_html(classifier, path):
    from ..export import to_html

    to_html(classifier, path)


def _write_onnx(classifier, path):
    from ..export import to_onnx

    content = to_onnx(classifier).SerializeToString()
    with atomic_write(path) as partial:
        partial.write_bytes(content)


def _write_keras(classifier, path):
    from ..export import to_keras

    logging.getLogger("absl").setLevel(logging.ERROR)  # that HDF5 is an old format
    model = to_keras(classifier)
    with atomic_write(path) as partial:
        model.save(partial)


WRITERS = {
    ".html": _write_html,
    ".onnx": _write_onnx,
    ".keras": _write_keras,
    ".h5": _write_keras,
    ".skops": save_model,
    ".joblib": save_model,
}
