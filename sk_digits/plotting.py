"""Pictures of digits, mistakes, training curves and weights, as scikit-learn's Displays.

Each has `from_estimator`, and those of images `from_predictions`; they draw on an `ax` or on a figure of
their own, and leave pyplot alone. The confusion matrix is scikit-learn's own `ConfusionMatrixDisplay`.
"""

from ._plot._digits import DigitsDisplay
from ._plot._mistakes import MistakesDisplay
from ._plot._training import LossCurveDisplay, WeightsDisplay

__all__ = ["DigitsDisplay", "LossCurveDisplay", "MistakesDisplay", "WeightsDisplay"]
