"""The page that reads digits in the browser: the same probabilities, in a real browser."""

import base64
import itertools
import json
import re

import numpy as np
import pytest
from conftest import make_small
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, MinMaxScaler, StandardScaler
from strokes import STROKES

from sk_digits import DenseDigitClassifier, export, load_pretrained
from sk_digits._inference import ACTIVATIONS
from sk_digits.augmentation import draw_digits
from sk_digits.preprocessing import DigitNormalizer


@pytest.fixture
def open_page(browser, tmp_path):
    """Return a function that saves an estimator as a page and opens it; no page may log an error."""
    contexts, messages = [], []

    def open_page(estimator, path=tmp_path / "page.html", scheme="light", **params):
        export.to_html(estimator, path, **params)
        contexts.append(browser.new_context(color_scheme=scheme, offline=True))
        page = contexts[-1].new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert messages == []


def probabilities_in(page, images):
    """Return the probabilities that the page computes for images in the frame, with values in [0, 1]."""
    return np.array(page.evaluate("X => X.map(image => predictProbabilities(image))", images.tolist()))


def draw(page, strokes):
    box = page.locator("#paper").bounding_box()
    for stroke in strokes:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=3)
        page.mouse.up()


def result(page):
    """Return the label that the page shows, once it is up to date."""
    page.evaluate("() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    return page.inner_text("#result")


@pytest.fixture(scope="module")
def images():
    """Return 200 images of digits in MNIST's frame."""
    return draw_digits(np.arange(200) % 10, random_state=0)


@pytest.mark.slow
def test_the_reader_gives_the_same_probabilities_in_the_browser(open_page, images):
    classifier = load_pretrained()
    page = open_page(classifier)
    np.testing.assert_allclose(probabilities_in(page, images), classifier.predict_proba(images), atol=1e-3)


@pytest.fixture(scope="module")
def drawn(images):
    """Return drawn digits to train on, in MNIST's frame, and their labels."""
    y = np.arange(600) % 10
    return draw_digits(y, random_state=1), y


NETWORK = {"hidden_layer_sizes": (64,), "epochs": 10, "learning_rate": 0.003}
ESTIMATORS = {
    "classifier": (make_small(**NETWORK), 1),
    "batch norm": (make_small(**NETWORK, batch_norm=True), 1),
    "no hidden layer": (make_small(epochs=10, hidden_layer_sizes=()), 1),
    "averaged": (make_small(**NETWORK, average_predictions=True), 1),
    "bytes": (make_pipeline(MinMaxScaler(), make_small(**NETWORK)), 255),
    "largest value": (make_pipeline(MaxAbsScaler(), make_small(**NETWORK)), 255),
    "standardised": (make_pipeline(StandardScaler(), make_small(**NETWORK)), 1),
    "averaged behind scalers": (
        make_pipeline(
            "passthrough", StandardScaler(with_std=False), make_small(**NETWORK, average_predictions=True)
        ),
        1,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_kind_of_estimator_gives_the_same_probabilities(name, open_page, drawn, images):
    estimator, pixel_max = ESTIMATORS[name]
    X, y = drawn
    estimator.fit(X * np.float32(pixel_max), y)
    page = open_page(estimator)
    expected = estimator.predict_proba(images * np.float32(pixel_max))
    np.testing.assert_allclose(probabilities_in(page, images), expected, atol=1e-3)


@pytest.mark.slow
def test_every_activation_gives_the_same_probabilities(open_page, tmp_path):
    rng = np.random.RandomState(0)
    X = rng.uniform(size=(60, 16)).astype(np.float32)
    params = {"hidden_layer_sizes": (8, 8), "epochs": 1, "learning_rate": 0.001}
    known = []
    for activation in ACTIVATIONS:
        try:
            clf = make_small(activation=activation, **params).fit(X, np.arange(60) % 3)
        except ValueError as error:
            if "requires a newer version of Keras" not in str(error):
                raise
            continue
        page = open_page(clf, tmp_path / f"{activation}.html")
        np.testing.assert_allclose(
            probabilities_in(page, X), clf.predict_proba(X), atol=1e-3, err_msg=activation
        )
        known.append(activation)
    assert len(known) >= 18


def pictures():
    """Return pictures of digits as people have them: any polarity, with noise, thick and off the centre."""
    rng = np.random.RandomState(0)
    for index, image in enumerate(draw_digits(np.arange(10), random_state=2).reshape(-1, 28, 28)):
        picture = np.kron(image, np.ones((3 + index % 3,) * 2))
        picture = np.pad(picture, ((rng.randint(40), 3), (rng.randint(30), 9)))
        picture = (210 - 160 * picture) if index % 2 else 30 + 200 * picture
        picture += rng.normal(scale=3 * (index % 4), size=picture.shape)
        picture[2:4, 2:4] = picture.mean()  # a speck
        yield picture
    yield np.zeros((20, 30))
    yield np.pad(np.ones((6, 6)), 1)
    yield draw_digits([8], random_state=0).reshape(28, 28)[4:-4, 4:-4]  # ink on the whole border


@pytest.mark.slow
@pytest.mark.parametrize(
    "frame", [{}, {"output_shape": (8, 8), "box_size": 7}, {"output_shape": (20, 32), "box_size": 18}]
)
def test_a_picture_is_framed_as_digit_normalizer_does(frame, open_page, digits):
    X = np.zeros((20, np.prod(frame.get("output_shape", (28, 28)))), np.float32)
    clf = make_small(epochs=1, hidden_layer_sizes=(4,)).fit(X, np.arange(20) % 2)
    normalizer = DigitNormalizer(image_shape=(28, 28), **frame)
    pipeline = make_pipeline(normalizer.fit(np.zeros((2, 28, 28))), clf)
    page = open_page(pipeline)
    for picture in pictures():
        expected = clone_of(normalizer).fit_transform(picture[np.newaxis])[0]
        arguments = [picture.ravel().tolist(), *picture.shape]
        actual = page.evaluate("([p, h, w]) => Array.from(frameDigit(p, h, w, MODEL.frame))", arguments)
        np.testing.assert_allclose(actual, expected, atol=1e-5)


def clone_of(normalizer):
    return DigitNormalizer(output_shape=normalizer.output_shape, box_size=normalizer.box_size)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_digit_that_is_drawn_is_read(scheme, open_page):
    page = open_page(load_pretrained(), scheme=scheme)
    assert result(page) == "?"
    for digit, strokes in STROKES.items():
        draw(page, strokes)
        assert result(page) == str(digit)
        page.click("#clear")
        assert result(page) == "?"


@pytest.mark.slow
def test_a_digit_is_drawn_with_the_keyboard(open_page):
    page = open_page(load_pretrained())
    page.focus("#paper")
    for key in ["ArrowUp"] * 9 + [" "] + ["ArrowDown"] * 20 + [" "]:
        page.keyboard.press(key)
    assert result(page) == "1"
    assert page.inner_text("#pen-state") == "Pen up"
    page.keyboard.press("Delete")
    assert result(page) == "?"


@pytest.mark.slow
def test_a_digit_is_drawn_with_a_finger(browser, tmp_path):
    export.to_html(load_pretrained(), tmp_path / "page.html")
    context = browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    box = page.locator("#paper").bounding_box()
    session = context.new_cdp_session(page)

    def touch(kind, *point):
        points = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in point]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    (stroke,) = STROKES[7]
    touch("touchStart", stroke[0])
    for (x0, y0), (x1, y1) in itertools.pairwise(stroke):
        for share in (0.25, 0.5, 0.75, 1):
            touch("touchMove", (x0 + share * (x1 - x0), y0 + share * (y1 - y0)))
    touch("touchEnd")
    assert result(page) == "7"
    assert page.evaluate("window.scrollY") == 0  # the page does not move under the finger
    context.close()


@pytest.mark.slow
def test_a_picture_is_chosen_or_dropped_and_a_broken_one_is_named(open_page, tmp_path):
    from PIL import Image

    page = open_page(load_pretrained())
    picture = 230 - 200 * np.kron(draw_digits([4], random_state=0).reshape(28, 28), np.ones((9, 9)))
    Image.fromarray(np.pad(picture, ((0, 0), (60, 90)), constant_values=230).astype(np.uint8)).save(
        tmp_path / "four.png"
    )
    (tmp_path / "broken.png").write_bytes(b"no picture")
    page.set_input_files("#file", tmp_path / "four.png")
    page.locator("#result", has_text="4").wait_for()
    drop = (
        "async ([name, content]) => { const data = new DataTransfer();"
        "data.items.add(new File([new Uint8Array(content)], name, { type: 'image/png' }));"
        "document.dispatchEvent(new DragEvent('drop', { dataTransfer: data })); }"
    )
    page.click("#clear")
    page.evaluate(drop, ["four.png", list((tmp_path / "four.png").read_bytes())])
    page.locator("#result", has_text="4").wait_for()
    page.set_input_files("#file", tmp_path / "broken.png")
    page.locator("#message", has_text="broken.png is not a picture").wait_for()
    assert result(page) == "4"


@pytest.mark.slow
def test_labels_of_any_text_are_shown_as_they_are(open_page, drawn):
    X, y = drawn
    names = np.array(["</script><b>zero</b>", "{{title}}", "Zwei & drei"])
    clf = make_small(**NETWORK).fit(X, names[y % 3])
    page = open_page(clf, title="<Digits> & {{model}}")
    assert page.inner_text("h1") == "<Digits> & {{model}}"
    assert page.locator("#bars .label").all_inner_texts() == clf.classes_.tolist()


@pytest.mark.slow
def test_the_page_fits_a_phone_and_can_be_used_without_a_mouse(open_page):
    page = open_page(load_pretrained())
    page.set_viewport_size({"width": 340, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") == 340
    controls = "[...document.querySelectorAll('button, canvas, input')]"
    names = page.evaluate(f"{controls}.map(e => e.ariaLabel || e.innerText || e.labels?.[0].innerText)")
    assert all(names)


def test_a_page_is_small_and_complete(tmp_path):
    path = tmp_path / "digits.html"
    classifier = load_pretrained()
    export.to_html(classifier, path)
    n_weights = sum(weights.size for weights in (*classifier.coefs_, *classifier.intercepts_))
    assert path.stat().st_size < 1.4 * 2 * n_weights + 200_000
    page = path.read_text()
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|src=|href=|@import|fetch\(", page)
    model = json.loads(re.search(r"const MODEL = (.*);\n", page).group(1))
    halves = np.frombuffer(base64.b64decode(model["layers"][0]["kernel"]), "<f2")
    np.testing.assert_array_equal(halves, classifier.coefs_[0].ravel().astype(np.float16))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda X, y: LogisticRegression().fit(X, y),
            TypeError,
            "a pipeline that ends with one, got LogisticRegression",
        ),
        (
            lambda X, y: make_pipeline(FunctionTransformer(), make_small(epochs=1)).fit(X, y),
            ValueError,
            "The step FunctionTransformer cannot be expressed",
        ),
        (
            lambda X, y: make_pipeline(MinMaxScaler(clip=True), make_small(epochs=1)).fit(X, y),
            ValueError,
            r"The step MinMaxScaler\(clip=True\)",
        ),
        (
            lambda X, y: make_small(epochs=1).fit(X[:, :60], y),
            ValueError,
            "60 features are not a square image",
        ),
        (
            lambda X, y: make_pipeline(StandardScaler(), make_small(epochs=1)).fit(X * 255, y),
            ValueError,
            "pixel_max must be given",
        ),
        (lambda X, y: DenseDigitClassifier(), Exception, "not fitted"),
    ],
)
def test_what_cannot_be_a_page_is_refused_by_name(make, error, message, digits, tmp_path):
    estimator = make(digits.data_train[:100], digits.target_train[:100])
    with pytest.raises(error, match=message):
        export.to_html(estimator, tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pixel_max", [0, -1, np.inf, np.nan])
def test_pixel_max_must_be_positive(pixel_max, small, tmp_path):
    with pytest.raises(ValueError, match="pixel_max must be a positive number"):
        export.to_html(small, tmp_path / "page.html", pixel_max=pixel_max)


def test_weights_that_half_precision_cannot_hold_are_refused(small, tmp_path):
    from copy import deepcopy

    large = deepcopy(small)
    large.coefs_[0][0, 0] = 1e5
    with pytest.raises(ValueError, match="at most 65504 for half precision, got 1e"):
        export.to_html(large, tmp_path / "page.html")
