"""
A first fit and its report
==========================

Fit the classifier with its defaults on the digits that come with scikit-learn, and report how well it reads
the digits that it has not seen.
"""

from sklearn.metrics import classification_report

from sk_digits import DenseDigitClassifier
from sk_digits.datasets import load_digits

digits = load_digits()
clf = DenseDigitClassifier(random_state=0).fit(digits.data_train, digits.target_train)
print(classification_report(digits.target_test, clf.predict(digits.data_test)))

# %%
# Some of the test images, with the label that was predicted. A wrong one is framed, and the true label is
# named.
from sk_digits.plotting import DigitsDisplay

DigitsDisplay.from_estimator(
    clf, digits.data_test, digits.target_test, n_images=80, n_columns=16, random_state=1
)
