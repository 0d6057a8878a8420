"""Measure `read_digits` on MNIST's test images in larger pictures.

For each seed there are 100 pictures of one digit and 100 of a line of 3 to 6 digits. MNIST's 28x28 images
are scaled to 24 to 160 pixels (lines: 24 to 120) and placed at random positions, with uneven light and
noise; half are light on dark, half PNG and half JPEG of quality 85. The classifier is trained on MNIST's
60,000 training images with a recipe.

``SK_DIGITS_MNIST=/path/to/mnist python bench_reading.py [seeds] [recipe]``; the defaults are 3 and quick.

With "quick" (99.43 % on the unchanged test images): 100, 99, 99, 98 and 99 of 100 digits (seeds 0 to 4), and
95, 97, 93, 94 and 95 of 100 lines.
"""

import sys
import tempfile
import time
import warnings

import harness
import numpy as np
import peers
from PIL import Image

from sk_digits import DenseDigitClassifier
from sk_digits.preprocessing import read_digits
from sk_digits.recipes import recipes

N = 100


def uneven_light(rng, height, width):
    """Return a gradient in a random direction plus a broad shadow or patch of light."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle, amount = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.2)
    slope = amount * (np.cos(angle) * x + np.sin(angle) * y)
    y0, x0, radius = rng.uniform(-1, 1), rng.uniform(-1, 1), rng.uniform(0.4, 1)
    patch = rng.uniform(-0.25, 0.2) * np.exp(-((y - y0) ** 2 + (x - x0) ** 2) / (2 * radius**2))
    return 0.8 + slope + patch


def scaled(digit, height, width):
    """Return a digit of values in [0, 1] scaled to a size."""
    image = Image.fromarray(np.uint8(255 * digit)).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image) / 255


def one_digit(digits, rng):
    """Return the first digit at a random size."""
    size = int(rng.integers(24, 161))
    return scaled(digits[0], size, size)


def line(digits, rng):
    """Return a line of digits of similar height, cropped at their sides, with narrow gaps."""
    size, parts = int(rng.integers(24, 121)), []
    for digit in digits:
        columns = np.flatnonzero((digit > 0.2).any(axis=0))
        digit = digit[:, columns[0] : columns[-1] + 1]
        height = int(size * rng.uniform(0.85, 1.15))
        part = scaled(digit, height, max(1, round(digit.shape[1] * height / 28)))
        below = int(rng.integers(0, int(1.2 * size) - height + 1))
        padding = (int(1.2 * size) - height - below, below), (0, int(size * rng.uniform(0.08, 0.3)))
        parts.append(np.pad(part, padding))
    return np.concatenate(parts, axis=1)


def picture(ink, rng, light_on_dark):
    """Return the ink on a larger, unevenly lit and noisy sheet, as a Pillow image."""
    height, width = np.add(ink.shape, rng.integers(40, 400, size=2))
    top, left = rng.integers(0, height - ink.shape[0] + 1), rng.integers(0, width - ink.shape[1] + 1)
    sheet = np.zeros((height, width))
    sheet[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    lit = uneven_light(rng, height, width) * (1 - rng.uniform(0.5, 0.9) * sheet)
    lit = 1 - lit if light_on_dark else lit
    noisy = lit + rng.normal(0, rng.uniform(0.01, 0.06), lit.shape)
    return Image.fromarray(np.uint8(255 * np.clip(noisy, 0, 1)))


def read(classifier, images, labels, seed, lines, folder):
    """Return how many of N pictures are read correctly, and the seconds per picture."""
    rng, n_correct, seconds = np.random.default_rng(seed), 0, 0.0
    for i in range(N):
        chosen = rng.integers(len(images), size=rng.integers(3, 7) if lines else 1)
        ink = (line if lines else one_digit)(images[chosen], rng)
        name = f"{folder}/{i}.{'png' if i % 4 < 2 else 'jpg'}"
        picture(ink, rng, light_on_dark=i % 2 == 1).save(name, quality=85)
        started = time.perf_counter()
        text = read_digits(name, classifier).text
        seconds += time.perf_counter() - started
        n_correct += text == "".join(map(str, labels[chosen]))
    return n_correct, seconds / N


def measure(seeds, recipe):
    data = peers.mnist()
    classifier = DenseDigitClassifier(**recipes[recipe], random_state=0).fit(
        data.data_train, data.target_train
    )
    images, labels = data.data_test.reshape(-1, 28, 28), data.target_test
    print(f"accuracy on the unchanged test images: {classifier.score(data.data_test, labels):.4f}")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(seeds):
            for kind in ("digits", "lines"):
                n_correct, seconds = read(classifier, images, labels, seed, kind == "lines", folder)
                print(f"seed {seed}: {n_correct} of {N} {kind} correct, {1000 * seconds:.0f} ms per picture")
                results.append({"seed": seed, "kind": kind, "correct": n_correct, "seconds": seconds})
    return results


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    arguments = sys.argv[1:] + ["3", "quick"][len(sys.argv) - 1 :]
    harness.run("bench_reading", lambda: measure(int(arguments[0]), arguments[1]))
