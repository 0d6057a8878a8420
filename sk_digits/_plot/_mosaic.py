"""What the pictures share: images laid out in one axes, and figures that pyplot does not know of."""

import io
import math
from numbers import Integral

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_consistent_length, column_or_1d

from .._images import images_as_rows


class Display:
    """Notebooks show the figure that `plot` made."""

    def _repr_png_(self):
        if getattr(self, "_ax_given", False):
            return None  # shown by whoever made the axes
        if not hasattr(self, "figure_"):
            self.plot()
        content = io.BytesIO()
        self.figure_.savefig(content, format="png", dpi=100)
        return content.getvalue()

    def _axes(self, ax, width, height):
        """The axes to draw on; where none is given, those of a figure of this size in inches."""
        from matplotlib.figure import Figure

        self._ax_given = ax is not None
        self.ax_ = ax if ax is not None else Figure(figsize=(width, height), layout="constrained").subplots()
        self.figure_ = self.ax_.figure
        return self.ax_


def as_images(X, image_shape=None, estimator=None):
    """Images of shape (n, height, width).

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, height, width[, 1])

    image_shape : tuple of two int or None
        Height and width; None takes them from a stack, from what the estimator was fitted on, or a square.

    estimator : estimator or None
        Where the shape may be known from.
    """
    X, stack_shape = images_as_rows(X)
    rows = X.toarray() if sparse.issparse(X) else np.asarray(X)
    if rows.ndim != 2:
        raise ValueError(f"X has shape {rows.shape}; images must be rows of pixels or a stack of images.")
    n_features = rows.shape[1]
    known = [step.image_shape_ for step in steps(estimator) if getattr(step, "image_shape_", None)]
    known = [shape for shape in known if math.prod(shape) == n_features]
    shape = next((shape for shape in (image_shape, stack_shape, *known) if shape is not None), None)
    shape = (math.isqrt(n_features),) * 2 if shape is None else tuple(shape)
    is_image = len(shape) == 2 and all(isinstance(side, Integral) and side > 0 for side in shape)
    if not is_image or math.prod(shape) != n_features:
        raise ValueError(
            f"{n_features} features are no image of shape {shape}; give image_shape=(height, width), whose "
            "product is the number of features."
        )
    return rows.reshape(-1, *shape)


def checked_images(X, y_true, y_pred, image_shape):
    """Images of shape (n, height, width), and as many true and predicted labels."""
    check_consistent_length(X, y_true, y_pred)
    return as_images(X, image_shape), column_or_1d(y_true), column_or_1d(y_pred)


def steps(estimator):
    """The fitted estimators that lie in this one, as in a pipeline or a search, outermost first."""
    if estimator is None:
        return []
    if hasattr(estimator, "best_estimator_"):
        return steps(estimator.best_estimator_)
    if hasattr(estimator, "steps"):
        return [inner for _, step in estimator.steps for inner in steps(step)]
    return [estimator]


def draw_grid(display, ax, captions, colors, title, n_lines, n_columns, cmap):
    """Draw the images of a display with their captions, in a figure that gives each room enough."""
    n, height, width = display.images.shape
    columns = max(min(n, n_columns), 1)
    rows = max(-(-n // columns), 1)
    # Inches; words as labels take wider ones.
    longest = max((len(line) for caption in captions for line in caption.split("\n")), default=0)
    cell = min(max(0.75, 0.072 * longest), 2)
    cell_height = cell * height / width * (1.1 + 0.22 * n_lines)
    ax = display._axes(ax, max(cell * columns * 1.15, 3.5), max(cell_height * rows + 0.5, 1.5))
    if n == 0:
        ax.set_axis_off()
        ax.set_title("")
        display.im_ = None
        display.text_ = [ax.text(0.5, 0.5, title, ha="center", va="center", transform=ax.transAxes)]
        return
    ax.set_title(title, fontsize=10)
    display.im_, display.text_ = draw_mosaic(
        ax, display.images, captions, n_columns=n_columns, n_lines=n_lines, colors=colors, cmap=cmap
    )


def draw_mosaic(ax, images, captions=(), *, n_columns, n_lines=0, colors=(), **image_kw):
    """Draw images row by row into one axes, each with a caption of so many lines above it.

    Returns the AxesImage and the list of texts.
    """
    n, height, width = images.shape
    n_columns = min(n, n_columns)
    gap = max(1, round(width / 8))
    room = math.ceil(height * (0.04 + 0.22 * n_lines))
    high, wide = height + room, width + gap
    # NaN is drawn transparent.
    canvas = np.full((math.ceil(n / n_columns) * high, n_columns * wide), np.nan)
    places = [divmod(i, n_columns) for i in range(n)]
    corners = [(row * high + room, column * wide + gap // 2) for row, column in places]
    for image, (top, left) in zip(images, corners, strict=True):
        canvas[top : top + height, left : left + width] = image
    drawn = ax.imshow(canvas, interpolation="nearest", **image_kw)
    ax.set_axis_off()
    texts = []
    if captions:
        longest = max(len(line) for caption in captions for line in caption.split("\n"))
        size = _font_size(ax, canvas.shape, room / n_lines, wide / longest)
        for caption, color, (top, left) in zip(captions, colors, corners, strict=True):
            x, y = left + (width - 1) / 2, top - 0.5 - 0.03 * height
            texts.append(ax.text(x, y, caption, ha="center", va="bottom", fontsize=size, color=color))
    return drawn, texts


def _font_size(ax, shape, line_height, character_width):
    """In points, such that captions fit above and beside one another; sizes in pixels of the images."""
    box = ax.get_window_extent()
    points = min(box.width / shape[1], box.height / shape[0]) * 72 / ax.figure.dpi
    return float(np.clip(points * min(0.75 * line_height, character_width / 0.66), 4, 10))
