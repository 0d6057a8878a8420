"""The command ``show``, and the files that figures are saved to."""

from pathlib import Path

from .._atomic_write import atomic_write
from .._progress import spinner
from ._checks import check_output_file, is_special
from ._data import load_data, match_labels, select_part
from ._evaluation import count_confusions, label_names
from ._files import load_model


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
    if not path.suffix and not is_special(path):
        path = path.with_name(f"{path.name}.png")
        check_output_file(path)
    known = sorted(FigureCanvasBase.get_supported_filetypes())
    if _format(path) not in known:
        allowed = ", ".join(f".{name}" for name in known)
        raise ValueError(f"the suffix of {path} must be one of {allowed}, got {path.suffix!r}.")
    return path


def save_figure(figure, path):
    """Write a figure in the format that the suffix of `path` names, in upper or lower case, and close it."""
    from matplotlib import pyplot

    with atomic_write(path) as partial:
        figure.savefig(partial, format=_format(path), dpi=150)
    pyplot.close(figure)


def confusion_figure(true, predicted, labels):
    """Draw the confusion matrix of labels of any type, all of which have a row and a column."""
    from ..plotting import ConfusionDisplay

    return ConfusionDisplay(count_confusions(true, predicted, labels), label_names(labels)).plot().figure_


def _draw(options, model):
    """Return the figure that ``show`` saves."""
    import matplotlib

    from .. import plotting

    matplotlib.use("agg")  # no window is opened

    if options.picture == "curves":
        return plotting.LossCurveDisplay.from_estimator(model).figure_
    if options.picture == "weights":
        return plotting.WeightsDisplay.from_estimator(model, n_units=options.n).figure_
    data = load_data(options.data, model)
    X, y = select_part(data, options.part)
    y, labels = match_labels(model, y)
    with spinner("Predicting"):
        if options.picture == "confusion":
            return confusion_figure(y, model.predict(X), labels)
        arguments = {"n_images": options.n, "image_shape": data.images.shape[1:]}
        true = label_names(y)
        if options.picture == "samples":
            return plotting.DigitsDisplay.from_predictions(
                X, true, label_names(model.predict(X)), **arguments, random_state=0
            ).figure_
        return plotting.MistakesDisplay.from_predictions(
            X, true, _predict_proba(model, X, labels), classes=label_names(labels), **arguments
        ).figure_


def _predict_proba(model, X, labels):
    """Return the probabilities of all labels; those that the model does not know have 0."""
    import numpy as np

    probabilities = np.zeros((len(X), len(labels)))
    columns = [labels.index(label) for label in np.asarray(model.classes_).tolist()]
    probabilities[:, columns] = model.predict_proba(X)
    return probabilities


def _format(path):
    return Path(path).suffix[1:].lower() or "png"
