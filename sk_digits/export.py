"""Public door to `_export`: files and models of fitted classifiers for other machines and programs."""

from ._export._files import load, save
from ._export._html import to_html
from ._export._keras_models import from_keras, to_keras
from ._export._onnx import register_onnx_converter, to_onnx

__all__ = ["from_keras", "load", "register_onnx_converter", "save", "to_html", "to_keras", "to_onnx"]
