"""What a fit with ``verbose=1`` shows: one bar in a terminal or a notebook, and nothing elsewhere."""

import re

import pytest
from conftest import make_small, run_notebook

from sk_digits import _progress

CODE = """
import numpy as np
from sk_digits import DenseDigitClassifier
from sk_digits.datasets import load_digits
digits = load_digits()
clf = DenseDigitClassifier((16,), epochs=12, verbose=1, random_state=0)
clf.fit(digits.data_train, digits.target_train, X_val=digits.data_test, y_val=digits.target_test);
"""


def test_a_terminal_sees_one_bar_over_all_epochs(digits, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    make_small(epochs=3, verbose=1).fit(digits.data_train, digits.target_train)
    out, err = capsys.readouterr()
    assert out == ""
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", err)
    for expected in ("Training", "3/3", "loss "):
        assert expected in shown


def test_nothing_is_shown_where_there_is_no_terminal(digits, capsys):
    make_small(epochs=2, verbose=1).fit(digits.data_train, digits.target_train)
    assert capsys.readouterr() == ("", "")


def test_a_bar_within_a_bar_is_not_shown(digits, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with _progress.progress_bar("Searching", 1) as progress:
        make_small(epochs=2, verbose=1).fit(digits.data_train, digits.target_train)
        progress.advance()
    assert "1/1" in capsys.readouterr().err


@pytest.mark.slow
def test_a_notebook_sees_one_bar_and_keeps_its_last_state():
    (outputs,) = run_notebook(CODE)
    assert [output.output_type for output in outputs] == ["display_data"]
    data = outputs[0].data
    assert re.fullmatch(r"Training 12/12, \d+:\d\d, loss 0\.\d+, val\. \d+\.\d+%", data["text/plain"])
    assert "<progress max='12' value='12'>" in data["text/html"]
