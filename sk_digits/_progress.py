"""Progress bars and spinners in terminals and notebooks; nothing is shown elsewhere, such as in a log."""

import html
import sys
import time
from contextlib import contextmanager

# Narrower terminals show neither the title nor the bar.
MIN_WIDTH = 60
# A notebook is updated at most this often, in seconds.
MIN_INTERVAL = 0.1


class Progress:
    """A progress bar that shows nothing: the interface of the others."""

    def advance(self, note="", total=None, steps=1):
        """Advance by some steps; `total` is for where it is not known from the start."""

    def say(self, note):
        """Show at once what is going on."""


class _TerminalProgress(Progress):
    """A bar of rich's."""

    def __init__(self, bar, task):
        self._bar, self._task = bar, task

    def advance(self, note="", total=None, steps=1):
        self._bar.update(self._task, note=note, advance=steps, total=total)

    def say(self, note):
        self._bar.update(self._task, note=note)
        self._bar.refresh()


class _NotebookProgress(Progress):
    """A bar of HTML that is updated in place, so that a saved notebook has its last state."""

    def __init__(self, title, total, note):
        from IPython.display import display

        self._title, self._total, self._note, self._steps = title, total, note, 0
        self._started = self._shown = time.monotonic()
        self._handle = display(self, display_id=True)

    def advance(self, note="", total=None, steps=1):
        self._note, self._total, self._steps = note, total or self._total, self._steps + steps
        if time.monotonic() - self._shown > MIN_INTERVAL or self._steps == self._total:
            self.say(note)

    def say(self, note):
        self._note, self._shown = note, time.monotonic()
        self._handle.update(self)

    def _repr_html_(self):
        counts = f"max='{self._total}' value='{self._steps}'" if self._total else ""
        return f"<div><progress {counts}></progress> {html.escape(repr(self))}</div>"

    def __repr__(self):
        elapsed = time.monotonic() - self._started
        parts = [f"{self._title} {self._steps}/{self._total or '?'}"]
        if self._steps and self._total and self._steps < self._total:
            parts.append(f"{_as_clock(elapsed / self._steps * (self._total - self._steps))} left")
        else:
            parts.append(_as_clock(elapsed))
        return ", ".join(part for part in (*parts, self._note) if part)


@contextmanager
def progress_bar(title, total=None, note=""):
    """Show a progress bar with an estimate of the time left, on standard error or in a notebook.

    Parameters
    ----------
    title : str
    total : int or None, default=None
        Number of steps, if it is known.
    note : str, default=""
        What is going on before the first step.

    Yields
    ------
    progress : Progress
    """
    if _is_notebook():
        yield _NotebookProgress(title, total, note)
        return
    from rich.console import Console
    from rich.errors import LiveError
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        # A disabled bar of the oldest supported rich still prints an empty line.
        yield Progress()
        return
    bar = Bar(*_columns(console.width), console=console, expand=True)
    try:
        bar.start()
    except LiveError:  # another bar is shown, around this one
        yield Progress()
        return
    try:
        yield _TerminalProgress(bar, bar.add_task(title, total=total, note=note))
    finally:
        bar.stop()


def _columns(width):
    """Return the columns of a bar for a terminal of this width: the narrower it is, the fewer."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.table import Column

    note = TextColumn("{task.fields[note]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1))
    counts = (MofNCompleteColumn(), TimeRemainingColumn(compact=True, elapsed_when_finished=True))
    if width < MIN_WIDTH:
        return *counts, note
    return TextColumn("{task.description}"), BarColumn(bar_width=16), *counts, note


@contextmanager
def spinner(title):
    """Show a spinner for a task of unknown length, on a terminal."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(escape(title)):
        yield


def epoch_note(logs):
    """Return an epoch's loss and, if there is one, its validation accuracy as a note."""
    # Short enough for a terminal of 40 columns.
    note = f"loss {logs['loss']:.4f}"
    return f"{note}, val. {logs['val_accuracy']:.2%}" if "val_accuracy" in logs else note


def _is_notebook():
    """Return whether the code runs in a kernel of Jupyter, without loading IPython."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def _as_clock(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02d}"
