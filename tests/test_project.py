"""The files around the package agree with it: versions, and the paths that the documentation names."""

import re
import tomllib
from pathlib import Path

import pytest

import sk_digits

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_pre_commit_runs_the_ruff_of_the_extra_lint():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    revision = re.search(r"ruff-pre-commit\n *rev: v(\S+)", (ROOT / ".pre-commit-config.yaml").read_text())
    assert project["optional-dependencies"]["lint"] == [f"ruff=={revision.group(1)}"]


def test_whats_new_begins_with_the_present_version():
    version = sk_digits.__version__.partition(".dev")[0]
    first = re.search(r"^## (\S+)", (ROOT / "docs" / "whats_new.md").read_text(), re.MULTILINE)
    assert first.group(1) == version


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_paths_that_a_page_names_exist(page):
    for path in re.findall(r"`((?:sk_digits|tests|examples|docs|\.github)/[\w./]*)`", page.read_text()):
        assert (ROOT / path).exists(), path
