"""Progress bars and spinners on a terminal; nothing is shown where standard error is no terminal."""

from contextlib import contextmanager


@contextmanager
def progress_bar(title, total=None):
    """Show a progress bar; yield a function that advances it by one step and shows a note.

    The function also takes the `total` where it is not known from the start.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        # A disabled bar of the oldest supported rich still prints an empty line.
        yield lambda note="", total=None: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=total, note="")
        yield lambda note="", total=None: progress.update(task, advance=1, note=note, total=total)


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
    note = f"loss {logs['loss']:.4f}"
    return f"{note}  validation {logs['val_accuracy']:.2%}" if "val_accuracy" in logs else note
