"""Unpacking of zip archives to a temporary folder, for `_layouts`."""

import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

from ._files import check_file_start, check_members, shorten

# MNIST as single images is 70,000 files.
MAX_FILES = 200_000


@contextmanager
def unpacked_zip(path):
    """Yield a temporary folder with the files of an archive; if there is only one file, yield its path.

    An error in the body names the archive in place of the temporary folder.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ValueError
        If the file is no valid zip archive, is encrypted, or has too many files or too large ones. Nothing
        is unpacked beyond the sizes that the archive declares.
    """
    check_file_start(path)
    with tempfile.TemporaryDirectory(prefix="sk_digits-") as folder:
        try:
            files = _extract(path, folder)
        except Exception as error:  # `zipfile` raises nearly anything for damaged archives
            raise ValueError(f"{path}: cannot be read as a zip archive: {shorten(error)}.") from error
        try:
            yield files[0] if len(files) == 1 else Path(folder)
        except (FileNotFoundError, ValueError) as error:
            kind = FileNotFoundError if isinstance(error, FileNotFoundError) else ValueError
            raise kind(str(error).replace(folder, str(path))) from error


def _extract(path, folder):
    """Extract the files of an archive that no operating system added; return their paths."""
    with zipfile.ZipFile(path) as archive:
        members = [
            member
            for member in archive.infolist()
            if not member.is_dir() and not member.filename.startswith("__MACOSX/")
        ]
        if len(members) > MAX_FILES:
            raise ValueError(f"it has {len(members):,} files, more than {MAX_FILES:,}")
        check_members(members)
        # `extract` removes "..", drives and leading slashes from the names, and writes links as plain files.
        return [Path(archive.extract(member, folder)) for member in members]
