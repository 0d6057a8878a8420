"""Messages on standard error: errors and warnings in one line each, and the warning about Ctrl-C."""

import sys
import warnings
from contextlib import contextmanager

INTERRUPTED = "Training interrupted by user"
MAX_LENGTH = 2000


def print_message(text):
    """Print one line on standard error."""
    print(f"sk-digits: {one_line(text)}", file=sys.stderr)


def one_line(text):
    """Return the text on one line, with single spaces, and without its middle if it is long."""
    line = " ".join(str(text).split())
    if len(line) <= MAX_LENGTH:
        return line
    return f"{line[: MAX_LENGTH // 2]} ... {line[-MAX_LENGTH // 4 :]}"


@contextmanager
def warnings_as_lines():
    """Print each distinct warning once, as one line without its place in the code."""
    printed = set()

    def show(message, *_args, **_kwargs):
        text = one_line(message)
        if text not in printed:
            printed.add(text)
            print_message(f"warning: {text}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


@contextmanager
def recorded_interruption():
    """Yield a list that receives the warning of a fit that Ctrl-C ended; other warnings are shown."""
    from sklearn.exceptions import ConvergenceWarning

    recorded = []
    with warnings.catch_warnings():
        warnings.filterwarnings("always", INTERRUPTED, ConvergenceWarning)
        show_other = warnings.showwarning

        def show(message, category, *args, **kwargs):
            if issubclass(category, ConvergenceWarning) and str(message).startswith(INTERRUPTED):
                recorded.append(message)
            else:
                show_other(message, category, *args, **kwargs)

        warnings.showwarning = show
        yield recorded


@contextmanager
def interruption_as_error():
    """Raise KeyboardInterrupt where a fit warns that Ctrl-C ended it."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.filterwarnings("error", INTERRUPTED, ConvergenceWarning)
        try:
            yield
        except ConvergenceWarning as warning:
            if str(warning).startswith(INTERRUPTED):
                raise KeyboardInterrupt from None
            raise
