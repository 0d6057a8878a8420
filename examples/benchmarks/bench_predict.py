"""Time predictions: one row, 10,000 rows, and one row in a process that has just loaded the pipeline.

``python bench_predict.py``
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import harness
import joblib
import numpy as np
import peers
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

FRESH = """
import sys, time
started = time.perf_counter()
import joblib, numpy as np
joblib.load(sys.argv[1]).predict(np.load(sys.argv[2]))
seconds = time.perf_counter() - started
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(seconds, int(peak.split()[1]) / 1024)
"""
NAMES = ("sk_digits", "MLPClassifier", "SciKeras")


def measure():
    data = peers.mnist()
    X, y, X_test = data.data_train[:5000], data.target_train[:5000], data.data_test
    fitted = {name: peers.PEERS[name](epochs=2, batch_size=128).fit(X, y) for name in NAMES}
    results = [
        predict_proba(fitted, X_test[:1], {"SciKeras": 350, "MLPClassifier": 1}, calls=20),
        predict_proba(fitted, X_test, {"SciKeras": 15, "MLPClassifier": 1}, calls=1),
    ]
    return results + fresh_process(fitted, X, X_test[:1])


def predict_proba(fitted, X, targets, calls):
    """Time `predict_proba`, in milliseconds per call.

    For small `X`, time several calls in a row: before the first, another candidate has filled the caches.
    """

    def repeated(clf):
        def run():
            for _ in range(calls):
                clf.predict_proba(X)

        return run

    seconds = harness.time_alternately({name: repeated(clf) for name, clf in fitted.items()}, repeats=20)
    milliseconds = {name: [1000 * value / calls for value in values] for name, values in seconds.items()}
    return harness.table(f"predict_proba, {len(X):,} rows", milliseconds, targets, "ms")


def fresh_process(fitted, X, row):
    """Time loading a pipeline and predicting one row in a new process, and measure its peak memory."""
    seconds, peaks = {name: [] for name in NAMES}, {name: [] for name in NAMES}
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/row.npy", row)
        for name, clf in fitted.items():
            pipeline = make_pipeline(MinMaxScaler(), clf)
            pipeline[0].fit(X)
            joblib.dump(pipeline, f"{folder}/{name}.joblib")
        for _ in range(7):
            for name in NAMES:
                command = [sys.executable, "-c", FRESH, f"{folder}/{name}.joblib", f"{folder}/row.npy"]
                done = subprocess.run(
                    command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent
                )
                for values, value in zip((seconds, peaks), done.stdout.split(), strict=True):
                    values[name].append(float(value))
    return [
        harness.table("Fresh process, time", seconds, {"SciKeras": 3.5, "MLPClassifier": 0.95}),
        harness.table("Fresh process, memory", peaks, {"SciKeras": 4.5, "MLPClassifier": 0.95}, "MB", 0),
    ]


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    harness.run("bench_predict", measure)
