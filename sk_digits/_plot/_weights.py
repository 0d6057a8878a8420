"""`WeightsDisplay`: the weights of the first layer as images."""

import numpy as np

from ._figure import FigureMixin
from ._inputs import check_counts, check_images, final_estimator
from ._mosaic import draw_mosaic


class WeightsDisplay(FigureMixin):
    """Weights of the first layer, one image per unit.

    Use `from_estimator` to create a WeightsDisplay.

    Parameters
    ----------
    weights : ndarray of shape (n_units, height, width)
        Weights to draw.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the images.

    figure_ : matplotlib.figure.Figure
        Figure of `ax_`; `figure_.savefig` saves it to a file.

    im_ : matplotlib.image.AxesImage
        The grid of all images.

    Examples
    --------
    >>> from sk_digits import DenseDigitClassifier
    >>> from sk_digits.datasets import load_digits
    >>> from sk_digits.plotting import WeightsDisplay
    >>> digits = load_digits()
    >>> clf = DenseDigitClassifier((32,), random_state=0).fit(digits.data_train, digits.target_train)
    >>> WeightsDisplay.from_estimator(clf).weights.shape
    (32, 8, 8)
    """

    def __init__(self, weights):
        self.weights = weights

    def plot(self, *, ax=None, n_columns=10, cmap="RdBu_r", colorbar=True):
        """Draw the weights, on a common scale that is symmetric about 0.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        n_columns : int, default=10
            Maximum number of images per row.

        cmap : str or matplotlib.colors.Colormap, default="RdBu_r"
            Colormap, from negative to positive weights.

        colorbar : bool, default=True
            Whether to draw a colorbar.

        Returns
        -------
        self : WeightsDisplay
            The Display, with `ax_`, `figure_` and `im_` set.

        Raises
        ------
        TypeError
            If `n_columns` is not an int.
        ValueError
            If `n_columns` is less than 1.
        """
        check_counts(n_columns=n_columns)
        n, height, width = self.weights.shape
        columns = min(n, n_columns)
        rows = -(-n // columns)
        ax = self._set_axes(ax, 0.7 * max(columns, 5) + 0.9, 0.7 * rows * height / width + 0.5)
        # A quantile, because a few extreme weights would make all others pale.
        limit = np.quantile(abs(self.weights), 0.998)
        self.im_, _ = draw_mosaic(ax, self.weights, n_columns=n_columns, cmap=cmap, vmin=-limit, vmax=limit)
        ax.set_title("Weights of the first layer", fontsize=10)
        if colorbar:
            self.figure_.colorbar(self.im_, ax=ax, extend="both")
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator,
        *,
        n_units=40,
        image_shape=None,
        ax=None,
        n_columns=10,
        cmap="RdBu_r",
        colorbar=True,
    ):
        """Draw the weights of the first layer of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted `DenseDigitClassifier` or `sklearn.neural_network.MLPClassifier`, or a pipeline or search
            that ends in one.

        n_units : int, default=40
            Maximum number of units; the first ones are drawn.

        image_shape : tuple of two int or None, default=None
            Height and width. If None, they are those that `estimator` was fitted on; otherwise images are
            square.

        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        n_columns : int, default=10
            Maximum number of images per row.

        cmap : str or matplotlib.colors.Colormap, default="RdBu_r"
            Colormap, from negative to positive weights.

        colorbar : bool, default=True
            Whether to draw a colorbar.

        Returns
        -------
        display : WeightsDisplay
            The Display, with its figure drawn.

        Raises
        ------
        TypeError
            If the estimator has no `coefs_`, or if `n_units` or `n_columns` is not an int.
        ValueError
            If `n_units` or `n_columns` is less than 1, or the features are not an image.
        """
        check_counts(n_units=n_units, n_columns=n_columns)
        final = final_estimator(estimator, "coefs_")
        weights = check_images(final.coefs_[0].T[:n_units], image_shape, estimator)
        return cls(weights).plot(ax=ax, n_columns=n_columns, cmap=cmap, colorbar=colorbar)
