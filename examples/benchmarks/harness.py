"""What all benchmarks share: the header, taking turns, the table and the JSON file."""

import importlib.metadata
import json
import os
import platform
import statistics
import time
from pathlib import Path

PACKAGES = ("sk-digits", "scikit-learn", "numpy", "tensorflow", "keras", "scikeras", "torch", "skorch")


def header():
    """Hardware and versions, as a dict of str."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {"cpu": cpu, "cores": str(len(os.sched_getaffinity(0))), **versions}


def in_turn(contestants, repeats):
    """Seconds of each call: all contestants once, then all again, never two at a time.

    Parameters
    ----------
    contestants : dict of str to callable
    repeats : int

    Returns
    -------
    seconds : dict of str to list of float
    """
    seconds = {name: [] for name in contestants}
    for _ in range(repeats):
        for name, run in contestants.items():
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def table(title, measured, bars=None, unit="s", digits=3):
    """Print medians and the ratio of each to ours; returns them for the JSON file.

    Parameters
    ----------
    title : str
    measured : dict of str to list of float
        Ours is "sk_digits".
    bars : dict of str to float, optional
        The ratio, peer / ours, that is to be reached.
    """
    bars = bars or {}
    medians = {name: statistics.median(values) for name, values in measured.items()}
    ours = medians["sk_digits"]
    print(f"\n{title}\n{'':24}{unit:>10}{'all':>34}{'peer / ours':>14}{'bar':>8}")
    for name, median in medians.items():
        every = " ".join(f"{value:.{digits}f}" for value in measured[name][:5])
        bar = f">= {bars[name]:g}" if name in bars else ""
        missed = "  missed" if name in bars and median / ours < bars[name] else ""
        print(f"{name:24}{median:>10.{digits}f}{every:>34}{median / ours:>14.2f}{bar:>8}{missed}")
    return {
        "title": title,
        "unit": unit,
        "measured": measured,
        "medians": medians,
        "ratios": {name: median / ours for name, median in medians.items()},
        "bars": bars,
    }


def run(name, measure):
    """Print the header, measure, and write ``<name>.json`` to the current folder."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    head = header()
    print(", ".join(f"{key} {value}" for key, value in head.items()))
    results = measure()
    path = Path(f"{name}.json")
    path.write_text(json.dumps({"header": head, "results": results}, indent=1))
    print(f"\nWritten to {path}.")
