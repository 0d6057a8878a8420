"""`ReadingDisplay`: a picture with the digits that were read in it."""

from .._reading._reader import read_digits
from ._figure import FigureMixin

# Blue and orange, which people with any kind of colour blindness tell apart.
CERTAIN_COLOR, UNCERTAIN_COLOR = "#0072b2", "#d55e00"
# Digits of less probability are drawn as uncertain, whatever `min_probability` is.
CERTAIN = 0.8
# Height of the label of a digit, and least distance of the title from the picture, in points.
LABEL_HEIGHT, TITLE_PAD = 26, 6
# Longest side of the figure, in inches.
FIGURE_SIZE = 8


class ReadingDisplay(FigureMixin):
    """A picture with the boxes, labels and probabilities of the digits in it.

    Use `from_reading` or `from_image` to create a ReadingDisplay. Boxes are blue; those of uncertain digits,
    less probable than 0.8 or than the `min_probability` of the reading, are orange and dashed.

    Parameters
    ----------
    reading : Reading
        As `read_digits` returns it.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the picture.

    figure_ : matplotlib.figure.Figure
        Figure of `ax_`; `figure_.savefig` saves it to a file.

    im_ : matplotlib.image.AxesImage
        The picture in grey, in pixels of the picture that was read.

    boxes_ : list of matplotlib.patches.Rectangle
        The boxes of the digits.

    text_ : list of matplotlib.text.Text
        Label and probability of each digit.

    See Also
    --------
    sk_digits.preprocessing.read_digits : Find and read the digits in a picture.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_digits.datasets import load_digits
    >>> from sk_digits.plotting import ReadingDisplay
    >>> picture = 255 - 15 * load_digits().images[7].repeat(8, axis=0).repeat(8, axis=1)
    >>> display = ReadingDisplay.from_image(np.pad(picture, 20, constant_values=255))
    >>> len(display.boxes_)
    1
    """

    def __init__(self, reading):
        self.reading = reading

    @classmethod
    def from_reading(cls, reading, *, ax=None):
        """Draw a reading.

        Parameters
        ----------
        reading : Reading
            As `read_digits` returns it.

        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        Returns
        -------
        display : ReadingDisplay
            The Display, with its figure drawn.
        """
        return cls(reading).plot(ax=ax)

    @classmethod
    def from_image(cls, image, classifier=None, *, min_probability=0.0, ax=None):
        """Read a picture by `read_digits` and draw it.

        Parameters
        ----------
        image : str, path-like, bytes, file object, PIL.Image.Image or array
            Picture, in any form that `read_digits` takes.

        classifier : estimator or None, default=None
            As in `read_digits`; None uses the network that comes with the package.

        min_probability : float, default=0.0
            As in `read_digits`.

        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        Returns
        -------
        display : ReadingDisplay
            The Display, with its figure drawn.

        Raises
        ------
        ValueError, TypeError, OSError, ImportError
            As `read_digits` does.
        """
        reading = read_digits(image, classifier, min_probability=min_probability)
        return cls.from_reading(reading, ax=ax)

    def plot(self, *, ax=None):
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        Returns
        -------
        self : ReadingDisplay
            The Display, with its figure drawn.
        """
        from matplotlib.patches import Rectangle

        reading = self.reading
        height, width = (side / reading.image_scale for side in reading.image.shape)
        inches = FIGURE_SIZE / max(height, width)
        # The labels of digits at the upper edge lie between the picture and the title.
        highest = min((digit.box[1] for digit in reading.digits), default=height)
        pad = max(TITLE_PAD, LABEL_HEIGHT - 72 * inches * highest)
        ax = self._set_axes(ax, max(width * inches, 2), max(height * inches, 1) + 0.4 + pad / 72)
        self.im_ = ax.imshow(
            reading.image, cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0), interpolation="nearest"
        )
        self.boxes_, self.text_ = [], []
        for digit in reading.digits:
            left, top, right, bottom = digit.box
            is_certain = digit.probability >= max(CERTAIN, reading.min_probability)
            color = CERTAIN_COLOR if is_certain else UNCERTAIN_COLOR
            box = Rectangle(
                (left, top), right - left, bottom - top, fill=False, edgecolor=color, linewidth=1.5,
                linestyle="-" if is_certain else "--",
            )  # fmt: skip
            self.boxes_.append(ax.add_patch(box))
            label = digit.label if digit.probability >= reading.min_probability else f"? ({digit.label})"
            self.text_.append(
                ax.annotate(
                    f"{label}\n{digit.probability:.0%}", ((left + right) / 2, top), (0, 2),
                    textcoords="offset points", ha="center", va="bottom", color=color, fontsize=8,
                )
            )  # fmt: skip
        ax.set_title(reading.text or "no digit found", pad=pad)
        ax.set_axis_off()
        return self
