"""Shared by all benchmarks: the header, alternating timings, the table and the JSON file. Linux only."""

import importlib.metadata
import json
import os
import platform
import statistics
import time
from pathlib import Path

PACKAGES = ("sk-digits", "scikit-learn", "numpy", "tensorflow", "keras", "scikeras", "torch", "skorch")


def header():
    """Return the hardware and the versions as a dict of str."""
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


def time_alternately(candidates, repeats):
    """Return the seconds of each call: all candidates once, then all again, never two at a time.

    Parameters
    ----------
    candidates : dict of str to callable
    repeats : int

    Returns
    -------
    seconds : dict of str to list of float
    """
    seconds = {name: [] for name in candidates}
    for _ in range(repeats):
        for name, call in candidates.items():
            started = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def table(title, measured, targets=None, unit="s", digits=3):
    """Print the median of each candidate and its ratio to ours, and return them for the JSON file.

    Parameters
    ----------
    title : str
    measured : dict of str to list of float
        Ours is "sk_digits".
    targets : dict of str to float, optional
        Smallest ratio, peer / ours, that should be reached.
    unit : str, default="s"
    digits : int, default=3
        Number of decimals.
    """
    targets = targets or {}
    medians = {name: statistics.median(values) for name, values in measured.items()}
    ours = medians["sk_digits"]
    print(f"\n{title}\n{'':24}{unit:>10}{'all':>34}{'peer / ours':>14}{'target':>8}")
    for name, median in medians.items():
        values = " ".join(f"{value:.{digits}f}" for value in measured[name][:5])
        target = f">= {targets[name]:g}" if name in targets else ""
        missed = "  missed" if name in targets and median / ours < targets[name] else ""
        print(f"{name:24}{median:>10.{digits}f}{values:>34}{median / ours:>14.2f}{target:>8}{missed}")
    return {
        "title": title,
        "unit": unit,
        "measured": measured,
        "medians": medians,
        "ratios": {name: median / ours for name, median in medians.items()},
        "targets": targets,
    }


def run(name, measure):
    """Print the header, call `measure`, and write the results to ``<name>.json`` in the current folder."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    head = header()
    print(", ".join(f"{key} {value}" for key, value in head.items()))
    results = measure()
    path = Path(f"{name}.json")
    path.write_text(json.dumps({"header": head, "results": results}, indent=1))
    print(f"\nWritten to {path}.")
