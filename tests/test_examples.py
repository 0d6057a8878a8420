"""The scripts in examples/ run, draw a figure and print a result."""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("plot_*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_an_example_runs(example, monkeypatch, capsys):
    monkeypatch.setattr(plt, "show", lambda: None)
    plt.switch_backend("agg")
    runpy.run_path(str(example))
    assert plt.get_fignums()
    plt.close("all")
    assert capsys.readouterr().out
