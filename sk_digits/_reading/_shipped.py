"""The network that comes with the package: arrays in a file without pickle, read without TensorFlow."""

import functools
from pathlib import Path

import numpy as np

from .. import _inference

FILE = Path(__file__).with_name("reader.skops")


class ShippedNetwork:
    """The forward pass of a network in a file, with the part of a classifier's interface that reading needs.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), int
        The digits, and -1 for what is no digit.
    """

    def __init__(self, content):
        self.classes_ = content["classes"]
        weights = as_single_precision(content["weights"])
        network = content["network"]
        self._layers = _inference.dense_layers(weights, network["batch_norm"], network["batch_norm_epsilon"])
        self._activation = network["activation"]

    def predict_proba(self, X):
        """Return the probability of each class for rows of 784 pixels."""
        return _inference.softmax(_inference.logits(X, *self._layers, self._activation))


def load_content(path=FILE):
    """Return what a file of `save_content` has: a dict of arrays, numbers and strings."""
    from skops import io

    return io.load(path)


def save_content(content, path):
    """Write a dict of arrays, numbers and strings; arrays of floats in half precision."""
    from zipfile import ZIP_DEFLATED

    from skops import io

    content = content | {"weights": [weights.astype(np.float16) for weights in content["weights"]]}
    io.dump(content, path, compression=ZIP_DEFLATED)


def as_single_precision(weights):
    """Return weights as arrays of float32."""
    return [array.astype(np.float32) for array in weights]


@functools.cache
def load_network():
    """Return the network that comes with the package; it is read once in a process."""
    return ShippedNetwork(load_content())
