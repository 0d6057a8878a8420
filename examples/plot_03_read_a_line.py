"""
Reading a line of digits
========================

Train on digits in MNIST's format, then read a number from a picture with uneven light. The digits that come
with scikit-learn replace MNIST here; data of `load_mnist` needs no normaliser.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from sk_digits import DenseDigitClassifier
from sk_digits.datasets import load_digits
from sk_digits.plotting import LossCurveDisplay, MistakesDisplay
from sk_digits.preprocessing import DigitNormalizer, read_digits

digits = load_digits()
normalizer = DigitNormalizer()
X = normalizer.fit_transform(digits.images)
clf = DenseDigitClassifier((128,), early_stopping=True, random_state=0)
clf.fit(X[:1500], digits.target[:1500])

# %%
# A sheet with uneven light and five digits that are not in the training data.
rng = np.random.RandomState(0)
chosen = [1520, 1503, 1511, 1504, 1507]
ink = np.concatenate([np.pad(digits.images[i].repeat(5, 0).repeat(5, 1), 6) for i in chosen], axis=1)
light = np.linspace(0.95, 0.5, ink.shape[1])
sheet = light * (1 - 0.7 * np.pad(ink, ((20, 20), (0, 0)))) + rng.normal(0, 0.02, (92, ink.shape[1]))
reading = read_digits(np.clip(sheet, 0, 1), clf)
print("Read:", reading.text, "Written:", "".join(map(str, digits.target[chosen])))

figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
ax.imshow(sheet, cmap="gray", vmin=0, vmax=1)
for digit in reading.digits:
    left, top, right, bottom = digit.box
    ax.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, color="tab:orange"))
    ax.text(left, top - 2, f"{digit.label}: {digit.probabilities.max():.0%}", color="tab:red")
ax.axis("off")

# %%
# The training history, and the most confident mistakes.
figure, axes = plt.subplots(2, 1, figsize=(7, 7.5), height_ratios=(3, 3), layout="constrained")
LossCurveDisplay.from_estimator(clf, ax=axes[0])
MistakesDisplay.from_estimator(clf, X[1500:], digits.target[1500:], n_images=8, n_columns=4, ax=axes[1])
plt.show()
