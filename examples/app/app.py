"""A page to draw on: the digits are read as they are drawn, or from a picture.

``streamlit run app.py`` starts it with the reader that comes with sk_digits, and ``streamlit run app.py --
--model digits.skops`` with a classifier of 28x28 images that `sk_digits.export.save` saved.
"""

import argparse
import base64
import gc
import html
import io
import uuid
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from sk_digits import export, load_pretrained
from sk_digits.preprocessing import read_digits

DRAW, UPLOAD, CAMERA = "Draw", "Picture", "Camera"
SUFFIXES = ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff"]
# Digits of at least this probability have a solid box.
SURE = 0.5
N_PIXELS = 28 * 28
STYLE = """<style>
.stMainBlockContainer { padding-top: 2.5rem; }
.reading-text { font-size: 2.6rem; font-weight: 600; margin: 0; line-height: 1.2; white-space: pre-line; }
.picture { position: relative; display: inline-block; max-width: 100%; margin: .5rem 0; }
.picture img { display: block; max-width: 100%; max-height: 60vh; }
.picture div { position: absolute; outline: 2px solid #0072b2; outline-offset: 2px; border-radius: 2px; }
.picture .unsure { outline: 2px dashed #d55e00; }
.digits { display: flex; flex-wrap: wrap; gap: 1rem; }
.digit { width: 9.5rem; }
.digit h4 { padding: 0; margin: 0 0 .2rem; font-size: 1.1rem; }
.digit img { width: 56px; height: 56px; image-rendering: pixelated; border-radius: 4px; }
.bar { display: grid; grid-template-columns: 2.2rem 1fr 2.6rem; gap: .3rem; }
.bar { font-size: .75rem; line-height: 1.15rem; }
.bar i { background: #0072b2; height: .6rem; align-self: center; min-width: 1px; border-radius: 2px; }
.bar span:last-child { text-align: right; }
</style>"""
HERE = Path(__file__).parent
# The canvas components that can be installed wait 200 ms after each stroke before they send it.
draw_paper = st.components.v2.component(
    "paper",
    html=(
        "<canvas aria-label='paper to write on'></canvas>"
        "<button class=undo>Undo</button><button class=clear>Clear</button>"
    ),
    css=(HERE / "paper.css").read_text(),
    js=(HERE / "paper.js").read_text(),
)


def parse_arguments():
    """Return the options after ``--`` of the command."""
    parser = argparse.ArgumentParser(description="A page that reads the digits that are drawn on it.")
    parser.add_argument("--model", help="a classifier saved by sk_digits.export.save; default: the reader")
    return parser.parse_args()


@st.cache_resource(show_spinner="Loading the network")
def load_classifier(path):
    """Return the classifier in the file, or the reader that comes with the package for None.

    Raises
    ------
    ValueError
        If it is no classifier of 28x28 images.
    """
    classifier = load_pretrained() if path is None else export.load(path)
    n_features = getattr(classifier, "n_features_in_", None)
    if n_features != N_PIXELS or not hasattr(classifier, "predict_proba"):
        raise ValueError(
            f"{path} must hold a classifier of {N_PIXELS} pixels, as MNIST's, "
            f"got {type(classifier).__name__} of {n_features} features."
        )
    read_digits(np.ones((28, 28)), classifier)  # imports what the first stroke would wait for
    # Streamlit collects garbage after each run; what is loaded so far stays, and is not searched again.
    gc.freeze()
    return classifier


def main():
    """Draw the page."""
    st.set_page_config(page_title="Draw a digit", page_icon="✏️", layout="wide")
    st.html(STYLE)
    st.title("Draw a digit, or a number")
    try:
        classifier = load_classifier(parse_arguments().model)
    except (OSError, ValueError) as error:
        st.error(str(error))
        st.stop()
    source = st.segmented_control(
        "Source", [DRAW, UPLOAD, CAMERA], default=DRAW, required=True, label_visibility="collapsed"
    )
    {DRAW: show_paper, UPLOAD: show_upload, CAMERA: show_camera}[source](classifier)


@st.fragment
def show_paper(classifier):
    """Draw the paper, and what is read on it after each stroke."""
    st.caption("Write with a mouse, a pen or a finger; the paper is read after each stroke.")
    picture = draw_paper(key="paper", on_picture_change=lambda: None).picture
    # What a browser sends is read only if it is a drawing: another string would be the path of a file.
    if picture and picture.startswith("data:image/png;base64,"):
        show_reading(picture, classifier)


def show_upload(classifier):
    """Ask for a picture, and show what is read in it."""
    picture = st.file_uploader("A photo or scan of digits", type=SUFFIXES)
    if picture is not None:
        show_reading(picture.getvalue(), classifier)


def show_camera(classifier):
    """Ask for a photo, and show what is read in it."""
    photo = st.camera_input("Hold the digits in front of the camera")
    if photo is not None:
        show_reading(photo.getvalue(), classifier)


def show_reading(picture, classifier):
    """Read the content of an image file or a data URL, and show the text, the boxes and each digit."""
    try:
        reading = read_digits(picture, classifier)
    except (OSError, ValueError) as error:
        st.error(str(error))
        return
    text = html.escape(reading.text) or "no digit found"
    cards = "".join(digit_as_html(digit, classifier.classes_) for digit in reading.digits)
    # Streamlit sends a long message that it has sent before as a reference, which the browser may have
    # dropped (its issue 15816); the page then stops. With the comment, no two messages are alike.
    content = f'<p class="reading-text">{text}</p>{picture_as_html(reading)}<div class="digits">{cards}</div>'
    st.html(f"<!-- {uuid.uuid4()} -->{content}")


def picture_as_html(reading):
    """Return the picture in grey with a box around each digit."""
    height, width = reading.image.shape
    boxes = ""
    for digit in reading.digits:
        left, top, right, bottom = (edge * reading.image_scale for edge in digit.box)
        place = {"left": left / width, "top": top / height}
        place |= {"width": (right - left) / width, "height": (bottom - top) / height}
        style = ";".join(f"{name}:{100 * share:.2f}%" for name, share in place.items())
        kind = "" if digit.probability >= SURE else ' class="unsure"'
        boxes += f'<div{kind} style="{style}"></div>'
    return f'<div class="picture"><img alt="the picture" src="{as_data_url(reading.image)}">{boxes}</div>'


def digit_as_html(digit, classes):
    """Return what the network saw of a digit, and the probabilities of the classes as bars."""
    bars = "".join(
        f'<div class="bar"><span>{class_name(label)}</span><i style="width:{100 * probability:.1f}%"></i>'
        f"<span>{probability:.0%}</span></div>"
        for label, probability in zip(classes, digit.probabilities, strict=True)
    )
    title = f"<h4>{class_name(digit.label)}, {digit.probability:.0%}</h4>"
    seen = f'<img alt="what the network saw" src="{as_data_url(1 - digit.image)}">'
    return f'<div class="digit">{title}{seen}{bars}</div>'


def class_name(label):
    """Return the label of a class as it is shown; -1 is what is no digit."""
    return "none" if label == -1 else html.escape(str(label))


def as_data_url(image):
    """Return a grey image, from 0 for black to 1 for white, as a PNG in a data URL."""
    file = io.BytesIO()
    Image.fromarray(np.uint8(255 * image)).save(file, "png", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


main()
