"""What may come in: images as rows, labels as class numbers, weights, validation sets.

Each function returns checked NumPy arrays or raises an error that names the argument, what was given
and what is allowed.
"""

import contextlib
import math
from numbers import Integral

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array, compute_sample_weight
from sklearn.utils.validation import check_consistent_length


@contextlib.contextmanager
def unchanged_on_error(estimator):
    """Give an estimator its former attributes back if the body raises."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def images_as_rows(X, name="X"):
    """Flatten a stack of images.

    Parameters
    ----------
    X : array-like
        Images of shape (n, h, w) or (n, h, w, 1) are flattened; all else comes back as it is.

    Returns
    -------
    X : array-like
    image_shape : tuple of two int or None
        None where `X` was no stack of images.
    """
    if isinstance(X, list | tuple):
        X = np.asarray(X)
    shape = getattr(X, "shape", ())
    if len(shape) < 3:
        return X, None
    if len(shape) > 4 or (len(shape) == 4 and shape[3] != 1):
        raise ValueError(
            f"{name} has shape {tuple(shape)}; images must have one channel: (n, height, width) or "
            "(n, height, width, 1)."
        )
    return np.asarray(X).reshape(shape[0], shape[1] * shape[2]), tuple(shape[1:3])


def is_plain(X, n_features):
    """Whether `X` is an array in which scikit-learn's validation would find nothing to do or to say.

    That validation costs several times the forward pass of one row. Here the sum of squares, which is
    finite only if all values are, takes its place.
    """
    if type(X) is not np.ndarray or X.ndim != 2 or X.dtype.char not in "Bfd" or not X.flags.forc:
        return False
    if X.shape[0] == 0 or X.shape[1] != n_features:
        return False
    if X.dtype == np.uint8:
        return True
    values = X.ravel(order="K")
    with np.errstate(over="ignore", invalid="ignore"):
        return np.isfinite(np.dot(values, values))


def image_shape_of(n_features, shape, asked_by):
    """Height and width of images of so many pixels: `shape`, checked, or those of a square.

    `asked_by` is the parameter, with its value, that an error names.
    """
    found = (math.isqrt(n_features),) * 2 if shape is None else tuple(shape)
    is_image = len(found) == 2 and all(isinstance(size, Integral) and size > 1 for size in found)
    if not is_image or math.prod(found) != n_features:
        given = "" if shape is None else f" and image_shape={shape!r}"
        raise ValueError(
            f"{asked_by} deforms images, but with {n_features} features{given} there is no image: give a "
            "stack of images, or image_shape=(height, width) of RandomDeformation, whose product is the "
            "number of features."
        )
    return found


def check_image_shape(image_shape, fitted_shape, name="X"):
    """Raise unless images are of the shape that the classifier was fitted on."""
    if image_shape and fitted_shape and image_shape != fitted_shape:
        raise ValueError(
            f"{name} has images of shape {image_shape}, but the classifier was fitted on images of shape "
            f"{fitted_shape}."
        )


def encode(y, classes, name="y"):
    """Class numbers of the labels `y`; each must be one of the sorted `classes`."""
    known = np.isin(y, classes)
    if not known.all():
        raise ValueError(
            f"{name} has labels that are not among the classes: {_some(np.unique(y[~known]))}; "
            f"the classes are {_some(classes)}."
        )
    return np.searchsorted(classes, y)


def check_weights(sample_weight, X, name="sample_weight"):
    """Weights as float64 of shape (n_samples,): finite, not negative, not all zero; None is all ones."""
    n_samples = X.shape[0]
    if sample_weight is None or np.isscalar(sample_weight):
        sample_weight = np.full(n_samples, 1.0 if sample_weight is None else sample_weight)
    weights = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name=name)
    if weights.shape != (n_samples,):
        raise ValueError(
            f"{name}.shape == {weights.shape}, expected {(n_samples,)}: one weight for each row of X."
        )
    if (weights < 0).any():
        raise ValueError(f"Negative values in data passed to {name}; weights must be 0 or more.")
    if not weights.any():
        raise ValueError(f"{name} is zero for every row, so there is nothing to train on.")
    return weights


def weights_with_classes(sample_weight, class_weight, classes, y):
    """Sample weights times the weight of each row's class."""
    if class_weight is None:
        return sample_weight
    weights = sample_weight * compute_sample_weight(class_weight, classes[y])
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError(
            f"class_weight={class_weight!r} must give finite weights of 0 or more, and not 0 to every row."
        )
    return weights


def check_validation_set(X_val, y_val, sample_weight_val):
    """Whether a validation set was given; raise where only a part of it was."""
    if X_val is None and y_val is None and sample_weight_val is None:
        return False
    if X_val is None or y_val is None:
        given = [
            name
            for name, value in (("X_val", X_val), ("y_val", y_val), ("sample_weight_val", sample_weight_val))
            if value is not None
        ]
        raise ValueError(f"A validation set takes both X_val and y_val; given: {', '.join(given)}.")
    check_consistent_length(X_val, y_val)
    return True


def stratified_split(rows, y, classes, validation_fraction, seed):
    """Split `rows` into training and validation rows that have every class in like shares.

    At least one row of each class goes to either part.
    """
    present, counts = np.unique(y[rows], return_counts=True)
    if counts.min() < 2:
        label = classes.tolist()[present[counts.argmin()]]
        raise ValueError(
            "early_stopping=True sets a stratified part of the data aside, which takes 2 samples of each "
            f"class, but there is 1 sample of class {label!r}. Give more samples of it, leave the class out, "
            "pass a validation set as X_val and y_val, or set early_stopping=False."
        )
    n_val = min(max(round(validation_fraction * len(rows)), len(present)), len(rows) - len(present))
    return train_test_split(rows, test_size=n_val, stratify=y[rows], random_state=seed)


def _some(values, most=10):
    shown = ", ".join(repr(value) for value in values[:most].tolist())
    return f"[{shown}{', ...' if len(values) > most else ''}]"
