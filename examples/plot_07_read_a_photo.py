"""
Read a photo
============

The reader that comes with the package finds the digits in a picture, reads them and says how sure it is.
The photo is drawn here: a sheet in uneven light, a little askew, with three numbers in the styles of
several hands.
"""

import numpy as np
from PIL import Image
from scipy import ndimage

from sk_digits.augmentation import draw_digits
from sk_digits.plotting import ReadingDisplay
from sk_digits.preprocessing import read_digits

NUMBERS = ["1947", "20358", "6174"]
rng = np.random.RandomState(7)
ink = np.zeros((410, 560))
for line, number in enumerate(NUMBERS):
    for place, image in enumerate(
        draw_digits([int(digit) for digit in number], random_state=rng).reshape(-1, 28, 28)
    ):
        digit = ndimage.zoom(image, rng.uniform(2.9, 3.5), order=1).clip(0, 1)
        top, left = 30 + 125 * line + rng.randint(16), 25 + 104 * place + rng.randint(14)
        ink[top : top + digit.shape[0], left : left + digit.shape[1]] += digit
ink = ndimage.rotate(ndimage.gaussian_filter(ink, 0.8), 2, reshape=False, order=1).clip(0, 1)

down, across = np.mgrid[:410, :560] / 560
paper = (0.95 - 0.3 * across - 0.1 * down)[..., np.newaxis] * [1, 0.98, 0.92]
paper += ndimage.gaussian_filter(rng.normal(0, 0.3, ink.shape), 1.5)[..., np.newaxis] * 0.12
photo = paper * (1 - ink[..., np.newaxis] * [0.8, 0.72, 0.42])
photo += rng.normal(0, 0.008, photo.shape)
photo = Image.fromarray(np.uint8(255 * photo.clip(0, 1)))

reading = read_digits(photo)  # or the path of a file
print(reading.text)

# %%
# The boxes that were found, with the label and the probability of each digit.
ReadingDisplay.from_reading(reading)
