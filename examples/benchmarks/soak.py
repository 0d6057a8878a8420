"""Predict from several threads for minutes, with fits in between, and check every answer.

``python soak.py --seconds 300 --threads 8``

Prints the requests, the wrong answers and errors, the median and the 99th percentile of the time of a
request, and by how much the process has grown after the first tenth.
"""

import argparse
import threading
import time
import warnings

import numpy as np

from sk_digits import DenseDigitClassifier, load_pretrained
from sk_digits.augmentation import draw_digits
from sk_digits.datasets import load_digits

BATCH_SIZES = (1, 1, 1, 7, 32, 200, 1500)


def resident_megabytes():
    """Return the memory of this process that is in use."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


class Load:
    """What the threads ask for and what they found.

    Parameters
    ----------
    classifier : DenseDigitClassifier
    X : ndarray of shape (n_samples, n_features)
    """

    def __init__(self, classifier, X):
        self.classifier, self.X = classifier, X
        self.labels, self.probabilities = classifier.predict(X), classifier.predict_proba(X)
        self.stop = threading.Event()
        self.times, self.errors, self.n_wrong = [], [], 0

    def predict_until_stopped(self, seed):
        """Predict random rows, and compare with what was predicted before there were threads."""
        rng = np.random.RandomState(seed)
        while not self.stop.is_set():
            rows = rng.randint(len(self.X), size=rng.choice(BATCH_SIZES))
            started = time.perf_counter()
            try:
                if rng.randint(2):
                    is_right = np.array_equal(self.classifier.predict(self.X[rows]), self.labels[rows])
                else:
                    found = self.classifier.predict_proba(self.X[rows])
                    is_right = np.allclose(found, self.probabilities[rows], atol=1e-5)
            except Exception as error:
                self.errors.append(repr(error))
                continue
            self.times.append(time.perf_counter() - started)
            self.n_wrong += not is_right


def soak(seconds, n_threads):
    """Run the threads with a fit every two seconds, and return the `Load` and the growth in megabytes."""
    load = Load(load_pretrained(), draw_digits(np.arange(2000) % 10, random_state=0))
    digits = load_digits()
    threads = [threading.Thread(target=load.predict_until_stopped, args=(seed,)) for seed in range(n_threads)]
    started, before, expected = time.perf_counter(), None, None
    for thread in threads:
        thread.start()
    try:
        while time.perf_counter() - started < seconds:
            clf = DenseDigitClassifier((32,), epochs=3, random_state=0)
            weights = clf.fit(digits.data_train, digits.target_train).coefs_[0]
            expected = weights if expected is None else expected
            load.n_wrong += not np.array_equal(weights, expected)
            if before is None and time.perf_counter() - started > seconds / 10:
                before = resident_megabytes()
            time.sleep(2)
    finally:
        load.stop.set()
        for thread in threads:
            thread.join()
    return load, resident_megabytes() - before


def main():
    """Parse the options, run and print."""
    parser = argparse.ArgumentParser(description="Predict from several threads, with fits in between.")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--threads", type=int, default=8)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    load, growth = soak(options.seconds, options.threads)
    p50, p99 = np.percentile(load.times, [50, 99]) * 1000
    print(f"{len(load.times):,} requests from {options.threads} threads in {options.seconds:.0f} s")
    print(f"{load.n_wrong} wrong answers, {len(load.errors)} errors {sorted(set(load.errors))[:3]}")
    print(f"p50 {p50:.2f} ms, p99 {p99:.1f} ms, growth {growth:.1f} MB")
    return 1 if load.n_wrong or load.errors else 0


if __name__ == "__main__":
    raise SystemExit(main())
