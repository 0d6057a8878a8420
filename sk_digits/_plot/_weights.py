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

    n_units_in_all : int or None, default=None
        Number of units of the layer, if not all are drawn.

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

    def __init__(self, weights, n_units_in_all=None):
        self.weights = weights
        self.n_units_in_all = n_units_in_all

    def plot(self, *, ax=None, n_columns=10, cmap="coolwarm", colorbar=True):
        """Draw the weights, on a common scale that is symmetric about 0.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        n_columns : int, default=10
            Maximum number of images per row.

        cmap : str or matplotlib.colors.Colormap, default="coolwarm"
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
        title = f"First layer: {n} units"
        if self.n_units_in_all is not None and self.n_units_in_all > n:
            title = f"First layer: {n} of {self.n_units_in_all} units, the strongest first"
        ax.set_title(title, fontsize=10)
        if colorbar:
            label = "Ink raises (red) or lowers (blue) the unit" if cmap == "coolwarm" else "Weight"
            self.figure_.colorbar(self.im_, ax=ax, extend="both").set_label(label)
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
        cmap="coolwarm",
        colorbar=True,
    ):
        """Draw the weights of the first layer of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted `DenseDigitClassifier` or `sklearn.neural_network.MLPClassifier`, or a pipeline or search
            that ends in one.

        n_units : int, default=40
            Maximum number of units. If there are more, those are drawn whose weights, to and from them, are
            the largest, in this order.

        image_shape : tuple of two int or None, default=None
            Height and width. If None, they are those that `estimator` was fitted on; otherwise images are
            square.

        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        n_columns : int, default=10
            Maximum number of images per row.

        cmap : str or matplotlib.colors.Colormap, default="coolwarm"
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
        weights = check_images(final.coefs_[0].T[_strongest(final.coefs_)][:n_units], image_shape, estimator)
        return cls(weights, final.coefs_[0].shape[1]).plot(
            ax=ax, n_columns=n_columns, cmap=cmap, colorbar=colorbar
        )


def _strongest(coefs):
    """Return the units of the first layer, ordered by the product of the norms of their weights."""
    strength = np.linalg.norm(coefs[0], axis=0)
    if len(coefs) > 1:
        strength = strength * np.linalg.norm(coefs[1], axis=1)
    return np.argsort(-strength, kind="stable")
