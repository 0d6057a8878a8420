"""Compare accuracy and time on small data with scikit-learn's MLPClassifier and LogisticRegression.

``python bench_small_data.py [data ...]``, with names such as ``iris`` or ``mnist_300``; all by default.

Each row is a pipeline with StandardScaler on five stratified folds, shuffled anew for each seed. The peer is
`MLPClassifier` with the same `hidden_layer_sizes`, or its defaults beside ours. For `()` the accuracy is
compared with `LogisticRegression` and the time with ``MLPClassifier(())``. The images are MNIST's training
images, other ones for each seed. The error is the standard error of the difference. The seconds are those of
a fit of the first fold of the first seed, after a fit that has compiled the network.
"""

import functools
import sys
import warnings

import harness
import numpy as np
import peers
from sklearn import datasets
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_digits import DenseDigitClassifier

# A fold of 100 rows has 20 images to score, so it takes more of them for a standard error below 0.5 points.
N_SEEDS = {
    "iris": 10,
    "wine": 10,
    "mnist_100": 60,
    "breast_cancer": 5,
    "mnist_300": 10,
    "mnist_1000": 10,
    "mnist_3000": 4,
    "mnist_10000": 1,
}
NETWORKS = {"defaults": None, "(64,)": (64,), "(100,)": (100,), "()": ()}


mnist = functools.cache(peers.mnist)


def load(name, seed):
    """Return X and y of one of scikit-learn's bundled sets, or of random training images of MNIST."""
    if not name.startswith("mnist_"):
        return getattr(datasets, f"load_{name}")(return_X_y=True)
    data = mnist()
    rows = np.random.RandomState(seed).permutation(len(data.target_train))[: int(name.removeprefix("mnist_"))]
    return np.asarray(data.data_train[rows], dtype=np.float64), data.target_train[rows]


def accuracies(make, name):
    """Return the mean accuracy over five folds for each seed."""
    scores = [
        cross_val_score(
            make_pipeline(StandardScaler(), make(random_state=seed)),
            *load(name, seed),
            cv=StratifiedKFold(5, shuffle=True, random_state=seed),
        ).mean()
        for seed in range(N_SEEDS.get(name, 2))
    ]
    return np.array(scores)


def compare(name, network):
    """Return the accuracies and the median seconds of ours and of the peer."""
    sizes = {} if NETWORKS[network] is None else {"hidden_layer_sizes": NETWORKS[network]}
    ours = functools.partial(DenseDigitClassifier, **sizes)
    mlp = functools.partial(MLPClassifier, **sizes)
    peer = functools.partial(LogisticRegression, max_iter=1000) if network == "()" else mlp
    X, y = load(name, seed=0)
    rows, _ = next(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y))
    X_fold = StandardScaler().fit_transform(X[rows])
    ours(random_state=0).fit(X_fold, y[rows])
    seconds = harness.time_alternately(
        {
            "sk_digits": lambda: ours(random_state=0).fit(X_fold, y[rows]),
            "peer": lambda: mlp(random_state=0).fit(X_fold, y[rows]),
        },
        repeats=3,
    )
    scores, peer_scores = accuracies(ours, name), accuracies(peer, name)
    differences = scores - peer_scores
    return {
        "data": name,
        "network": network,
        "accuracy": scores.mean(),
        "peer accuracy": peer_scores.mean(),
        "standard error": differences.std(ddof=1) / np.sqrt(len(scores)) if len(scores) > 1 else np.nan,
        "seconds": float(np.median(seconds["sk_digits"])),
        "peer seconds": float(np.median(seconds["peer"])),
    }


def measure():
    warnings.simplefilter("ignore")  # MLPClassifier's that it has not converged
    bundled = ["digits", "iris", "wine", "breast_cancer"]
    names = sys.argv[1:] or [*bundled, *(f"mnist_{n}" for n in (100, 300, 1000, 3000, 10000))]
    columns = f"{'accuracy':>9}{'peer':>8}{'points':>8}{'error':>7}{'s':>8}{'peer':>8}{'ratio':>7}"
    print(f"{'data':14}{'network':10}{columns}")
    results = []
    for name in names:
        for network in NETWORKS:
            row = compare(name, network)
            results.append(row)
            points = 100 * (row["accuracy"] - row["peer accuracy"])
            ratio = row["seconds"] / row["peer seconds"]
            print(
                f"{name:14}{network:10}{row['accuracy']:>9.4f}{row['peer accuracy']:>8.4f}{points:>+8.2f}"
                f"{100 * row['standard error']:>7.2f}"
                f"{row['seconds']:>8.3f}{row['peer seconds']:>8.3f}{ratio:>7.2f}"
                f"{'  less accurate' if points < -0.5 else ''}{'  slower' if ratio > 1 else ''}",
                flush=True,
            )
    differences = [row["accuracy"] - row["peer accuracy"] for row in results]
    print(f"On average ours is {100 * np.mean(differences):+.2f} points ahead.")
    return results


if __name__ == "__main__":
    harness.run("bench_small_data", measure)
