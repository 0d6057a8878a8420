"""The dataset that ``--data`` and ``--part`` select, and its labels."""

from ._checks import has_labelled_test_images
from ._progress import spinner


def load_data(name):
    """Return the dataset that ``--data`` names."""
    from .. import datasets

    if name == "digits":
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


def all_labels(model, y):
    """Return the labels that a fitted classifier knows or that occur in `y`, sorted.

    Raises
    ------
    ValueError
        If some labels are strings and others are numbers.
    """
    from sklearn.utils.multiclass import unique_labels

    return unique_labels(model.classes_, y).tolist()
