"""The command ``evaluate``, and the report on predictions as text."""

from ._data import all_labels, load_data, select_part
from ._files import load_model
from ._progress import spinner


def evaluate(options):
    """Report the accuracy of a saved classifier on labelled images."""
    from sklearn.metrics import classification_report, confusion_matrix

    model = load_model(options.model)
    X, y = select_part(load_data(options.data), options.part)
    labels = all_labels(model, y)
    with spinner("Predicting"):
        predicted = model.predict(X)
    report = classification_report(y, predicted, labels=labels, zero_division=0, output_dict=True)
    result = {
        "n_samples": len(y),
        "accuracy": float((predicted == y).mean()),
        "report": report,
        "confusion_matrix": confusion_matrix(y, predicted, labels=labels).tolist(),
        "labels": labels,
    }
    summary = f"{result['accuracy']:.2%} of {len(y):,} images are classified correctly."
    return result, f"{summary}\n\n{report_as_text(y, predicted, labels)}"


def report_as_text(true, predicted, labels):
    """Return scikit-learn's classification report and the confusion matrix as text.

    Parameters
    ----------
    true, predicted : ndarray of shape (n_samples,)
        Labels.
    labels : list
        All labels to report on, in order. Labels without images get zeros.
    """
    from sklearn.metrics import classification_report, confusion_matrix

    report = classification_report(true, predicted, labels=labels, zero_division=0, digits=4)
    matrix = confusion_matrix(true, predicted, labels=labels)
    return f"{report}\n{_matrix_as_text(matrix, list(map(str, labels)))}"


def _matrix_as_text(matrix, names):
    """Return the confusion matrix as lines: a row per true label, a column per predicted label."""
    width = max(len(str(matrix.max())), *map(len, names)) + 2
    head = "true \\ predicted"
    lines = [head + "".join(f"{name:>{width}}" for name in names)]
    for name, row in zip(names, matrix, strict=True):
        cells = "".join(f"{count or '.':>{width}}" for count in row.tolist())
        lines.append(f"{name:>{len(head)}}{cells}")
    return "\n".join(lines)
