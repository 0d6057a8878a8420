"""Tests of the command line ``sk-digits``: the first run, each command, its errors and its messages."""

import fcntl
import io
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from conftest import slow
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits as load_bundled_digits
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from sk_digits import DenseDigitClassifier, _progress, export
from sk_digits._cli import _figures, _files, _first_run, _parser, _search, _training
from sk_digits.preprocessing import DigitNormalizer

COMMANDS = ("fit", "search", "evaluate", "predict", "show")


def main(*arguments):
    return _parser.main([str(argument) for argument in arguments])


def exit_code_of(*arguments):
    """Return the exit code also where argparse raises SystemExit."""
    try:
        return main(*arguments)
    except SystemExit as ended:
        return ended.code


def as_json(capsys, *arguments):
    code = main(*arguments, "--json")
    out, err = capsys.readouterr()
    assert err == ""
    return code, json.loads(out)


def run(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "sk_digits", *arguments], cwd=cwd, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def first_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first_run")
    started = time.perf_counter()
    return run(cwd=folder), folder, time.perf_counter() - started


@pytest.mark.slow
def test_the_first_run_searches_reports_and_saves(first_run, digits):
    done, folder, seconds = first_run
    assert done.returncode == 0, done.stderr
    assert seconds < 120
    for expected in ("Best of", "learning_rate =", "precision", "accuracy", "true \\ predicted"):
        assert expected in done.stdout
    assert f"Saved in {folder / 'sk-digits-run'}" in done.stdout
    pipeline = export.load(folder / "sk-digits-run" / "pipeline.skops")
    assert pipeline.score(digits.data_test, digits.target_test) > 0.96
    picture = (folder / "sk-digits-run" / "confusion_matrix.png").read_bytes()
    assert picture.startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_first_run_shows_no_progress_bar_without_a_terminal(first_run):
    assert "Searching" not in first_run[0].stderr


@pytest.fixture
def quick_first_run(monkeypatch):
    """Let the first run search a classifier that is trained in a moment."""
    steps = [("scaler", MinMaxScaler()), ("classifier", KNeighborsClassifier())]
    monkeypatch.setattr(_first_run, "_make_pipeline", lambda: Pipeline(steps))
    monkeypatch.setattr(_first_run, "GRID", {"classifier__n_neighbors": [1, 2]})


def test_the_first_run_with_a_quick_classifier(quick_first_run, digits, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main() == 0
    out, err = capsys.readouterr()
    assert err == ""
    for expected in ("Best of 2 candidates", "n_neighbors =", "precision", "accuracy", "true \\ predicted"):
        assert expected in out
    folder = tmp_path / "sk-digits-run"
    assert f"Saved in {folder}" in out
    assert export.load(folder / "pipeline.skops").score(digits.data_test, digits.target_test) > 0.96
    assert (folder / "confusion_matrix.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in folder.iterdir()) == ["confusion_matrix.png", "pipeline.skops"]


@pytest.fixture
def terminal(monkeypatch):
    """Let rich treat standard error as a terminal of 80 columns."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")


def test_the_progress_bar_counts_the_fits_and_the_last_one_on_all_rows(terminal, capsys, digits):
    grid = {"n_neighbors": [50, 100]}
    _search.search_with_progress(KNeighborsClassifier(), grid, 2, digits.data, digits.target)
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


def test_mnist_without_labelled_test_images_is_refused_before_the_search(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    images, labels = np.zeros((10, 28, 28), np.uint8), np.arange(10)
    np.savez("mnist.npz", x_train=images, y_train=labels, x_test=images[:0], y_test=labels[:0])
    assert main("--mnist", "mnist.npz") == 1
    assert capsys.readouterr().err == (
        "sk-digits: mnist.npz has no labelled test images, which the report requires.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["mnist.npz"]


@pytest.mark.slow
def test_mnist_by_its_folder(mnist_path, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        _first_run, "GRID", {"classifier__hidden_layer_sizes": [(16,)], "classifier__epochs": [1]}
    )
    assert _parser.main(["--mnist", mnist_path, "--output", str(tmp_path / "run")]) == 0
    assert "60,000 images of 28x28 pixels" in capsys.readouterr().out
    assert (tmp_path / "run" / "confusion_matrix.png").exists()


# The commands


QUICK = ("--set", "hidden_layer_sizes=(64,)", "--set", "learning_rate=0.005", "--seed", "0")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "digits.joblib"
    assert main("fit", "--output", path, *QUICK) == 0
    return path


def test_fit_saves_a_classifier_and_reports_its_accuracy(tmp_path, capsys):
    path = tmp_path / "digits.joblib"
    assert main("fit", "--output", path, *QUICK, "--set", "epochs=3") == 0
    out, err = capsys.readouterr()
    assert "Trained on 1,293 of 1,437 images, 3 epochs" in out
    assert "144 images were set aside to measure the accuracy; --validation 0 trains on all." in out
    assert "Accuracy on 144 validation images" in out
    assert f"Saved as {path}." in out
    assert err == ""
    clf = joblib.load(path)
    assert (clf.epochs, clf.hidden_layer_sizes, clf.random_state) == (3, (64,), 0)
    assert clf.callbacks is None
    assert [file.name for file in tmp_path.iterdir()] == ["digits.joblib"]


def test_parameters_of_the_optimizer_can_be_set(tmp_path):
    path = tmp_path / "model"
    nested = ("--set", "optimizer=sgd", "--set", "optimizer__momentum=0.5", "--set", "epochs=1")
    assert main("fit", "--output", path, *QUICK, *nested) == 0
    assert export.load(path).get_params()["optimizer__momentum"] == 0.5


def test_fit_prints_json(tmp_path, capsys):
    path = tmp_path / "digits.joblib"
    code, result = as_json(
        capsys, "fit", "--output", path, "--recipe", "classic", "--validation", 0, "--set", "epochs=2"
    )
    assert code == 0
    assert result["n_samples"] == 1437
    assert result["n_iter"] == 2
    assert result["validation_accuracy"] is None
    assert joblib.load(path).batch_size == 32


def test_search_saves_the_best_candidate(tmp_path, capsys):
    path = tmp_path / "best.joblib"
    code, result = as_json(
        capsys, "search", "--output", path, *QUICK, "--grid", "learning_rate=1e-6,0.005", "--folds", 2
    )
    assert code == 0
    assert result["best_params"] == {"learning_rate": 0.005}
    assert [candidate["params"]["learning_rate"] for candidate in result["candidates"]] == [0.005, 1e-6]
    assert joblib.load(path).learning_rate == 0.005


@pytest.mark.slow
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
    assert "of 360 images are classified correctly" in out
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
    assert main("predict", "--model", path, file) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{file}: {digits.target[1500]}\n  {digits.target[1500]}  ")
    assert "%" in out
    code, result = as_json(capsys, "predict", "--model", path, images)
    assert code == 0
    assert [Path(image["file"]).name for image in result["images"]] == ["1500.png", "1501.png"]
    assert [image["text"] for image in result["images"]] == [str(label) for label in digits.target[1500:1502]]
    assert 0 < result["images"][0]["digits"][0]["probability"] <= 1
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(file.read_bytes())))
    assert as_json(capsys, "predict", "--model", path, "-")[1]["images"][0]["text"] == str(
        digits.target[1500]
    )


def test_predict_reads_without_a_model(reader, digits, capsys):
    _, images = reader
    assert main("predict", images / "1501.png") == 0
    assert f"1501.png: {digits.target[1501]}\n" in capsys.readouterr().out


def test_predict_prints_a_question_mark_for_uncertain_digits(reader, capsys):
    _, images = reader
    code, result = as_json(capsys, "predict", "--min-probability", "1", images / "1501.png")
    assert code == 0
    assert result["images"][0]["text"] == "?"
    assert exit_code_of("predict", "--min-probability", "2", images / "1501.png") == 2
    assert "expected a number from 0 to 1, got '2'" in capsys.readouterr().err


def test_predict_draws_the_images_with_their_digits(reader, tmp_path, capsys):
    _, images = reader
    assert main("predict", "--show", tmp_path / "seen", images) == 0
    assert "seen.png" in capsys.readouterr().out
    with Image.open(tmp_path / "seen.png") as figure:
        assert figure.height > figure.width


def test_predict_checks_the_file_of_the_figure_first(reader, tmp_path, capsys):
    _, images = reader
    assert main("predict", "--show", tmp_path / "no" / "seen.png", images) == 1
    out, err = capsys.readouterr()
    assert "there is no folder" in err
    assert not out


@pytest.mark.filterwarnings("default:A model file in the place:FutureWarning")
def test_a_model_in_the_place_of_the_first_image_is_deprecated(reader, digits, capsys):
    path, images = reader
    assert main("predict", path, images / "1501.png") == 0
    out, err = capsys.readouterr()
    assert f"1501.png: {digits.target[1501]}\n" in out
    assert f"use --model {path}" in err
    assert main("predict", path) == 2
    assert "is a model file; name an image after it" in capsys.readouterr().err


def test_the_first_run_names_the_command_for_photos(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        _first_run, "GRID", {"classifier__hidden_layer_sizes": [(8,)], "classifier__epochs": [1]}
    )
    _first_run.first_run(None, tmp_path, time.perf_counter())
    assert "sk-digits predict photo.jpg" in capsys.readouterr().out


def test_predict_names_a_file_that_is_not_there(reader, capsys):
    assert main("predict", "nothing.png") == 1
    assert "nothing.png" in capsys.readouterr().err


def test_predict_reads_on_after_a_broken_file(reader, tmp_path, capsys):
    path, images = reader
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG and no more")
    assert main("predict", "--model", path, broken, images / "1501.png") == 1
    out, err = capsys.readouterr()
    assert "broken.png" in err
    assert len(err.splitlines()) == 1
    assert "1501.png: " in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["fit"], 2, "the following arguments are required: --output"),
        (["fit", "--output", "m", "--recipe", "fast"], 2, "--recipe must be one of classic,"),
        (
            ["fit", "--output", "m", "--set", "epoch=3"],
            2,
            "DenseDigitClassifier has no parameter 'epoch'; its parameters are",
        ),
        (["fit", "--output", "m", "--set", "epochs"], 2, "'epochs' is not of the form name=value"),
        (["fit", "--output", "m", "--set", "epochs=0"], 2, "The 'epochs' parameter of DenseDigitClassifier"),
        (["fit", "--output", "m", "--set", "batch_norm=true"], 2, "Did you mean True?"),
        (["fit", "--output", "m", "--seed", "3", "--set", "random_state=4"], 2, "are the same parameter"),
        (["fit", "--output", "m", "--seed", "x"], 2, "expected a whole number from 0 to 4294967295, got 'x'"),
        (["show", "MODEL", "weights", "-n", "x"], 2, "expected a whole number of at least 1, got 'x'"),
        (["search", "--output", "m", "--grid", "alpha=0.1..1"], 2, "requires --random N"),
        (["search", "--output", "m", "--grid", "alpha=0..1.5", "--random", "2"], 2, "must begin above 0"),
        (["search", "--output", "m", "--grid", "alpha=b..1", "--random", "2"], 2, "is not a range low..high"),
        (
            ["search", "--output", "m", "--grid", "epochs=1,2", "--random", "3"],
            2,
            "more than the 2 candidates",
        ),
        (["search", "--output", "m", "--grid", "epochs=1,2", "--halving"], 2, "leave epochs out of --grid"),
        (
            ["fit", "--output", "m", "--validation", "1.5"],
            2,
            "expected a number from 0 up to, but not including, 1, got '1.5'",
        ),
        (["fit", "--output", "no/m"], 1, "no/m cannot be written: there is no folder no."),
        (["fit", "--output", "."], 1, ". is a folder; the output must be a file."),
        (["fit", "--output", "m", "--data", "nowhere"], 1, "nowhere"),
        (
            ["search", "--output", "m", "--grid", "epoch=3"],
            2,
            "DenseDigitClassifier has no parameter 'epoch'",
        ),
        (
            ["search", "--output", "m", "--grid", "epochs=3", "--folds", "1"],
            2,
            "expected a whole number of at least 2, got '1'",
        ),
        (["search", "--output", "m", "--grid", "epochs="], 2, "'epochs=' has no values"),
        (["evaluate", "nothing.joblib"], 1, "nothing.joblib is not a file; MODEL must be a file"),
        (["evaluate", "text"], 1, "text is not a model that `sk-digits fit` or joblib.dump saved"),
        (["evaluate", "number"], 1, "number contains an object of type int, expected a classifier"),
        (["evaluate", "unfitted"], 1, "unfitted contains a LogisticRegression that is not fitted"),
        (["predict"], 2, "the following arguments are required: IMAGE"),
        (["predict", "--model", "MODEL", "nothing.png"], 1, "was fitted on 64 features"),
        (["predict", "empty"], 1, "empty contains no image; the suffix must be one of .bmp"),
        (["show", "MODEL", "everything"], 2, "invalid choice: 'everything'"),
        (["show", "MODEL", "weights", "-n", "0"], 2, "expected a whole number of at least 1, got '0'"),
        (["show", "MODEL", "weights", "--output", "picture.xyz"], 1, "xyz"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_an_error_is_one_line_that_says_what_is_wrong(
    arguments, code, message, model, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("hello")
    joblib.dump(3, tmp_path / "number")
    joblib.dump(LogisticRegression(), tmp_path / "unfitted")
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.iterdir())
    exit_code = exit_code_of(*[model if argument == "MODEL" else argument for argument in arguments])
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


@pytest.mark.parametrize("command", COMMANDS)
def test_help_lists_the_options(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main(command, "--help")
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert f"usage: sk-digits {command}" in out
    assert "--json" in out


def test_a_terminal_sees_each_epoch(terminal, tmp_path, capsys):
    assert main("fit", "--output", tmp_path / "m", *QUICK, "--set", "epochs=2") == 0
    err = capsys.readouterr().err
    for shown in ("Training", "2/2", "loss", "val."):
        assert shown in err


def test_a_path_with_brackets_is_shown_as_it_is(terminal, capsys):
    with _progress.spinner("Loading [/old]/mnist"):
        pass
    assert "Loading [/old]/mnist" in capsys.readouterr().err


def test_ctrl_c_ends_a_whole_search(digits):
    import keras

    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    start = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epoch == 5 and timer.start())
    clf = DenseDigitClassifier((32,), epochs=20_000, callbacks=[start], random_state=0)
    with pytest.raises(KeyboardInterrupt):
        _search.search_with_progress(clf, {"learning_rate": [0.001, 0.002]}, 2, digits.data, digits.target)


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_learned_and_leaves_no_half_file(terminal, tmp_path):
    path = tmp_path / "model.joblib"
    arguments = ["fit", "--output", str(path), *QUICK, "--set", "epochs=1000000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "sk_digits", *arguments],
        stderr=subprocess.PIPE,
    )
    shown = b""
    while b"loss" not in shown:  # nothing is kept before the first epoch ends
        read = os.read(process.stderr.fileno(), 4096)
        assert read, shown
        shown += read
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"Traceback" not in err
    assert [file.name for file in tmp_path.iterdir()] == ["model.joblib"]
    assert joblib.load(path).n_iter_ > 0


# What fit reports is what it saves


@pytest.fixture
def ctrl_c(monkeypatch):
    """Return a function after whose call Ctrl-C is pressed during the fifth epoch of `fit`."""

    def press():
        timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
        epochs = []

        def note(logs):
            epochs.append(logs)
            if len(epochs) == 5:
                timer.start()
            return ""

        monkeypatch.setattr(_training, "epoch_note", note)

    return press


@pytest.mark.parametrize(
    "settings",
    [
        ["early_stopping=True", "n_iter_no_change=1", "epochs=100"],
        ["early_stopping=True", "weight_averaging=0.5"],
        slow(["weight_averaging=0.9"]),
        slow(["average_predictions=True"]),
        slow(["warm_start=True"]),
        ["epochs=1000000", "early_stopping=True", "n_iter_no_change=1000000"],
        ["epochs=1000000"],
    ],
    ids=", ".join,
)
def test_fit_reports_the_accuracy_of_the_saved_classifier(settings, ctrl_c, digits, tmp_path, capsys):
    interrupted = "epochs=1000000" in settings
    arguments = [
        *("fit", "--output", tmp_path / "model", "--seed", 0, "--validation", 0.2),
        # So large a learning rate makes the accuracy of the epochs differ.
        *(f"--set={setting}" for setting in ["hidden_layer_sizes=(64,)", "learning_rate=0.05", *settings]),
    ]
    *_, X_val, _, y_val = train_test_split(
        digits.data_train,
        digits.target_train,
        test_size=0.2,
        stratify=digits.target_train,
        random_state=0,
    )
    if interrupted:
        ctrl_c()
    code, result = as_json(capsys, *arguments)
    saved = export.load(tmp_path / "model")
    log_proba = saved.predict_log_proba(X_val)[np.arange(len(y_val)), y_val]
    assert (code, result["interrupted"]) == (int(interrupted), interrupted)
    assert result["validation_accuracy"] == saved.score(X_val, y_val)
    assert result["validation_loss"] == pytest.approx(-log_proba.mean())
    assert result["loss"] == saved.loss_
    if "early_stopping=True" in settings:
        assert result["validation_accuracy"] == saved.best_validation_score_
    if interrupted:
        ctrl_c()
    assert main(*arguments) == code
    saved = export.load(tmp_path / "model")
    out, err = capsys.readouterr()
    assert f"Accuracy on {len(y_val)} validation images: {saved.score(X_val, y_val):.2%}" in out
    assert ("Interrupted" in out) == interrupted
    assert err == ""


# Data without some digits


@pytest.fixture
def digits_file(tmp_path):
    """Return a function that writes the bundled digits with some labels only, as Keras' mnist.npz."""
    bundled = load_bundled_digits()
    images, labels = (bundled.images * 15).astype(np.uint8), bundled.target

    def write(train_labels, test_labels=range(10), n_of_label_7=None):
        train = np.flatnonzero(np.isin(labels[:1200], train_labels))
        if n_of_label_7 is not None:
            sevens = train[labels[train] == 7]
            train = np.setdiff1d(train, sevens[n_of_label_7:])
        test = 1200 + np.flatnonzero(np.isin(labels[1200:], test_labels))
        path = tmp_path / "mnist.npz"
        np.savez(
            path,
            x_train=images[train],
            y_train=labels[train],
            x_test=images[test],
            y_test=labels[test],
        )
        return path

    return write


@pytest.mark.parametrize(
    ("train_labels", "test_labels"),
    [
        slow([0, 1, 2, 3, 4, 5, 6, 8, 9], [0, 1, 2, 3, 4, 5, 6, 8, 9]),
        slow(range(10), [1, 7]),
        ([1, 7], range(10)),
        ([0, 1], [2, 3]),
        pytest.param([3], [3], marks=pytest.mark.filterwarnings("ignore:A single label was found")),
    ],
)
def test_the_first_run_reports_on_the_labels_of_the_data(
    train_labels, test_labels, quick_first_run, digits_file, tmp_path, capsys
):
    folder = tmp_path / "run"
    assert main("--mnist", digits_file(train_labels, test_labels), "--output", folder) == 0
    out, err = capsys.readouterr()
    assert err == ""
    labels = sorted({*train_labels, *test_labels})
    assert out.split("true \\ predicted")[1].splitlines()[0].split() == [str(label) for label in labels]
    assert export.load(folder / "pipeline.skops").classes_.tolist() == list(train_labels)
    assert (folder / "confusion_matrix.png").exists()


def test_the_commands_work_on_the_labels_of_the_data(digits_file, tmp_path, capsys):
    data, model = digits_file([0, 1, 3], [1, 3, 7]), tmp_path / "model"
    quick = ("--data", data, "--output", model, *QUICK, "--set", "epochs=3")
    assert main("fit", *quick) == 0
    assert main("search", *quick, "--grid", "learning_rate=0.005", "--folds", 2) == 0
    capsys.readouterr()
    code, result = as_json(capsys, "evaluate", model, "--data", data)
    assert code == 0
    assert result["labels"] == [0, 1, 3, 7]
    assert sum(map(sum, result["confusion_matrix"])) == result["n_samples"]
    assert result["report"]["accuracy"] == pytest.approx(result["accuracy"])
    for picture in ("samples", "confusion"):
        assert main("show", model, picture, "--data", data, "--output", tmp_path / "picture.png") == 0


# Labels of a model and of the data that differ in type or in number


LABELS = {
    "str": lambda y: y.astype(str),
    "object": lambda y: y.astype(str).astype(object),
    "list of str": lambda y: list(map(str, y)),
    "int8": lambda y: y.astype(np.int8),
    "uint8": lambda y: y.astype(np.uint8),
    "int64": lambda y: y.astype(np.int64),
    "object of int": lambda y: y.astype(object),
    "object of NumPy's int": lambda y: np.array([np.int64(label) for label in y], dtype=object),
    "float": lambda y: y.astype(float),
    "float as text": lambda y: y.astype(float).astype(str),
    "padded text": lambda y: np.char.zfill(y.astype(str), 2),
    "bytes": lambda y: y.astype(str).astype("S"),
}
QUICK_LABELS = ("object", "uint8", "float as text", "bytes")
SOME_LABELS = [kind if kind in QUICK_LABELS else slow(kind) for kind in LABELS]


class Nearest(ClassifierMixin, BaseEstimator):
    """A classifier with labels of any type, even those that scikit-learn refuses."""

    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        self.classes_, indices = np.unique(y, return_inverse=True)
        self.neighbors_ = KNeighborsClassifier(3).fit(X, indices)
        return self

    def predict_proba(self, X):
        return self.neighbors_.predict_proba(X)

    def predict(self, X):
        return self.classes_[self.neighbors_.predict(X)]


@pytest.fixture(scope="module")
def labelled_models(digits, tmp_path_factory):
    """Return a function that returns the path of a model with labels of a type, and of some digits only."""
    folder = tmp_path_factory.mktemp("labels")

    def fit(kind, known):
        path = folder / f"{kind} {known}"
        if not path.exists():
            rows = np.isin(digits.target_train, known)
            y = LABELS[kind](digits.target_train[rows])
            joblib.dump(Nearest().fit(digits.data_train[rows], y), path)
        return path

    return fit


ALL, LOW, TWO = list(range(10)), list(range(5)), [0, 1]


@pytest.mark.parametrize("known", [slow(ALL), LOW, TWO], ids=str)
@pytest.mark.parametrize("kind", SOME_LABELS)
def test_evaluate_counts_every_image_whatever_the_type_of_the_labels(
    kind, known, labelled_models, digits, capsys
):
    path = labelled_models(kind, known)
    code, result = as_json(capsys, "evaluate", path)
    predicted = labelled_models("int64", known)
    expected = joblib.load(predicted).predict(digits.data_test)
    assert code == 0
    matrix = np.array(result["confusion_matrix"])
    np.testing.assert_array_equal(matrix, confusion_matrix(digits.target_test, expected))
    assert matrix.sum() == result["n_samples"] == 360
    assert result["accuracy"] == result["report"]["accuracy"] == (expected == digits.target_test).mean()
    assert [float(label) for label in result["labels"]] == list(range(10))
    assert set(map(str, result["labels"])) < set(result["report"])
    assert main("evaluate", path) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert f"{result['accuracy']:.2%} of 360 images" in out
    assert out.split("true \\ predicted")[1].splitlines()[0].split() == list(map(str, result["labels"]))


@pytest.mark.parametrize("picture", ["samples", "mistakes", "confusion"])
@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("str", ALL),
        ("int64", TWO),
        ("padded text", LOW),
        *(slow(kind, LOW) for kind in LABELS if kind != "padded text"),
    ],
)
def test_show_draws_labels_of_every_type(
    kind, known, picture, labelled_models, digits, tmp_path, monkeypatch, capsys
):
    figures = []
    monkeypatch.setattr(_figures, "save_figure", lambda figure, path: figures.append(figure))
    path = labelled_models(kind, known)
    assert main("show", path, picture, "-n", 400, "--output", tmp_path / "picture.png") == 0
    assert capsys.readouterr().err == ""
    expected = joblib.load(labelled_models("int64", known)).predict(digits.data_test)
    axes = figures[0].axes[0]
    shown = [re.findall(r"-?[\d.]+", text.get_text()) for text in axes.texts]
    if picture == "confusion":
        assert len(axes.get_xticklabels()) == 10
        assert sum(int(count) for (count,) in shown) == 360
    elif picture == "samples":
        # A correct prediction has one label.
        pairs = [(float(labels[0]), float(labels[-1])) for labels in shown]
        assert pairs == list(zip(digits.target_test, expected, strict=True))
        is_marked = [text.get_color() != "black" for text in axes.texts]
        assert is_marked == (digits.target_test != expected).tolist()
    else:
        assert len(shown) == (digits.target_test != expected).sum()
        for true, label, *_ in shown:
            assert float(true) != float(label)


@pytest.mark.parametrize("kind", SOME_LABELS)
def test_predict_prints_labels_of_every_type(kind, digits, tmp_path, capsys):
    X = DigitNormalizer().fit_transform(digits.images.repeat(3, axis=1).repeat(3, axis=2))
    joblib.dump(Nearest().fit(X, LABELS[kind](digits.target)), tmp_path / "model")
    page = np.zeros((80, 100), np.uint8)
    page[20:60, 30:70] = np.kron(digits.images[1] * 255, np.ones((5, 5)))
    Image.fromarray(255 - page).save(tmp_path / "1.png")
    code, result = as_json(capsys, "predict", "--model", tmp_path / "model", tmp_path / "1.png")
    assert code == 0
    (digit,) = result["images"][0]["digits"]
    assert float(digit["label"]) == digits.target[1]
    assert result["images"][0]["text"] == str(digit["label"])
    assert main("predict", "--model", tmp_path / "model", tmp_path / "1.png") == 0
    assert f"1.png: {digit['label']}\n  {digit['label']}  " in capsys.readouterr().out


@pytest.mark.parametrize("picture", ["curves", "weights"])
def test_show_draws_a_classifier_that_was_fitted_on_text_labels(picture, digits, tmp_path):
    path = tmp_path / "model"
    clf = DenseDigitClassifier((16,), epochs=2, random_state=0)
    joblib.dump(clf.fit(digits.data_train, digits.target_train.astype(str)), path)
    assert main("show", path, picture, "--output", tmp_path / "picture.png") == 0
    assert main("evaluate", path) == 0


@pytest.mark.parametrize(
    "labels",
    [
        [False, True],
        ["False", "True"],
        ["one", "two"],
        [b"a", b"b"],
        [100, 200],
        ["digit 1", "digit 2"],
        [-1, 10],
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "command", [["evaluate"], ["show", "samples"], ["show", "mistakes"], ["show", "confusion"]], ids=" ".join
)
def test_a_model_whose_labels_are_not_digits_is_refused(command, labels, tmp_path, capsys):
    path = tmp_path / "model"
    joblib.dump(Nearest().fit(np.eye(4, 64), labels * 2), path)
    name, *rest = command
    assert main(name, path, *rest, *(["--output", tmp_path / "picture.png"] if rest else [])) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "sk-digits: the labels of the data are digits from 0 to 9, and those of the model are not: "
        f"{np.unique(labels).tolist()}.\n"
    )


def test_labels_beside_the_digits_are_kept(digits, tmp_path, capsys):
    X = np.vstack([digits.data_train, np.zeros((5, 64))])
    y = [*digits.target_train.astype(str), *["none"] * 5]
    joblib.dump(Nearest().fit(X, y), tmp_path / "model")
    code, result = as_json(capsys, "evaluate", tmp_path / "model")
    assert (code, result["labels"]) == (0, [*"0123456789", "none"])
    assert result["accuracy"] > 0.9


def test_a_long_message_is_shortened(model, capsys):
    assert main("evaluate", model, "--data", "x" * 50_000) == 1
    assert main("evaluate", "x/" * 50_000) == 1
    assert main("predict", model, "x" * 50_000) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) < 2000


# What can be known before the work is checked before the work


@pytest.fixture
def no_work(monkeypatch):
    """Let it be an error to train or to predict."""

    def work(*args, **kwargs):
        raise AssertionError("the work has started")

    for method in ("fit", "predict"):
        monkeypatch.setattr(DenseDigitClassifier, method, work)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--output", "text"], 1, "text cannot be a folder: text is a file."),
        (["--output", "text/run"], 1, "text/run cannot be a folder: text is a file."),
        (["--output", "locked/run"], 1, "no permission to write in locked."),
        (["--output", "run"], 1, "run/pipeline.skops is a folder"),
        (
            ["--mnist", "DATA"],
            1,
            "3 folds requires at least 3 training images of each label, got 2",
        ),
        (["fit", "--output", "locked/m"], 1, "no permission to write in locked."),
        (["fit", "--output", "text/m"], 1, "text/m cannot be written: there is no folder text."),
        (
            ["fit", "--output", "m", "--data", "SINGLE"],
            1,
            "--validation 0.1 requires at least 2",
        ),
        (["fit", "--output", "m", "--validation", "0.001"], 1, "each part requires at least 10, one of each"),
        (["fit", "--output", "m", "--validation", "0.999"], 1, "each part requires at least 10, one of each"),
        (["fit", "--output", "m", "--set", "dropout=1"], 2, "The 'dropout' parameter"),
        (["fit", "--output", "m", "--set", "activation=rule"], 2, "The 'activation' parameter"),
        (["search", "--output", "locked/m", "--grid", "epochs=1"], 1, "no permission to write in locked."),
        (["search", "--output", "m", "--grid", "epochs=1,0"], 2, "The 'epochs' parameter"),
        (
            ["search", "--output", "m", "--grid", "epochs=1", "--grid", "dropout=0,2"],
            2,
            "The 'dropout' param",
        ),
        (["search", "--output", "m", "--grid", "activation=relu,rule"], 2, "The 'activation' parameter"),
        (["search", "--output", "m", "--grid", "epochs=1", "--grid", "speed=1"], 2, "no parameter 'speed'"),
        (["search", "--output", "m", "--grid", "epochs=1", "--set", "tol=-1"], 2, "The 'tol' parameter"),
        (["search", "--output", "m", "--grid", "epochs=1", "--recipe", "fast"], 2, "--recipe must be one of"),
        (
            ["search", "--output", "m", "--grid", "epochs=1", "--data", "DATA"],
            1,
            "--folds 3 requires at least 3",
        ),
        (
            ["search", "--output=m", "--grid=early_stopping=False,True", "--folds=2", "--data=DATA"],
            1,
            "--folds 2 requires at least 4 training images of each label, got 2 of label 7",
        ),
        (["evaluate", "MODEL", "--data", "UNLABELLED", "--part", "test"], 1, "no test images with labels"),
        (["evaluate", "WORDS"], 1, "those of the model are not: ['one', 'two']"),
        (["show", "MODEL", "confusion", "--output", "locked/m.png"], 1, "no permission to write in locked."),
        (["show", "MODEL", "confusion", "--output", "run"], 1, "run is a folder"),
        (["show", "MODEL", "confusion", "--data=UNLABELLED", "--part=test"], 1, "no test images with labels"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_check_comes_before_the_work(
    arguments, code, message, model, no_work, digits_file, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("hello")
    for folder in ("locked", "run", "run/pipeline.skops"):
        (tmp_path / folder).mkdir()
    if any("locked" in argument for argument in arguments):  # permissions do not bind root
        monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked")
    names = {
        "MODEL": lambda: model,
        "DATA": lambda: digits_file(range(10), n_of_label_7=2),
        "SINGLE": lambda: digits_file(range(10), n_of_label_7=1),
        "UNLABELLED": lambda: digits_file(range(10), []),
        "WORDS": lambda: word_model(tmp_path),
    }
    given = []
    for argument in arguments:
        option, equals, value = argument.rpartition("=")
        given.append(f"{option}{equals}{names[value]()}" if value in names else argument)
    before = sorted(tmp_path.rglob("*"))
    assert exit_code_of(*given) == code
    out, err = capsys.readouterr()
    assert message in err
    assert out == ""
    assert len(err.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


def word_model(folder):
    """Save a classifier whose labels are words."""
    path = folder / "words"
    joblib.dump(KNeighborsClassifier(1).fit(np.eye(2, 64), ["one", "two"]), path)
    return path


# Options in the wrong place


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["--mnist", "--output"])
@pytest.mark.parametrize("complete", [True, False])
def test_an_option_of_the_first_run_before_a_command_is_an_error(option, command, complete, tmp_path, capsys):
    rest = {
        "fit": ["--output", tmp_path / "m"],
        "search": ["--output", tmp_path / "m", "--grid", "epochs=1"],
        "evaluate": ["m"],
        "predict": ["image"],
        "show": ["m", "curves"],
    }
    assert exit_code_of(option, tmp_path / "x", command, *(rest[command] if complete else ())) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert f"{option} before '{command}' is an option of the first run" in message
    instead = {"--mnist": "--data", "--output": "--output"}[option]
    known = {"--mnist": ("fit", "search", "evaluate", "show"), "--output": ("fit", "search", "show")}[option]
    if command in known:
        assert f"use: sk-digits {command} ... {instead}" in message
    else:
        assert f"'{command}' has no option {instead}" in message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", COMMANDS)
def test_mnist_after_a_command_is_an_error(command, capsys):
    assert exit_code_of(command, "--mnist", "folder") == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert "--mnist is an option of the first run" in message
    assert "has no option --data" in message if command == "predict" else "... --data" in message


@pytest.mark.parametrize(
    "option",
    ["--json", "--data", "--recipe", "--set", "--seed", "--validation", "--grid", "--folds", "--part", "-n"],
)
@pytest.mark.parametrize("rest", [[], ["value"], ["fit", "--output", "m"], ["value", "fit", "--output", "m"]])
def test_an_option_of_a_command_before_it_or_without_one_is_an_error(option, rest, capsys):
    assert exit_code_of(option, *rest) == 2
    assert f"{option} belongs after a command: sk-digits " in capsys.readouterr().err.splitlines()[-1]


# Formats of pictures


@pytest.mark.parametrize(
    ("picture", "given", "saved", "start"),
    [
        *(
            slow(picture, "picture", "picture.png", b"\x89PNG")
            for picture in ("samples", "mistakes", "confusion", "curves", "weights")
        ),
        ("curves", "picture.PNG", "picture.PNG", b"\x89PNG"),
        ("curves", "picture.Pdf", "picture.Pdf", b"%PDF"),
        ("curves", "picture.svg", "picture.svg", b"<?xml"),
        ("curves", "a.run/picture", "a.run/picture.png", b"\x89PNG"),
        ("curves", ".picture", ".picture.png", b"\x89PNG"),
    ],
)
def test_the_suffix_of_a_picture_is_its_format(
    picture, given, saved, start, model, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.run").mkdir()
    code, result = as_json(capsys, "show", model, picture, "-n", 2, "--output", given)
    assert (code, result) == (0, {"picture": saved})
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / saved]
    assert (tmp_path / saved).read_bytes().startswith(start)


@pytest.mark.parametrize("picture", ["samples", "mistakes", "confusion", "curves", "weights"])
@pytest.mark.parametrize("name", ["picture.xyz", "picture.PART", "run.1", "model.joblib"])
def test_an_unknown_format_is_refused_before_the_model_is_read(picture, name, tmp_path, capsys):
    path = tmp_path / name
    assert main("show", "nothing.joblib", picture, "--output", path) == 1
    err = capsys.readouterr().err
    assert f"the suffix of {path} must be one of ." in err
    for allowed in (".pdf,", ".png,", ".svg,", f"got {path.suffix!r}"):
        assert allowed in err
    assert not list(tmp_path.iterdir())


# Warnings


WARNINGS = [
    RuntimeWarning("XLA cannot compile this network,\n   so it trains uncompiled."),
    UserWarning("a warning of a callback"),
    FutureWarning("a parameter will be removed"),
    DataConversionWarning("y was converted"),
    ConvergenceWarning("the training did not converge"),
]


@pytest.fixture
def fit_that_warns(monkeypatch):
    """Let each fit of the classifier, and of that of the quick first run, emit all warnings."""
    for kind in (DenseDigitClassifier, KNeighborsClassifier):

        def fit(self, *args, original=kind.fit, **kwargs):
            for warning in WARNINGS:
                warnings.warn(warning, stacklevel=2)
            return original(self, *args, **kwargs)

        monkeypatch.setattr(kind, "fit", fit)


@pytest.mark.parametrize("shown_on", ["pipe", "terminal"])
@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fit", *QUICK, "--set", "epochs=1"],
        ["search", *QUICK, "--grid", "epochs=1,2", "--folds", 2],
    ],
    ids=["first run", "fit", "search"],
)
@pytest.mark.filterwarnings("default")
def test_each_warning_is_one_line_on_stderr(
    arguments, shown_on, quick_first_run, fit_that_warns, tmp_path, capsys, request
):
    if shown_on == "terminal":
        request.getfixturevalue("terminal")
    assert main(*arguments, "--output", tmp_path / "out") == 0
    err = capsys.readouterr().err
    expected = [f"sk-digits: warning: {' '.join(str(warning).split())}" for warning in WARNINGS]
    if shown_on == "pipe":
        assert err.splitlines() == expected
    for line in expected:
        assert err.count(line) == 1


@pytest.mark.filterwarnings("default")
def test_a_warning_is_shown_where_the_fit_fails(monkeypatch, tmp_path, capsys):
    def fit(self, *args, **kwargs):
        warnings.warn("the loss is large", RuntimeWarning, stacklevel=2)
        raise ValueError("the training diverged.")

    monkeypatch.setattr(DenseDigitClassifier, "fit", fit)
    assert main("fit", "--output", tmp_path / "m") == 1
    expected = ["sk-digits: warning: the loss is large", "sk-digits: the training diverged."]
    assert capsys.readouterr().err.splitlines() == expected


@pytest.mark.parametrize("suffix", [".html", ".onnx", ".keras", ".h5", ".skops", ".joblib"])
def test_export_writes_every_format(suffix, model, tmp_path, capsys):
    path = tmp_path / f"digits{suffix}"
    code, result = as_json(capsys, "export", model, path)
    assert (code, result["output"]) == (0, str(path))
    assert result["size"] == path.stat().st_size > 5000
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_export_without_a_model_writes_the_reader_of_the_package(tmp_path, capsys):
    assert main("export", tmp_path / "reader.skops") == 0
    assert "Saved as" in capsys.readouterr().out
    assert export.load(tmp_path / "reader.skops").classes_.tolist() == list(range(-1, 10))


@pytest.mark.parametrize(
    ("files", "code", "message"),
    [
        (["digits.htm"], 2, "must be one of .html, .onnx, .keras, .h5, .skops, .joblib, got 'digits.htm'"),
        (["a", "b", "c.html"], 2, "expected MODEL and OUT, got 3 files"),
        (["nothing", "c.html"], 1, "nothing is not a file"),
        (["{pipeline}", "c.keras"], 1, "got a Pipeline; pass its last step"),
        (["{pipeline}", "c/d.keras"], 1, "there is no folder c"),
    ],
)
def test_export_names_what_is_wrong(files, code, message, model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    joblib.dump(Pipeline([("scaler", "passthrough"), ("classifier", joblib.load(model))]), "pipeline")
    assert main("export", *(file.format(pipeline="pipeline") for file in files)) == code
    assert message in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["pipeline"]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".html", ".keras", ".h5", ".onnx"])
def test_export_prints_one_line(suffix, tmp_path):
    done = run("export", f"reader{suffix}", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Saved as reader{suffix} (")


@pytest.mark.parametrize("content", [b"", b"no image"])
def test_a_bad_image_on_standard_input_is_called_so(content, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    assert main("predict", "-") == 1
    out, err = capsys.readouterr()
    assert out == ""  # not even an empty line
    assert err == "sk-digits: Standard input is broken, or not in an image format that Pillow reads.\n"


@pytest.mark.parametrize("arguments", [("--help",), slow(("predict", ".", "--json"))])
def test_a_reader_of_the_output_that_leaves_early_is_no_error(arguments, tmp_path):
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(tmp_path / "blank.png")
    command = [sys.executable, "-m", "sk_digits", *arguments]
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(command, cwd=tmp_path, stdout=write_end, stderr=subprocess.PIPE, text=True)
    os.close(write_end)
    assert done.stderr == ""


@pytest.mark.parametrize("command", ["fit", slow("search"), "export", slow("show")])
def test_a_symbolic_link_stays_and_its_target_is_replaced(command, model, tmp_path):
    suffix = ".png" if command == "show" else ".skops"
    target, link = tmp_path / f"target{suffix}", tmp_path / f"link{suffix}"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    arguments = {
        "fit": ("--output", link, *QUICK, "--set", "epochs=1"),
        "search": ("--output", link, *QUICK, "--grid", "epochs=1", "--folds", 2),
        "export": (model, link),
        "show": (model, "curves", "--output", link),
    }[command]
    assert main(command, *arguments) == 0
    assert link.is_symlink()
    assert target.read_bytes() != b"old"
    assert target.stat().st_mode & 0o777 == 0o640
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([link.name, target.name])


def test_an_output_that_is_a_fifo_is_written_to(model, tmp_path):
    fifo = tmp_path / "fifo.skops"
    os.mkfifo(fifo)
    with ThreadPoolExecutor() as pool:
        content = pool.submit(fifo.read_bytes)
        assert main("export", model, fifo) == 0
    assert content.result().startswith(b"PK")
    assert fifo.is_fifo()


@pytest.mark.parametrize("command", ["export", "show"])
def test_a_device_as_output_is_written_to_and_stays(command, model, tmp_path, monkeypatch):
    null = tmp_path / "null.skops" if command == "export" else tmp_path / "null"
    null.symlink_to("/dev/null")
    # As for a user who may not write in /dev.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != Path("/dev"))
    arguments = (model, null) if command == "export" else (model, "curves", "--output", null)
    assert main(command, *arguments) == 0
    assert Path("/dev/null").is_char_device()
    assert [file.name for file in tmp_path.iterdir()] == [null.name]


def test_an_unreadable_model_is_said_to_be_so(model, tmp_path, monkeypatch, capsys):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", "model.skops")

    path = tmp_path / "model.skops"
    path.write_bytes(model.read_bytes())
    monkeypatch.setattr(_files, "open", refuse, raising=False)
    assert main("evaluate", path) == 1
    assert "Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("evaluate",), ("show",)])
def test_the_default_images_that_do_not_fit_a_model_are_named(command, reader, capsys):
    path, _ = reader
    picture = ("samples",) if command == ("show",) else ()
    assert main(*command, path, *picture) == 1
    err = capsys.readouterr().err
    assert "the model reads images of 784 pixels, but those of digits, which come with scikit-learn" in err
    assert "have 64 (8x8); pass images that fit the model by --data." in err


def test_search_draws_at_random_and_prints_a_table(tmp_path, capsys):
    path = tmp_path / "best.skops"
    grid = ("--grid", "learning_rate=0.001..0.01", "--grid", "batch_size=32..64", "--random", 3)
    assert main("search", "--output", path, *QUICK, *grid, "--folds", 2, "--set", "epochs=1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 candidates in 2 folds, best first:"
    assert lines[1].split() == ["accuracy", "seconds", "parameters"]
    accuracies = [float(line.split()[0]) for line in lines[2:5]]
    assert accuracies == sorted(accuracies, reverse=True)
    assert 0.001 <= export.load(path).learning_rate <= 0.01
    assert 32 <= export.load(path).batch_size <= 64


@pytest.mark.parametrize("draws", [(), slow(("--random", 3))])
def test_search_by_halving_trains_the_best_for_longer(draws, tmp_path, capsys):
    path = tmp_path / "best.skops"
    grid = ("--grid", "learning_rate=1e-6,1e-5,0.005", "--halving", "--set", "epochs=9", *draws)
    code, result = as_json(capsys, "search", "--output", path, *QUICK, *grid, "--folds", 2)
    assert code == 0
    assert result["best_params"] == {"learning_rate": 0.005, "epochs": 9}
    assert result["candidates"][0]["params"]["learning_rate"] == 0.005
    assert len(result["candidates"]) == 3
    assert export.load(path).n_iter_ == 9


@pytest.mark.slow
def test_search_in_two_processes(tmp_path, capsys):
    path = tmp_path / "best.skops"
    grid = ("--grid", "epochs=1,3", "--jobs", 2, "--folds", 2)
    assert main("search", "--output", path, *QUICK, *grid) == 0
    assert export.load(path).epochs == 3


def test_help_shows_three_whole_examples_that_fit_the_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert exit_code_of("--help") == 0
    out = capsys.readouterr().out
    assert out.count("\n  sk-digits ") == 3
    assert max(map(len, out.splitlines())) <= 80


class Terminal:
    """A process whose standard error is a pseudo-terminal of some width."""

    def __init__(self, width, cwd, *arguments):
        self.end, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        command = [sys.executable, "-m", "sk_digits", *map(str, arguments)]
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            command, cwd=cwd, stdout=subprocess.PIPE, stderr=other, env=environment | {"TERM": "xterm"}
        )
        os.close(other)

    def shown(self):
        """Return what was shown until the end, as pairs of seconds and lines without control sequences."""
        frames = []
        while True:
            try:
                content = os.read(self.end, 65536)
            except OSError:  # of Linux, where the other end was closed
                content = b""
            if not content:
                break
            text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", content.decode(errors="replace"))
            frames += [(time.monotonic() - self.started, line) for line in re.split(r"[\r\n]+", text) if line]
        os.close(self.end)
        self.process.communicate()
        return frames


@pytest.mark.slow
@pytest.mark.parametrize("width", [80, 40])
@pytest.mark.parametrize("command", ["fit", "search"])
def test_a_terminal_of_any_width_shows_what_is_going_on_and_the_time_left(command, width, tmp_path):
    options = ("--grid", "epochs=20,21", "--folds", 2) if command == "search" else ("--set", "epochs=30")
    frames = Terminal(width, tmp_path, command, "--output", "m.skops", *QUICK, *options).shown()
    lines = [line for _, line in frames]
    assert max(map(len, lines)) <= width
    n_steps = "5/5" if command == "search" else "30/30"
    for expected in (
        "starting TensorFlow",
        "compiling",
        n_steps,
        "accuracy" if command == "search" else "loss",
    ):
        assert any(expected in line for line in lines), (expected, lines)
    assert any(re.search(r"\d+:\d\d", line) for line in lines)


@pytest.mark.slow
def test_the_first_run_shows_something_at_once(tmp_path):
    frames = Terminal(80, tmp_path).shown()
    # Half a second, on a machine that does nothing else.
    assert frames[0][0] < 3
    assert any("starting TensorFlow" in line for _, line in frames)
