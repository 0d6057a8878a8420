"""Give damaged files to every reader: truncated, with changed bytes, and with numbers that promise too much.

``python fuzz_files.py --seconds 600`` (for each reader; names of readers may follow)

Each file must be read, or refused with a ValueError or an OSError, in bounded memory and time. Prints the
cases, the refusals, the slowest case and the peak of the memory, and writes the file of any other error to
the current folder. Linux only.
"""

import argparse
import gzip
import io
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parents[2] / "tests"
sys.path.insert(0, str(TESTS))
# The process may map this much memory, in bytes, of which TensorFlow maps a good part.
MAX_MEMORY = 32 * 2**30
# Numbers that headers are overwritten with.
EXTREME = [0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF]


def mutate(content, rng):
    """Return a file with one to four kinds of damage."""
    content = bytearray(content)
    for _ in range(rng.randint(1, 5)):
        if not content:
            return b""
        kind, place = rng.randint(7), rng.randint(len(content))
        # Most of what is read first, or decides the rest, is in the first or the last few hundred bytes.
        if rng.uniform() < 0.5:
            place = min(rng.randint(200), len(content) - 1)
        elif rng.uniform() < 0.3:
            place = max(len(content) - 1 - rng.randint(400), 0)
        if kind == 0:
            del content[place:]
        elif kind == 1:
            content[place] ^= 1 << rng.randint(8)
        elif kind == 2:
            content[place] = rng.randint(256)
        elif kind == 3:
            size, order = rng.choice([1, 2, 4, 8]), rng.choice(["little", "big"])
            number = EXTREME[rng.randint(len(EXTREME))] % 256 ** int(size)
            content[place : place + size] = number.to_bytes(int(size), str(order))
        elif kind == 4:
            del content[place : place + rng.randint(1, 50)]
        elif kind == 5:
            content[place:place] = content[place : place + rng.randint(1, 50)] * rng.randint(1, 20)
        else:
            content[place : place + 20] = rng.bytes(20)
    return bytes(content)


def make_readers(folder):
    """Return, by name, a function that reads a path, the suffix of its files, and valid files to damage."""
    import mnist_files

    from sk_digits import datasets, export, load_pretrained
    from sk_digits.preprocessing import read_digits

    arrays, seeds = mnist_files.SMALL_MNIST, Path(folder) / "seeds"
    seeds.mkdir()
    mnist_files.write_npz(seeds, arrays)
    mnist_files.write_csv(
        seeds / "mnist.csv", mnist_files.KAGGLE_PIXELS, *mnist_files.training_then_test(arrays)
    )
    mnist_files.write_arff(seeds / "mnist.arff", arrays)
    mnist_files.write_parquet(seeds / "mnist.parquet", arrays)
    mnist_files.write_zip(seeds / "mnist.zip", mnist_files.write_idx, arrays)
    clf = make_classifier()
    export.save(clf, seeds / "model.skops", resumable=True)
    model = export.to_keras(clf)
    model.save(seeds / "model.keras")
    model.save(seeds / "model.h5")
    reader = load_pretrained()
    readers = {
        name: (datasets.load_mnist, path.suffix, [path.read_bytes()])
        for name, path in {
            "load_mnist, npz": seeds / "mnist.npz",
            "load_mnist, CSV": seeds / "mnist.csv",
            "load_mnist, ARFF": seeds / "mnist.arff",
            "load_mnist, parquet": seeds / "mnist.parquet",
            "load_mnist, zip": seeds / "mnist.zip",
        }.items()
    }
    readers["load_mnist, IDX gzip"] = read_idx_folder(seeds / "idx", arrays)
    readers["load_handwriting"] = read_photo_folder(seeds / "photos")
    readers["read_digits"] = (lambda path: read_digits(path, reader), ".png", list(picture_files()))
    readers["export.load"] = (export.load, ".skops", [(seeds / "model.skops").read_bytes()])
    readers["from_keras, .keras"] = (export.from_keras, ".keras", [(seeds / "model.keras").read_bytes()])
    readers["from_keras, .h5"] = (export.from_keras, ".h5", [(seeds / "model.h5").read_bytes()])
    return readers


def read_idx_folder(folder, arrays):
    """Return a reader of MNIST's original files, of which one is damaged."""
    import mnist_files

    from sk_digits import datasets

    folder.mkdir()
    mnist_files.write_idx(folder, arrays, spelling="{0}.gz", compress=gzip.compress)
    images = folder / "train-images-idx3-ubyte.gz"

    def read(path):
        images.write_bytes(path.read_bytes())
        return datasets.load_mnist(folder)

    return read, ".gz", [images.read_bytes(), gzip.decompress(images.read_bytes())]


def read_photo_folder(folder):
    """Return a reader of a folder of labelled photos, of which one is damaged."""
    from sk_digits import datasets

    (folder / "5").mkdir(parents=True)

    def read(path):
        (folder / "5" / "photo.png").write_bytes(path.read_bytes())
        return datasets.load_handwriting(folder)

    return read, ".png", list(picture_files())


def make_classifier():
    """Return a small fitted classifier."""
    from sk_digits import DenseDigitClassifier
    from sk_digits.datasets import load_digits

    digits = load_digits()
    clf = DenseDigitClassifier((8,), batch_norm=True, epochs=2, random_state=0)
    return clf.fit(digits.data_train, digits.target_train)


def picture_files():
    """Yield the contents of small pictures in the common formats."""
    from PIL import Image

    from sk_digits.augmentation import draw_digits

    grey = (255 - 200 * draw_digits([5], random_state=0).reshape(28, 28).repeat(2, 0).repeat(2, 1)).astype(
        np.uint8
    )
    for mode, formats in {
        "L": ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM"),
        "RGBA": ("PNG", "TIFF"),
    }.items():
        for name in formats:
            file = io.BytesIO()
            Image.fromarray(grey).convert(mode).save(file, name)
            yield file.getvalue()


def end_case(*_):
    """Raise an error in a case that takes too long."""
    raise RuntimeError("the case took too long")


def fuzz(name, read, suffix, contents, options, folder):
    """Read damaged files for a while, and print what came of it; return the number of faults."""
    rng = np.random.RandomState(0)
    started, n, n_refused, n_faults, slowest = time.perf_counter(), 0, 0, 0, 0.0
    path = Path(folder) / f"case{suffix}"
    while time.perf_counter() - started < options.seconds:
        content = mutate(contents[rng.randint(len(contents))], rng)
        path.write_bytes(content)
        case_started = time.perf_counter()
        signal.alarm(options.limit)
        try:
            read(path)
        except (ValueError, OSError):
            n_refused += 1
        except BaseException:
            n_faults += 1
            Path(f"fault-{n_faults}{suffix}").write_bytes(content)
            traceback.print_exc()
            if n_faults == 5:
                break
        finally:
            signal.alarm(0)
        slowest = max(slowest, time.perf_counter() - case_started)
        n += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {n:,} files, {n_refused:,} refused, {n_faults} faults, slowest {slowest:.2f} s, "
        f"peak of the process {peak:.0f} MB",
        flush=True,
    )
    return n_faults


def main():
    """Parse the options and fuzz the readers."""
    parser = argparse.ArgumentParser(description="Give damaged files to every reader.")
    parser.add_argument("--seconds", type=float, default=600, help="for each reader")
    parser.add_argument("--limit", type=int, default=60, help="seconds that a file may take")
    parser.add_argument("readers", nargs="*", help="parts of the names of readers (default: all)")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, end_case)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, resource.RLIM_INFINITY))
    with tempfile.TemporaryDirectory() as folder:
        faults = 0
        for name, (read, suffix, contents) in make_readers(folder).items():
            if not options.readers or any(part in name for part in options.readers):
                faults += fuzz(name, read, suffix, contents, options, folder)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
