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

    def _set_panels(self, ax, n, side, width, height):
        """Set `ax_` and `figure_`, and return `n` panels that share an axis.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None
            Becomes the first panel and gives the others a part of its space. If None, the panels belong to a
            new figure.
        n : int
        side : {"top", "right"}
            Where the other panels are, from the first.
        width, height : float
            Of a new figure, in inches.
        """
        shared = {"top": "sharex", "right": "sharey"}[side]
        if ax is not None:
            from mpl_toolkits.axes_grid1 import make_axes_locatable

            divider = make_axes_locatable(self._set_axes(ax, width, height))
            others = [divider.append_axes(side, "100%", pad=0.2, **{shared: ax}) for _ in range(n - 1)]
            return [ax, *others]
        from matplotlib import pyplot

        shape = (n, 1) if side == "top" else (1, n)
        figure, axes = pyplot.subplots(
            *shape, figsize=(width, height), layout="constrained", squeeze=False, **{shared: True}
        )
        panels = axes.ravel().tolist()
        panels = panels[::-1] if side == "top" else panels
        self.ax_, self.figure_ = panels[0], figure
        return panels
