"""The command ``show``, and the files that figures are saved to."""

from pathlib import Path

from ._checks import check_output_file
from ._data import all_labels, load_data, select_part
from ._files import load_model, whole_file
from ._progress import spinner


def show(options):
    """Draw a figure of a saved classifier or of its predictions, and save it."""
    output = figure_path(options.output or f"{options.picture}.png")
    model = load_model(options.model)
    save_figure(_draw(options, model), output)
    return {"picture": str(output)}, f"Saved as {output}."


def figure_path(path):
    """Return the path that a figure is saved at: with ``.png`` appended if it has no suffix.

    Raises
    ------
    OSError
        If the file cannot be written.
    ValueError
        If the suffix is not that of a format that Matplotlib writes.
    """
    from matplotlib.backend_bases import FigureCanvasBase

    path = Path(path)
    check_output_file(path)
    if not path.suffix:
        path = path.with_name(f"{path.name}.png")
        check_output_file(path)
    known = sorted(FigureCanvasBase.get_supported_filetypes())
    if _format(path) not in known:
        allowed = ", ".join(f".{name}" for name in known)
        raise ValueError(f"the suffix of {path} must be one of {allowed}, got {path.suffix!r}.")
    return path


def save_figure(figure, path):
    """Write a figure in the format that the suffix of `path` names, in upper or lower case."""
    with whole_file(path) as partial:
        figure.savefig(partial, format=_format(path), dpi=150)


def confusion_figure(true, predicted, labels):
    """Draw the confusion matrix as scikit-learn does, but without pyplot."""
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    ax = Figure(figsize=(6.4, 6), layout="constrained").subplots()
    ConfusionMatrixDisplay.from_predictions(
        true, predicted, labels=labels, cmap="Blues", colorbar=False, ax=ax
    )
    return ax.figure


def _draw(options, model):
    """Return the figure that ``show`` saves."""
    from .. import plotting

    if options.picture == "curves":
        return plotting.LossCurveDisplay.from_estimator(model).figure_
    if options.picture == "weights":
        return plotting.WeightsDisplay.from_estimator(model, n_units=options.n).figure_
    X, y = select_part(load_data(options.data), options.part)
    labels = all_labels(model, y)
    with spinner("Predicting"):
        if options.picture == "confusion":
            return confusion_figure(y, model.predict(X), labels)
        display = {"samples": plotting.DigitsDisplay, "mistakes": plotting.MistakesDisplay}[options.picture]
        return display.from_estimator(model, X, y, n_images=options.n).figure_


def _format(path):
    return Path(path).suffix[1:].lower()
