"""The command line ``sk-digits``: what may be asked for, exit codes and errors."""

import argparse
import ast
import json
import os
import sys
from pathlib import Path

from .. import __version__
from . import _commands, _first_run

DATA = (
    "MNIST in any layout that people have (IDX files, mnist.npz, CSV, ARFF, parquet, a folder of images), "
    "'digits' for those that come with scikit-learn, or 'openml' to download MNIST"
)
PICTURES = {
    "samples": "images with their true and predicted labels",
    "mistakes": "the images read wrongly, worst first",
    "confusion": "the confusion matrix",
    "curves": "loss and accuracy after each epoch",
    "weights": "the first layer's weights as images",
}


def main(argv=None):
    """Run the command line; returns the exit code: 0, 1 (it failed) or 2 (wrong usage)."""
    options = _parser().parse_args(argv)
    # TensorFlow's start-up messages are for its developers; this process is ours, so it may be quiet.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print("sk-digits: interrupted", file=sys.stderr)
    except Exception as error:
        if options.debug:
            raise
        print(f"sk-digits: {_one_line(error)}", file=sys.stderr)
        if isinstance(error, _commands.UsageError):
            return 2
    return 1


def _run_first(options):
    _first_run.first_run(options.mnist, options.output)
    return 0


def _running(command):
    """What runs a command and prints its result, for people or for machines."""

    def run(options):
        result, text = command(options)
        print(json.dumps(result, default=_plain) if options.json else text)
        return 1 if result.get("failed") or result.get("interrupted") else 0

    return run


def _plain(value):
    """NumPy's scalars, and whatever else a parameter can be, for JSON."""
    return value.item() if hasattr(value, "item") else repr(value)


def _one_line(error):
    message = " ".join(str(error).split())
    expected = isinstance(error, OSError | ValueError | ImportError)
    return message if expected and message else f"{type(error).__name__}: {message}"


def _parser():
    parser = argparse.ArgumentParser(
        prog="sk-digits",
        description="Train, judge and use classifiers of handwritten digits. Without a command: search, "
        "report on and save a classifier of the digits that come with scikit-learn, with no network, "
        "in well under two minutes.",
        epilog="Exit codes: 0, 1 where it failed, 2 where the command line is wrong.",
    )
    parser.add_argument("--mnist", metavar="PATH", help="without a command: take MNIST from there instead")
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        default="sk-digits-run",
        help="without a command: where the pipeline and the confusion matrix go (default: %(default)s)",
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.set_defaults(run=_run_first)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_fit(commands)
    _add_search(commands)
    _add_evaluate(commands)
    _add_predict(commands)
    _add_show(commands)
    return parser


def _command(commands, name, function, summary):
    parser = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    parser.set_defaults(run=_running(function))
    parser.add_argument("--json", action="store_true", help="print one JSON object in place of the text")
    # Not to overwrite what was given before the command.
    parser.add_argument(
        "--debug", action="store_true", default=argparse.SUPPRESS, help="show the traceback of an error"
    )
    return parser


def _add_data(parser):
    parser.add_argument("--data", metavar="DATA", default="digits", help=f"{DATA} (default: %(default)s)")


def _add_training(parser):
    _add_data(parser)
    parser.add_argument("--output", metavar="MODEL", type=Path, required=True, help="file for the model")
    parser.add_argument(
        "--recipe", metavar="NAME", help="parameters by name: classic, quick, dense, elastic or record"
    )
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        type=_assignment,
        action="append",
        default=[],
        help="a parameter of DenseDigitClassifier, such as epochs=30; may be repeated",
    )
    parser.add_argument("--seed", metavar="N", type=int, default=None, help="random_state, for equal results")


def _add_fit(commands):
    parser = _command(commands, "fit", _commands.fit, "train a classifier and save it")
    _add_training(parser)
    parser.add_argument(
        "--validation",
        metavar="SHARE",
        type=_share,
        default=0.1,
        help="share of the training images to watch the accuracy on, not trained on; 0 for none "
        "(default: %(default)s)",
    )


def _add_search(commands):
    summary = "search a grid of parameters by cross-validation and save the best classifier"
    parser = _command(commands, "search", _commands.search, summary)
    _add_training(parser)
    parser.add_argument(
        "--grid",
        metavar="NAME=VALUE,VALUE",
        type=_grid_axis,
        action="append",
        required=True,
        help="values of a parameter to try, such as learning_rate=0.001,0.003; may be repeated",
    )
    parser.add_argument(
        "--folds",
        metavar="N",
        type=_folds,
        default=3,
        help="folds of the cross-validation (default: %(default)s)",
    )


def _add_evaluate(commands):
    parser = _command(commands, "evaluate", _commands.evaluate, "report how good a saved classifier is")
    parser.add_argument(
        "model", metavar="MODEL", help="file that fit or search saved; only open those you trust"
    )
    _add_data(parser)
    _add_part(parser)


def _add_predict(commands):
    parser = _command(commands, "predict", _commands.predict, "read the digits in images")
    parser.add_argument(
        "model", metavar="MODEL", help="file that fit or search saved; only open those you trust"
    )
    parser.add_argument(
        "images", metavar="IMAGE", nargs="+", help="image file, folder of them, or - for standard input"
    )


def _add_show(commands):
    parser = _command(commands, "show", _commands.show, "draw a picture of a saved classifier")
    parser.add_argument(
        "model", metavar="MODEL", help="file that fit or search saved; only open those you trust"
    )
    parser.add_argument(
        "picture",
        metavar="PICTURE",
        choices=list(PICTURES),
        help="; ".join(f"{name}: {what}" for name, what in PICTURES.items()),
    )
    _add_data(parser)
    _add_part(parser)
    parser.add_argument("-n", type=_count, default=40, help="how many images to show (default: %(default)s)")
    parser.add_argument(
        "--output", metavar="FILE", type=Path, help="file, as PNG, PDF or SVG (default: PICTURE.png)"
    )


def _add_part(parser):
    parser.add_argument(
        "--part",
        choices=["train", "test"],
        help="which part of the data (default: the test part, where the data has one)",
    )


def _assignment(text):
    """``name=value`` as a pair; the value is a Python literal, or else a string."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=value.")
    return name, _literal(value)


def _grid_axis(text):
    """``name=value,value`` as a name and a list of values."""
    name, _ = _assignment(text)
    values = text.partition("=")[2]
    listed = _literal(f"[{values}]")
    return name, listed if isinstance(listed, list) else [_literal(part) for part in values.split(",")]


def _literal(text):
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def _share(text):
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not in [0, 1).")
    return value


def _count(text, least=1):
    value = int(text)
    if value < least:
        raise argparse.ArgumentTypeError(f"{text} is less than {least}.")
    return value


def _folds(text):
    return _count(text, least=2)
