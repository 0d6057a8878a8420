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
        network = content["network"]
        self._layers = _inference.dense_layers(
            content["weights"], network["batch_norm"], network["batch_norm_epsilon"]
        )
        self._activation = network["activation"]

    def predict_proba(self, X):
        """Return the probability of each class for rows of 784 pixels."""
        return _inference.softmax(_inference.logits(X, *self._layers, self._activation))


def load_content():
    """Return what the file has: a dict of arrays, numbers and strings, the weights as float32."""
    from skops import io

    content = io.load(FILE)
    return content | {"weights": [weights.astype(np.float32) for weights in content["weights"]]}


def save_content(content, path):
    """Write a dict of arrays, numbers and strings; the weights in half precision."""
    from zipfile import ZIP_DEFLATED

    from skops import io

    content = content | {"weights": [weights.astype(np.float16) for weights in content["weights"]]}
    io.dump(content, path, compression=ZIP_DEFLATED)


@functools.cache
def load_network():
    """Return the network that comes with the package; it is read once in a process."""
    return ShippedNetwork(load_content())
