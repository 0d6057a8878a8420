"""Figure of a Display: made by pyplot, as those of scikit-learn's Displays are, so that notebooks show it."""


class FigureMixin:
    """Mixin for Displays that creates their figure."""

    def _set_axes(self, ax, width, height):
        """Set `ax_` and `figure_`, and return the axes.

        If `ax` is None, they belong to a new figure of this width and height in inches.
        """
        if ax is None:
            from matplotlib import pyplot

            _, ax = pyplot.subplots(figsize=(width, height), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        return ax
