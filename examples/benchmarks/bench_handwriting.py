"""Read real handwriting with the reader that comes with the package, and print what it gets right.

``python bench_handwriting.py FOLDER [FIGURE]``. The folder may contain ``images.tsv`` (file, kind, label)
with the folder ``images``, ``amounts.tsv`` (file, label, boxes) with the folder ``amounts``, and
``semeion.npz`` (images, labels); what is missing is left out. FIGURE is a file for a montage of the pictures
that are misread.
"""

import csv
import sys
import time
from pathlib import Path

import harness
import numpy as np
from PIL import Image

from sk_digits import load_pretrained
from sk_digits.preprocessing import DigitNormalizer, read_digits

MAX_SHOWN = 40


def edit_distance(text, other):
    """Return the number of characters to insert, delete or replace."""
    row = list(range(len(other) + 1))
    for i, character in enumerate(text, 1):
        diagonal, row[0] = row[0], i
        for j, target in enumerate(other, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (character != target))
    return row[-1]


def read_table(path):
    with open(path, newline="") as file:
        return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]


def pictures(folder):
    """Return (kind, path, label) of each picture that is there."""
    found = []
    if (folder / "images.tsv").is_file():
        found += [(row[1], folder / "images" / row[0], row[2]) for row in read_table(folder / "images.tsv")]
    if (folder / "amounts.tsv").is_file():
        found += [
            ("amount", folder / "amounts" / row[0], row[1]) for row in read_table(folder / "amounts.tsv")
        ]
    return found


def read_pictures(folder):
    """Print, for each kind, how many pictures are read exactly; return the results and those misread."""
    outcomes, misread = {}, []
    for kind, path, label in pictures(folder):
        started = time.perf_counter()
        reading = read_digits(path)
        seconds = time.perf_counter() - started
        outcomes.setdefault(kind, []).append(
            (reading.text == label, edit_distance(reading.text, label), len(label), seconds)
        )
        if reading.text != label:
            misread.append((path, label, reading))
    results = {}
    for kind, rows in outcomes.items():
        exact, errors, lengths, seconds = zip(*rows, strict=True)
        results[kind] = {
            "exact": float(np.mean(exact)),
            "wrong per digit": sum(errors) / sum(lengths),
            "ms": 1000 * float(np.median(seconds)),
        }
        print(
            f"{kind:10}{sum(exact):5} of {len(exact):4} exact, {results[kind]['exact']:6.1%}; "
            f"{results[kind]['wrong per digit']:.3f} wrong per digit; {results[kind]['ms']:.0f} ms each"
        )
    return results, misread


def read_grey(path):
    """Return the grey values of an image file."""
    with Image.open(path) as image:
        return np.asarray(image.convert("L"), dtype=float)


def frame(images):
    """Return the rows of images of any sizes in MNIST's frame."""
    return np.array([DigitNormalizer().fit_transform(image[np.newaxis])[0] for image in images])


def framed_digits(folder):
    """Return the rows in MNIST's frame, and the labels, of the sets of single digits that are there."""
    sets = {}
    singles = [(path, int(label)) for kind, path, label in pictures(folder) if kind == "single"]
    if singles:
        paths, labels = zip(*singles, strict=True)
        sets["single"] = frame(map(read_grey, paths)), np.array(labels)
    if (folder / "semeion.npz").is_file():
        with np.load(folder / "semeion.npz") as semeion:
            X = DigitNormalizer().fit_transform(semeion["images"].astype(float))
            sets["Semeion"] = X, semeion["labels"]
    if (folder / "amounts.tsv").is_file():
        crops, labels = [], []
        for file, label, boxes in read_table(folder / "amounts.tsv"):
            grey = read_grey(folder / "amounts" / file)
            for digit, box in zip(label, boxes.split(";"), strict=True):
                left, top, right, bottom = map(int, box.split(","))
                crops.append(grey[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1])
                labels.append(int(digit))
        sets["boxes of amounts"] = frame(crops), np.array(labels)
    return sets


def classify_framed_digits(folder):
    """Print how many framed digits are classified correctly, and how probable the labels are."""
    reader, results = load_pretrained(), {}
    for name, (X, y) in framed_digits(folder).items():
        probabilities = reader.predict_proba(X)[:, 1:]
        accuracy = float((probabilities.argmax(axis=1) == y).mean())
        results[name] = {"accuracy": accuracy, "probability": float(probabilities.max(axis=1).mean())}
        print(f"{name:17}{accuracy:6.1%} correct, mean probability {results[name]['probability']:.1%}")
    return results


def draw_misread(misread, path):
    """Save a montage of misread pictures, each with its boxes and what should have been read."""
    from matplotlib.figure import Figure

    from sk_digits.plotting import ReadingDisplay

    shown = misread[:MAX_SHOWN]
    figure = Figure(figsize=(16, 2.4 * -(-len(shown) // 4)), layout="constrained")
    axes = figure.subplots(-(-len(shown) // 4), 4, squeeze=False).ravel()
    for ax in axes:
        ax.set_axis_off()
    for ax, (file, label, reading) in zip(axes, shown, strict=False):
        ReadingDisplay.from_reading(reading, ax=ax)
        ax.set_title(f"{file.name}: {label} read as {reading.text or 'nothing'}", fontsize=8)
    figure.savefig(path)


def measure():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    results, misread = read_pictures(folder)
    results |= classify_framed_digits(folder)
    if len(sys.argv) > 2 and misread:
        draw_misread(misread, sys.argv[2])
    return results


if __name__ == "__main__":
    harness.run("bench_handwriting", measure)
