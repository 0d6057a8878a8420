"""Time a grid search of 45 fits on the bundled digits.

The grid has 3 learning rates x 3 widths, with 5 folds, 20 epochs and batch size 32.

``python bench_search.py [repeats]``. Ours is the median of all repeats; the first includes the compilation.
For "first search", the compiled networks are freed before each repeat.
"""

import sys

import harness
import peers
from sklearn.model_selection import GridSearchCV

from sk_digits import clear_compiled
from sk_digits.datasets import load_digits

RATES, WIDTHS = [5e-4, 1e-3, 3e-3], [32, 64, 128]
COMMON = {"epochs": 20, "batch_size": 32}


def search(estimator, grid, n_jobs=1):
    return GridSearchCV(estimator, grid, cv=5, n_jobs=n_jobs, error_score="raise").fit(
        *load_digits(return_X_y=True)
    )


def ours(n_jobs=1):
    grid = {"hidden_layer_sizes": [(width,) for width in WIDTHS], "learning_rate": RATES}
    return search(peers.sk_digits(**COMMON), grid, n_jobs)


def first_search():
    clear_compiled()
    return ours()


def mlp_classifier():
    grid = {"hidden_layer_sizes": [(width,) for width in WIDTHS], "learning_rate_init": RATES}
    return search(peers.mlp_classifier(**COMMON), grid)


def scikeras():
    grid = {"model__hidden": WIDTHS, "model__learning_rate": RATES}
    return search(peers.scikeras_classifier(n_features=64, **COMMON), grid)


def measure():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    ours(2)  # start the workers, which import TensorFlow and compile
    candidates = {
        "sk_digits, first search": first_search,
        "sk_digits": ours,
        "MLPClassifier": mlp_classifier,
        "sk_digits, n_jobs=2": lambda: ours(2),
    }
    seconds = harness.time_alternately(candidates, repeats)
    seconds |= harness.time_alternately({"SciKeras": scikeras}, 1)
    return harness.table("45 fits", seconds, {"SciKeras": 30, "MLPClassifier": 2})


if __name__ == "__main__":
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.simplefilter("ignore", UserWarning)
    harness.run("bench_search", measure)
