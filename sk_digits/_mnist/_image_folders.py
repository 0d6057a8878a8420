"""Reader of MNIST as image files in folders named by label, for `_layouts`."""

import numpy as np

from ._encoded_images import decode_images
from ._files import MAX_LABEL, allowed_values, shorten


def read_image_folder(folder):
    """Read the images of all label folders in `folder`, sorted by label and file name.

    Returns
    -------
    images : ndarray of shape (n, height, width), uint8
    labels : ndarray of shape (n,), uint8
    """
    paths, labels = _list_images(folder)
    return decode_images(paths, paths), np.array(labels, np.uint8)


def label_folders(folder):
    """Return the subfolders that are named by an integer, as pairs of this integer and the path."""
    return [
        (int(entry.name), entry)
        for entry in folder.iterdir()
        if entry.name.isascii() and entry.name.isdecimal() and entry.is_dir()
    ]


def _list_images(folder):
    """Return the paths and labels of all images, or raise ValueError if a subfolder has another name."""
    paths, labels = [], []
    for label, subfolder in sorted(label_folders(folder)):
        if label > MAX_LABEL:
            raise ValueError(_folder_name_error(subfolder))
        found = sorted(entry for entry in subfolder.iterdir() if not _is_system_file(entry))
        paths += found
        labels += [label] * len(found)
    others = sorted(
        entry
        for entry in folder.iterdir()
        if entry.is_dir() and not entry.name.isdecimal() and not _is_system_file(entry)
    )
    if others:
        raise ValueError(_folder_name_error(others[0]))
    return paths, labels


def _folder_name_error(folder):
    return (
        f"{folder}: folders of images are named by their label; {allowed_values(MAX_LABEL)}, "
        f"got {shorten(repr(folder.name))}."
    )


def _is_system_file(entry):
    """Return whether the operating system, not the user, creates files or folders of this name."""
    return entry.name.startswith((".", "__")) or entry.name in ("Thumbs.db", "desktop.ini")
