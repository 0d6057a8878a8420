"""
Which pixels matter
===================

Permutation importance shuffles one feature at a time and measures how much accuracy that costs. As an
image, it shows where the network looks: in the middle, where the strokes of different digits lie, and not
at the edges.
"""

import matplotlib.pyplot as plt
from sklearn.inspection import permutation_importance

from sk_digits import DenseDigitClassifier
from sk_digits.datasets import load_digits

digits = load_digits()
clf = DenseDigitClassifier((64,), random_state=0).fit(digits.data_train, digits.target_train)
importance = permutation_importance(clf, digits.data_test, digits.target_test, n_repeats=20, random_state=0)

figure, axes = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
axes[0].imshow(digits.images.mean(axis=0), cmap="gray_r")
axes[0].set_title("The mean of all images")
picture = axes[1].imshow(100 * importance.importances_mean.reshape(8, 8), cmap="viridis")
axes[1].set_title("What each pixel is worth")
figure.colorbar(picture, ax=axes[1], label="accuracy lost without it, in % points")
for ax in axes:
    ax.set_axis_off()
plt.show()

strongest = importance.importances_mean.argmax()
print(f"the strongest pixel: row {strongest // 8}, column {strongest % 8}")
