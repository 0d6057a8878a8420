"""
The confusion matrix and the worst mistakes
===========================================

An accuracy says how often a classifier is wrong; these pictures say where. The classifier is a small one,
so that it makes mistakes to look at.
"""

import matplotlib.pyplot as plt

from sk_digits import DenseDigitClassifier
from sk_digits.datasets import load_digits
from sk_digits.plotting import ConfusionDisplay, MistakesDisplay

digits = load_digits()
clf = DenseDigitClassifier((16,), random_state=0).fit(digits.data_train[:400], digits.target_train[:400])
print(f"test accuracy: {clf.score(digits.data_test, digits.target_test):.3f}")

# %%
# Left: each row is a digit, each column what it was taken for. Right: the most confident mistakes first,
# with the true label, the prediction and its probability.
figure, axes = plt.subplots(1, 2, figsize=(11, 5.5), layout="constrained")
ConfusionDisplay.from_estimator(clf, digits.data_test, digits.target_test, ax=axes[0])
MistakesDisplay.from_estimator(
    clf, digits.data_test, digits.target_test, n_images=16, n_columns=4, ax=axes[1]
)
plt.show()
