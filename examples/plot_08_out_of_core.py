"""
Learn from a file that is larger than memory
============================================

``partial_fit`` trains on one part of the data after another. Here the parts are chunks of a CSV file that
pandas reads; with a Dask array they are its blocks.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sk_digits import DenseDigitClassifier
from sk_digits.datasets import load_digits

digits = load_digits()
path = Path(tempfile.mkdtemp()) / "digits.csv"
table = pd.DataFrame(np.uint8(16 * digits.data_train)).assign(label=digits.target_train)
table.sample(frac=1, random_state=0).to_csv(path, index=False)

clf = DenseDigitClassifier((128,), random_state=0)
seen, scores = [], []
for _ in range(6):
    for chunk in pd.read_csv(path, chunksize=200):
        labels = chunk.pop("label")
        clf.partial_fit(chunk.to_numpy() / 16, labels, classes=np.arange(10))
        seen.append(len(chunk) + (seen[-1] if seen else 0))
        scores.append(clf.score(digits.data_test, digits.target_test))
print(f"test accuracy after {seen[-1]:,} rows: {scores[-1]:.3f}")

figure, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
ax.plot(seen, scores, marker=".")
for end in range(1, 6):
    ax.axvline(end * len(digits.data_train), color="grey", linewidth=0.6, linestyle=":")
ax.set(xlabel="rows seen; a dotted line ends a pass over the file", ylabel="test accuracy")
plt.show()
