"""Data and classifiers that many tests look at; each is made once a session."""

import os
import signal

import pytest

from sk_digits import DenseDigitClassifier
from sk_digits.datasets import load_digits, load_mnist

# A shell's background job ignores Ctrl-C, and so would its children; tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

SMALL = {
    "hidden_layer_sizes": (32,),
    "label_smoothing": 0.0,
    "batch_size": 64,
    "epochs": 15,
    "learning_rate": 0.005,
}


@pytest.fixture(scope="session")
def digits():
    return load_digits()


@pytest.fixture(scope="session")
def small(digits):
    """A small classifier of the bundled digits, fitted; not to be changed."""
    return make_small().fit(digits.data_train, digits.target_train)


@pytest.fixture(scope="session")
def mnist_path():
    path = os.environ.get("SK_DIGITS_MNIST")
    if not path:
        pytest.skip("the environment variable SK_DIGITS_MNIST names no folder with MNIST")
    return path


@pytest.fixture(scope="session")
def mnist(mnist_path):
    return load_mnist(mnist_path)


def make_small(**params):
    """A classifier that learns the bundled digits in a moment."""
    return DenseDigitClassifier(**{**SMALL, "random_state": 0, **params})
