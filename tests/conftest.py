"""Fixtures and helpers that several test files use; each fixture is made once per session."""

import os
import shutil
import signal
import sys

import numpy as np
import pytest
from PIL import Image

from sk_digits import DenseDigitClassifier
from sk_digits.augmentation import draw_digits
from sk_digits.datasets import load_digits, load_mnist

# A background job of a shell ignores SIGINT, and so would its children; some tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)

SMALL = {
    "hidden_layer_sizes": (32,),
    "label_smoothing": 0.0,
    "batch_size": 64,
    "epochs": 15,
    "learning_rate": 0.005,
}


def make_small(**params):
    """Return an unfitted classifier that learns the bundled digits in a moment."""
    return DenseDigitClassifier(**{**SMALL, "random_state": 0, **params})


def same_weights(a, b):
    """Return whether two fitted classifiers have the same weights, bit by bit."""
    pairs = [*zip(a.coefs_, b.coefs_, strict=True), *zip(a.intercepts_, b.intercepts_, strict=True)]
    return all(np.array_equal(x, y) for x, y in pairs)


def make_picture(labels, random_state=0):
    """Return a picture of dark digits in a row, on light paper."""
    ink = np.concatenate(draw_digits(labels, random_state=random_state).reshape(-1, 28, 28), axis=1)
    return Image.fromarray(np.uint8(230 - 200 * ink)).resize((112 * len(labels), 112))


def run_notebook(*cells):
    """Run the code of each cell in a kernel of Jupyter; return the outputs of each cell."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
    nbclient.NotebookClient(notebook, timeout=180, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells]


def slow(*values):
    """Return a set of parameters that only the full run tests, because another set has a similar path."""
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.fixture(autouse=True)
def no_open_figures():
    """Close the figures that a test leaves open."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def digits():
    """Return the bundled digits."""
    return load_digits()


@pytest.fixture(scope="session")
def small(digits):
    """Return a small classifier fitted on the bundled digits; tests must not change it."""
    return make_small().fit(digits.data_train, digits.target_train)


@pytest.fixture(scope="session")
def mnist_path():
    """Return the folder with MNIST, or skip the test."""
    path = os.environ.get("SK_DIGITS_MNIST")
    if not path:
        pytest.skip("the environment variable SK_DIGITS_MNIST does not name a folder with MNIST")
    return path


@pytest.fixture(scope="session")
def mnist(mnist_path):
    """Return MNIST."""
    return load_mnist(mnist_path)


FAKE_CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@pytest.fixture(scope="session")
def browser():
    """Return a headless Chromium, or skip the test."""
    sync_api = pytest.importorskip("playwright.sync_api")
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.skip("no Chromium: install the Debian package chromium, or set CHROMIUM to its path")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *FAKE_CAMERA])
        yield browser
        browser.close()
