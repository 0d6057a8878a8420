"""The page of examples/app, in a real browser: what is drawn, dropped or photographed is read."""

import io
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import servers
from conftest import make_picture, make_small
from strokes import STROKES

from sk_digits import export
from sk_digits.augmentation import draw_digits

# Streamlit is not imported here: it sets MPLBACKEND, and the notebooks of other tests would show no pictures.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("streamlit") is None, reason="the extra app is not installed"),
]


@pytest.fixture(scope="module")
def start_app(tmp_path_factory):
    """Return a function that starts the app with some options and returns its address."""
    running = []

    def start(*options):
        server, address = servers.start_app(*options, cwd=tmp_path_factory.mktemp("app"))
        running.append(server)
        return address

    yield start
    for server in running:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def app(start_app):
    """Return the address of the app with the reader that comes with the package."""
    return start_app()


@pytest.fixture
def open_app(browser):
    """Return a function that opens the app; no page may log an error."""
    contexts, messages = [], []

    def open_page(address, *, ready="canvas", **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: messages.append(message) if message.type == "error" else None)
        page.on("pageerror", lambda error: messages.append(error))
        page.goto(address)
        page.locator(ready).first.wait_for(timeout=60_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [str(message) for message in messages] == []


def draw(page, digit, place=0):
    """Draw a digit with the mouse, at one of the places of the paper."""
    box = page.locator("canvas").bounding_box()
    for stroke in STROKES[digit]:
        points = [(box["x"] + 15 + 130 * (place + x), box["y"] + 30 + 200 * y) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=3)
        page.mouse.up()


def expect_text(page, text):
    """Wait until the page shows that it has read the text."""
    from playwright.sync_api import expect

    expect(page.locator(".reading-text")).to_have_text(text, timeout=15_000)


def picture_of(digits, suffix):
    """Return the content of a picture file of digits in a row."""
    file = io.BytesIO()
    make_picture(digits, random_state=3).save(file, suffix)
    return file.getvalue()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_digit_that_is_drawn_is_read(app, open_app, scheme):
    page = open_app(app, color_scheme=scheme, viewport={"width": 1280, "height": 900})
    for digit in range(10):
        draw(page, digit)
        expect_text(page, str(digit))
        page.get_by_role("button", name="Clear").click()
        page.locator(".reading-text").wait_for(state="detached")


def test_a_number_is_read_with_its_boxes_bars_and_what_the_network_saw(app, open_app):
    page = open_app(app, viewport={"width": 1280, "height": 900})
    for place, digit in enumerate([4, 2, 7]):
        draw(page, digit, place)
    expect_text(page, "427")
    assert page.locator(".picture div").count() == 3
    assert page.locator(".digit").count() == 3
    assert page.locator(".digit .bar").count() == 33
    widths = page.locator(".digit img").evaluate_all("images => images.map(image => image.naturalWidth)")
    assert widths == [28, 28, 28]
    page.get_by_role("button", name="Undo").click()
    expect_text(page, "42")


def test_a_finger_draws_on_a_phone_and_the_page_fits(app, open_app):
    page = open_app(app, viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    box = page.locator("canvas").bounding_box()
    assert box["x"] + box["width"] <= 390
    session = page.context.new_cdp_session(page)
    for stroke in STROKES[7]:
        points = [{"x": box["x"] + 60 + 180 * x, "y": box["y"] + 30 + 200 * y} for x, y in stroke]
        session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
        for point in points[1:]:
            session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect_text(page, "7")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_pictures_are_read_and_a_broken_one_is_named(app, open_app):
    page = open_app(app)
    page.get_by_text("Picture", exact=True).click()
    upload = page.locator("input[type=file]")
    upload.wait_for(state="attached")

    def send(name, content):
        upload.set_input_files({"name": name, "mimeType": "image/png", "buffer": content})

    # No two answers in a row are alike: a file that is sent before the last was answered would cancel it.
    send("1947.png", picture_of([1, 9, 4, 7], "png"))
    expect_text(page, "1947")
    for name, content in ("junk.png", b"no picture at all"), ("half.jpg", picture_of([1, 9], "jpeg")[:900]):
        send(name, content)
        page.get_by_text("The image is broken").wait_for()
        send("38.jpg", picture_of([3, 8], "jpeg"))
        expect_text(page, "38")


def test_a_file_above_the_limit_is_refused(app, open_app):
    page = open_app(app)
    page.get_by_text("Picture", exact=True).click()
    upload = page.locator("input[type=file]")
    upload.wait_for(state="attached")
    upload.set_input_files({"name": "large.png", "mimeType": "image/png", "buffer": bytes(11 * 2**20)})
    page.get_by_text(re.compile("must be 10.*MB or smaller")).wait_for()


def test_a_photo_of_the_camera_is_read(app, open_app):
    page = open_app(app, permissions=["camera"])
    page.get_by_text("Camera", exact=True).click()
    page.wait_for_function("document.querySelector('video')?.videoWidth > 0")
    page.get_by_role("button", name="Take Photo").click()
    page.locator(".reading-text").wait_for(timeout=20_000)


def test_ten_sessions_at_once_get_their_own_answers(app, open_app):
    pages = [open_app(app, viewport={"width": 800, "height": 700}) for _ in range(10)]
    for place in range(2):
        for number, page in enumerate(pages):
            draw(page, (number + place) % 10, place)
    for number, page in enumerate(pages):
        expect_text(page, f"{number}{(number + 1) % 10}")


def test_only_this_machine_can_connect(app):
    port = int(app.rsplit(":", 1)[1])
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening += [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
    hosts = {
        host.split(":")[0]
        for _, host, _, state, *_ in listening
        if host.endswith(f":{port:04X}") and state == "0A"
    }
    assert hosts <= {"0100007F", "00000000000000000000000001000000"}
    assert hosts


def test_a_model_of_ones_own_is_used_and_another_file_is_refused(start_app, open_app, tmp_path):
    X = draw_digits(np.arange(500) % 10, random_state=0)
    export.save(
        make_small(epochs=30).fit(X, [f"<{label % 10}>" for label in range(500)]), tmp_path / "own.skops"
    )
    page = open_app(start_app("--model", tmp_path / "own.skops"))
    draw(page, 1)
    expect_text(page, "<1>")
    (tmp_path / "junk.skops").write_bytes(b"junk")
    for path in (tmp_path / "junk.skops", tmp_path / "missing.skops"):
        page = open_app(start_app("--model", path), ready="[data-testid=stAlert]")
        assert path.name in page.locator("[data-testid=stAlert]").inner_text()
