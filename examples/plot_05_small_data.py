"""
Learning curves on small data, beside MLPClassifier
===================================================

How accurate is a classifier that has seen 50 rows, or 1,400? The length of our training follows from the
number of rows. Both classifiers have one layer of 100 units and learn about the same from the same rows;
deformed images, which MLPClassifier does not have, are worth nearly as much as twice as many rows.
"""

import matplotlib.pyplot as plt
from sklearn.model_selection import LearningCurveDisplay, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from sk_digits import DenseDigitClassifier
from sk_digits.augmentation import RandomDeformation
from sk_digits.datasets import load_digits

X, y = load_digits(return_X_y=True)
# The lengths are in pixels, of which these images have 8 by 8.
deformation = RandomDeformation(displacement=0.15, smoothness=2, rotation=10, scaling=0.1, shear=5, shift=0.4)
classifiers = {
    "DenseDigitClassifier, deformed images": DenseDigitClassifier(
        (100,), epochs=150, batch_size=32, augmentation=deformation, random_state=0
    ),
    "DenseDigitClassifier": DenseDigitClassifier((100,), random_state=0),
    "MLPClassifier": MLPClassifier((100,), max_iter=500, random_state=0),
}
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
# On a busy machine, MLPClassifier is several times slower with more threads.
with threadpool_limits(1):
    for clf in classifiers.values():
        LearningCurveDisplay.from_estimator(
            clf,
            X,
            y,
            train_sizes=[50, 100, 200, 400, 800, 1400],
            cv=StratifiedKFold(5, shuffle=True, random_state=0),
            score_type="test",
            shuffle=True,
            random_state=0,
            score_name="accuracy of images not seen",
            std_display_style=None,
            line_kw={"marker": "o"},
            ax=ax,
        )
ax.set_xscale("log")
ax.set_xticks([50, 100, 200, 400, 800, 1400], [50, 100, 200, 400, 800, "1,400"], minor=False)
ax.minorticks_off()
ax.set_xlabel("training rows")
ax.legend(ax.get_lines(), classifiers, loc="lower right")
plt.show()
