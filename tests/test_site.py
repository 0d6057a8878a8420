"""The site has every public name and parameter, and its pages can be read in a browser at any width."""

import inspect
import os
import re
from pathlib import Path

import pytest
from public_names import public_modules, public_objects
from scikeras.wrappers import KerasClassifier
from sklearn.neural_network import MLPClassifier

from sk_digits import DenseDigitClassifier
from sk_digits.augmentation import RandomDeformation
from sk_digits.preprocessing import DigitNormalizer

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def test_the_api_page_lists_every_public_name():
    text = (DOCS / "api.md").read_text()
    listed = {}
    for module, entries in re.findall(
        r"currentmodule:: (\S+)\n\n\.\. autosummary::\n(.*?)```", text, re.DOTALL
    ):
        listed[module] = set(re.findall(r"^   (\w+)$", entries, re.MULTILINE))
    expected = {
        module.__name__: {value.__name__ for value in public_objects(module)} for module in public_modules()
    }
    modules = {name.rsplit(".")[-1] for name in expected}
    for module in public_modules():  # Nothing else is exported, such as a constant.
        exported = set(getattr(module, "__all__", ()))
        assert exported <= expected[module.__name__] | modules | {"__version__"}
    assert expected.pop("sk_digits.recipes") == {"Recipes"}  # is described on the page itself
    assert "autoclass:: Recipes" in text
    assert listed == expected


@pytest.mark.parametrize(
    ("section", "names"),
    [
        ("scikit-learn's MLPClassifier", list(inspect.signature(MLPClassifier).parameters)),
        (
            "scikit-learn's MLPClassifier",
            [
                "coefs_",
                "intercepts_",
                "loss_",
                "best_loss_",
                "loss_curve_",
                "validation_scores_",
                "n_iter_",
                "t_",
            ],
        ),
        (
            "SciKeras' KerasClassifier",
            [name for name in inspect.signature(KerasClassifier).parameters if name != "kwargs"],
        ),
        ("Keras", ["fit", "evaluate", "predict", "save", "summary", "train_on_batch"]),
    ],
    ids=["MLPClassifier", "its attributes", "KerasClassifier", "Keras"],
)
def test_every_parameter_of_a_peer_has_its_counterpart(section, names):
    text = (DOCS / "coming_from.md").read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    assert [name for name in names if not re.search(rf"`(?:\w+_)?{name}\b|\b{name}\b", text)] == []
    assert "after = DenseDigitClassifier(" in text


def test_the_picture_of_the_readme_is_small():
    assert (DOCS / "_static" / "reading.png").stat().st_size <= 150_000


def test_each_extra_is_described():
    text = (DOCS / "installation.md").read_text()
    extras = re.findall(
        r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text().split("optional-dependencies]")[1], re.M
    )
    table = extras[: extras.index("lint") + 1]
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(table)


@pytest.fixture(scope="module")
def site():
    """Return the folder of the site that `sphinx-build docs FOLDER` wrote, or skip the test."""
    path = os.environ.get("SK_DIGITS_SITE")
    if not path:
        pytest.skip("the environment variable SK_DIGITS_SITE does not name the folder of a built site")
    return Path(path)


@pytest.mark.slow
def test_every_page_fits_any_window_and_logs_no_error(site, browser):
    paths = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    assert len(paths) > 60
    context = browser.new_context(offline=True)
    page, messages = context.new_page(), []
    page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: messages.append(f"error: {error}"))
    for path in paths:
        messages.clear()
        page.goto(path.as_uri(), wait_until="domcontentloaded")
        assert page.title(), path
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for width in (1280, 390):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
        # Only the diagram of the architecture needs the network, for the script that draws it.
        errors = [text for text in messages if text.startswith("error") and "ERR_INTERNET" not in text]
        assert errors == [], path
    context.close()


@pytest.mark.slow
def test_every_example_has_a_picture_a_script_and_a_notebook(site):
    examples = sorted((ROOT / "examples").glob("plot_*.py"))
    assert len(examples) >= 13
    for example in examples:
        text = (site / "gallery" / f"{example.stem}.html").read_text()
        assert f"sphx_glr_{example.stem}_001.png" in text
        for suffix in (".py", ".ipynb"):
            assert list((site / "_downloads").glob(f"*/{example.stem}{suffix}")), example


@pytest.mark.slow
def test_each_estimator_has_the_api_page_that_a_notebook_links_to(site):
    for estimator in (DenseDigitClassifier, RandomDeformation, DigitNormalizer):
        module = estimator.__module__.removesuffix("._classifier")
        assert (site / "api" / f"{module}.{estimator.__name__}.html").is_file()


@pytest.mark.slow
def test_code_links_to_the_api_and_to_scikit_learn(site):
    text = (site / "searching.html").read_text()
    assert 'href="api/sk_digits.DenseDigitClassifier.html' in text
    assert (
        'href="https://scikit-learn.org/stable/modules/generated/sklearn.model_selection.GridSearchCV.html'
        in text
    )
