"""
Searching and evaluating a classifier
=====================================

Search the parameters of a pipeline, report the accuracy of the best one on test images, and draw its
confusion matrix.
"""

import matplotlib.pyplot as plt
from sklearn.metrics import ConfusionMatrixDisplay, classification_report
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from sk_digits import DenseDigitClassifier
from sk_digits.datasets import load_digits

digits = load_digits()
pipeline = Pipeline([("scaler", MinMaxScaler()), ("classifier", DenseDigitClassifier(random_state=0))])
grid = {"classifier__batch_norm": [False, True], "classifier__learning_rate": [0.001, 0.003]}
search = GridSearchCV(pipeline, grid, cv=3).fit(digits.data_train, digits.target_train)

print("Best parameters:", search.best_params_)
print(classification_report(digits.target_test, search.predict(digits.data_test)))

# %%
# The confusion matrix is drawn by scikit-learn.
ConfusionMatrixDisplay.from_estimator(
    search, digits.data_test, digits.target_test, cmap="Blues", colorbar=False
)
plt.tight_layout()
plt.show()
