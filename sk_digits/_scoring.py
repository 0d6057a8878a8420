"""Validation scores by a scorer of scikit-learn's, or by a function of the user's."""

import contextlib
import copy
import inspect
from numbers import Real
from types import SimpleNamespace

import numpy as np
from sklearn.metrics import get_scorer

# Attributes of the classifier that are set before the training.
INPUT_ATTRIBUTES = ("classes_", "n_features_in_", "image_shape_")


def make_score(classifier, X, y, sample_weight):
    """Return a function that scores a network on a validation set by ``classifier.scoring``.

    Parameters
    ----------
    classifier : DenseDigitClassifier
        With the attributes that `fit` sets before the training.
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
        Class indices.
    sample_weight : ndarray of shape (n_samples,)

    Returns
    -------
    score : callable
        ``score(network, layers)`` returns a float.
    """
    scoring = classifier.scoring
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    has_weights = not np.all(sample_weight == sample_weight[0])
    kwargs = {"sample_weight": sample_weight} if has_weights and _takes_sample_weight(scorer) else {}
    labels = classifier.classes_[y]

    def score(network, layers):
        value = scorer(_with_layers(classifier, network, layers), X, labels, **kwargs)
        with contextlib.suppress(AttributeError, ValueError):
            value = value.item()  # of an array without axes, which scikit-learn takes as well
        if not isinstance(value, Real) or not np.isfinite(value):
            raise ValueError(f"scoring must return a finite number, got {value!r} from {scoring!r}.")
        return float(value)

    return score


def _takes_sample_weight(scorer):
    """Return whether a scorer can be called with sample weights."""
    # The scorers of scikit-learn all have the parameter and pass it on to their metric.
    function = getattr(scorer, "_score_func", scorer)
    return "sample_weight" in inspect.signature(function).parameters


def _with_layers(classifier, network, layers):
    """Return a copy of the classifier that predicts with these layers."""
    fitted = copy.copy(classifier)
    # What an earlier fit learned does not belong to these layers. The rows have been validated, and have no
    # feature names.
    for name in [name for name in vars(fitted) if name.endswith("_") and name not in INPUT_ATTRIBUTES]:
        delattr(fitted, name)
    vars(fitted).pop("_keras_cache", None)
    fitted._state = SimpleNamespace(network=network)
    fitted.coefs_, fitted.intercepts_ = layers
    fitted.average_predictions = False
    return fitted
