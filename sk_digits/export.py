"""Public door to `_export`: files and models of fitted classifiers for other machines and programs."""

from ._export._files import load, save

__all__ = ["load", "save"]
