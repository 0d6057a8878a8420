"""
Calibration, and the option not to answer
=========================================

A reader of cheques may leave a doubtful digit to a person. How many digits are left, if those that are read
are to be right? The answer is worth something only if the probabilities are calibrated: of the digits with
probability 0.9, nine in ten should be right.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import PercentFormatter

from sk_digits import DenseDigitClassifier
from sk_digits.datasets import load_digits

digits = load_digits()
clf = DenseDigitClassifier((64,), random_state=0).fit(digits.data_train[:300], digits.target_train[:300])
X, y = (
    np.concatenate([digits.data_train[300:], digits.data_test]),
    np.r_[digits.target_train[300:], digits.target_test],
)
probabilities = clf.predict_proba(X)
confidence, correct = probabilities.max(axis=1), clf.predict(X) == y

# %%
# Left: the probability of the label, in eight groups of equal size, and how many of each group are right.
# Right: reject the digits below a probability, and count the mistakes among the others.
edges = np.quantile(confidence, np.linspace(0, 1, 9))
group = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, 7)
thresholds = np.linspace(0, 0.99, 100)
rejected = [(confidence < threshold).mean() for threshold in thresholds]
errors = [(~correct[confidence >= threshold]).mean() for threshold in thresholds]

figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
axes[0].plot([0.4, 1], [0.4, 1], color="grey", linestyle=":", label="calibrated")
axes[0].plot(
    [confidence[group == i].mean() for i in range(8)],
    [correct[group == i].mean() for i in range(8)],
    marker="o",
    label="this classifier",
)
axes[0].legend()
axes[0].set(xlabel="probability of the label", ylabel="share that is right", title="Calibration")
axes[1].plot(rejected, errors)
axes[1].xaxis.set_major_formatter(PercentFormatter(1, 0))
axes[1].yaxis.set_major_formatter(PercentFormatter(1))
axes[1].set(xlabel="digits left to a person", ylabel="mistakes among the digits read", title="Reject option")
plt.show()

for threshold in (0, 0.5, 0.8, 0.9):
    kept = confidence >= threshold
    print(
        f"probability at least {threshold}: {kept.mean():.1%} read, {correct[kept].mean():.2%} of them right"
    )
