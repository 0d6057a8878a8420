"""The command ``sk-digits`` as a user runs it."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from PIL import Image

from sk_digits import DenseDigitClassifier
from sk_digits._cli import _first_run, _parser, _progress
from sk_digits.preprocessing import DigitNormalizer


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


@pytest.fixture
def terminal(monkeypatch):
    """What is written to stderr goes to a terminal of the usual width."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")


def test_the_progress_bar_counts_the_fits_and_the_last_one_on_all_rows(terminal, capsys, digits):
    clf = DenseDigitClassifier((16,), epochs=2, random_state=0)
    _progress.search_with_progress(clf, {"batch_size": [64, 128]}, 2, digits.data, digits.target)
    err = capsys.readouterr().err
    assert "5/5" in err
    assert "accuracy 0." in err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--mnist", "nowhere"], 1, "sk-digits: nowhere: no such file or folder"),
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
    assert _parser.main(["--mnist", mnist_path, "--output", str(tmp_path / "run")]) == 0
    assert "60,000 images of 28x28 pixels" in capsys.readouterr().out
    assert (tmp_path / "run" / "confusion_matrix.png").exists()


# The commands


QUICK = ("--set", "hidden_layer_sizes=(64,)", "--set", "learning_rate=0.005", "--seed", "0")


def main(*arguments):
    return _parser.main([str(argument) for argument in arguments])


def as_json(capsys, *arguments):
    code = main(*arguments, "--json")
    out, err = capsys.readouterr()
    assert err == ""
    return code, json.loads(out)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "digits.joblib"
    assert main("fit", "--output", path, *QUICK) == 0
    return path


def test_fit_saves_a_classifier_and_says_how_good_it_is(tmp_path, capsys):
    path = tmp_path / "digits.joblib"
    assert main("fit", "--output", path, *QUICK, "--set", "epochs=3") == 0
    out, err = capsys.readouterr()
    assert "Trained on 1,293 images, 3 epochs" in out
    assert "Accuracy on 144 validation images" in out
    assert f"Saved as {path}." in out
    assert err == ""
    clf = joblib.load(path)
    assert (clf.epochs, clf.hidden_layer_sizes, clf.random_state) == (3, (64,), 0)
    assert clf.callbacks is None
    assert [file.name for file in tmp_path.iterdir()] == ["digits.joblib"]


def test_fit_for_machines(tmp_path, capsys):
    path = tmp_path / "digits.joblib"
    code, result = as_json(
        capsys, "fit", "--output", path, "--recipe", "classic", "--validation", 0, "--set", "epochs=2"
    )
    assert code == 0
    assert result["n_samples"] == 1437
    assert result["n_iter"] == 2
    assert result["validation_accuracy"] is None
    assert joblib.load(path).batch_size == 32


def test_search_tries_the_grid_and_saves_the_best(tmp_path, capsys):
    path = tmp_path / "best.joblib"
    grid = ("--grid", "hidden_layer_sizes=(4,),(64,)", "--grid", "activation=relu,tanh")
    assert main("search", "--output", path, *QUICK, *grid, "--folds", 2, "--set", "epochs=5") == 0
    out = capsys.readouterr().out
    assert "4 candidates in 2 folds, best first:" in out
    assert joblib.load(path).hidden_layer_sizes == (64,)
    code, result = as_json(capsys, "search", "--output", path, *QUICK, "--grid", "epochs=1,2", "--folds", 2)
    assert code == 0
    assert result["best_params"] == {"epochs": 2}
    assert [candidate["params"] for candidate in result["candidates"]] == [{"epochs": 2}, {"epochs": 1}]


def test_evaluate_reports(model, capsys, digits):
    assert main("evaluate", model) == 0
    out = capsys.readouterr().out
    assert "of 360 images are right" in out
    assert "precision" in out
    assert "true \\ predicted" in out
    code, result = as_json(capsys, "evaluate", model, "--part", "train")
    assert code == 0
    assert result["n_samples"] == 1437
    assert result["accuracy"] == joblib.load(model).score(digits.data_train, digits.target_train)
    assert sum(map(sum, result["confusion_matrix"])) == 1437


@pytest.mark.parametrize("picture", ["samples", "mistakes", "confusion", "curves", "weights"])
def test_show_draws(picture, model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main("show", model, picture, "-n", 9) == 0
    assert f"Saved as {picture}.png." in capsys.readouterr().out
    assert (tmp_path / f"{picture}.png").read_bytes().startswith(b"\x89PNG")
    code, result = as_json(capsys, "show", model, picture, "--output", "mine.pdf")
    assert (code, result) == (0, {"picture": "mine.pdf"})
    assert (tmp_path / "mine.pdf").read_bytes().startswith(b"%PDF")


@pytest.fixture(scope="module")
def reader(digits, tmp_path_factory):
    """A classifier of 28x28 images, and a folder with images of single digits to read."""
    folder = tmp_path_factory.mktemp("reader")
    frame = DigitNormalizer()
    X = frame.fit_transform(digits.images[:1500].repeat(3, axis=1).repeat(3, axis=2))
    path = folder / "model.joblib"
    joblib.dump(DenseDigitClassifier((64,), random_state=0).fit(X, digits.target[:1500]), path)
    images = folder / "images"
    images.mkdir()
    for number in (1500, 1501):
        page = np.zeros((80, 100), np.uint8)
        page[20:60, 30:70] = np.kron(digits.images[number] * 255, np.ones((5, 5)))
        Image.fromarray(255 - page).save(images / f"{number}.png")
    return path, images


def test_predict_reads_files_folders_and_standard_input(reader, digits, capsys, monkeypatch):
    path, images = reader
    file = images / "1500.png"
    assert main("predict", path, file) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{file}: {digits.target[1500]}\n  {digits.target[1500]}  ")
    assert "%" in out
    code, result = as_json(capsys, "predict", path, images)
    assert code == 0
    assert [Path(image["file"]).name for image in result["images"]] == ["1500.png", "1501.png"]
    assert [image["text"] for image in result["images"]] == [str(label) for label in digits.target[1500:1502]]
    assert 0 < result["images"][0]["digits"][0]["probability"] <= 1
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(file.read_bytes())))
    assert as_json(capsys, "predict", path, "-")[1]["images"][0]["text"] == str(digits.target[1500])


def test_predict_names_a_file_that_is_not_there(reader, capsys):
    assert main("predict", reader[0], "nothing.png") == 1
    assert "nothing.png" in capsys.readouterr().err


def test_predict_reads_on_after_a_broken_file(reader, tmp_path, capsys):
    path, images = reader
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG and no more")
    assert main("predict", path, broken, images / "1501.png") == 1
    out, err = capsys.readouterr()
    assert "broken.png" in err
    assert len(err.splitlines()) == 1
    assert "1501.png: " in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["fit"], 2, "the following arguments are required: --output"),
        (["fit", "--output", "m", "--recipe", "fast"], 2, "there is no recipe 'fast'; there are classic,"),
        (["fit", "--output", "m", "--set", "epoch=3"], 2, "there is no parameter 'epoch'; there are"),
        (["fit", "--output", "m", "--set", "epochs"], 2, "'epochs' is not of the form name=value"),
        (["fit", "--output", "m", "--set", "epochs=0"], 1, "The 'epochs' parameter of DenseDigitClassifier"),
        (["fit", "--output", "m", "--validation", "1.5"], 2, "1.5 is not in [0, 1)"),
        (["fit", "--output", "no/m"], 1, "no/m cannot be written: there is no folder no."),
        (["fit", "--output", "."], 1, ". is a folder; give the name of a file."),
        (["fit", "--output", "m", "--data", "nowhere"], 1, "nowhere"),
        (["search", "--output", "m", "--grid", "epoch=3"], 2, "there is no parameter 'epoch'"),
        (["search", "--output", "m", "--grid", "epochs=3", "--folds", "1"], 2, "1 is less than 2"),
        (["evaluate", "nothing.joblib"], 1, "nothing.joblib is no file; give a model"),
        (["evaluate", "text"], 1, "text is no model that `sk-digits fit` or joblib.dump saved"),
        (["evaluate", "number"], 1, "number holds int, which is no classifier"),
        (["predict", "MODEL"], 2, "the following arguments are required: IMAGE"),
        (["predict", "MODEL", "nothing.png"], 1, "The classifier was fitted on 64 features"),
        (["predict", "MODEL", "empty"], 1, "empty has no image; known are .bmp"),
        (["show", "MODEL", "everything"], 2, "invalid choice: 'everything'"),
        (["show", "MODEL", "weights", "-n", "0"], 2, "0 is less than 1"),
        (["show", "MODEL", "weights", "--output", "picture.xyz"], 1, "xyz"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_wrong_is_said_in_one_line(arguments, code, message, model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("hello")
    joblib.dump(3, tmp_path / "number")
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.iterdir())
    try:
        exit_code = main(*[model if argument == "MODEL" else argument for argument in arguments])
    except SystemExit as ended:
        exit_code = ended.code
    err = capsys.readouterr().err
    assert exit_code == code
    assert message in err
    assert "Traceback" not in err
    assert [line for line in err.splitlines() if line.startswith("sk-digits")] == err.splitlines()[-1:]
    assert sorted(tmp_path.iterdir()) == before


def test_debug_shows_the_traceback():
    with pytest.raises(FileNotFoundError):
        main("evaluate", "nothing.joblib", "--debug")
    with pytest.raises(FileNotFoundError):
        main("--debug", "evaluate", "nothing.joblib")


@pytest.mark.parametrize("command", ["fit", "search", "evaluate", "predict", "show"])
def test_help_says_what_there_is(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main(command, "--help")
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert f"usage: sk-digits {command}" in out
    assert "--json" in out


def test_a_terminal_sees_each_epoch(terminal, tmp_path, capsys):
    assert main("fit", "--output", tmp_path / "m", *QUICK, "--set", "epochs=2") == 0
    err = capsys.readouterr().err
    for shown in ("Training", "2/2", "loss", "validation"):
        assert shown in err


def test_a_path_with_brackets_is_shown_as_it_is(terminal, capsys):
    with _progress.working("Loading [/old]/mnist"):
        pass
    assert "Loading [/old]/mnist" in capsys.readouterr().err


def test_ctrl_c_ends_a_whole_search(digits):
    import keras

    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    start = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epoch == 5 and timer.start())
    clf = DenseDigitClassifier((32,), epochs=20_000, callbacks=[start], random_state=0)
    with pytest.raises(KeyboardInterrupt):
        _progress.search_with_progress(clf, {"learning_rate": [0.001, 0.002]}, 2, digits.data, digits.target)


def test_ctrl_c_keeps_what_was_learned_and_leaves_no_half_file(terminal, tmp_path):
    path = tmp_path / "model.joblib"
    arguments = ["fit", "--output", str(path), *QUICK, "--set", "epochs=1000000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "sk_digits", *arguments],
        stderr=subprocess.PIPE,
    )
    shown = b""
    while b"loss" not in shown:  # before the first epoch ends there is nothing to keep
        read = os.read(process.stderr.fileno(), 4096)
        assert read, shown
        shown += read
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"Traceback" not in err
    assert [file.name for file in tmp_path.iterdir()] == ["model.joblib"]
    assert joblib.load(path).n_iter_ > 0
