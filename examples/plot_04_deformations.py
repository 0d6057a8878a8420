"""
Deformed images, and styles of writing that are missing
=======================================================

Small random deformations of the training images are worth more than any other method. `RandomDeformation`
draws a new one for each image in each epoch; ``thickness`` changes the pen. Whole styles, such as a 1 with
a flag or a 7 with a bar, are not deformations of others: `draw_digits` draws them.
"""

import matplotlib.pyplot as plt
import numpy as np

from sk_digits import DenseDigitClassifier
from sk_digits.augmentation import RandomDeformation, draw_digits
from sk_digits.plotting import DeformationDisplay, DigitsDisplay

labels = np.arange(3000) % 10
X_train, X_test = draw_digits(labels[:1000], random_state=0), draw_digits(labels, random_state=1)
deformation = RandomDeformation(thickness=0.8)

figure, axes = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
DeformationDisplay.from_deformation(deformation, X_train[:5], n_copies=6, random_state=0, ax=axes[0])
ones_and_sevens = np.repeat([1, 7], 12)
DigitsDisplay.from_predictions(
    draw_digits(ones_and_sevens, random_state=2),
    ones_and_sevens,
    ones_and_sevens,
    n_images=24,
    n_columns=6,
    ax=axes[1],
)
axes[1].set_title("Styles of 1 and 7")
plt.show()

# %%
# What the deformations bring on few images: the test images are 3,000 others.
for n_rows in (100, 1000):
    for name, augmentation in (("without", None), ("with", deformation)):
        clf = DenseDigitClassifier(epochs=60, batch_size=32, augmentation=augmentation, random_state=0)
        score = clf.fit(X_train[:n_rows], labels[:n_rows]).score(X_test, labels)
        print(f"{n_rows} images {name} deformations: test accuracy {score:.3f}")
