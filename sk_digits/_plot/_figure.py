"""Figure of a Display: created without pyplot, and shown by notebooks."""

import io


class FigureMixin:
    """Mixin for Displays that creates their figure and shows it in notebooks."""

    def _repr_png_(self):
        if getattr(self, "_ax_given", False):
            return None  # whoever created the axes shows their figure
        if not hasattr(self, "figure_"):
            self.plot()
        content = io.BytesIO()
        self.figure_.savefig(content, format="png", dpi=100)
        return content.getvalue()

    def _set_axes(self, ax, width, height):
        """Set `ax_` and `figure_`, and return the axes.

        If `ax` is None, they belong to a new figure of this width and height in inches.
        """
        from matplotlib.figure import Figure

        self._ax_given = ax is not None
        self.ax_ = ax if ax is not None else Figure(figsize=(width, height), layout="constrained").subplots()
        self.figure_ = self.ax_.figure
        return self.ax_
