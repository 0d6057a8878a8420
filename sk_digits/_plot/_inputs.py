"""Validation of what the Displays are given: counts, images with their labels, and fitted estimators."""

import math
from numbers import Integral

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from .._images import images_as_rows, infer_image_shape


def check_counts(**counts):
    """Raise an error if an argument, passed by its name, is not an int of at least 1.

    Raises
    ------
    TypeError
        If it is not an int; a bool is not one.
    ValueError
        If it is less than 1.
    """
    for name, value in counts.items():
        is_int = isinstance(value, Integral) and not isinstance(value, bool)
        if not is_int or value < 1:
            error = ValueError if is_int else TypeError
            raise error(f"{name} must be an int of at least 1, got {value!r}.")


def check_images(X, image_shape=None, estimator=None):
    """Return images as an array of shape (n_samples, height, width).

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, height, width[, 1])
        Images.
    image_shape : tuple of two int or None, default=None
        Height and width. If None, they are those of a stack, or those that `estimator` was fitted on;
        otherwise images are square.
    estimator : estimator or None, default=None
        Fitted estimator.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width)

    Raises
    ------
    ValueError
        If `X` is neither rows nor a stack of images, or its features are not an image of the shape.
    """
    X, stack_shape = images_as_rows(X)
    rows = X.toarray() if sparse.issparse(X) else np.asarray(X)
    if rows.ndim != 2:
        raise ValueError(f"X must be rows of pixels or a stack of images, got shape {rows.shape}.")
    n_features = rows.shape[1]
    fitted = [getattr(step, "image_shape_", None) for step in fitted_steps(estimator)]
    # A step of a pipeline may have been fitted on images of another size than X has.
    fitted = [shape for shape in fitted if shape and math.prod(shape) == n_features]
    return rows.reshape(-1, *infer_image_shape(n_features, image_shape, stack_shape, *fitted))


def check_images_and_labels(X, y_true, y_pred, image_shape):
    """Return images of shape (n_samples, height, width), and the labels as arrays of shape (n_samples,)."""
    check_consistent_length(X, y_true, y_pred)
    return check_images(X, image_shape), column_or_1d(y_true), column_or_1d(y_pred)


def fitted_steps(estimator):
    """Return the fitted estimators within a search or a pipeline, first to last; [] for None."""
    if estimator is None:
        return []
    if hasattr(estimator, "best_estimator_"):
        return fitted_steps(estimator.best_estimator_)
    if hasattr(estimator, "steps"):
        return [inner for _, step in estimator.steps for inner in fitted_steps(step)]
    return [estimator]


def final_estimator(estimator, attribute):
    """Return the fitted estimator at the end of a search or a pipeline.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If `estimator` is not fitted.
    TypeError
        If the final estimator does not have `attribute`.
    """
    check_is_fitted(estimator)
    final = fitted_steps(estimator)[-1]
    if not hasattr(final, attribute):
        raise TypeError(
            f"{type(final).__name__} has no {attribute}; pass a fitted DenseDigitClassifier or "
            "MLPClassifier, or a pipeline or search that ends in one."
        )
    return final
