"""
Deforming the training images
=============================

Show the images that training with `RandomDeformation` sees, and what they gain if there are few images.
"""

import matplotlib.pyplot as plt

from sk_digits import DenseDigitClassifier
from sk_digits.augmentation import RandomDeformation
from sk_digits.datasets import load_digits

digits = load_digits()
deformation = RandomDeformation(displacement=0.15, smoothness=2, rotation=10, scaling=0.1, shear=5, shift=0.4)

# %%
# The first column is the original image.
copies = deformation.preview(digits.images[:5], n=9, random_state=0)
figure, axes = plt.subplots(5, 10, figsize=(8, 4.2))
for row, image in enumerate(digits.images[:5]):
    for column in range(10):
        pixels = image if column == 0 else copies[row, column - 1]
        axes[row, column].imshow(pixels, cmap="gray_r", vmin=0, vmax=1)
        axes[row, column].axis("off")
figure.suptitle("The original image and nine deformations")
figure.tight_layout()

# %%
# Train on 300 images, without and with deformations.
X_few, y_few = digits.data_train[:300], digits.target_train[:300]
for name, augmentation in (("without deformations", None), ("with deformations", deformation)):
    clf = DenseDigitClassifier((256,), batch_size=32, epochs=200, augmentation=augmentation, random_state=0)
    score = clf.fit(X_few, y_few).score(digits.data_test, digits.target_test)
    print(f"300 images {name}: test accuracy {score:.3f}")

plt.show()
