"""The code in README.md and docs/ runs as it is printed, and links lead to existing files."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sk_digits.augmentation import draw_digits

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
GUIDES = [page for page in PAGES[1:] if "```python" in page.read_text()]


@pytest.mark.slow
@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_the_code_of_a_guide_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ink = np.concatenate(draw_digits([2, 0, 4, 7], random_state=0).reshape(-1, 28, 28), axis=1)
    Image.fromarray(np.uint8(230 - 200 * ink)).resize((448, 112)).save("photo.jpg")
    namespace = {"__name__": "__main__"}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        exec(block, namespace)


def test_the_readme_example_finds_a_good_classifier(capsys):
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    namespace = {}
    exec(block, namespace)
    search, digits = namespace["search"], namespace["digits"]
    assert search.score(digits.data_test, digits.target_test) > 0.96
    assert "weighted avg" in capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_of_a_page_exist(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        # Pages of the gallery are made of the examples.
        example = ROOT / "examples" / f"{target.removeprefix('gallery/')}.py"
        assert (page.parent / target).exists() or target == "gallery/index" or example.exists(), target
