"""Train the network that comes with the package and write it to a file.

``python train_reader.py FILE``, with MNIST's folder in the environment variable SK_DIGITS_MNIST, or
downloaded otherwise. It takes about a quarter of an hour on 2 cores, and gives the same bits again on the
same kind of machine. To ship the file, write it to ``sk_digits/_reading/reader.skops``.
"""

import os
import sys

import numpy as np

from sk_digits import DenseDigitClassifier
from sk_digits._pretrained import save_pretrained
from sk_digits.augmentation import draw_digits, draw_non_digits, draw_touching_digits
from sk_digits.datasets import fetch_mnist, load_mnist
from sk_digits.recipes import recipes

# Digits of which there are several styles that MNIST lacks are drawn twice as often.
LABELS = [0, 1, 1, 2, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 9]
N_DRAWN, N_TOUCHING, N_NON_DIGITS = 30_000, 40_000, 40_000
# The temperature at which the probabilities of digits of real handwriting are calibrated.
TEMPERATURE = 0.7
# In use, digits are more frequent, beside what is none, than among the training rows.
NO_DIGIT_OFFSET = 2.0


def make_training_rows(X, y):
    """Return MNIST's rows with drawn and with touching digits, and what is no digit, labelled -1."""
    y_drawn = np.random.RandomState(1).choice(LABELS, N_DRAWN)
    drawn = draw_digits(y_drawn, random_state=1)
    X, y = np.concatenate([X, drawn]), np.concatenate([y, y_drawn])
    non_digits = draw_non_digits(N_NON_DIGITS, X, y, random_state=2)
    touching, y_touching = draw_touching_digits(N_TOUCHING, X, y, random_state=3)
    return (
        np.concatenate([X, touching, non_digits]),
        np.concatenate([y, y_touching, np.full(N_NON_DIGITS, -1)]),
    )


def train(path):
    """Train the reader and write it to `path`."""
    folder = os.environ.get("SK_DIGITS_MNIST")
    mnist = load_mnist(folder) if folder else fetch_mnist()
    X, y = make_training_rows(mnist.data_train, mnist.target_train.astype(int))
    print(f"Training on {len(X):,} images.", flush=True)
    reader = DenseDigitClassifier(**recipes["reader"], random_state=0).fit(X, y)
    description = (
        f"MNIST's {len(mnist.data_train):,} training images, {N_DRAWN:,} drawn digits, "
        f"{N_TOUCHING:,} touching digits, {N_NON_DIGITS:,} drawn non-digits; recipe 'reader', random_state=0"
    )
    save_pretrained(
        reader,
        path,
        temperature=TEMPERATURE,
        no_digit_offset=NO_DIGIT_OFFSET,
        description=description,
    )
    print(f"Wrote {path}.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    train(sys.argv[1])
