"""Files that are written whole or not at all."""

import os
import secrets
import shutil
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path):
    """Yield a temporary path to write to; its content becomes that of `path` if no error is raised.

    A regular file is replaced in one step, with its permissions kept, so that a reader finds the old content
    or the new, and an error leaves the old. A symbolic link stays, and the file that it points to is
    replaced. A device or a FIFO is never replaced; the content is copied to it.

    Parameters
    ----------
    path : path-like
        File to write. The temporary path has its suffix.

    Raises
    ------
    IsADirectoryError
        If `path` is a folder.
    OSError
        If it cannot be written to.
    """
    path = Path(path)
    mode = _mode(path)
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(f"{path} is a folder; the output must be a file.")
    if mode is not None and not stat.S_ISREG(mode):
        with _copied_to(path, mode) as partial:
            yield partial
        return
    target = Path(os.path.realpath(path))
    partial = target.with_name(f".{target.stem[:100]}.{secrets.token_hex(4)}.part{path.suffix}")
    try:
        yield partial
        if mode is not None:
            shutil.copymode(target, partial)
        with open(partial, "rb") as file:
            os.fsync(file.fileno())  # a full disk may show only here
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _copied_to(path, mode):
    """Yield a temporary path whose content is then written to a device or FIFO."""
    if not (stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISFIFO(mode)):
        raise OSError(f"{path} cannot be written: it is no regular file, device or FIFO.")
    with tempfile.TemporaryDirectory() as folder:
        partial = Path(folder) / f"output{path.suffix}"
        yield partial
        with open(partial, "rb") as source, open(path, "wb") as file:
            shutil.copyfileobj(source, file)


def _mode(path):
    """Return the mode of what a path leads to, or None if there is nothing yet."""
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None
