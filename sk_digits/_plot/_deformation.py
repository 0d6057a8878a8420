"""`DeformationDisplay`: images and deformed copies of them."""

import numpy as np

from ._figure import FigureMixin
from ._inputs import check_counts, check_images
from ._mosaic import draw_mosaic


class DeformationDisplay(FigureMixin):
    """Images, each in a row with deformed copies of it.

    Use `from_deformation` to create a DeformationDisplay.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width)
        The images as they are.

    copies : ndarray of shape (n_images, n_copies, height, width)
        Deformed copies of each.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the images.

    figure_ : matplotlib.figure.Figure
        Figure of `ax_`; `figure_.savefig` saves it to a file.

    im_ : matplotlib.image.AxesImage
        The grid of all images.

    See Also
    --------
    sk_digits.augmentation.RandomDeformation : The deformations, and `preview`, which returns the copies.

    Examples
    --------
    >>> from sk_digits.augmentation import RandomDeformation
    >>> from sk_digits.datasets import load_digits
    >>> from sk_digits.plotting import DeformationDisplay
    >>> deformation = RandomDeformation(displacement=0.2, smoothness=2)
    >>> images = load_digits().images[:3]
    >>> DeformationDisplay.from_deformation(deformation, images, random_state=0).copies.shape
    (3, 9, 8, 8)
    """

    def __init__(self, images, copies):
        self.images = images
        self.copies = copies

    def plot(self, *, ax=None, cmap="gray_r"):
        """Draw the images, the first of each row as it is.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        cmap : str or matplotlib.colors.Colormap, default="gray_r"
            Colormap of the pixels.

        Returns
        -------
        self : DeformationDisplay
            The Display, with `ax_`, `figure_` and `im_` set.
        """
        n, n_copies, height, width = self.copies.shape
        columns = n_copies + 1
        rows = np.concatenate([self.images[:, np.newaxis], self.copies], axis=1).reshape(-1, height, width)
        ax = self._set_axes(ax, 0.75 * columns + 0.3, 0.75 * n * height / width + 0.6)
        self.im_, _ = draw_mosaic(ax, rows, n_columns=columns, cmap=cmap)
        gap = max(1, round(width / 8))
        ax.axvline(width + gap - 0.5, color="#d55e00", linewidth=1.5)
        ax.set_title("Left of the line: images as they are. Right: as training may see them.", fontsize=9)
        return self

    @classmethod
    def from_deformation(cls, deformation, X, *, n_copies=9, random_state=None, ax=None, cmap="gray_r"):
        """Draw images with deformed copies of them.

        Parameters
        ----------
        deformation : RandomDeformation
            The deformations.

        X : array-like of shape (n_images, n_features) or (n_images, height, width)
            A few images.

        n_copies : int, default=9
            Number of copies of each image.

        random_state : int, RandomState instance or None, default=None
            Seed of the deformations.

        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        cmap : str or matplotlib.colors.Colormap, default="gray_r"
            Colormap of the pixels.

        Returns
        -------
        display : DeformationDisplay
            The Display, with its figure drawn.

        Raises
        ------
        TypeError
            If `n_copies` is not an int.
        ValueError
            If `n_copies` is less than 1, the features are not an image, or a parameter is out of range.
        """
        check_counts(n_copies=n_copies)
        copies = deformation.preview(X, n=n_copies, random_state=random_state)
        images = check_images(X, copies.shape[2:])
        return cls(images.astype(copies.dtype), copies).plot(ax=ax, cmap=cmap)
