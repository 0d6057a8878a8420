"""Tests of `sk_digits.preprocessing`: the digit normalizer and the reader of pictures."""

import base64
import contextlib
import dataclasses
import io
import itertools
import sys
import urllib.parse
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import make_small, slow
from PIL import Image
from scipy import ndimage
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sk_digits._reading import _image_input
from sk_digits._reading._ink import local_contrast
from sk_digits._reading._segmentation import find_ink, find_lines
from sk_digits.preprocessing import DigitNormalizer, read_digits

N_TRAIN = 1437


@pytest.fixture(scope="session")
def framed(digits):
    """The bundled digits in MNIST's frame."""
    return DigitNormalizer().fit_transform(digits.images)


@pytest.fixture(scope="session")
def reader(framed, digits):
    return make_small(hidden_layer_sizes=(64,)).fit(framed[:N_TRAIN], digits.target[:N_TRAIN])


@pytest.fixture(scope="session")
def readable(framed, reader, digits):
    """Three enlarged images of each digit, those that the classifier is most certain of."""
    surest = reader.predict_proba(framed)[np.arange(len(framed)), digits.target]
    rows = [np.argsort(-surest * (digits.target == label))[:3] for label in range(10)]
    return [[ndimage.zoom(framed[i].reshape(28, 28), 2, order=1) for i in three] for three in rows]


def page(readable, text, *, gap=10, height=100, noise=0.02, light=(0.9, 0.6), dark_on_light=True):
    """Return a grey picture in [0, 1] of a number on unevenly lit paper."""
    parts = []
    for place, character in enumerate(text):
        ink = np.clip(readable[int(character)][place % 3], 0, 1)
        inked = np.flatnonzero((ink > 0.3).any(axis=0))
        parts += [np.zeros((len(ink), gap)), ink[:, inked[0] : inked[-1] + 1]]
    ink = np.concatenate([*parts, np.zeros((len(parts[0]), gap))], axis=1) if parts else np.zeros((56, 200))
    ink = np.pad(ink, (((height - len(ink)) // 2,) * 2, (20, 20)))
    picture = np.linspace(*light, ink.shape[1]) * (1 - 0.75 * ink)
    picture += np.random.RandomState(0).normal(0, noise, ink.shape)
    return np.clip(picture if dark_on_light else 1 - picture, 0, 1)


def as_uint8(picture):
    return np.uint8(np.rint(255 * picture))


# DigitNormalizer


def test_mnist_digits_stay_as_they_are(mnist):
    X = mnist.data_train[-2000:]
    change = abs(DigitNormalizer().fit_transform(X) - X).max(axis=1)
    assert (change < 0.02).mean() > 0.93


@pytest.mark.parametrize(
    "change",
    [
        lambda X: 255 * X,
        lambda X: 1 - X,
        lambda X: (255 * (1 - X)).astype(np.uint8),
        lambda X: 1e6 - 1e3 * X,
        lambda X: -X,
        lambda X: np.pad(X, ((0, 0), (30, 3), (0, 17))),
        lambda X: X.repeat(3, axis=1).repeat(3, axis=2),
        lambda X: X[..., np.newaxis],
        lambda X: X[..., np.newaxis].repeat(3, axis=3),
        lambda X: 200 * np.insert(X[..., np.newaxis].repeat(3, axis=3), 3, 1, axis=3),
    ],
    ids=["255", "dark", "uint8", "offset", "negative", "padded", "large", "channel", "RGB", "RGBA"],
)
def test_output_does_not_depend_on_range_polarity_dtype_padding_size_or_channels(change, framed):
    X = framed[:50].reshape(-1, 28, 28)
    X = DigitNormalizer().fit_transform(X).reshape(X.shape)
    out = DigitNormalizer().fit_transform(change(X))
    assert out.dtype == np.float32
    assert out.shape == (50, 784)
    assert abs(out - X.reshape(50, -1)).mean() < 0.012


def test_digit_fills_the_box_and_its_mass_is_centred(digits):
    large = digits.images[:100].repeat(8, axis=1).repeat(8, axis=2)
    X = DigitNormalizer().fit_transform(large).reshape(-1, 28, 28)
    for image in X:
        rows, columns = np.nonzero(image > 0.12)
        assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 21
        assert abs(np.subtract(ndimage.center_of_mass(image), 14)).max() <= 0.75
    assert X.min() == 0
    assert X.max() == 1


def test_thin_and_thick_lines_have_full_intensity():
    images = np.ones((2, 300, 300))
    images[0, 50:250, 150:152] = 0
    images[1, 50:250, 135:165] = 0
    assert (DigitNormalizer().fit_transform(images).max(axis=1) == 1).all()


def test_specks_do_not_shrink_the_digit(framed):
    X = np.pad(framed[:20].reshape(-1, 28, 28), ((0, 0), (30, 30), (30, 30)))
    clean = DigitNormalizer().fit_transform(X)
    X[:, 3, 5] = X[:, 80, 70] = 1
    np.testing.assert_allclose(DigitNormalizer().fit_transform(X), clean, atol=0.05)


def test_background_noise_does_not_shrink_the_digit(framed):
    X = np.pad(framed[:20].reshape(-1, 28, 28), ((0, 0), (30, 30), (30, 30)))
    noisy = X + np.random.RandomState(0).normal(0, 0.05, X.shape)
    difference = DigitNormalizer().fit_transform(noisy) - DigitNormalizer().fit_transform(X)
    assert abs(difference).mean() < 0.03


def channels(X, n):
    """Return grey images in [0, 1] as uint8 with `n` channels; 0 for no axis of channels."""
    X = as_uint8(X)
    if n == 0:
        return X
    X = X[..., np.newaxis].repeat(min(n, 3), axis=3)
    return np.insert(X, 3, 255, axis=3) if n == 4 else X


LISTS = {
    "list of arrays": list,
    "tuple of arrays": tuple,
    "nested lists": np.ndarray.tolist,
    "list of lists of arrays": lambda X: [list(image) for image in X],
}


@pytest.mark.parametrize("n_channels", [0, 1, 3, 4])
@pytest.mark.parametrize("as_list", LISTS.values(), ids=LISTS)
def test_list_of_images_gives_the_same_output_as_the_array(as_list, n_channels, framed):
    X = channels(framed[:6].reshape(-1, 28, 28), n_channels)
    expected = DigitNormalizer().fit_transform(X)
    normalizer = DigitNormalizer().fit(as_list(X))
    assert normalizer.image_shape_ == (28, 28)
    np.testing.assert_allclose(normalizer.transform(as_list(X)), expected, atol=1e-6)
    np.testing.assert_array_equal(normalizer.transform(X), expected)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([np.zeros((8, 8)), np.zeros((9, 9))], r"got shape \(8, 8\) at item 0 and shape \(9, 9\) at item 1"),
        ([np.zeros((8, 8))] * 3 + [np.zeros((8, 9))], r"and shape \(8, 9\) at item 3"),
        (
            [np.zeros((8, 8, 3)), np.zeros((8, 8, 4))],
            r"\(8, 8, 3\) at item 0 and shape \(8, 8, 4\) at item 1",
        ),
        ((np.zeros((8, 8)), np.zeros((8, 8, 3))), r"\(8, 8\) at item 0 and shape \(8, 8, 3\) at item 1"),
        ([np.zeros((8, 8, 1)), np.zeros((8, 8))], r"\(8, 8, 1\) at item 0 and shape \(8, 8\) at item 1"),
        ([[[0, 1], [0, 1]], [[0, 1], [0]]], "item 1 has rows of different lengths"),
        ([[0, 1], [0]], r"got shape \(2,\) at item 0 and shape \(1,\) at item 1"),
    ],
)
def test_list_of_images_of_different_shapes_is_rejected(X, message, digits):
    message = f"X must hold images or rows of one shape, .*{message}"
    with pytest.raises(ValueError, match=message):
        DigitNormalizer().fit(X)
    with pytest.raises(ValueError, match=message):
        DigitNormalizer().fit(digits.images).transform(X)


@pytest.mark.parametrize("shape", [(0, 64), (0, 8, 8), (0, 8, 8, 1), (0, 8, 8, 3), (0, 8, 8, 4)])
def test_an_empty_stack_of_images_is_rejected(shape):
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        DigitNormalizer().fit(np.zeros(shape))


@pytest.mark.parametrize("value", [0, 1, 255, -3.5])
def test_blank_images_become_zeros(value):
    assert not DigitNormalizer().fit_transform(np.full((3, 784), value)).any()


@pytest.mark.parametrize(
    ("n_features", "image_shape", "found"),
    [(64, None, (8, 8)), (60, None, (1, 60)), (60, (6, 10), (6, 10)), (1, None, (1, 1))],
)
def test_rows_are_square_images_unless_image_shape_is_given(n_features, image_shape, found):
    X = np.random.RandomState(0).uniform(size=(4, n_features))
    normalizer = DigitNormalizer(image_shape=image_shape).fit(X)
    assert normalizer.image_shape_ == found
    assert normalizer.transform(X).shape == (4, 784)


ONE_IMAGE = [
    (28, 28),
    (8, 8),
    (16, 16),
    (36, 36),
    (28, 20),
    (60, 110),
    (100, 60),
    (480, 640),
    (28, 28, 1),
    (28, 28, 3),
    (28, 28, 4),
    (64, 64, 3),
    (240, 320, 3),
    slow((480, 640, 3)),
]


@pytest.mark.parametrize("form", [np.asarray, np.ndarray.tolist, list, lambda image: np.uint8(255 * image)])
@pytest.mark.parametrize("shape", ONE_IMAGE, ids=str)
def test_one_image_is_refused_with_the_way_to_pass_it(shape, form):
    image = np.random.RandomState(0).uniform(size=shape)
    message = (
        rf"X has shape \({', '.join(map(str, shape))}\), which is .* one image; pass .*image\[np.newaxis\]"
    )
    with pytest.raises(ValueError, match=message):
        DigitNormalizer().fit_transform(form(image))
    with pytest.raises(ValueError, match=message):
        DigitNormalizer(image_shape=shape[:2]).fit(form(image))
    normalizer = DigitNormalizer().fit(image[np.newaxis])
    assert normalizer.transform(image[np.newaxis]).shape == (1, 784)
    with pytest.raises(ValueError, match=message):
        normalizer.transform(form(image))


@pytest.mark.parametrize("form", [pd.DataFrame, Image.fromarray], ids=["DataFrame", "Pillow"])
def test_one_image_of_another_type_is_refused_by_fit(form):
    image = as_uint8(np.random.RandomState(0).uniform(size=(28, 28)))
    with pytest.raises(ValueError, match=r"one image; pass .*image\[np.newaxis\]"):
        DigitNormalizer().fit(form(image))


@pytest.mark.parametrize(
    ("shape", "params", "found"),
    [
        ((64, 64), {}, (8, 8)),
        ((100, 100), {}, (10, 10)),
        ((784, 784), {}, (28, 28)),
        ((28, 784), {}, (28, 28)),
        ((4, 4), {}, (2, 2)),
        ((1, 1), {}, (1, 1)),
        ((7, 7), {}, (1, 7)),
        ((20, 16), {}, (4, 4)),
        ((30, 3), {}, (1, 3)),
        ((150, 4), {}, (2, 2)),
        ((56, 10), {}, (1, 10)),
        ((28, 28), {"image_shape": (4, 7)}, (4, 7)),
        ((28, 28), {"image_shape": (1, 28)}, (1, 28)),
        ((40, 35), {"image_shape": (7, 5)}, (7, 5)),
        ((1, 35), {"image_shape": (1, 35)}, (1, 35)),
        ((10, 5, 3), {}, (5, 3)),
        ((10, 9, 3), {"image_shape": (9, 3)}, (9, 3)),
        ((3, 28, 28), {}, (28, 28)),
    ],
    ids=str,
)
def test_rows_and_stacks_that_make_sense_are_accepted(shape, params, found):
    X = np.random.RandomState(0).uniform(size=shape)
    normalizer = DigitNormalizer(**params).fit(X)
    assert normalizer.image_shape_ == found
    assert normalizer.transform(X).shape == (len(X), 784)


def test_output_shape_and_box_size_can_be_set(digits):
    normalizer = DigitNormalizer(output_shape=(16, 12), box_size=10).fit(digits.images)
    assert normalizer.transform(digits.images[:3]).shape == (3, 192)
    names = normalizer.get_feature_names_out()
    assert (names[0], names[-1], len(names)) == ("pixel_0_0", "pixel_15_11", 192)


def test_normalizer_works_in_a_pipeline_before_the_classifier(digits):
    pipeline = make_pipeline(DigitNormalizer(), make_small(hidden_layer_sizes=(64,), epochs=20))
    dark = 16 - 16 * digits.data
    score = pipeline.fit(dark[:N_TRAIN], digits.target[:N_TRAIN]).score(
        dark[N_TRAIN:], digits.target[N_TRAIN:]
    )
    assert score > 0.85


@pytest.mark.parametrize(
    ("params", "X", "message"),
    [
        (
            {"image_shape": (5, 5)},
            np.zeros((2, 64)),
            r"image_shape=\(5, 5\) has 25 pixels, .* have 64 features",
        ),
        (
            {"image_shape": (4, 16)},
            np.zeros((2, 8, 8)),
            r"image_shape=\(4, 16\), but X has images of shape \(8, 8\)",
        ),
        (
            {"image_shape": (8,)},
            np.zeros((2, 8)),
            r"image_shape must be two int of at least 1, .* got \(8,\)",
        ),
        (
            {"output_shape": (28, 0)},
            np.zeros((2, 64)),
            r"output_shape must be two int of at least 1, .* got \(28, 0\)",
        ),
        ({"box_size": 30}, np.zeros((2, 64)), "box_size must be at most 28, .* got 30"),
        ({"box_size": 0}, np.zeros((2, 64)), "'box_size' parameter"),
        ({}, np.zeros((2, 8, 8, 2)), "one channel"),
        ({}, np.full((2, 64), np.nan), "NaN"),
    ],
)
def test_fit_rejects_invalid_parameters_and_images(params, X, message):
    with pytest.raises(ValueError, match=message):
        DigitNormalizer(**params).fit(X)


def test_transform_rejects_images_of_another_shape(digits):
    with pytest.raises(ValueError, match=r"shape \(4, 16\), but DigitNormalizer was fitted on .* \(8, 8\)"):
        DigitNormalizer().fit(digits.images).transform(np.zeros((2, 4, 16)))


# read_digits


@pytest.mark.parametrize("dark_on_light", [True, False])
@pytest.mark.parametrize("text", ["7", "2024", "905318", "11", "46"])
def test_digits_are_read_from_left_to_right(text, dark_on_light, readable, reader):
    reading = read_digits(page(readable, text, dark_on_light=dark_on_light), reader)
    assert reading.text == text
    assert [digit.label for digit in reading.digits] == [int(character) for character in text]
    lefts = [digit.box[0] for digit in reading.digits]
    assert lefts == sorted(lefts)


def test_each_digit_has_a_box_probabilities_and_an_image(readable, reader):
    picture = page(readable, "38", noise=0, light=(1, 1))
    first, second = read_digits(picture, reader).digits
    ink = picture < 0.6
    left, top, right, bottom = first.box
    assert first.box[2] <= second.box[0]
    assert ink[top:bottom, left:right].sum() + _inked(ink, second.box) >= 0.97 * ink.sum()
    rows, columns = np.nonzero(ink)
    assert abs(columns.min() - left) <= 2
    assert abs(rows.min() - min(top, second.box[1])) <= 2
    assert first.probabilities.shape == (10,)
    assert abs(first.probabilities.sum() - 1) < 1e-5
    assert first.probabilities.argmax() == 3
    assert first.image.shape == (28, 28)
    assert first.image.max() == 1
    np.testing.assert_array_equal(reader.predict(first.image.reshape(1, -1)), [3])
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.label = 4


def _inked(ink, box):
    left, top, right, bottom = box
    return ink[top:bottom, left:right].sum()


def opened(content):
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "GIF", "BMP"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_files_of_several_formats_are_read(format, mode, readable, reader, tmp_path):
    path = tmp_path / f"number.{format.lower()}"
    Image.fromarray(as_uint8(page(readable, "4071"))).convert(mode).save(path, format)
    assert read_digits(path, reader).text == "4071"


@pytest.mark.parametrize("form", [str, lambda path: path, lambda path: path.read_bytes(), Image.open, open])
def test_file_can_be_a_path_bytes_a_pillow_image_or_a_file_object(form, readable, reader, tmp_path):
    path = tmp_path / "number.png"
    Image.fromarray(as_uint8(page(readable, "52"))).save(path)
    given = path.open("rb") if form is open else form(path)
    with given if hasattr(given, "close") else contextlib.nullcontext():
        assert read_digits(given, reader).text == "52"


def data_url(content, form):
    """Return the content of a file as a data URL in one of the forms that RFC 2397 allows."""
    encoded = base64.b64encode(content).decode()
    return {
        "canvas": f"data:image/png;base64,{encoded}",
        "upper case": f"DATA:image/PNG;BASE64,{encoded}",
        "parameters": f"data:image/png;name=a.png;base64,{encoded}",
        "no type": f"data:;base64,{encoded}",
        "line breaks": "data:image/png;base64,\n"
        + "\n".join(encoded[i : i + 76] for i in range(0, len(encoded), 76)),
        "percent in base64": f"data:image/png;base64,{urllib.parse.quote(encoded, safe='')}",
        "percent": f"data:image/png,{urllib.parse.quote_from_bytes(content)}",
    }[form]


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
@pytest.mark.parametrize(
    "form",
    ["canvas", "upper case", "parameters", "no type", "line breaks", "percent in base64", "percent"],
)
def test_a_data_url_is_read(form, format, readable, reader):
    file = io.BytesIO()
    Image.fromarray(as_uint8(page(readable, "52"))).save(file, format)
    assert read_digits(data_url(file.getvalue(), form), reader).text == "52"


def test_a_data_url_of_a_transparent_canvas_is_read(readable, reader):
    ink = 1 - page(readable, "47", noise=0, light=(1, 1))
    alpha = as_uint8(ink / ink.max())
    file = io.BytesIO()
    Image.fromarray(np.dstack([np.zeros((*alpha.shape, 3), np.uint8), alpha])).save(file, "PNG")
    assert read_digits(data_url(file.getvalue(), "canvas"), reader).text == "47"


@pytest.mark.parametrize(
    "form",
    [
        lambda p: as_uint8(p),
        lambda p: np.uint16(65535 * p),
        lambda p: 255.0 * p,
        lambda p: np.float32(p),
        lambda p: (1000 * p).astype(np.int64) - 500,
        lambda p: p > 0.5,
        lambda p: as_uint8(p).tolist(),
        lambda p: p[..., np.newaxis],
        lambda p: as_uint8(p)[..., np.newaxis].repeat(3, axis=2),
        lambda p: Image.fromarray(as_uint8(p)).convert("P"),
        lambda p: Image.fromarray(as_uint8(p)).convert("CMYK"),
        lambda p: Image.fromarray(np.uint16(65535 * p)),
        lambda p: Image.fromarray(np.float32(p)),
    ],
)
def test_arrays_and_pillow_images_of_every_type_are_read(form, readable, reader):
    picture = page(readable, "639", light=(0.9, 0.9))
    assert read_digits(form(picture), reader).text == "639"


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 30)])
def test_ink_on_a_transparent_background_is_read(colour, readable, reader):
    ink = 1 - page(readable, "47", noise=0, light=(1, 1))
    alpha = as_uint8(ink / ink.max())
    image = np.dstack([np.full((*alpha.shape, 3), colour, np.uint8), alpha])
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    assert read_digits(image, reader).text == read_digits(file.getvalue(), reader).text == "47"


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_photo_is_rotated_by_its_exif_orientation(orientation, readable, reader):
    turn = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    image = Image.fromarray(as_uint8(page(readable, "724")))
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.transpose(turn[orientation]).save(file, "JPEG", exif=exif, quality=95)
    reading = read_digits(file.getvalue(), reader)
    assert reading.text == "724"
    assert max(digit.box[2] for digit in reading.digits) <= image.width


@pytest.mark.parametrize(
    "blank",
    [
        np.zeros((50, 80)),
        np.full((50, 80), 255, np.uint8),
        np.random.RandomState(0).normal(0.5, 0.05, (300, 400)),
        np.random.RandomState(0).randint(0, 256, (200, 300)).astype(np.uint8),
        np.tile(np.linspace(0.2, 0.9, 300), (200, 1)),
        np.zeros((1, 1)),
        np.zeros((1, 500)),
    ],
    ids=["black", "white", "noise", "wild noise", "slope", "one pixel", "one row"],
)
def test_blank_image_has_no_digits(blank, reader):
    reading = read_digits(blank, reader)
    assert reading.text == ""
    assert reading.digits == ()


def test_specks_and_ruled_lines_are_not_read_as_digits(readable, reader):
    picture = page(readable, "8035", height=160)
    picture[8:11, 20:-20] = 0.1
    picture[30:34, 12:16] = picture[140:145, 60:64] = 0.1
    assert read_digits(picture, reader).text == "8035"


def test_digit_with_a_broken_stroke_is_read_as_one(readable, reader):
    picture = page(readable, "0", light=(0.9, 0.9), noise=0)
    left, top, right, bottom = read_digits(picture, reader).digits[0].box
    picture[(top + bottom) // 2 : (top + bottom) // 2 + 2] = 0.9
    (digit,) = read_digits(picture, reader).digits
    assert digit.label == 0
    assert digit.box == (left, top, right, bottom)


def bridge(picture, one, other):
    """Draw a stroke between two digits where they are closest."""
    ink = picture < 0.5
    rights = [np.flatnonzero(row[: one[2]]).max(initial=0) for row in ink]
    lefts = [np.flatnonzero(row[other[0] :]).min(initial=10**6) + other[0] for row in ink]
    row = np.subtract(lefts, rights).argmin()
    picture[row - 1 : row + 2, rights[row] : lefts[row] + 1] = 0.25


def test_most_touching_digits_are_segmented(readable, reader):
    right = cut = 0
    for number in range(12, 96, 4):
        picture = page(readable, str(number), gap=4, light=(0.9, 0.9))
        bridge(picture, *(digit.box for digit in read_digits(picture, reader).digits))
        contrast, noise = local_contrast(picture)
        ((line,),) = find_lines(contrast, find_ink(contrast, noise))
        if len(np.unique(line.components)) == 1:
            reading = read_digits(picture, reader)
            right += reading.text == str(number)
            cut += 1
            for one, other in itertools.pairwise(reading.digits):
                assert one.box[2] <= other.box[0]
    assert cut >= 10
    assert right / cut > 0.6


def test_large_photo_is_read_with_boxes_in_its_own_pixels(readable, reader):
    small = page(readable, "1906", height=140)
    large = as_uint8(small).repeat(12, axis=0).repeat(12, axis=1)
    expected, reading = read_digits(small, reader), read_digits(large, reader)
    assert reading.text == expected.text == "1906"
    for one, other in zip(expected.digits, reading.digits, strict=True):
        assert abs(12 * np.array(one.box) - other.box).max() <= 24


def assert_box(box, expected, picture, tolerance):
    """Check that a box is inside the picture, near the expected box, and touches the same edges."""
    height, width = picture.shape
    limits = np.array([0, 0, width, height])
    left, top, right, bottom = box
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert abs(np.subtract(box, expected)).max() <= tolerance
    np.testing.assert_array_equal(np.equal(box, limits)[np.equal(expected, limits)], True)


@pytest.mark.parametrize("edge", ["left", "top", "right", "bottom"])
@pytest.mark.parametrize("remainder", [(0, 0), (1, 0), (0, 1), (1, 1), (-1, -1)])
@pytest.mark.parametrize("factor", [1, 2, 3, 4, 7])
def test_boxes_stay_inside_an_image_that_was_downscaled(factor, remainder, edge, reader, monkeypatch):
    height, width = factor * 100 + remainder[0], factor * 140 + remainder[1]
    monkeypatch.setattr(_image_input, "MAX_PIXELS", -(-height * width // factor**2))
    digit_height, digit_width = factor * 48, factor * 10
    left = {"left": 0, "right": width - digit_width}.get(edge, factor * 60)
    top = {"top": 0, "bottom": height - digit_height}.get(edge, factor * 26)
    expected = left, top, left + digit_width, top + digit_height
    picture = np.full((height, width), 0.9)
    picture[top : expected[3], left : expected[2]] = 0.1
    (digit,) = read_digits(picture, reader).digits
    assert_box(digit.box, expected, picture, factor)


@pytest.mark.parametrize("factor", [2, 3, 7])
@pytest.mark.parametrize("edge", ["right", "bottom"])
def test_boxes_of_touching_digits_stay_inside_an_image_that_was_downscaled(edge, factor, reader, monkeypatch):
    height, width = factor * 100 + 1, factor * 200 + 1
    monkeypatch.setattr(_image_input, "MAX_PIXELS", -(-height * width // factor**2))
    right, bottom = (width, factor * 74) if edge == "right" else (factor * 150, height)
    picture = np.full((height, width), 0.9)
    # Two rings that overlap, together too wide for one digit.
    row, column = np.indices(picture.shape) + 0.5
    for left in (right - factor * 72, right - factor * 38):
        radius = np.hypot((column - left) / (factor * 19) - 1, (row - bottom) / (factor * 24) + 1)
        picture[(radius >= 0.7) & (radius <= 1)] = 0.1
    digits = read_digits(picture, reader).digits
    assert len(digits) >= 2
    for digit in digits:
        assert 0 <= digit.box[0] < digit.box[2] <= width
        assert 0 <= digit.box[1] < digit.box[3] <= height
    assert abs(digits[-1].box[2] - right) <= factor
    assert max(digit.box[3] for digit in digits) >= bottom - factor


def test_boxes_stay_inside_a_large_photo_whose_sides_are_odd(reader):
    picture = np.full((1301, 1301), 0.9)
    picture[400:1000, 1201:] = 0.1
    (digit,) = read_digits(picture, reader).digits
    assert_box(digit.box, (1201, 400, 1301, 1000), picture, 2)


def test_reader_accepts_pipelines_and_string_labels(framed, readable, digits):
    words = np.array(list("abcdefghij"))
    pipeline = make_pipeline(DigitNormalizer(), KNeighborsClassifier(3))
    pipeline.fit(255 * framed[:500], words[digits.target[:500]])
    reading = read_digits(page(readable, "406"), pipeline)
    assert reading.text == "eag"


# Errors of read_digits


@pytest.mark.parametrize("content", [b"", b"no image at all", b"\x89PNG\r\n\x1a\n broken"])
def test_error_names_a_broken_file(content, reader, tmp_path):
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.png' is broken, or not in an image format"):
        read_digits(path, reader)
    with path.open("rb") as file, pytest.raises(ValueError, match=r"broken\.png' is broken"):
        read_digits(file, reader)
    with pytest.raises(ValueError, match="The image is broken"):
        read_digits(content, reader)


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_error_names_a_truncated_file(format, share, readable, reader, tmp_path):
    path = tmp_path / "cut.img"
    Image.fromarray(as_uint8(page(readable, "52"))).save(path, format)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"cut\.img' is broken"):
        read_digits(path, reader)
    if share == 0.5:
        with Image.open(path) as image, pytest.raises(ValueError, match="The image is broken"):
            read_digits(image, reader)


@pytest.mark.parametrize("length", [0, 10, 100_000])
@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("data:image/png;base64", "has no comma between its type and its content"),
        ("data:image/png;base64,?", "is not valid base64"),
        ("data:image/png;base64,QUJD=", "is not valid base64|is broken"),
        ("data:image/png;base64,QUJDRA==", "is not valid base64|is broken"),
        ("data:image/png,%89PNG", "is broken, or not in an image format"),
        ("data:image/svg+xml;utf8,<svg>", "is broken, or not in an image format"),
    ],
)
def test_error_of_a_data_url_is_short_and_names_it(start, message, length, reader):
    with pytest.raises(ValueError, match=rf"(?s)The data URL 'data:image/.* ({message})") as raised:
        read_digits(start + length * "A", reader)
    assert len(str(raised.value)) < 600


@pytest.mark.parametrize("url", ["data:,", "data:image/png;base64,", "data:;base64, "])
def test_error_says_that_a_data_url_is_empty(url, reader):
    with pytest.raises(
        ValueError, match=r"The data URL '.*' is empty, as that of a canvas without pixels is"
    ):
        read_digits(url, reader)


@pytest.mark.parametrize("text", ["x" * 100_000, "iVBORw0KGgo/" * 10_000, "ab/" * 500, "ab/cd\n" * 1000])
@pytest.mark.parametrize("form", [str, Path])
def test_error_of_a_text_that_is_no_path_is_short(text, form, reader):
    with pytest.raises(
        OSError, match=r"path of an image file or a data URL .*, got [\d,]+ characters"
    ) as raised:
        read_digits(form(text), reader)
    assert len(str(raised.value)) < 600


def test_error_names_a_missing_file(reader, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        read_digits(tmp_path / "none.png", reader)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("limit", [15_000, 5_000])
def test_file_with_too_many_pixels_is_rejected(limit, reader, tmp_path, monkeypatch):
    path = tmp_path / "huge.png"
    Image.new("L", (200, 100)).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(
        ValueError, match=rf"huge\.png' is too large: a file may have at most {limit:,} pixels"
    ):
        read_digits(path, reader)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros(784), r"has shape \(784,\), expected \(height, width\)"),
        (np.zeros((5, 28, 28, 1)), r"has shape \(5, 28, 28, 1\)"),
        (np.zeros((28, 28, 2)), r"has shape \(28, 28, 2\)"),
        (np.zeros((0, 28)), r"has shape \(0, 28\)"),
        (np.full((28, 28), np.nan), "NaN"),
        (np.full((28, 28), 1j), "dtype complex128"),
        (None, r"has shape \(\)"),
    ],
)
def test_array_that_is_not_an_image_is_rejected(image, message, reader):
    with pytest.raises(ValueError, match=message):
        read_digits(image, reader)


def test_unsuitable_classifiers_are_rejected(small, framed, digits):
    blank = np.zeros((28, 28))
    with pytest.raises(ValueError, match=r"must be fitted on 784 features, .* fitted on 64 features"):
        read_digits(blank, small)
    with pytest.raises(NotFittedError):
        read_digits(blank, make_small())
    with pytest.raises(TypeError, match="with predict_proba, got RidgeClassifier"):
        read_digits(blank, RidgeClassifier().fit(framed[:50], digits.target[:50]))


def test_without_pillow_arrays_are_read_and_files_raise_import_error(readable, reader, monkeypatch):
    for module in ("PIL", "PIL.Image", "PIL.ImageOps"):
        monkeypatch.setitem(sys.modules, module, None)
    message = r'Reading image files, unlike arrays, requires pillow.* pip install "sk_digits\[images\]"'
    with pytest.raises(ImportError, match=message):
        read_digits(b"", reader)
    assert read_digits(page(readable, "15"), reader).text == "15"
