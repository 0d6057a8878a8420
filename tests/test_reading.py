"""The reader that comes with the package, on drawn pictures of each kind that goes wrong."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import slow
from PIL import Image
from scipy import ndimage
from sklearn.linear_model import LogisticRegression

from sk_digits import DenseDigitClassifier, load_pretrained
from sk_digits._augmentation._glyphs import STYLES, draw_strokes, parse_style, spline
from sk_digits.augmentation import draw_digits
from sk_digits.datasets import load_handwriting
from sk_digits.plotting import ReadingDisplay
from sk_digits.preprocessing import DigitNormalizer, Reading, read_digits


def draw(label, *, style=0, size=60, radius=2.5, margin=14):
    """Return the ink of a digit of `size` pixels height, in [0, 1]."""
    strokes = parse_style(STYLES[label][style])
    canvas = size + 2 * margin
    lines = []
    for stroke in strokes:
        corners = np.concatenate([[False], (np.diff(stroke, axis=0) == 0).all(axis=1)])
        lines.append(spline(stroke * [0.7 * size, size] + margin, corners))
    return draw_strokes(lines, radius, (canvas, round(0.7 * size) + 2 * margin))


def sheet(text, *, paper=0.95, contrast=0.8, noise=0.01, **drawing):
    """Return a grey picture of numbers, one line of writing for each line of the text."""
    rows = [
        np.concatenate([draw(int(label), **drawing) for label in row], axis=1) for row in text.split("\n")
    ]
    width = max(row.shape[1] for row in rows)
    ink = np.concatenate([np.pad(row, ((0, 0), (0, width - row.shape[1]))) for row in rows])
    picture = paper - contrast * ink
    return np.clip(picture + np.random.RandomState(0).normal(0, noise, ink.shape), 0, 1)


def cropped(ink, margin=0):
    rows, columns = (np.flatnonzero((ink > 0.1).any(axis=axis)) for axis in (1, 0))
    return np.pad(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], margin)


# Readings


def test_a_number_is_read_without_a_classifier():
    reading = read_digits(sheet("3724"))
    assert reading.text == "3724"
    assert [digit.label for digit in reading.digits] == [3, 7, 2, 4]
    for digit in reading.digits:
        assert digit.probability == digit.probabilities.max() > 0.5
        assert len(digit.probabilities) == 11


@pytest.mark.slow
def test_tensorflow_is_not_loaded_to_read():
    code = """
import sys, numpy as np
from sk_digits.preprocessing import read_digits
read_digits(np.zeros((40, 40)))
from sk_digits import load_pretrained
load_pretrained().predict_proba(np.zeros((1, 784)))
assert not {"tensorflow", "keras", "scikeras"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rows_of_digits_become_lines_of_text():
    reading = read_digits(sheet("120\n57\n946"))
    assert reading.text == "120\n57\n946"
    assert [[digit.label for digit in line] for line in reading.lines] == [[1, 2, 0], [5, 7], [9, 4, 6]]
    assert reading.digits == tuple(digit for line in reading.lines for digit in line)
    tops = [line[0].box[1] for line in reading.lines]
    assert tops == sorted(tops)


def test_digits_that_are_less_probable_than_asked_for_are_question_marks():
    picture = sheet("38")
    sure = read_digits(picture)
    limit = np.mean(sorted(digit.probability for digit in sure.digits))
    reading = read_digits(picture, min_probability=limit)
    assert reading.text.count("?") == 1
    assert len(reading.text) == 2
    assert len(reading.digits) == 2
    assert reading.min_probability == limit


@pytest.mark.parametrize("limit", [-0.1, 1.1, "0.5", None])
def test_a_probability_out_of_range_is_rejected(limit):
    with pytest.raises((TypeError, ValueError), match="min_probability"):
        read_digits(np.zeros((40, 40)), min_probability=limit)


def test_a_notebook_shows_the_picture_with_its_digits():
    html = read_digits(sheet("25"))._repr_html_()
    assert html.startswith("<svg")
    assert "data:image/png;base64," in html
    assert html.count("<rect") == 2
    assert "<pre>25</pre>" in html
    assert "no digit found" in read_digits(np.zeros((30, 50)))._repr_html_()


# What goes wrong with photos: one drawn picture for each kind.


@pytest.mark.parametrize("label", range(10))
@pytest.mark.parametrize("margin", [0, 3])
@pytest.mark.parametrize("dark_on_light", [True, False])
def test_a_thick_digit_that_fills_its_picture_is_read(label, margin, dark_on_light):
    ink = cropped(draw(label, radius=4.5), margin)
    reading = read_digits(1 - ink if dark_on_light else ink)
    if label == 1:  # a bar without a margin is paper as well as ink
        assert reading.text in ("", "1")
    else:
        assert reading.text == str(label)


@pytest.mark.parametrize("text", ["8", slow("28"), "506"])
@pytest.mark.parametrize("axis", [0, 1])
def test_wide_ink_in_light_from_one_side_is_read(text, axis):
    ink = cropped(np.concatenate([draw(int(label), radius=4.5, margin=4) for label in text], axis=1), 2)
    light = np.linspace(1, 0.5, ink.shape[axis]).reshape(*[-1, 1][: 2 - axis])
    noise = np.random.RandomState(0).normal(0, 0.02, ink.shape)
    assert read_digits(np.clip(light * (0.95 - 0.6 * ink) + noise, 0, 1)).text == text


@pytest.mark.parametrize("label", [2, 5])
@pytest.mark.parametrize(("left", "right", "share"), [(4, 2, 0.4), (6, 5, 0.4), (4, 8, 0.6), (7, 3, 0.6)])
def test_parts_of_the_neighbours_of_a_digit_are_not_read(label, left, right, share):
    left, ink, right = (cropped(draw(digit)) for digit in (left, label, right))
    left = left[:, round(share * left.shape[1]) :]
    right = right[:, : round((1 - share) * right.shape[1])]
    height = max(map(len, (left, ink, right)))
    parts = [np.pad(part, ((8 + height - len(part), 8), (0, 0))) for part in (left, ink, right)]
    gap = np.zeros((height + 16, 10))
    row = np.concatenate([parts[0], gap, parts[1], gap, parts[2]], axis=1)
    assert read_digits(0.95 - 0.8 * row).text == str(label)


@pytest.mark.parametrize("text", ["35", "472", "806", "271"])
def test_digits_that_touch_the_edges_of_the_picture_are_read(text):
    ink = cropped(np.concatenate([draw(int(label), margin=5) for label in text], axis=1))
    assert read_digits(0.95 - 0.8 * np.pad(ink, ((6, 6), (0, 0)))).text == text


def test_the_cells_of_a_table_are_no_digits():
    picture = sheet("5284", margin=22)
    width = picture.shape[1]
    for column in [2, *range(width // 4, width, width // 4)]:
        picture[:, column : column + 3] = 0.1
    picture[3:6] = picture[-6:-3] = 0.1
    assert read_digits(picture).text == "5284"


@pytest.mark.parametrize("thickness", [1, 2, 3])
def test_a_ruled_line_under_or_through_the_digits_is_no_digit(thickness):
    picture = sheet("362", margin=20)
    picture[81 : 81 + thickness] = 0.3
    assert read_digits(picture).text == "362"


def test_a_ruled_line_takes_no_strokes_with_it_that_cross_it_at_a_small_angle():
    picture = sheet("2537")
    picture[68:71] = np.minimum(picture[68:71], 0.3)
    assert read_digits(picture).text == "2537"


@pytest.mark.parametrize("rise", [0.04, slow(-0.04), slow(0.08), -0.08])
@pytest.mark.parametrize("middle", [slow(50), 78])
def test_a_slanted_line_across_the_picture_is_no_digit(rise, middle):
    picture = sheet("4718", margin=20)
    rows, columns = np.indices(picture.shape)
    distance = rows - middle - rise * (columns - picture.shape[1] / 2)
    picture = np.minimum(picture, 0.95 - 0.7 * np.clip(2 - abs(distance), 0, 1))
    assert read_digits(picture).text == "4718"


@pytest.mark.parametrize(("text", "slant"), [("961197", 0.7), ("2115", 0.5), slow("5114", 0.7)])
def test_1s_that_lean_to_the_other_side_than_their_line_are_read(text, slant):
    inks = []
    for label in map(int, text):
        shear = -0.5 if label == 1 else slant
        ink = np.pad(draw(label), ((0, 0), (30, 30)))
        leaning = ndimage.affine_transform(ink, [[1, 0], [shear, 1]], (0, -shear * len(ink) / 2), order=1)
        inks.append(np.pad(leaning[:, (leaning > 0.1).any(axis=0)], ((0, 0), (20, 0))))
    assert read_digits(np.pad(0.95 - 0.8 * np.hstack(inks), 10, constant_values=0.95)).text == text


def test_the_bar_of_a_slanted_7_may_be_apart_from_its_stem():
    picture = np.zeros((32, 32))
    picture[:3, 2:14] = 1
    for row in range(32):
        left = round(20 - 0.4 * row)
        picture[row, left : left + 2] = 1
    assert read_digits(picture).text == "7"


def test_squared_paper_is_no_digit():
    picture = sheet("470", contrast=0.85)
    picture[::12] -= 0.06
    picture[:, ::12] -= 0.06
    assert read_digits(np.clip(picture, 0, 1)).text == "470"


def test_a_frame_and_the_edge_of_the_sheet_are_no_digits():
    picture = np.pad(sheet("39", margin=24), 3, constant_values=0.05)
    assert read_digits(picture).text == "39"
    edge = sheet("39", margin=24)
    edge[:, -4:] = 0.15
    assert read_digits(edge).text == "39"


@pytest.mark.parametrize("contrast", [0.06, 0.1, 0.2])
def test_faint_ink_is_read(contrast):
    assert read_digits(sheet("258", contrast=contrast, noise=0)).text == "258"


def test_a_stroke_that_is_broken_is_one_digit():
    picture = sheet("0", noise=0)
    picture[picture.shape[0] // 2 - 1 : picture.shape[0] // 2 + 1] = 0.95
    (digit,) = read_digits(picture).digits
    assert digit.label == 0


@pytest.mark.parametrize(("label", "style"), [(4, 1), slow(2, 0), slow(5, 0), (5, 1)])
def test_a_stroke_that_is_broken_aslant_is_one_digit(label, style):
    picture = sheet(str(label), style=style, noise=0)
    rows, columns = np.indices(picture.shape) - np.reshape(picture.shape, (2, 1, 1)) / 2
    picture[abs(rows - 0.7 * columns - 6 * (label == 4)) < 2] = 0.95
    assert read_digits(picture).text == str(label)


@pytest.mark.parametrize("right", [0.5, 0.6])
@pytest.mark.parametrize("top", [0.0, 0.1])
def test_a_stroke_that_is_apart_from_the_rest_of_its_digit_belongs_to_it(right, top):
    body = parse_style(STYLES[5][0])[0] * [0.5, 0.6] + [0, 0.4]
    bar = np.array([[right, top + 0.35], [right + 0.45, top]])
    strokes = [spline(stroke * [42, 60] + 14, np.zeros(len(stroke), bool)) for stroke in (body, bar)]
    five = draw_strokes(strokes, 2.5, (88, 82))
    assert read_digits(0.95 - 0.8 * np.hstack([draw(0), five, draw(1), draw(6)])).text == "0516"


def joined_zeros(n, *, height=60, width=44, step=40, radius=3.0, margin=20):
    """Return the ink of zeros that overlap, as when they are written in one go."""
    angle = np.linspace(0, 2 * np.pi, 60)
    loop = np.stack([width / 2 * np.cos(angle), height / 2 * np.sin(angle)], axis=1)
    loops = [loop + [margin + width / 2 + step * i, margin + height / 2] for i in range(n)]
    return draw_strokes(loops, radius, (height + 2 * margin, step * (n - 1) + width + 2 * margin))


@pytest.mark.parametrize("n", [2, 4])
@pytest.mark.parametrize("form", [{"step": 44}, {"step": 38}, {"height": 44, "width": 46, "step": 46}])
def test_zeros_that_are_joined_are_cut_apart(n, form):
    zeros = 0.95 - 0.8 * joined_zeros(n, **form)
    assert read_digits(zeros).text == "0" * n
    digits = sheet("53")
    missing = len(digits) - len(zeros)
    zeros = np.pad(zeros, ((max(missing, 0), 0), (0, 0)), constant_values=0.95)
    digits = np.pad(digits, ((max(-missing, 0), 0), (0, 0)), constant_values=0.95)
    assert read_digits(np.concatenate([digits, zeros], axis=1)).text == "53" + "0" * n


def test_a_row_of_flat_zeros_is_no_ruled_line():
    assert read_digits(0.95 - 0.8 * joined_zeros(4, height=30, step=44)).text == "0000"


@pytest.mark.parametrize("thickness", [1, 2, 3])
def test_ruled_lines_close_to_digits_that_fill_their_picture_are_no_digits(thickness):
    picture = sheet("1669", margin=8)
    picture[2 : 2 + thickness] = picture[-2 - thickness : -2] = 0.2
    assert read_digits(picture).text == "1669"


def test_commas_points_and_dashes_are_no_digits():
    picture = sheet("61", margin=20)
    picture = np.concatenate([picture, np.full((len(picture), 60), 0.95)], axis=1)
    height, width = picture.shape
    picture[height - 26 : height - 20, 80:86] = 0.1
    picture[height // 2 : height // 2 + 5, width - 50 : width - 15] = 0.1
    assert read_digits(picture).text == "61"


def test_light_that_changes_over_the_picture_is_no_ink():
    picture = sheet("9047")
    shade = np.linspace(1, 0.45, picture.shape[1])
    assert read_digits(picture * shade).text == "9047"


@pytest.fixture(scope="module")
def classifier_of():
    """Return a function from ten labels to a classifier that is seldom certain, without the class -1."""
    y = np.arange(1000) % 10
    X = draw_digits(y, random_state=0)
    return lambda labels: LogisticRegression(C=0.003).fit(X, np.array(labels)[y])


def patch_of_light(shape, centre, radius):
    """Return a patch of light in [0, 1], and y and x from -1 to 1, in which its centre is given."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / (2 * radius**2)), y, x


@pytest.mark.parametrize(("text", "centre"), [("281", (0.7, 0.8)), ("52", (-0.1, 0.9)), ("7", (0.7, 0.8))])
def test_a_patch_of_light_is_no_digit(classifier_of, text, centre):
    ink = np.pad(1 - sheet(text, paper=1, contrast=1, noise=0, size=40, radius=1.7), ((20, 130), (20, 180)))
    patch, y, x = patch_of_light(ink.shape, centre, 0.4)
    light = 0.75 + 0.2 * (np.cos(2) * x + np.sin(2) * y) + 0.2 * patch
    picture = light * (1 - 0.6 * ink) + np.random.default_rng(0).normal(0, 0.05, ink.shape)
    assert read_digits(np.clip(picture, 0, 1), classifier_of(range(10))).text == text


@pytest.mark.parametrize("pattern", [0, 0.05])
def test_a_sheet_without_digits_is_not_read(pattern):
    texts = []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        shape = rng.integers(60, 400, size=2)
        patch, y, x = patch_of_light(shape, rng.uniform(-1, 1, size=2), 0.5)
        light = 0.75 + 0.2 * (np.cos(seed) * x + np.sin(seed) * y) + rng.uniform(-0.25, 0.2) * patch
        waves = np.sin(np.add.outer(*(np.arange(size) * rng.uniform(0, 1) for size in shape)))
        picture = light + pattern * waves + rng.normal(0, 0.04, shape)
        texts.append(read_digits(np.clip(picture, 0, 1)).text)
    assert texts.count("") >= 48


@pytest.mark.parametrize("label", [slow(0), 3, slow(5), 8])
@pytest.mark.parametrize("size", [14, slow(30), slow(120), slow(700)])
def test_digits_of_any_size_are_read(label, size):
    assert read_digits(sheet(str(label), size=size, radius=size / 22, margin=size // 4)).text == str(label)


PLUS = np.full((80, 120), 0.9)
PLUS[38:43, 40:80] = PLUS[20:60, 57:62] = 0.1


@pytest.mark.parametrize("labels", [None, range(10), list("0123456789")])
def test_what_is_no_digit_is_not_read(classifier_of, labels):
    classifier = None if labels is None else classifier_of(labels)
    assert read_digits(np.full((80, 120), 0.9), classifier).text == ""
    assert read_digits(PLUS, classifier).text == ""


def test_a_classifier_of_other_symbols_alone_tells_what_they_are(classifier_of):
    assert read_digits(PLUS, classifier_of(list("abcdefghij"))).text == "b"


@pytest.mark.slow
def test_numbers_are_read_with_a_classifier_of_mnist(mnist):
    """Pictures of the last training images, whose neighbours may touch, on unevenly lit and noisy paper."""
    classifier = DenseDigitClassifier(random_state=0).fit(
        mnist.data_train[:50_000], mnist.target_train[:50_000]
    )
    images, labels = mnist.data_train[50_000:].reshape(-1, 28, 28), mnist.target_train[50_000:]
    rng, n_correct = np.random.default_rng(0), 0
    for i in range(100):
        chosen = rng.integers(len(images), size=rng.integers(3, 7))
        inks = [image[:, (image > 0.2).any(axis=0)] for image in images[chosen]]
        gaps = rng.integers(2, 7, size=len(inks))
        ink = np.concatenate(
            [np.pad(one, ((4, 4), (0, gap))) for one, gap in zip(inks, gaps, strict=True)], axis=1
        )
        ink = np.clip(ndimage.zoom(ink, rng.uniform(1, 3), order=1), 0, 1)
        ink = np.pad(ink, [tuple(rng.integers(10, 120, size=2)) for _ in range(2)])
        angle = rng.uniform(0, 2 * np.pi)
        patch, y, x = patch_of_light(ink.shape, rng.uniform(-1, 1, size=2), 0.5)
        light = 0.75 + 0.15 * (np.cos(angle) * x + np.sin(angle) * y) + rng.uniform(-0.2, 0.2) * patch
        picture = light * (1 - rng.uniform(0.5, 0.9) * ink) + rng.normal(0, 0.04, ink.shape)
        picture = np.clip(1 - picture if i % 2 else picture, 0, 1)
        n_correct += read_digits(picture, classifier).text == "".join(map(str, labels[chosen]))
    assert n_correct >= 90


@pytest.mark.parametrize("label", range(10))
def test_images_in_the_frame_of_mnist_are_read(label):
    X = draw_digits([label] * 20, random_state=7)
    assert (load_pretrained().predict(X) == label).mean() >= 0.85


@pytest.mark.parametrize("label", range(10))
def test_styles_of_writing_that_mnist_lacks_are_read(label):
    texts = [read_digits(sheet(str(label), style=style)).text for style in range(len(STYLES[label]))]
    assert texts.count(str(label)) >= 0.85 * len(texts)


@pytest.mark.parametrize("label", [3, 7, 9])
def test_strokes_on_the_pattern_of_a_cheque_stay_whole(label):
    ink = draw(label, radius=3)
    row, column = np.indices(ink.shape)
    pattern = 0.12 * np.sin(2 * np.pi * (row + 0.3 * column) / 5)
    plain, patterned = DigitNormalizer().fit_transform(
        np.stack([0.75 - 0.4 * ink, 0.75 + pattern - 0.4 * ink])
    )
    assert np.corrcoef(plain, patterned)[0, 1] > 0.95


@pytest.fixture(scope="module")
def labels_of():
    """Return a function from images to the labels of what `DigitNormalizer` makes of each."""
    reader = load_pretrained()
    return lambda images: [
        reader.predict(DigitNormalizer().fit_transform(image[np.newaxis]))[0] for image in images
    ]


@pytest.mark.parametrize("margin", [4, 80])
def test_photos_in_uneven_light_are_normalized(labels_of, margin):
    photos = []
    for label in range(2, 10):
        ink = cropped(draw(label), margin)
        patch, y, x = patch_of_light(ink.shape, (0, 0.8), 0.5)
        light = 0.75 + 0.2 * x + 0.15 * y - 0.2 * patch * (margin > 20)
        noise = np.random.RandomState(0).normal(0, 0.02, ink.shape)
        photos.append(np.clip(light * (0.95 - 0.6 * ink) + noise, 0, 1))
    assert labels_of(photos) == list(range(2, 10))


def test_frames_and_parts_of_neighbours_are_not_normalized_with_a_digit(labels_of):
    framed, beside = [], []
    for label in range(10):
        ink = cropped(draw(label), 10)
        frame, neighbours = ink.copy(), ink.copy()
        frame[4:7] = frame[-7:-4] = frame[:, 3:5] = frame[:, -5:-3] = 1
        neighbours[20:60, :4] = neighbours[10:50, -3:] = 1
        framed.append(0.95 - 0.8 * frame)
        beside.append(0.95 - 0.8 * neighbours)
    assert labels_of(framed) == labels_of(beside) == list(range(10))


def test_a_digit_that_covers_most_of_the_border_keeps_its_polarity():
    zero = ndimage.zoom(cropped(draw(0, radius=9)), (16 / 78, 16 / 60), order=1)[:16, :16]
    filled = np.clip(zero * 2, 0, 1)
    framed = DigitNormalizer().fit_transform(filled[np.newaxis]).reshape(28, 28)
    assert framed[[0, 0, -1, -1], [0, -1, 0, -1]].max() == 0
    assert framed[14, 14] < 0.5


# The shipped classifier


def test_the_shipped_classifier_is_an_ordinary_one():
    clf, other = load_pretrained(), load_pretrained()
    assert isinstance(clf, DenseDigitClassifier)
    assert clf is not other
    assert clf.classes_.tolist() == [-1, *range(10)]
    assert clf.classes_.dtype.kind == "i"
    assert clf.n_features_in_ == 784
    X = draw_digits([4, 8], random_state=0)
    np.testing.assert_allclose(clf.predict_proba(X).sum(axis=1), 1, rtol=1e-5)
    assert clf.predict(np.zeros((1, 784))).tolist() == [-1]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["partial_fit", "fit"])
def test_it_learns_on_from_rows_without_the_label_of_no_digit(method):
    clf = load_pretrained().set_params(learning_rate=0.0003, warm_start=True, epochs=1)
    y = np.arange(40) % 10
    X = draw_digits(y, random_state=3)
    n_iter = clf.n_iter_
    getattr(clf, method)(X, y)
    assert clf.n_iter_ == n_iter + 1
    assert clf.classes_.tolist() == [-1, *range(10)]
    assert clf.score(X, y) >= 0.9


def test_a_warm_start_with_a_digit_missing_is_refused():
    clf = load_pretrained().set_params(warm_start=True)
    y = np.arange(9)
    with pytest.raises(ValueError, match="classes of the previous fit"):
        clf.fit(draw_digits(y, random_state=0), y)


# ReadingDisplay


def test_the_title_of_a_display_is_above_the_labels_of_digits_at_the_upper_edge():
    display = ReadingDisplay.from_reading(read_digits(sheet("28", margin=4)))
    renderer = display.figure_.canvas.get_renderer()
    title = display.ax_.title.get_window_extent(renderer)
    assert all(text.get_window_extent(renderer).y1 <= title.y0 for text in display.text_)
    assert title.y1 <= display.figure_.bbox.y1


def test_a_display_has_a_box_and_a_label_for_each_digit():
    picture = sheet("17")
    display = ReadingDisplay.from_image(picture)
    assert isinstance(display.reading, Reading)
    assert [box.get_linestyle() for box in display.boxes_] == ["-", "-"]
    left, top, right, bottom = display.reading.digits[1].box
    assert display.boxes_[1].get_bbox().bounds == (left, top, right - left, bottom - top)
    assert display.text_[0].get_text().startswith("1\n")
    assert display.ax_.get_title() == "17"
    doubtful = ReadingDisplay.from_image(picture, min_probability=1.0)
    assert [box.get_linestyle() for box in doubtful.boxes_] == ["--", "--"]
    assert doubtful.text_[0].get_text().startswith("? (1)")


# Photos of one's own


@pytest.fixture
def photos(tmp_path):
    """A folder of labelled pictures, in sub-folders and by the names of the files."""
    for label in (3, 7):
        (tmp_path / str(label)).mkdir()
        save(sheet(str(label)), tmp_path / str(label) / "a.png")
        save(1 - sheet(str(label), style=1), tmp_path / f"{label}_b.png")
    return tmp_path


def save(picture, path):
    Image.fromarray(np.uint8(255 * picture)).save(path)


def test_labelled_photos_become_rows(photos):
    handwriting = load_handwriting(photos)
    assert handwriting.data.shape == (4, 784)
    assert handwriting.target.tolist() == [3, 3, 7, 7]
    assert [Path(name).name for name in handwriting.filenames] == ["a.png", "3_b.png", "a.png", "7_b.png"]
    np.testing.assert_array_equal(handwriting.images.reshape(4, -1), handwriting.data)
    assert load_pretrained().predict(handwriting.data).tolist() == [3, 3, 7, 7]
    X, y = load_handwriting(photos, return_X_y=True)
    np.testing.assert_array_equal(X, handwriting.data)
    np.testing.assert_array_equal(y, handwriting.target)


def test_a_photo_in_which_no_digit_is_found_is_a_row_nevertheless(photos):
    save(np.full((40, 40), 0.5), photos / "9_blank.png")
    assert load_handwriting(photos).target.tolist() == [3, 3, 7, 7, 9]


def test_a_photo_without_a_label_is_named(photos):
    save(sheet("1"), photos / "photo.png")
    with pytest.raises(ValueError, match=r"photo\.png has no label; .*such as 7_photo\.png"):
        load_handwriting(photos)


def test_a_folder_without_photos_is_rejected(tmp_path):
    with pytest.raises(ValueError, match="contains no image"):
        load_handwriting(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder"):
        load_handwriting(tmp_path / "nowhere")
