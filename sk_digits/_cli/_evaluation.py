"""The command ``evaluate``, and the report on predictions as text."""

from .._progress import spinner
from ._data import load_data, match_labels, plain_label, select_part
from ._files import load_model


def evaluate(options):
    """Report the accuracy of a saved classifier on labelled images."""
    from sklearn.metrics import classification_report

    model = load_model(options.model)
    X, y = select_part(load_data(options.data, model), options.part)
    y, labels = match_labels(model, y)
    with spinner("Predicting"):
        predicted = model.predict(X)
    report = classification_report(**_as_indices(y, predicted, labels), zero_division=0, output_dict=True)
    result = {
        "n_samples": len(y),
        "accuracy": float((predicted == y).mean()),
        "report": report,
        "confusion_matrix": count_confusions(y, predicted, labels).tolist(),
        "labels": list(map(plain_label, labels)),
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
    from sklearn.metrics import classification_report

    report = classification_report(**_as_indices(true, predicted, labels), zero_division=0, digits=4)
    matrix = count_confusions(true, predicted, labels)
    return f"{report}\n{_matrix_as_text(matrix, label_names(labels))}"


def count_confusions(true, predicted, labels):
    """Return scikit-learn's confusion matrix of labels of any type; the arguments are as above."""
    from sklearn.metrics import confusion_matrix

    indices = _as_indices(true, predicted, labels)
    return confusion_matrix(indices["y_true"], indices["y_pred"], labels=indices["labels"])


def label_names(labels):
    """Return labels as text."""
    return [str(plain_label(label)) for label in labels]


def _as_indices(true, predicted, labels):
    """Return the arguments of `classification_report` with labels as int, since it refuses some types."""
    index = {label: i for i, label in enumerate(labels)}
    return {
        "y_true": [index[label] for label in true.tolist()],
        "y_pred": [index[label] for label in predicted.tolist()],
        "labels": list(range(len(labels))),
        "target_names": label_names(labels),
    }


def _matrix_as_text(matrix, names):
    """Return the confusion matrix as lines: a row per true label, a column per predicted label."""
    width = max(len(str(matrix.max())), *map(len, names)) + 2
    head = "true \\ predicted"
    lines = [head + "".join(f"{name:>{width}}" for name in names)]
    for name, row in zip(names, matrix, strict=True):
        cells = "".join(f"{count or '.':>{width}}" for count in row.tolist())
        lines.append(f"{name:>{len(head)}}{cells}")
    return "\n".join(lines)
