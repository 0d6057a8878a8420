"""A fitted classifier from a network that was trained elsewhere."""

import numpy as np

from ._engine._spec import Regularization
from ._state import NEW_OPTIMIZER, FittedState


def make_fitted(classifier, network, weights, classes, *, image_shape=None, **details):
    """Set the fitted attributes of a classifier to those of a trained network.

    Parameters
    ----------
    classifier : DenseDigitClassifier
        Unfitted.
    network : Network
    weights : list of ndarray
        In Keras' order.
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    image_shape : tuple of two int or None, default=None
        Height and width of the images.
    **details
        Further attributes of the `FittedState`.

    Returns
    -------
    classifier : DenseDigitClassifier
        The same, fitted.
    """
    classifier.classes_ = classes
    classifier.n_features_in_ = network.n_features
    classifier.image_shape_ = image_shape
    unknown = {
        "regularization": Regularization(0.0, 0.0, 0.0, 0.0, 0.0),
        "optimizer_state": NEW_OPTIMIZER,
        "generator": np.random.RandomState(0),
        "split_seed": None,
        "history": {"loss": []},
        "best_epoch": None,
        "score_metric": "val_accuracy",
        "scorer_name": None,
        "batch_size": None,
        "learning_rate": None,
        "versions": {},
        "seconds": None,
    }
    classifier._set_state(FittedState(network=network, weights=weights, **unknown | details))
    return classifier
