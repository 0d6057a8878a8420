"""Public door to `_export`: files and models of fitted classifiers for other machines and programs."""

from ._export._files import load, save
from ._export._keras_models import from_keras, to_keras

__all__ = ["from_keras", "load", "save", "to_keras"]
