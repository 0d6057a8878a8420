"""Plots of digits, mistakes, training curves and weights, as Displays in the style of scikit-learn.

`ReadingDisplay` has `from_image` and `from_reading`; the others have `from_estimator`, those of images also
`from_predictions`, and the training curves `from_history`. They draw on the given axes or on a new
figure of pyplot. For the confusion matrix, use `sklearn.metrics.ConfusionMatrixDisplay`.
"""

from ._plot._digits import DigitsDisplay
from ._plot._loss_curve import LossCurveDisplay
from ._plot._mistakes import MistakesDisplay
from ._plot._reading import ReadingDisplay
from ._plot._weights import WeightsDisplay

__all__ = ["DigitsDisplay", "LossCurveDisplay", "MistakesDisplay", "ReadingDisplay", "WeightsDisplay"]
