"""Validation of labels, weights and validation sets.

Each function returns checked NumPy arrays or raises an error that names the argument, what was given
and what is allowed.
"""

import contextlib
import warnings

import numpy as np
from scipy import sparse
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length

# The label of what is no digit, as scikit-learn marks outliers.
NO_DIGIT = -1


@contextlib.contextmanager
def unchanged_on_error(estimator, generators=()):
    """Restore the attributes of an estimator, and the state of random generators, if the body raises."""
    attributes = dict(vars(estimator))
    states = [generator.get_state() for generator in generators]
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(attributes)
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
        raise


def to_native_float(X, dtype, name="X"):
    """Return `X` with floats as native float32 or float64, by their size, and other dtypes unchanged.

    Parameters
    ----------
    X : {ndarray, sparse matrix}
        Numeric and finite.
    dtype : {"auto", "float32"}
        "float32" checks that the values fit into float32.
    name : str, default="X"
        Name of the argument in error messages.

    Raises
    ------
    ValueError
        If a value is too large for the dtype that it is converted to.
    """
    if X.dtype.kind != "f":
        return X
    native = np.dtype(np.float64 if X.dtype.itemsize >= 8 else np.float32)
    largest = np.finfo(np.float32 if dtype == "float32" else native).max
    values = X.data if sparse.issparse(X) else X
    needs_check = np.finfo(X.dtype).max > largest
    if needs_check and values.size and max(values.max(), -values.min()) > largest:
        target = "float32" if dtype == "float32" else native.name
        raise ValueError(
            f"{name} contains values too large for {target}, in which they would be trained; the largest "
            f"is {largest:.3g}. Scale {name}, for example with StandardScaler."
        )
    return X.astype(native, copy=False)


def warn_if_not_scaled(X):
    """Warn if the values have the size of raw pixels, on which the network trains to a lower accuracy.

    Standardised values have a root mean square of 1, pixels in [0, 16] one of at most 16.
    """
    sample = X[: max(1, 10**6 // X.shape[1])]
    values = sample.data if sparse.issparse(sample) else sample
    mean_square = np.square(values, dtype=np.float64).sum() / np.prod(sample.shape)
    if mean_square > 20**2:
        warnings.warn(
            f"X is not scaled: its root mean square is {mean_square**0.5:.0f}. The network trains to a "
            "higher accuracy on small values: put MinMaxScaler or StandardScaler before it in a Pipeline, or "
            "divide pixels by 255.",
            UserWarning,
            stacklevel=4,
        )


def can_skip_validation(X, n_features):
    """Return whether `X` is an array that scikit-learn's validation would return unchanged.

    That validation takes several times as long as the forward pass of one row. The sum of squares, which
    is finite only if all values are, replaces its check for NaN and infinity.
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


def encode(y, classes, name="y"):
    """Return the index in the sorted `classes` of each label, or raise ValueError for unknown labels."""
    y, kinds = np.asarray(y), {np.asarray(labels).dtype.kind for labels in (y, classes)}
    # NumPy before 1.25 warns where it compares numbers with text.
    is_comparable = not (kinds & set("US") and kinds & set("biuf"))
    known = np.isin(y, classes) if is_comparable else np.zeros(len(y), bool)
    if not known.all():
        raise ValueError(
            f"{name} contains labels that are not among the classes: {_format_labels(np.unique(y[~known]))}; "
            f"the classes are {_format_labels(classes)}."
        )
    return np.searchsorted(classes, y)


def check_weights(sample_weight, X, name="sample_weight"):
    """Return the weights as float64 of shape (n_samples,).

    Weights must be finite, not negative and not all zero. None stands for ones, and a number for that
    weight in every row.
    """
    n_samples = X.shape[0]
    if sample_weight is None or np.isscalar(sample_weight):
        sample_weight = np.full(n_samples, 1.0 if sample_weight is None else sample_weight)
    weights = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name=name)
    if weights.shape != (n_samples,):
        raise ValueError(
            f"{name}.shape == {weights.shape}, expected {(n_samples,)}: one weight per row of X."
        )
    if (weights < 0).any():
        raise ValueError(f"Negative values in data passed to {name}; weights must be 0 or more.")
    if not weights.any():
        raise ValueError(f"{name} is zero for every row; at least one weight must be positive.")
    return weights


def are_classes_of_previous_fit(classes, previous):
    """Return whether labels are those of the previous fit; -1, no digit, may be missing."""
    digits = previous[[label != NO_DIGIT for label in previous.tolist()]]
    return np.array_equal(classes, previous) or np.array_equal(classes, digits)


def apply_class_weight(sample_weight, class_weight, classes, y):
    """Return the sample weights multiplied by the weight of each row's class.

    "balanced" gives every class the same total weight, the sample weights included, as repeating rows would.
    """
    if class_weight is None:
        return sample_weight
    if isinstance(class_weight, str):
        totals = np.bincount(y, sample_weight, len(classes))
        n_present = np.count_nonzero(totals)
        factors = np.divide(totals.sum() / n_present, totals, out=np.zeros(len(classes)), where=totals > 0)
    else:
        factors = _class_factors(class_weight, classes)
    weights = sample_weight * factors[y]
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError(
            "class_weight must result in finite weights of 0 or more that are not all 0, "
            f"got class_weight={class_weight!r}."
        )
    return weights


def _class_factors(class_weight, classes):
    """Return the weight of each class; 1 for classes that are not in the dict."""
    labels = classes.tolist()
    unknown = [label for label in class_weight if label not in labels]
    # As in scikit-learn: a dict of weights for all classes also serves data that lacks some of them.
    if unknown and any(label not in class_weight for label in labels):
        raise ValueError(
            f"class_weight has keys that are not among the classes: {_format_labels(unknown)}; "
            f"the classes are {_format_labels(labels)}."
        )
    return np.array([class_weight.get(label, 1.0) for label in labels], dtype=np.float64)


def has_validation_set(X_val, y_val, sample_weight_val):
    """Return whether a validation set was passed, or raise ValueError if it is incomplete."""
    if X_val is None and y_val is None and sample_weight_val is None:
        return False
    if X_val is None or y_val is None:
        given = [
            name
            for name, value in (("X_val", X_val), ("y_val", y_val), ("sample_weight_val", sample_weight_val))
            if value is not None
        ]
        raise ValueError(f"X_val and y_val must be passed together, got only {', '.join(given)}.")
    check_consistent_length(X_val, y_val)
    return True


def stratified_split(rows, y, classes, validation_fraction, seed):
    """Split `rows` into training and validation rows, stratified by class.

    Each part contains at least one row of each class.
    """
    present, counts = np.unique(y[rows], return_counts=True)
    if counts.min() < 2:
        label = classes.tolist()[present[counts.argmin()]]
        raise ValueError(
            "early_stopping=True requires at least 2 samples of each class for its stratified validation "
            f"split, got 1 sample of class {label!r}. Add samples, remove the class, pass a validation set "
            "as X_val and y_val, or set early_stopping=False."
        )
    n_val = min(max(round(validation_fraction * len(rows)), len(present)), len(rows) - len(present))
    return train_test_split(rows, test_size=n_val, stratify=y[rows], random_state=seed)


def _format_labels(labels, n_shown=10):
    shown = ", ".join(repr(label) for label in np.asarray(labels, dtype=object)[:n_shown].tolist())
    return f"[{shown}{', ...' if len(labels) > n_shown else ''}]"
