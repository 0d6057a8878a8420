"""The code in README.md and docs/ runs as it is printed, and links lead to existing files."""

import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from conftest import make_picture
from mnist_files import write_idx
from sklearn.exceptions import ConvergenceWarning

from sk_digits import DenseDigitClassifier, export
from sk_digits.augmentation import draw_digits

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONSOLE = r"```console\n(.*?)```"
COMMANDS = [
    page for page in PAGES if "\nsk-digits " in "".join(re.findall(CONSOLE, page.read_text(), re.DOTALL))
]
GUIDES = [page for page in PAGES[1:] if "```python" in page.read_text()]


@pytest.fixture
def in_folder_with_photo(tmp_path, monkeypatch):
    """Go to an empty folder with a picture of a number."""
    monkeypatch.chdir(tmp_path)
    make_picture([2, 0, 4, 7]).save("photo.jpg")


def run_blocks(page):
    """Run the Python code of a page, one block after another, and return what it defines."""
    warnings.simplefilter("error", ConvergenceWarning)  # no page may show a training that is too short
    namespace = {"__name__": "__main__"}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        exec(block, namespace)
    return namespace


@pytest.mark.slow
@pytest.mark.usefixtures("in_folder_with_photo")
@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_the_code_of_a_guide_runs(page):
    run_blocks(page)


@pytest.mark.slow
@pytest.mark.usefixtures("in_folder_with_photo")
@pytest.mark.parametrize("page", COMMANDS, ids=lambda page: page.name)
def test_the_commands_of_a_page_run_as_they_are_printed(page):
    labels = np.arange(500, dtype=np.uint8) % 10
    images = np.uint8(255 * draw_digits(labels, random_state=0)).reshape(-1, 28, 28)
    parts = {"x_train": images[:400], "y_train": labels[:400], "x_test": images[400:], "y_test": labels[400:]}
    write_idx(Path("path/to/mnist"), parts)
    Path("scans").mkdir()
    shutil.copy("photo.jpg", "scans/page.jpg")
    export.save(DenseDigitClassifier((16,), epochs=5).fit(images[:400] / 255, labels[:400]), "model.skops")
    for block in re.findall(CONSOLE, page.read_text(), re.DOTALL):
        for command in re.findall(r"^sk-digits .*", block.replace("\\\n", " "), re.MULTILINE):
            command = f"{sys.executable} -m {command.replace('sk-digits', 'sk_digits', 1)}"
            subprocess.run(["bash", "-c", command], check=True)


@pytest.mark.slow
@pytest.mark.usefixtures("in_folder_with_photo")
def test_the_readme_finds_a_good_classifier_and_reads_a_picture(capsys):
    names = run_blocks(ROOT / "README.md")
    search, digits = names["search"], names["digits"]
    assert search.score(digits.data_test, digits.target_test) > 0.96
    out = capsys.readouterr().out
    assert "weighted avg" in out
    assert "2047" in out


def test_the_readme_links_every_page():
    pages = {page.name for page in PAGES[1:]} - {"index.md", "api.md", "measurements.md", "development.md"}
    assert pages <= set(re.findall(r"\(docs/(\w+\.md)\)", (ROOT / "README.md").read_text()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_of_a_page_exist(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        # The page of the gallery exists in the site only.
        assert target == "gallery/index" or (page.parent / target).exists(), target
