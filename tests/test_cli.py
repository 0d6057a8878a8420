"""The command ``sk-digits`` as a user runs it."""

import subprocess
import sys
import time

import joblib
import numpy as np
import pytest

from sk_digits import _cli, _first_run, _progress


def run(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "sk_digits", *arguments], cwd=cwd, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def first_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first_run")
    started = time.perf_counter()
    return run(cwd=folder), folder, time.perf_counter() - started


def test_the_first_run_searches_reports_and_saves(first_run, digits):
    done, folder, seconds = first_run
    assert done.returncode == 0, done.stderr
    assert seconds < 120
    for expected in ("Best of", "learning_rate =", "precision", "accuracy", "true \\ predicted"):
        assert expected in done.stdout
    assert f"Saved in {folder / 'sk-digits-run'}" in done.stdout
    pipeline = joblib.load(folder / "sk-digits-run" / "pipeline.joblib")
    assert pipeline.score(digits.data_test, digits.target_test) > 0.96
    picture = (folder / "sk-digits-run" / "confusion_matrix.png").read_bytes()
    assert picture.startswith(b"\x89PNG")


def test_the_progress_bar_is_for_terminals_only(first_run):
    assert "Searching" not in first_run[0].stderr


def test_the_progress_bar_counts_the_fits(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with _progress.progress_bar("Searching", 2) as advance:
        advance()
        advance()
    assert "2/2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--mnist", "nowhere"], 1, "sk-digits: nowhere is no folder"),
        (["--mnist"], 2, "usage: sk-digits"),
        (["--speed"], 2, "unrecognized arguments: --speed"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(arguments, code, message, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_mnist_without_labelled_test_images_is_refused_before_the_search(tmp_path):
    images, labels = np.zeros((10, 28, 28), np.uint8), np.arange(10)
    np.savez(tmp_path / "mnist.npz", x_train=images, y_train=labels, x_test=images[:0], y_test=labels[:0])
    done = run("--mnist", "mnist.npz", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "sk-digits: mnist.npz has no labelled test images, and the report is about those.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["mnist.npz"]


def test_mnist_by_its_folder(mnist_path, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        _first_run, "GRID", {"classifier__hidden_layer_sizes": [(16,)], "classifier__epochs": [1]}
    )
    assert _cli.main(["--mnist", mnist_path, "--output", str(tmp_path / "run")]) == 0
    assert "60,000 images of 28x28 pixels" in capsys.readouterr().out
    assert (tmp_path / "run" / "confusion_matrix.png").exists()
