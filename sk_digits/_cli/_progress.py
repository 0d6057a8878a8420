"""Progress bars and spinners on a terminal; nothing is shown where standard error is no terminal."""

from contextlib import contextmanager

# Narrower terminals show neither the bar nor the note.
MIN_WIDTH = 60


class Progress:
    """A progress bar; without a terminal, it shows nothing.

    Parameters
    ----------
    bar : rich.progress.Progress or None
    task : rich.progress.TaskID or None
    """

    def __init__(self, bar=None, task=None):
        self._bar, self._task = bar, task

    def advance(self, note="", total=None):
        """Advance by one step; `total` is for where it is not known from the start."""
        self._update(note, advance=1, total=total)

    def say(self, note):
        """Show at once what is going on."""
        self._update(note)
        if self._bar is not None:
            self._bar.refresh()

    def _update(self, note, **changes):
        if self._bar is not None:
            self._bar.update(self._task, note=note, **changes)


@contextmanager
def progress_bar(title, total=None, note=""):
    """Show a progress bar with an estimate of the time left.

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
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        # A disabled bar of the oldest supported rich still prints an empty line.
        yield Progress()
        return
    with Bar(*_columns(console.width), console=console, expand=True) as bar:
        yield Progress(bar, bar.add_task(title, total=total, note=note))


def _columns(width):
    """Return the columns of a bar for a terminal of this width: the shorter it is, the fewer."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column

    note = TextColumn("{task.fields[note]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1))
    counts = (MofNCompleteColumn(), TimeRemainingColumn(compact=True, elapsed_when_finished=True))
    if width < MIN_WIDTH:
        return *counts, note
    return TextColumn("{task.description}"), BarColumn(bar_width=16), *counts, note


@contextmanager
def spinner(title):
    """Show a spinner for a task of unknown length."""
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
