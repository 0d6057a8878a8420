"""Public names of sk_digits, a scikit-learn classifier for handwritten digits, each loaded on first use."""

import importlib

from ._engine import _fork  # noqa: F401, notices when a process is forked

__version__ = "0.2.0.dev0"
__all__ = [
    "DenseDigitClassifier",
    "__version__",
    "augmentation",
    "clear_compiled",
    "datasets",
    "export",
    "load_pretrained",
    "plotting",
    "preprocessing",
    "recipes",
]


def __getattr__(name):
    # Loaded on first access, so that `import sk_digits` is fast.
    if name == "DenseDigitClassifier":
        return importlib.import_module("._classifier", __name__).DenseDigitClassifier
    if name == "load_pretrained":
        return importlib.import_module("._pretrained", __name__).load_pretrained
    if name in ("augmentation", "datasets", "export", "plotting", "preprocessing", "recipes"):
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def clear_compiled():
    """Free the compiled networks and the data buffer that are kept for the next fit in this process.

    Fits of the same network reuse its compiled model; up to 16 idle models are kept, and the buffer into
    which the last fit copied its data, up to 256 MiB.

    Examples
    --------
    >>> import sk_digits
    >>> sk_digits.clear_compiled()
    """
    importlib.import_module("._engine._trainer", __name__).clear_models()


def __dir__():
    return __all__
