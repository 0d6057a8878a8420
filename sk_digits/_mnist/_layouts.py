"""Detection of MNIST's layout at a path, and the way from there to arrays; `datasets.load_mnist` calls it.

A layout is a pair of functions. The first finds the layout at a file or in a folder. The second reads what
the first returned, as (images, labels) of the training set and (images, labels) of the test set. The test
set is None if the layout has no split, and its labels are None if they are not given.
"""

import os
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from . import _archives, _files, _image_folders, _parquet, _tables

# (subset, kind) -> file name and magic number.
_IDX_FILES = {
    ("train", "images"): ("train-images-idx3-ubyte", 2051),
    ("train", "labels"): ("train-labels-idx1-ubyte", 2049),
    ("test", "images"): ("t10k-images-idx3-ubyte", 2051),
    ("test", "labels"): ("t10k-labels-idx1-ubyte", 2049),
}
_CSV_PAIRS = (("mnist_train.csv", "mnist_test.csv"), ("train.csv", "test.csv"))
_TABLE_READERS = {
    ".arff": _tables.read_arff,
    ".arff.gz": _tables.read_arff,
    ".parquet": _parquet.read_parquet,
    ".pq": _parquet.read_parquet,
}
# The training and the test set as parquet files, each in one part or several, as at Hugging Face.
_PARQUET_PART = re.compile(r"(train|test)(?:-\d{5}-of-(\d{5})(?:-[0-9a-f]+)?)?\.(?:parquet|pq)")


def read_layout(path):
    """Find and read the layout at a file, or in a folder or up to two levels below it.

    Parameters
    ----------
    path : Path

    Returns
    -------
    train, test : tuple of (images, labels)
        The training set and the test set; `test` may be None, as the module's docstring describes.
    source : Path
        File or folder of the layout.

    Raises
    ------
    FileNotFoundError
        If the path does not exist, the folder has no supported layout, or a file of the layout is missing.
    ValueError
        If the file has no supported layout or is invalid, or if there are several datasets.
    """
    if not os.path.exists(path):  # Path.exists raises an error if the name is too long
        raise FileNotFoundError(
            f"{_files.shorten(path, 500)}: no such file or folder. {_supported_layouts()}"
        )
    # Archives come last, since an unpacked copy is often beside them.
    match = _find_nearest(path, _LAYOUTS) or _find_nearest(path, [_ZIP])
    return _read_match(path, match)


def _find_nearest(path, layouts):
    """Return the first layout at a file or nearest in a folder, what it found, and where; or None."""
    for candidates in _folders_by_depth(path) if path.is_dir() else [[path]]:
        matches = [
            match for match in (_match_layout(candidate, layouts) for candidate in candidates) if match
        ]
        if len(matches) > 1:
            several = _files.list_names(f"{source} ({layout.name})" for layout, _, source in matches)
            raise ValueError(f"{path}: found several datasets; pass the path of one of them: {several}.")
        if matches:
            return matches[0]
    return None


def _match_layout(path, layouts):
    """Return the first layout at a file or in a folder, what it found there, and the path; or None."""
    matches = ((layout, layout.find(path), path) for layout in layouts)
    return next((match for match in matches if match[1]), None)


def _read_match(path, match):
    """Read what `_find_nearest` returned for `path`; return the training set, the test set and the source."""
    if match:
        layout, found, source = match
        return *layout.read(found), source
    if path.is_file():
        raise ValueError(f"{path}: the file has no supported layout. {_supported_layouts()}")
    raise FileNotFoundError(
        f"{path}: no supported layout found; {_describe_content(path)}. {_supported_layouts()}"
    )


def _folders_by_depth(path):
    """Yield the folder itself, its subfolders, and their subfolders, a list for each depth."""
    yield [path]
    subfolders = _subfolders(path)
    yield subfolders
    yield [nested for subfolder in subfolders for nested in _subfolders(subfolder)]


def _subfolders(folder):
    return sorted(
        entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith((".", "__"))
    )


def _find_idx(path):
    names = [name for name, _ in _IDX_FILES.values()]
    if path.is_file():
        if not any(path.name in _idx_spellings(name) for name in names):
            return None
        # In one of Kaggle's layouts, each file is in a folder of its own name.
        in_own_folder = any(path.parent.name in _idx_spellings(name) for name in names)
        return path.parent.parent if in_own_folder else path.parent
    # torchvision stores other datasets with the same file names beside MNIST/raw, so it is not left to
    # the search of subfolders.
    folders = (path, path / "MNIST" / "raw")
    return next((folder for folder in folders for name in names if _idx_candidates(folder, name)), None)


def _read_idx_files(folder):
    arrays = {}
    for key, (name, magic) in _IDX_FILES.items():
        candidates = _idx_candidates(folder, name)
        if not candidates:
            raise FileNotFoundError(
                f"{folder}: missing {name} or {name}.gz, under any supported spelling; "
                f"{_describe_content(folder)}."
            )
        arrays[key] = _files.read_idx(candidates[0], magic)
    for subset in ("train", "test"):
        n_images, n_labels = len(arrays[subset, "images"]), len(arrays[subset, "labels"])
        if n_images != n_labels:
            raise ValueError(
                f"{folder}: {_IDX_FILES[subset, 'images'][0]} has {n_images} images, but "
                f"{_IDX_FILES[subset, 'labels'][0]} has {n_labels} labels."
            )
    return [(arrays[subset, "images"], arrays[subset, "labels"]) for subset in ("train", "test")]


def _idx_candidates(folder, name):
    """Return the files in `folder` that are the IDX file `name` under any spelling."""
    spellings = _idx_spellings(name)
    folders = [folder, *(folder / spelling for spelling in spellings)]
    return [
        parent / spelling for parent in folders for spelling in spellings if (parent / spelling).is_file()
    ]


def _idx_spellings(name):
    dotted = name.replace("-idx", ".idx")
    return name, f"{name}.gz", dotted, f"{dotted}.gz"


def _find_npz(path):
    if path.is_file():
        return path if path.suffix == ".npz" else None
    return _first_file(path, "mnist.npz")


def _find_csv(path):
    if path.is_file():
        return (path, None) if path.name.endswith((".csv", ".csv.gz")) else None
    for names in _CSV_PAIRS:
        train, test = (_first_file(path, name, f"{name}.gz") for name in names)
        if train or test:
            return train, test
    return None


def _read_csv_files(found):
    train_path, test_path = found
    if train_path is None:
        (missing,) = (train for train, test in _CSV_PAIRS if test == test_path.name.removesuffix(".gz"))
        raise FileNotFoundError(
            f"{test_path.parent}: missing {missing} or {missing}.gz beside {test_path.name}; "
            f"{_describe_content(test_path.parent)}."
        )
    train = _check_labelled(train_path, *_tables.read_csv(train_path))
    return (train, _tables.read_csv(test_path)) if test_path else _split_table(*train)


def _find_tables(path):
    """Return the tables at a file or in a folder, and whether it is a folder; or None."""
    if path.is_file():
        return ([path], False) if path.name.endswith(tuple(_TABLE_READERS)) else None
    found = [entry for suffix in _TABLE_READERS for entry in path.glob(f"*{suffix}") if entry.is_file()]
    return (sorted(found), True) if found else None


def _read_tables(found):
    paths, in_folder = found
    parts = [_PARQUET_PART.fullmatch(path.name) for path in paths]
    if len(paths) == 1 and not (in_folder and parts[0]):
        return _split_table(*_check_labelled(paths[0], *_read_table(paths[0])))
    if not all(parts):
        several = _files.list_names(path.name for path in paths)
        raise ValueError(f"{paths[0].parent}: found several tables; pass the path of one of them: {several}.")
    train, test = (
        [(path, part[2]) for path, part in zip(paths, parts, strict=True) if part[1] == subset]
        for subset in ("train", "test")
    )
    if not train:
        raise FileNotFoundError(
            f"{paths[0].parent}: missing the parquet file of the training set; "
            f"{_describe_content(paths[0].parent)}."
        )
    train_set = _check_labelled(train[0][0], *_read_parts(train))
    return (train_set, _read_parts(test)) if test else _split_table(*train_set)


def _read_parts(parts):
    """Read the parts of a training or test set, pairs of a path and the number of parts in its name."""
    paths = [path for path, _ in parts]
    n_parts = int(parts[0][1] or 1)
    if len(parts) != n_parts:
        raise ValueError(
            f"{paths[0].parent}: a training or test set must have as many parquet files as their names say, "
            f"{n_parts}, got {len(parts)}: {_files.list_names(path.name for path in paths)}."
        )
    images, labels = zip(*map(_read_table, paths), strict=True)
    for path, part in zip(paths, images, strict=True):
        shape, expected = part.shape[1:], images[0].shape[1:]
        if shape != expected:
            raise ValueError(f"{path}: images have shape {shape}, expected {expected} as in {paths[0].name}.")
    return np.concatenate(images), None if any(part is None for part in labels) else np.concatenate(labels)


def _read_table(path):
    (read,) = (read for suffix, read in _TABLE_READERS.items() if path.name.endswith(suffix))
    return read(path)


def _check_labelled(path, images, labels):
    if labels is None:
        raise ValueError(
            f"{path}: missing column of labels, 'label' or 'class'. To read Kaggle's test.csv, pass the "
            "folder that contains train.csv too."
        )
    return images, labels


def _split_table(images, labels):
    """Split a table that is all of MNIST into its 60,000 training and 10,000 test images."""
    if len(labels) != 70_000:
        return (images, labels), None
    return (images[:60_000], labels[:60_000]), (images[60_000:], labels[60_000:])


def _find_image_folders(path):
    if path.is_file():
        return None
    if _has_label_folders(path):
        return path, None
    subsets = {entry.name.lower(): entry for entry in _subfolders(path) if _has_label_folders(entry)}
    train = subsets.get("train") or subsets.get("training")
    return (train, subsets.get("test") or subsets.get("testing")) if train else None


def _find_zip(path):
    if path.is_file():
        return [path] if path.suffix == ".zip" else []
    return sorted(entry for entry in path.glob("*.zip") if entry.is_file())


def _read_zip(found):
    if len(found) > 1:
        several = _files.list_names(path.name for path in found)
        raise ValueError(
            f"{found[0].parent}: found several zip archives; pass the path of one of them: {several}."
        )
    with _archives.unpacked_zip(found[0]) as path:
        train, test, _ = _read_match(path, _find_nearest(path, _LAYOUTS))
    return train, test


def _has_label_folders(folder):
    return any(label <= _files.MAX_LABEL for label, _ in _image_folders.label_folders(folder))


def _read_image_folders(found):
    train, test = found
    read = _image_folders.read_image_folder
    return read(train), read(test) if test else None


class _Layout(NamedTuple):
    name: str
    find: Callable
    read: Callable


_LAYOUTS = (
    _Layout("the four IDX files, plain or .gz", _find_idx, _read_idx_files),
    _Layout("Keras' mnist.npz", _find_npz, _files.read_npz),
    _Layout("mnist_train.csv and mnist_test.csv, or train.csv and test.csv", _find_csv, _read_csv_files),
    _Layout(
        "OpenML's mnist_784 as .arff or .parquet, or Hugging Face's train-*.parquet and test-*.parquet",
        _find_tables,
        _read_tables,
    ),
    _Layout("images in folders named 0 to 9", _find_image_folders, _read_image_folders),
)
_ZIP = _Layout("one of these in a .zip archive", _find_zip, _read_zip)


def _supported_layouts():
    return f"Supported layouts: {'; '.join(layout.name for layout in (*_LAYOUTS, _ZIP))}."


def _first_file(folder, *names):
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _describe_content(folder):
    names = sorted(entry.name for entry in folder.iterdir())
    return f"the folder contains {_files.list_names(names)}" if names else "the folder is empty"
