"""
Learning curves on small data, beside MLPClassifier
===================================================

How accurate is a classifier that has seen 50 rows, or 1,000? The defaults of both classifiers; the length
of our training follows from the number of rows.
"""

import matplotlib.pyplot as plt
from sklearn.model_selection import LearningCurveDisplay, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sk_digits import DenseDigitClassifier
from sk_digits.datasets import load_digits

X, y = load_digits(return_X_y=True)
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
peers = [
    DenseDigitClassifier((100,), random_state=0),
    MLPClassifier((100,), max_iter=500, random_state=0),
]
for clf in peers:
    LearningCurveDisplay.from_estimator(
        make_pipeline(MinMaxScaler(), clf),
        X,
        y,
        train_sizes=[50, 100, 200, 400, 800, 1400],
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
        score_type="test",
        shuffle=True,
        random_state=0,
        score_name="accuracy of images not seen",
        line_kw={
            "marker": "o",
        },
        ax=ax,
    )
ax.set_xscale("log")
ax.set_xlabel("training rows")
ax.legend(ax.get_lines(), [type(clf).__name__ for clf in peers], loc="lower right")
plt.show()
