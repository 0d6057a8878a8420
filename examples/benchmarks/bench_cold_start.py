"""Time a new process that loads a model and predicts one row, and measure its peak memory.

``python bench_cold_start.py 7``  (repeats)

Networks of 784-128-10 behind a MinMaxScaler, fitted on 5,000 images of MNIST. The formats alternate.
Linux only.
"""

import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from statistics import median

import joblib
import numpy as np
import peers
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sk_digits import export

MEASURE = """
import sys, time
started = time.perf_counter()
{code}
seconds = time.perf_counter() - started
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(seconds, int(peak.split()[1]) / 1024)
"""
LOAD_JOBLIB = "import joblib, numpy as np; joblib.load({file!r}).predict(np.load('row.npy'))"
CODES = {
    "export.save": "import numpy as np; from sk_digits import export\n"
    "export.load('ours.skops').predict(np.load('row.npy'))",
    "joblib": LOAD_JOBLIB.format(file="ours.joblib"),
    "ONNX (onnxruntime)": "import numpy as np, onnxruntime\n"
    "onnxruntime.InferenceSession('ours.onnx').run(None, {'X': np.load('row.npy')})",
    "Keras (.keras)": "import keras, numpy as np\n"
    "keras.models.load_model('ours.keras').predict(np.load('row.npy'), verbose=0)",
    "the shipped reader": "import numpy as np; from sk_digits import load_pretrained\n"
    "load_pretrained().predict(np.load('row.npy'))",
    "MLPClassifier, joblib": LOAD_JOBLIB.format(file="MLPClassifier.joblib"),
    "SciKeras, joblib": LOAD_JOBLIB.format(file="SciKeras.joblib"),
}


def write_models(folder):
    """Fit the networks, and write them in every format."""
    data = peers.mnist()
    X, y = data.data_train[:5000], data.target_train[:5000]
    np.save(folder / "row.npy", data.data_test[:1].astype(np.float32))
    for name in ("sk_digits", "MLPClassifier", "SciKeras"):
        pipeline = make_pipeline(MinMaxScaler(), peers.PEERS[name](epochs=2, batch_size=128)).fit(X, y)
        joblib.dump(pipeline, folder / f"{name}.joblib")
        if name == "sk_digits":
            (folder / "sk_digits.joblib").rename(folder / "ours.joblib")
            export.save(pipeline, folder / "ours.skops")
            (folder / "ours.onnx").write_bytes(export.to_onnx(pipeline).SerializeToString())
            export.to_keras(pipeline[-1]).save(folder / "ours.keras")


def measure(code, folder):
    """Return the seconds and the megabytes of one process."""
    command = [sys.executable, "-c", MEASURE.format(code=code)]
    # The peers' pickles name classes of this folder.
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env=environment)
    return tuple(map(float, done.stdout.split()[-2:]))


def main(repeats):
    """Print a row of the table for each format."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_models(folder)
        found = {format_: [] for format_ in CODES}
        for _ in range(repeats):
            for format_, code in CODES.items():
                found[format_].append(measure(code, folder))
    print("| | seconds | MB |\n|---|---|---|")
    for format_, values in found.items():
        seconds, megabytes = map(median, zip(*values, strict=True))
        print(f"| {format_} | {seconds:.2f} | {megabytes:.0f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
