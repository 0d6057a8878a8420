"""Plots of digits, mistakes, training curves, searches and weights, as Displays in scikit-learn's style.

`ReadingDisplay` has `from_image` and `from_reading`, and `DeformationDisplay` has `from_deformation`; the
others have `from_estimator`, those of images also `from_predictions`, and the training curves `from_history`.
They draw on the given axes or on a new figure of pyplot.
"""

from ._plot._confusion import ConfusionDisplay
from ._plot._deformation import DeformationDisplay
from ._plot._digits import DigitsDisplay
from ._plot._loss_curve import LossCurveDisplay
from ._plot._mistakes import MistakesDisplay
from ._plot._reading import ReadingDisplay
from ._plot._search import SearchDisplay
from ._plot._weights import WeightsDisplay

__all__ = [
    "ConfusionDisplay",
    "DeformationDisplay",
    "DigitsDisplay",
    "LossCurveDisplay",
    "MistakesDisplay",
    "ReadingDisplay",
    "SearchDisplay",
    "WeightsDisplay",
]
