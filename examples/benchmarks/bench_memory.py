"""Measure the peak memory of the classic fit, the growth over 200 fits, and the seconds of `check_estimator`.

``python bench_memory.py``. Each measurement runs in its own process.
"""

import subprocess
import sys
from pathlib import Path

import harness

STATUS = """
import gc
def megabytes(field):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(field)) / 1024
"""
PEAK = """
import peers
data = peers.mnist()
X, y = data.data_train.copy(), data.target_train.copy()
del data
peers.PEERS[{name!r}](epochs=2, batch_size=32).fit(X, y)
print(megabytes("VmHWM"))
"""
GROWTH = """
import peers
from sk_digits.datasets import load_digits
X, y = load_digits(return_X_y=True)
for i in range(220):
    peers.PEERS[{name!r}]({width}, epochs=3, batch_size=32, {params}).fit(X, y)
    if i == 19:
        gc.collect()
        before = megabytes("VmRSS")
gc.collect()
print((megabytes("VmRSS") - before) / 200)
"""
CHECKS = """
import time, warnings
warnings.simplefilter("ignore")
import sk_digits._engine._trainer
from sk_digits import DenseDigitClassifier
from sklearn.utils.estimator_checks import check_estimator
started = time.perf_counter()
check_estimator(DenseDigitClassifier())
print(time.perf_counter() - started)
"""


def run_in_process(code):
    """Return the number that the code prints last, run in a new process."""
    command = [sys.executable, "-c", STATUS + code]
    folder = Path(__file__).parent
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    return float(done.stdout.split()[-1])


def measure():
    peaks = {
        name: [run_in_process(PEAK.format(name=name)) for _ in range(3)] for name in ("sk_digits", "SciKeras")
    }
    results = [harness.table("Peak memory of the classic fit", peaks, {"SciKeras": 1}, "MB", 0)]
    growth = {
        "sk_digits": [run_in_process(GROWTH.format(name="sk_digits", width=64, params="")) for _ in range(3)],
        "SciKeras": [run_in_process(GROWTH.format(name="SciKeras", width=64, params="n_features=64"))],
    }
    results.append(harness.table("Growth per fit over 200 fits (target: at most 0.1 MB)", growth, {}, "MB"))
    checks = {"sk_digits": [run_in_process(CHECKS) for _ in range(3)]}
    results.append(harness.table("check_estimator (target: at most 30 s)", checks))
    return results


if __name__ == "__main__":
    harness.run("bench_memory", measure)
