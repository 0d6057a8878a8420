"""Drawing shared by the Displays of images: a grid of images, with or without captions, in one axes."""

import math

import numpy as np

# Height of a line of a caption, as a share of the height of an image.
CAPTION_SHARE = 0.26


def plot_captioned_images(
    display, ax, captions, colors, title, n_lines, n_columns, cmap, framed=(), frame_color=None
):
    """Draw the images of a Display with captions, and set its `ax_`, `figure_`, `im_` and `text_`.

    A new figure is large enough for the captions. Without images, the title is the only text.

    Parameters
    ----------
    display : DigitsDisplay or MistakesDisplay
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None creates a figure.
    captions : list of str
        Text above each image.
    colors : list of str
        Colour of each caption.
    title : str
    n_lines : int
        Number of lines of each caption.
    n_columns : int
        Maximum number of images per row.
    cmap : str or matplotlib.colors.Colormap
    framed : sequence of bool, default=()
        Which images have a frame.
    frame_color : str or None, default=None
        Colour of the frames.
    """
    n, height, width = display.images.shape
    columns = max(min(n, n_columns), 1)
    rows = max(-(-n // columns), 1)
    # In inches; labels that are words need wider cells than digits.
    cell = min(max(0.9, 0.085 * _longest_line(captions)), 2)
    cell_height = cell * height / width * (1.1 + CAPTION_SHARE * n_lines)
    ax = display._set_axes(ax, max(cell * columns * 1.15, 3.5), max(cell_height * rows + 0.5, 1.5))
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
    frame_images(ax, display.images.shape, framed, n_columns, n_lines, frame_color)


def draw_mosaic(ax, images, captions=(), *, n_columns, n_lines=0, colors=(), **imshow_params):
    """Draw images row by row as one image.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    images : ndarray of shape (n_images, height, width)
    captions : sequence of str, default=()
        Text above each image; empty for none.
    n_columns : int
        Maximum number of images per row.
    n_lines : int, default=0
        Number of lines of each caption.
    colors : sequence of str, default=()
        Colour of each caption.
    **imshow_params : dict
        Parameters of `matplotlib.axes.Axes.imshow`.

    Returns
    -------
    image : matplotlib.image.AxesImage
    texts : list of matplotlib.text.Text
    """
    n, height, width = images.shape
    n_columns = min(n, n_columns)
    corners, (cell_height, cell_width) = _layout(images.shape, n_columns, n_lines)
    caption_height = cell_height - height
    # Pixels between the images are NaN, which is drawn transparent.
    canvas = np.full((math.ceil(n / n_columns) * cell_height, n_columns * cell_width), np.nan)
    for image, (top, left) in zip(images, corners, strict=True):
        canvas[top : top + height, left : left + width] = image
    mosaic = ax.imshow(canvas, interpolation="nearest", **imshow_params)
    ax.set_axis_off()
    texts = []
    if captions:
        character_width = cell_width / _longest_line(captions)
        size = _font_size(ax, canvas.shape, caption_height / n_lines, character_width)
        for caption, color, (top, left) in zip(captions, colors, corners, strict=True):
            x, y = left + (width - 1) / 2, top - 0.5 - 0.03 * height
            texts.append(ax.text(x, y, caption, ha="center", va="bottom", fontsize=size, color=color))
    return mosaic, texts


def frame_images(ax, shape, framed, n_columns, n_lines, color):
    """Draw a frame around some images of a mosaic of this shape."""
    from matplotlib.patches import Rectangle

    _, height, width = shape
    corners, _ = _layout(shape, min(shape[0], n_columns), n_lines)
    for (top, left), has_frame in zip(corners, framed, strict=False):
        if has_frame:
            corner = (left - 0.5, top - 0.5)
            style = {"edgecolor": color, "linewidth": 2, "clip_on": False}
            ax.add_patch(Rectangle(corner, width, height, fill=False, **style))


def _layout(shape, n_columns, n_lines):
    """Return the corners of the images in a mosaic, and the size of a cell, in pixels of the images."""
    n, height, width = shape
    gap = max(1, round(width / 8))
    caption_height = math.ceil(height * (0.04 + CAPTION_SHARE * n_lines))
    cell_height, cell_width = height + caption_height, width + gap
    cells = [divmod(i, n_columns) for i in range(n)]
    corners = [(row * cell_height + caption_height, column * cell_width + gap // 2) for row, column in cells]
    return corners, (cell_height, cell_width)


def _longest_line(captions):
    """Return the number of characters of the longest line; 0 without captions."""
    return max((len(line) for caption in captions for line in caption.split("\n")), default=0)


def _font_size(ax, canvas_shape, line_height, character_width):
    """Return the font size, in points, at which captions do not overlap.

    The space available for a line and for a character is given in pixels of the canvas.
    """
    box = ax.get_window_extent()
    points = min(box.width / canvas_shape[1], box.height / canvas_shape[0]) * 72 / ax.figure.dpi
    return float(np.clip(points * min(0.75 * line_height, character_width / 0.66), 4, 10))
