"""Validation scores by a scorer of scikit-learn's, or by a function of the user's."""

import copy
import inspect
from numbers import Real
from types import SimpleNamespace

import numpy as np
from sklearn.metrics import get_scorer


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
    takes_weights = "sample_weight" in inspect.signature(scorer).parameters
    kwargs = {"sample_weight": sample_weight} if has_weights and takes_weights else {}
    labels = classifier.classes_[y]

    def score(network, layers):
        value = scorer(_with_layers(classifier, network, layers), X, labels, **kwargs)
        if not isinstance(value, Real) or not np.isfinite(value):
            raise ValueError(f"scoring must return a finite number, got {value!r} from {scoring!r}.")
        return float(value)

    return score


def _with_layers(classifier, network, layers):
    """Return a copy of the classifier that predicts with these layers."""
    fitted = copy.copy(classifier)
    fitted._state = SimpleNamespace(network=network)
    fitted.coefs_, fitted.intercepts_ = layers
    fitted.average_predictions = False
    # The rows have been validated, and have no feature names.
    vars(fitted).pop("feature_names_in_", None)
    return fitted
