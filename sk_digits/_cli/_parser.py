"""The entry point of ``sk-digits``: the options, the exit codes and the errors."""

import argparse
import ast
import json
import os
import sys
import time
from pathlib import Path

from .. import __version__
from ._checks import UsageError
from ._evaluation import evaluate
from ._export import export
from ._figures import show
from ._first_run import first_run
from ._messages import one_line, print_message, warnings_as_lines
from ._reading import predict
from ._training import fit, search

STARTED = time.perf_counter()
FIRST_RUN_FOLDER = "sk-digits-run"
DATA = (
    "path of MNIST in any supported layout (IDX files, mnist.npz, CSV, ARFF, parquet, a folder of images, or "
    "a .zip archive of these), "
    "'digits' for the digits that come with scikit-learn, or 'openml' to download MNIST"
)
PICTURES = {
    "samples": "images with their true and predicted labels",
    "mistakes": "misclassified images, the most confident mistakes first",
    "confusion": "the confusion matrix",
    "curves": "loss and accuracy after each epoch",
    "weights": "the weights of the first layer as images",
}
DESCRIPTION = """\
Train, evaluate and use classifiers of handwritten digits. Without a command:
search for, evaluate and save a classifier of the digits that come with
scikit-learn; this needs no network and takes less than two minutes."""
EXAMPLES = """\
examples:
  sk-digits predict photo.jpg
      read the digits in a photo with the reader that comes with the package
  sk-digits fit --data path/to/mnist --recipe quick --output model.skops
      train a classifier on MNIST and save it
  sk-digits export model.skops digits.html
      make a page to draw on, which anyone can open in a browser

Exit codes: 0 for success, 1 for a failure, 2 for a wrong command line."""


def main(argv=None):
    """Run the command line and return the exit code: 0, 1 (failure) or 2 (wrong usage)."""
    options = make_parser().parse_args(argv)
    # TensorFlow's start-up messages are for its developers; the process is ours, so silence them.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings_as_lines():
        try:
            code = options.run(options)
            sys.stdout.flush()  # while an error of it can still be caught
            return code
        except KeyboardInterrupt:
            print_message("interrupted")
        except BrokenPipeError:
            # Whoever reads the output, such as `head`, has seen enough. What is left must not raise at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except Exception as error:
            if options.debug:
                raise
            print_message(_error_message(error))
            if isinstance(error, UsageError):
                return 2
    return 1


def make_parser():
    """Return the parser; its options hold the function to call as ``run``."""
    parser = argparse.ArgumentParser(
        prog="sk-digits",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--mnist", metavar="PATH", help="without a command: use MNIST from this path instead")
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        dest="folder",
        help="without a command: folder for the pipeline and the confusion matrix "
        f"(default: {FIRST_RUN_FOLDER})",
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.set_defaults(run=_run_first)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", action=_Commands)
    _add_fit(commands)
    _add_search(commands)
    _add_evaluate(commands)
    _add_predict(commands)
    _add_show(commands)
    _add_export(commands)
    _refuse_misplaced_options(parser, commands)
    return parser


class _Commands(argparse._SubParsersAction):
    """Commands in front of which the options of the first run are an error."""

    def __call__(self, parser, namespace, values, option_string=None):
        command = values[0]
        for option, value, equivalent in (
            ("--mnist", namespace.mnist, "--data"),
            ("--output", namespace.folder, "--output"),
        ):
            if value is not None and command in self.choices:
                parser.error(
                    f"{option} before {command!r} is an option of the first run, which has no command; "
                    f"{self.advice(command, equivalent)}"
                )
        super().__call__(parser, namespace, values, option_string)

    def advice(self, command, option):
        """Return what to use after the command instead."""
        if option in self.choices[command]._option_string_actions:
            return f"use: sk-digits {command} ... {option}"
        return f"{command!r} has no option {option}"


class _Misplaced(argparse.Action):
    """Raise a usage error that says where an option belongs; hidden from the help."""

    def __init__(self, option_strings, dest, advice):
        super().__init__(option_strings, argparse.SUPPRESS, nargs="?", help=argparse.SUPPRESS)
        self.advice = advice

    def __call__(self, parser, namespace, values, option_string=None):
        parser.error(f"{option_string} {self.advice}")


def _refuse_misplaced_options(parser, commands):
    """Refuse options of the commands in front of one, and ``--mnist`` after one, and name their place."""
    places = {}
    for name, command in commands.choices.items():
        for option in command._option_string_actions:
            places.setdefault(option, []).append(name)
    for option, names in places.items():
        if option not in parser._option_string_actions:
            advice = f"belongs after a command: sk-digits {names[0]} ... {option}"
            if len(names) > 1:
                advice += f" (also: {', '.join(names[1:])})"
            parser.add_argument(option, action=_Misplaced, advice=advice)
    for name, command in commands.choices.items():
        advice = f"is an option of the first run, which has no command; {commands.advice(name, '--data')}"
        command.add_argument("--mnist", action=_Misplaced, advice=advice)


def _run_first(options):
    first_run(options.mnist, options.folder or FIRST_RUN_FOLDER, STARTED)
    return 0


def _printing_result(command):
    """Return a function that runs a command and prints its result as text or JSON."""

    def run(options):
        result, text = command(options)
        output = json.dumps(result, default=_json_default) if options.json else text
        if output:
            print(output)
        return 1 if result.get("failed") or result.get("interrupted") else 0

    return run


def _json_default(value):
    """Return a NumPy scalar as a Python number, and any other value as its repr."""
    return value.item() if hasattr(value, "item") else repr(value)


def _error_message(error):
    """Return the message of an error, after its type unless it is of a kind that users cause."""
    message = one_line(error)
    expected = isinstance(error, OSError | ValueError | ImportError)
    return message if expected and message else f"{type(error).__name__}: {message}"


def _add_command(commands, name, function, summary):
    parser = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    parser.set_defaults(run=_printing_result(function))
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    # SUPPRESS keeps a --debug that was given before the command.
    parser.add_argument(
        "--debug", action="store_true", default=argparse.SUPPRESS, help="show the traceback of an error"
    )
    return parser


def _add_fit(commands):
    parser = _add_command(commands, "fit", fit, "train a classifier and save it")
    _add_training(parser)
    parser.add_argument(
        "--validation",
        metavar="SHARE",
        type=_share,
        default=0.1,
        help="share of the training images to measure the accuracy on instead of training on them; "
        "0 for none (default: %(default)s)",
    )


def _add_search(commands):
    summary = "search parameters by cross-validation and save the best classifier"
    parser = _add_command(commands, "search", search, summary)
    _add_training(parser)
    parser.add_argument(
        "--grid",
        metavar="NAME=VALUE,VALUE",
        type=_grid_axis,
        action="append",
        required=True,
        help="values of a parameter to try, such as learning_rate=0.001,0.003, or with --random a range, "
        "such as learning_rate=0.0003..0.01; may be repeated",
    )
    parser.add_argument(
        "--random", metavar="N", type=_count, help="draw N candidates at random instead of trying all"
    )
    parser.add_argument(
        "--halving",
        action="store_true",
        help="train all candidates for few epochs, the best third for three times as many, and so on",
    )
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=_count,
        default=1,
        help="number of processes; each starts TensorFlow, so that more than 1 pays only for long searches "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--folds",
        metavar="N",
        type=_folds,
        default=3,
        help="number of folds of the cross-validation (default: %(default)s)",
    )


def _add_evaluate(commands):
    parser = _add_command(commands, "evaluate", evaluate, "report the accuracy of a saved classifier")
    _add_model(parser)
    _add_data(parser)
    _add_part(parser)


def _add_predict(commands):
    parser = _add_command(commands, "predict", predict, "read the digits in images")
    parser.add_argument(
        "images", metavar="IMAGE", nargs="+", help="image file, folder of images, or - for standard input"
    )
    parser.add_argument(
        "--model",
        metavar="MODEL",
        type=Path,
        help="file of a saved classifier (default: the reader that comes with the package)",
    )
    parser.add_argument(
        "--min-probability",
        metavar="P",
        type=_probability,
        default=0.0,
        help="print ? for digits that are less probable (default: %(default)s)",
    )
    parser.add_argument(
        "--show", metavar="FILE", type=Path, help="draw the images with the digits found in them to FILE"
    )


def _add_show(commands):
    parser = _add_command(commands, "show", show, "draw a figure of a saved classifier")
    _add_model(parser)
    parser.add_argument(
        "picture",
        metavar="PICTURE",
        choices=list(PICTURES),
        help="; ".join(f"{name}: {content}" for name, content in PICTURES.items()),
    )
    _add_data(parser)
    _add_part(parser)
    parser.add_argument("-n", type=_count, default=40, help="number of images to show (default: %(default)s)")
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        help="file for the figure; its suffix is the format, such as .png, .pdf or .svg, and .png is "
        "appended if it has none (default: PICTURE.png)",
    )


def _add_export(commands):
    summary = "write a saved classifier as a file for other programs"
    parser = _add_command(commands, "export", export, summary)
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="[MODEL] OUT: the file that fit or search saved, by default the reader that comes with the "
        "package, and the file to write. Its suffix is the format: .html (a page to draw on, for any "
        "browser), .onnx, .keras, .h5, .skops or .joblib",
    )


def _add_training(parser):
    """Add the options that `fit` and `search` share."""
    _add_data(parser)
    parser.add_argument("--output", metavar="MODEL", type=Path, required=True, help="file for the model")
    parser.add_argument(
        "--recipe",
        metavar="NAME",
        help="named parameter set: classic, quick, dense, elastic, record or reader",
    )
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        type=_assignment,
        action="append",
        default=[],
        help="a parameter of DenseDigitClassifier, such as epochs=30; may be repeated",
    )
    parser.add_argument("--seed", metavar="N", type=_seed, help="random_state, for reproducible results")


def _add_model(parser):
    parser.add_argument(
        "model", metavar="MODEL", help="file that fit or search saved; only open files that you trust"
    )


def _add_data(parser):
    parser.add_argument("--data", metavar="DATA", help=f"{DATA} (default: digits)")


def _add_part(parser):
    parser.add_argument(
        "--part",
        choices=["train", "test"],
        help="part of the data to use (default: the test part if the data has one)",
    )


def _assignment(text):
    """Return ``name=value`` as a pair; a value that is no Python literal is a string."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=value.")
    return name, _literal(value)


def _grid_axis(text):
    """Return ``name=value,value`` or ``name=low..high`` as a name and a list of values or a distribution."""
    name, _ = _assignment(text)
    values = text.partition("=")[2]
    if not values.strip():
        raise argparse.ArgumentTypeError(f"{text!r} has no values; expected name=value,value.")
    if ".." in values:
        return name, _range(values)
    listed = _literal(f"[{values}]")
    return name, listed if isinstance(listed, list) else [_literal(part) for part in values.split(",")]


def _range(text):
    """Return ``low..high`` as a distribution: uniform over whole numbers, log-uniform over others."""
    low, _, high = text.partition("..")
    low, high = _literal(low), _literal(high)
    is_whole = isinstance(low, int) and isinstance(high, int)
    if not (is_whole or (isinstance(low, int | float) and isinstance(high, int | float))) or not low < high:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range low..high of two numbers.")
    from scipy import stats

    if is_whole:
        return stats.randint(low, high + 1)
    if low <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} must begin above 0, since it is drawn on a log scale.")
    return stats.loguniform(low, high)


def _literal(text):
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def _share(text):
    return _number(text, float, lambda value: 0 <= value < 1, "a number from 0 up to, but not including, 1")


def _probability(text):
    return _number(text, float, lambda value: 0 <= value <= 1, "a number from 0 to 1")


def _seed(text):
    return _number(text, int, lambda value: 0 <= value < 2**32, "a whole number from 0 to 4294967295")


def _count(text, least=1):
    return _number(text, int, lambda value: value >= least, f"a whole number of at least {least}")


def _number(text, kind, is_allowed, expected):
    """Return a number of an option, or raise an error that says what is expected."""
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not is_allowed(value):
        raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}")
    return value


def _folds(text):
    return _count(text, least=2)
