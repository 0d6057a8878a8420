"""Time the classic fit: MNIST, 784-128-10, ReLU, Adam, 10 epochs, float32, batch sizes 32 and 128.

``python bench_fit.py [repeats]``. Ours is the median of all repeats; the first, which is listed first,
includes the compilation. The arithmetic limit is 6 operations per weight and row at the speed of a large
float32 matrix product in NumPy.
"""

import sys
import time

import harness
import numpy as np
import peers

EPOCHS = 10
TARGETS = {
    32: {"SciKeras": 10, "Keras Model.fit": 10, "MLPClassifier": 5.5, "skorch": 4.5},
    128: {"SciKeras": 5, "MLPClassifier": 3, "skorch": 3},
}
WEIGHTS = 784 * 128 + 128 * 10


def matrix_product_speed():
    """Return the operations per second of a float32 product of two 4096 x 4096 matrices."""
    a = np.random.RandomState(0).uniform(size=(4096, 4096)).astype(np.float32)
    times = []
    for _ in range(6):
        started = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - started)
    return 2 * 4096**3 / np.median(times[1:])


def measure():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    data = peers.mnist()
    X, y = data.data_train, data.target_train
    import keras  # noqa: F401, so that no fit includes the import
    import torch  # noqa: F401

    results = []
    for batch_size, targets in TARGETS.items():
        candidates = {
            name: lambda make=make, batch_size=batch_size: make(epochs=EPOCHS, batch_size=batch_size).fit(
                X, y
            )
            for name, make in peers.PEERS.items()
        }
        seconds = harness.time_alternately(candidates, repeats)
        results.append(harness.table(f"The classic fit, batch {batch_size}", seconds, targets))
        limit = 6 * WEIGHTS * len(X) * EPOCHS / matrix_product_speed()
        results[-1]["limit"] = limit
        ours = results[-1]["medians"]["sk_digits"]
        print(f"The arithmetic limit is {limit:.2f} s; ours takes {ours / limit:.2f} times that.")
    return results


if __name__ == "__main__":
    harness.run("bench_fit", measure)
