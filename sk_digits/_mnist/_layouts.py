"""Which layout of MNIST stands at a path, and its training and test images.

A layout has two functions: one finds it at a file or in a folder, the other reads what was found as
``(images, labels)`` to train on and ``(images, labels)`` to test with. The second is None where the layout
has no split, and its labels are None where they are not given.
"""

from collections.abc import Callable
from typing import NamedTuple

from . import _files as files

# The four files, and what the third and fourth byte of each say: uint8 values, so many dimensions.
_IDX_FILES = {
    ("train", "images"): ("train-images-idx3-ubyte", 2051),
    ("train", "labels"): ("train-labels-idx1-ubyte", 2049),
    ("test", "images"): ("t10k-images-idx3-ubyte", 2051),
    ("test", "labels"): ("t10k-labels-idx1-ubyte", 2049),
}
_CSV_PAIRS = (("mnist_train.csv", "mnist_test.csv"), ("train.csv", "test.csv"))
_TABLES = {
    ".arff": files.read_arff,
    ".arff.gz": files.read_arff,
    ".parquet": files.read_parquet,
    ".pq": files.read_parquet,
}


def read_layout(path):
    """Find the layout at a file, or in a folder or up to two levels below it, and read it.

    Returns
    -------
    train, test : tuple of (images, labels)
        As this module's docstring says.
    source : Path
        The file or folder where the layout was found.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} is no folder and no file. {_known()}")
    for places in _levels(path) if path.is_dir() else [[path]]:
        here = [find for find in map(_find_at, places) if find]
        if len(here) > 1:
            several = ", ".join(f"{place} ({layout.name})" for layout, _, place in here)
            raise ValueError(f"{path} holds several sets of images; give one of them: {several}.")
        if here:
            layout, found, place = here[0]
            return *layout.read(found), place
    if path.is_file():
        raise ValueError(f"{path} is no file of a known layout. {_known()}")
    raise FileNotFoundError(f"{path} holds no known layout; there is: {_listing(path)}. {_known()}")


def _find_at(place):
    """The first layout that is at a file or in a folder, what it found, and the place."""
    finds = ((layout, layout.find(place), place) for layout in _LAYOUTS)
    return next((find for find in finds if find[1]), None)


def _levels(path):
    """The folder itself, its subfolders, and theirs."""
    yield [path]
    children = _subfolders(path)
    yield children
    yield [grandchild for child in children for grandchild in _subfolders(child)]


def _subfolders(folder):
    return sorted(
        entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith((".", "__"))
    )


def _find_idx(path):
    names = [name for name, _ in _IDX_FILES.values()]
    if path.is_file():
        if not any(path.name in _idx_spellings(name) for name in names):
            return None
        # One of Kaggle's spellings is a file in a folder of its own name.
        own_folder = any(path.parent.name in _idx_spellings(name) for name in names)
        return path.parent.parent if own_folder else path.parent
    # Named before the rest, since torchvision puts other sets of the same file names beside it.
    places = (path, path / "MNIST" / "raw")
    return next((place for place in places for name in names if _idx_candidates(place, name)), None)


def _read_idx_files(folder):
    parts = {}
    for key, (name, magic) in _IDX_FILES.items():
        candidates = _idx_candidates(folder, name)
        if not candidates:
            raise FileNotFoundError(
                f"{folder} has neither {name} nor {name}.gz, in no known spelling; there is: "
                f"{_listing(folder)}."
            )
        parts[key] = files.read_idx(candidates[0], magic)
    for part in ("train", "test"):
        n_images, n_labels = len(parts[part, "images"]), len(parts[part, "labels"])
        if n_images != n_labels:
            raise ValueError(
                f"{folder}: the {part} files do not belong together: {n_images} images in "
                f"{_IDX_FILES[part, 'images'][0]}, {n_labels} labels in {_IDX_FILES[part, 'labels'][0]}."
            )
    return [(parts[part, "images"], parts[part, "labels"]) for part in ("train", "test")]


def _idx_candidates(folder, name):
    """The files of this name, under every spelling."""
    spellings = _idx_spellings(name)
    places = [folder, *(folder / spelling for spelling in spellings)]
    return [place / spelling for place in places for spelling in spellings if (place / spelling).is_file()]


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
            f"{test_path.parent} has {test_path.name}, but neither {missing} nor {missing}.gz; there is: "
            f"{_listing(test_path.parent)}."
        )
    train = _labelled(train_path, files.read_csv(train_path))
    return (train, files.read_csv(test_path)) if test_path else _split(*train)


def _find_table(path):
    if path.is_file():
        return [path] if path.name.endswith(tuple(_TABLES)) else []
    return sorted(entry for ending in _TABLES for entry in path.glob(f"*{ending}") if entry.is_file())


def _read_table(found):
    path = found[0]
    if len(found) > 1:
        several = ", ".join(entry.name for entry in found)
        raise ValueError(f"{path.parent} holds several tables; give one of them: {several}.")
    (read,) = (read for ending, read in _TABLES.items() if path.name.endswith(ending))
    return _split(*_labelled(path, read(path)))


def _labelled(path, part):
    if part[1] is None:
        raise ValueError(
            f"{path}: has no column of labels, 'label' or 'class'. For Kaggle's test.csv, give the folder "
            "that holds train.csv, too."
        )
    return part


def _split(images, labels):
    """Training and test images of a whole table: MNIST's first 60,000 are those to train on."""
    if len(labels) != 70_000:
        return (images, labels), None
    return (images[:60_000], labels[:60_000]), (images[60_000:], labels[60_000:])


def _find_image_folder(path):
    if path.is_file():
        return None
    if _has_digits(path):
        return path, None
    parts = {entry.name.lower(): entry for entry in _subfolders(path) if _has_digits(entry)}
    train = parts.get("train") or parts.get("training")
    return (train, parts.get("test") or parts.get("testing")) if train else None


def _has_digits(folder):
    return any(label <= 9 for label, _ in files.label_folders(folder))


def _read_image_folders(found):
    train, test = found
    return files.read_image_folder(train), files.read_image_folder(test) if test else None


class _Layout(NamedTuple):
    name: str
    find: Callable
    read: Callable


_LAYOUTS = (
    _Layout("the four IDX files, plain or .gz", _find_idx, _read_idx_files),
    _Layout("Keras' mnist.npz", _find_npz, files.read_npz),
    _Layout("mnist_train.csv and mnist_test.csv, or train.csv and test.csv", _find_csv, _read_csv_files),
    _Layout("OpenML's mnist_784 as .arff or .parquet", _find_table, _read_table),
    _Layout("images in folders named 0 to 9", _find_image_folder, _read_image_folders),
)


def _known():
    return f"Known are: {'; '.join(layout.name for layout in _LAYOUTS)}."


def _first_file(folder, *names):
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _listing(folder):
    found = sorted(entry.name for entry in folder.iterdir())
    return ", ".join(found[:10]) + (f" and {len(found) - 10} more" if found[10:] else "") or "nothing"
