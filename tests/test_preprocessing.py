"""Digits from elsewhere: brought into MNIST's frame, found in pictures and read."""

import dataclasses
import io
import itertools
import sys

import numpy as np
import pytest
from conftest import make_small
from PIL import Image
from scipy import ndimage
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sk_digits._reading._segmentation import find_pieces
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
    """Three enlarged images of each digit, of which the reader is sure: tested is how they are found."""
    surest = reader.predict_proba(framed)[np.arange(len(framed)), digits.target]
    rows = [np.argsort(-surest * (digits.target == label))[:3] for label in range(10)]
    return [[ndimage.zoom(framed[i].reshape(28, 28), 2, order=1) for i in three] for three in rows]


def page(readable, text, *, gap=10, height=100, noise=0.02, light=(0.9, 0.6), dark_on_light=True):
    """A grey picture in [0, 1] of a number on an unevenly lit sheet."""
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


# The transformer


def test_digits_of_mnist_stay_as_they_are(mnist):
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
    ids=["255", "dark", "uint8", "far", "negative", "moved", "large", "channel", "RGB", "RGBA"],
)
def test_the_same_digit_in_another_form_comes_out_the_same(change, framed):
    X = framed[:50].reshape(-1, 28, 28)
    X = DigitNormalizer().fit_transform(X).reshape(X.shape)
    out = DigitNormalizer().fit_transform(change(X))
    assert out.dtype == np.float32
    assert out.shape == (50, 784)
    assert abs(out - X.reshape(50, -1)).mean() < 0.012


def test_a_digit_fills_the_box_and_its_mass_is_in_the_middle(digits):
    large = digits.images[:100].repeat(8, axis=1).repeat(8, axis=2)
    X = DigitNormalizer().fit_transform(large).reshape(-1, 28, 28)
    for image in X:
        rows, columns = np.nonzero(image > 0.12)
        assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 21
        assert abs(np.subtract(ndimage.center_of_mass(image), 14)).max() <= 0.75
    assert X.min() == 0
    assert X.max() == 1


def test_a_thin_line_is_as_black_as_a_thick_one():
    images = np.ones((2, 300, 300))
    images[0, 50:250, 150:152] = 0
    images[1, 50:250, 135:165] = 0
    assert (DigitNormalizer().fit_transform(images).max(axis=1) == 1).all()


def test_specks_do_not_make_the_digit_small(framed):
    X = np.pad(framed[:20].reshape(-1, 28, 28), ((0, 0), (30, 30), (30, 30)))
    clean = DigitNormalizer().fit_transform(X)
    X[:, 3, 5] = X[:, 80, 70] = 1
    np.testing.assert_allclose(DigitNormalizer().fit_transform(X), clean, atol=0.05)


def test_noise_on_the_paper_does_not_make_the_digit_small(framed):
    X = np.pad(framed[:20].reshape(-1, 28, 28), ((0, 0), (30, 30), (30, 30)))
    noisy = X + np.random.RandomState(0).normal(0, 0.05, X.shape)
    difference = DigitNormalizer().fit_transform(noisy) - DigitNormalizer().fit_transform(X)
    assert abs(difference).mean() < 0.03


@pytest.mark.parametrize("value", [0, 1, 255, -3.5])
def test_a_blank_image_comes_out_as_zeros(value):
    assert not DigitNormalizer().fit_transform(np.full((3, 784), value)).any()


@pytest.mark.parametrize(
    ("n_features", "image_shape", "found"),
    [(64, None, (8, 8)), (60, None, (1, 60)), (60, (6, 10), (6, 10)), (1, None, (1, 1))],
)
def test_rows_are_squares_or_what_is_said(n_features, image_shape, found):
    X = np.random.RandomState(0).uniform(size=(4, n_features))
    normalizer = DigitNormalizer(image_shape=image_shape).fit(X)
    assert normalizer.image_shape_ == found
    assert normalizer.transform(X).shape == (4, 784)


def test_the_frame_can_be_another(digits):
    normalizer = DigitNormalizer(output_shape=(16, 12), box_size=10).fit(digits.images)
    assert normalizer.transform(digits.images[:3]).shape == (3, 192)
    names = normalizer.get_feature_names_out()
    assert (names[0], names[-1], len(names)) == ("pixel_0_0", "pixel_15_11", 192)


def test_it_works_before_the_classifier_in_a_pipeline(digits):
    pipeline = make_pipeline(DigitNormalizer(), make_small(hidden_layer_sizes=(64,), epochs=20))
    dark = 16 - 16 * digits.data
    score = pipeline.fit(dark[:N_TRAIN], digits.target[:N_TRAIN]).score(
        dark[N_TRAIN:], digits.target[N_TRAIN:]
    )
    assert score > 0.85


@pytest.mark.parametrize(
    ("params", "X", "message"),
    [
        ({"image_shape": (5, 5)}, np.zeros((2, 64)), r"image_shape=\(5, 5\) are 25 pixels, but X has 64"),
        ({"image_shape": (4, 16)}, np.zeros((2, 8, 8)), r"but X has images of shape \(8, 8\)"),
        ({"image_shape": (8,)}, np.zeros((2, 8)), "must be two positive int"),
        ({"output_shape": (28, 0)}, np.zeros((2, 64)), r"output_shape=\(28, 0\) must be two positive int"),
        ({"box_size": 30}, np.zeros((2, 64)), "it may be 28 at most"),
        ({"box_size": 0}, np.zeros((2, 64)), "'box_size' parameter"),
        ({}, np.zeros((2, 8, 8, 2)), "one channel"),
        ({}, np.full((2, 64), np.nan), "NaN"),
    ],
)
def test_what_is_no_image_is_refused(params, X, message):
    with pytest.raises(ValueError, match=message):
        DigitNormalizer(**params).fit(X)


def test_images_of_another_shape_than_in_fit_are_refused(digits):
    with pytest.raises(ValueError, match=r"shape \(4, 16\), but DigitNormalizer was fitted on .* \(8, 8\)"):
        DigitNormalizer().fit(digits.images).transform(np.zeros((2, 4, 16)))


# Reading


@pytest.mark.parametrize("dark_on_light", [True, False])
@pytest.mark.parametrize("text", ["7", "2024", "905318", "11", "46"])
def test_a_line_is_read_left_to_right(text, dark_on_light, readable, reader):
    reading = read_digits(page(readable, text, dark_on_light=dark_on_light), reader)
    assert reading.text == text
    assert [digit.label for digit in reading.digits] == [int(character) for character in text]
    lefts = [digit.box[0] for digit in reading.digits]
    assert lefts == sorted(lefts)


def test_each_digit_has_its_box_probabilities_and_image(readable, reader):
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
def test_files_of_every_format_are_read(format, mode, readable, reader, tmp_path):
    path = tmp_path / f"number.{format.lower()}"
    Image.fromarray(as_uint8(page(readable, "4071"))).convert(mode).save(path, format)
    assert read_digits(path, reader).text == "4071"


@pytest.mark.parametrize("form", [str, lambda path: path, lambda path: path.read_bytes(), Image.open, open])
def test_a_file_may_be_given_in_every_form(form, readable, reader, tmp_path):
    path = tmp_path / "number.png"
    Image.fromarray(as_uint8(page(readable, "52"))).save(path)
    given = path.open("rb") if form is open else form(path)
    assert read_digits(given, reader).text == "52"


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
    ids=str,
)
def test_arrays_and_pillow_images_of_every_kind_are_read(form, readable, reader):
    picture = page(readable, "639", light=(0.9, 0.9))
    assert read_digits(form(picture), reader).text == "639"


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 30)])
def test_ink_on_a_transparent_ground_is_seen(colour, readable, reader):
    ink = 1 - page(readable, "47", noise=0, light=(1, 1))
    alpha = as_uint8(ink / ink.max())
    image = np.dstack([np.full((*alpha.shape, 3), colour, np.uint8), alpha])
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    assert read_digits(image, reader).text == read_digits(file.getvalue(), reader).text == "47"


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_photo_is_turned_as_its_exif_data_says(orientation, readable, reader):
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
def test_a_blank_image_has_no_text(blank, reader):
    reading = read_digits(blank, reader)
    assert reading.text == ""
    assert reading.digits == ()


def test_specks_and_rules_are_no_digits(readable, reader):
    picture = page(readable, "8035", height=160)
    picture[8:11, 20:-20] = 0.1
    picture[30:34, 12:16] = picture[140:145, 60:64] = 0.1
    assert read_digits(picture, reader).text == "8035"


def test_a_broken_stroke_is_one_digit(readable, reader):
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


def test_digits_that_touch_are_mostly_parted(readable, reader):
    right = cut = 0
    for number in range(12, 96, 4):
        picture = page(readable, str(number), gap=4, light=(0.9, 0.9))
        bridge(picture, *(digit.box for digit in read_digits(picture, reader).digits))
        if len(find_pieces(picture)) == 1:
            reading = read_digits(picture, reader)
            right += reading.text == str(number)
            cut += 1
            for one, other in itertools.pairwise(reading.digits):
                assert one.box[2] <= other.box[0]
    assert cut >= 10
    assert right / cut > 0.6


def test_a_large_photo_is_read_in_time_and_boxes_are_in_its_pixels(readable, reader):
    small = page(readable, "1906", height=140)
    large = as_uint8(small).repeat(12, axis=0).repeat(12, axis=1)
    expected, reading = read_digits(small, reader), read_digits(large, reader)
    assert reading.text == expected.text == "1906"
    for one, other in zip(expected.digits, reading.digits, strict=True):
        assert abs(12 * np.array(one.box) - other.box).max() <= 24


def test_a_pipeline_and_labels_that_are_words_are_fine(framed, readable, digits):
    words = np.array(list("abcdefghij"))
    pipeline = make_pipeline(DigitNormalizer(), KNeighborsClassifier(3))
    pipeline.fit(255 * framed[:500], words[digits.target[:500]])
    reading = read_digits(page(readable, "406"), pipeline)
    assert reading.text == "eag"


# What goes wrong


@pytest.mark.parametrize("content", [b"", b"no image at all", b"\x89PNG\r\n\x1a\n broken"])
def test_a_broken_file_is_named(content, reader, tmp_path):
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.png' is broken, or no image"):
        read_digits(path, reader)
    with path.open("rb") as file, pytest.raises(ValueError, match=r"broken\.png' is broken"):
        read_digits(file, reader)
    with pytest.raises(ValueError, match="The image is broken"):
        read_digits(content, reader)


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_named(format, share, readable, reader, tmp_path):
    path = tmp_path / "cut.img"
    Image.fromarray(as_uint8(page(readable, "52"))).save(path, format)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"cut\.img' is broken"):
        read_digits(path, reader)
    if share == 0.5:
        with pytest.raises(ValueError, match="The image is broken"):
            read_digits(Image.open(path), reader)


def test_a_file_that_is_not_there_is_named(reader, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        read_digits(tmp_path / "none.png", reader)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("limit", [15_000, 5_000])
def test_a_file_with_too_many_pixels_is_refused(limit, reader, tmp_path, monkeypatch):
    path = tmp_path / "huge.png"
    Image.new("L", (200, 100)).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(ValueError, match=rf"huge\.png' is too large: a file may have {limit:,} pixels"):
        read_digits(path, reader)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros(784), r"has shape \(784,\); an array must be \(height, width\)"),
        (np.zeros((5, 28, 28, 1)), r"has shape \(5, 28, 28, 1\)"),
        (np.zeros((28, 28, 2)), r"has shape \(28, 28, 2\)"),
        (np.zeros((0, 28)), r"has shape \(0, 28\)"),
        (np.full((28, 28), np.nan), "NaN"),
        (np.full((28, 28), 1j), "dtype complex128"),
        (None, r"has shape \(\)"),
    ],
)
def test_an_array_that_is_no_image_is_refused(image, message, reader):
    with pytest.raises(ValueError, match=message):
        read_digits(image, reader)


def test_a_classifier_that_cannot_read_is_refused(small, framed, digits):
    blank = np.zeros((28, 28))
    with pytest.raises(ValueError, match=r"fitted on 64 features; .* must be fitted on 784"):
        read_digits(blank, small)
    with pytest.raises(NotFittedError):
        read_digits(blank, make_small())
    with pytest.raises(TypeError, match="has no predict_proba"):
        read_digits(blank, RidgeClassifier().fit(framed[:50], digits.target[:50]))


def test_without_pillow_files_say_what_to_install_and_arrays_are_read(readable, reader, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r'pip install "sk_digits\[images\]"'):
        read_digits(b"", reader)
    assert read_digits(page(readable, "15"), reader).text == "15"
