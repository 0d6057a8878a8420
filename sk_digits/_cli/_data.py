"""The dataset that ``--data`` and ``--part`` select, and its labels."""

from .._progress import spinner
from ._checks import has_labelled_test_images

DEFAULT = "digits"


def load_data(name, model=None):
    """Return the dataset that ``--data`` names, by default the digits that come with scikit-learn.

    Raises
    ------
    ValueError
        If a model is given and its images have another number of pixels.
    """
    data = _load(name or DEFAULT)
    n_pixels = data.data.shape[1]
    if getattr(model, "n_features_in_", n_pixels) != n_pixels:
        height, width = data.images.shape[1:]
        default = "" if name else ", which come with scikit-learn and are used without --data"
        raise ValueError(
            f"the model reads images of {model.n_features_in_} pixels, but those of "
            f"{name or DEFAULT}{default} have {n_pixels} ({height}x{width}); pass images that fit the model "
            "by --data."
        )
    return data


def _load(name):
    from .. import datasets

    if name == DEFAULT:
        return datasets.load_digits()
    if name == "openml":
        return datasets.fetch_mnist()  # shows its own progress
    with spinner(f"Loading {name}"):
        return datasets.load_mnist(name)


def select_part(data, part):
    """Return images and labels of "train" or "test"; None selects the test part if it has labels."""
    if part == "test" and not has_labelled_test_images(data):
        raise ValueError("this data has no test images with labels; use --part train.")
    if part == "train" or not has_labelled_test_images(data):
        return data.data_train, data.target_train
    return data.data_test, data.target_test


def match_labels(model, y):
    """Return the digits of a dataset as the labels of a fitted classifier, and all labels of both.

    Parameters
    ----------
    model : classifier
        Its labels may be digits of any type: int, float, text as OpenML's, or bytes.
    y : ndarray of shape (n_samples,), int
        Digits.

    Returns
    -------
    y : ndarray of shape (n_samples,)
        Labels. A digit that the classifier does not know has the type of those that it knows.
    labels : list
        The labels that the classifier knows or that occur in `y`, sorted.

    Raises
    ------
    ValueError
        If no label of the classifier is a digit.
    """
    import numpy as np

    classes = np.asarray(model.classes_).tolist()
    known = {_as_digit(label): label for label in reversed(classes)}
    known.pop(None, None)
    if not known:
        raise ValueError(
            f"the labels of the data are digits from 0 to 9, and those of the model are not: {classes!r}."
        )
    kind = type(next(iter(known.values())))
    for digit in np.unique(y).tolist():
        known.setdefault(digit, str(digit).encode() if kind is bytes else kind(digit))
    matched = [known[digit] for digit in y.tolist()]
    return np.array(matched, dtype=np.asarray(model.classes_).dtype), sorted({*classes, *matched})


def plain_label(label):
    """Return a label as a plain value of Python, and bytes as text."""
    label = label.item() if hasattr(label, "item") else label
    return label.decode("utf-8", "replace") if isinstance(label, bytes) else label


def _as_digit(label):
    """Return the digit from 0 to 9 that a label stands for, or None."""
    label = plain_label(label)
    if isinstance(label, bool):  # the answer to a question, not the digits 0 and 1
        return None
    try:
        digit = float(label)
    except (TypeError, ValueError):
        return None
    return int(digit) if digit in range(10) else None
