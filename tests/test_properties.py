"""Random parameters, data and labels: a model whose probabilities sum to one, or an error that is documented.

``examples/benchmarks/fuzz_estimator.py`` runs these tests with many more examples.
"""

import os
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from sk_digits import DenseDigitClassifier
from sk_digits._inference import ACTIVATIONS
from sk_digits.augmentation import RandomDeformation

# How many times as many examples as by default, which are then random.
FACTOR = int(os.environ.get("SK_DIGITS_FUZZ_FACTOR", "1"))
SETTINGS = settings(
    max_examples=5 * FACTOR,
    deadline=None,
    derandomize=FACTOR == 1,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
# Errors of a user's own making; anything else is a fault.
DOCUMENTED = (ValueError, TypeError)
# What an error message must not consist of: it comes from below.
FOREIGN = (
    "tensorflow",
    "Tensor(",
    "keras.src",
    "XLA",
    "numpy.core",
    "operands could not be broadcast",
    "node:",
)

PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "hidden_layer_sizes": st.sampled_from([(), (1,), (4,), 3, (5, 3), [2, 2, 2], np.array([4])]),
        "activation": st.sampled_from(sorted(ACTIVATIONS)),
        "dropout": st.sampled_from([0, 0.3, 0.9]),
        "gaussian_noise": st.sampled_from([0, 0.2]),
        "batch_norm": st.booleans(),
        "optimizer": st.sampled_from(["adam", "sgd", "rmsprop", "nadam", "lion", "adamw"]),
        "learning_rate": st.sampled_from(["auto", None, 1e-4, 0.01, np.float32(0.003)]),
        "learning_rate_schedule": st.sampled_from(["constant", "cosine", "one_cycle"]),
        "warmup": st.sampled_from([None, 0, 0.5]),
        "weight_decay": st.sampled_from([None, 0.0, 0.01]),
        "alpha": st.sampled_from([0, 0.001]),
        "label_smoothing": st.sampled_from(["auto", 0, 0.1]),
        "virtual_adversarial": st.sampled_from([0, 0.5]),
        "weight_averaging": st.sampled_from([0, 0.5, 1]),
        "batch_size": st.sampled_from(["auto", 1, 3, np.int8(16), 1000]),
        "epochs": st.sampled_from([1, 2, 3]),
        "average_predictions": st.booleans(),
        "augmentation": st.sampled_from([None, RandomDeformation(displacement=0.1, smoothness=1)]),
        "class_weight": st.sampled_from([None, "balanced"]),
        "early_stopping": st.booleans(),
        "scoring": st.sampled_from([None, "loss", "f1_macro"]),
        "n_iter_no_change": st.sampled_from([1, None]),
        "dtype": st.sampled_from(["auto", "float32"]),
        "random_state": st.sampled_from([None, 0, 2**32 - 1]),
    },
)
DTYPES = ["float32", "float64", "float16", "uint8", "int64", "bool", ">f8", "<f4", "object"]
LABELS = {
    "int": lambda y: y,
    "negative": lambda y: y - 2,
    "text": lambda y: np.array(["a", "b", "ä", "", "long name"])[y],
    "bool": lambda y: y % 2 == 0,
    "object": lambda y: y.astype(str).astype(object),
    "float": lambda y: y.astype(float),
    "uint8": lambda y: y.astype(np.uint8),
    "one": np.zeros_like,
    "list": lambda y: y.tolist(),
}


@st.composite
def data_sets(draw):
    """Draw images, labels and weights of any shape and type that is allowed."""
    rng = np.random.RandomState(draw(st.integers(0, 1000)))
    n = draw(st.sampled_from([6, 11, 40]))
    side = draw(st.sampled_from([1, 2, 3, 5, 8]))
    X = rng.uniform(size=(n, side * side)) * (rng.uniform(size=side * side) < 0.7)
    X = (X > 0.5 if draw(st.booleans()) else X).astype(draw(st.sampled_from(DTYPES)))
    form = draw(st.sampled_from(["rows", "stack", "channel", "sparse", "list", "fortran", "strided"]))
    X = {
        "rows": lambda: X,
        "stack": lambda: X.reshape(n, side, side),
        "channel": lambda: X.reshape(n, side, side, 1),
        "sparse": lambda: sparse.csr_matrix(X.astype(float)),
        "list": X.tolist,
        "fortran": lambda: np.asfortranarray(X),
        "strided": lambda: np.repeat(X, 2, axis=0)[::2],
    }[form]()
    y = LABELS[draw(st.sampled_from(sorted(LABELS)))](np.arange(n) % draw(st.integers(2, 5)))
    weights = draw(st.sampled_from([None, np.ones(n), rng.uniform(0.1, 3, n), rng.randint(1, 3, n)]))
    return X, y, weights


def copied(value):
    return value.copy() if hasattr(value, "copy") else value


def is_unchanged(value, before):
    if sparse.issparse(value):
        return (value != before).nnz == 0
    return np.array_equal(value, before)


def assert_documented(error, *, caller):
    assert not any(word in str(error) for word in FOREIGN), f"{caller}: {error!r}"
    assert str(error).strip(), f"{caller}: an error without a message"


@given(PARAMS, data_sets())
@SETTINGS
def test_any_fit_ends_in_probabilities_or_in_a_documented_error(params, data):
    X, y, weights = data
    before = copied(X), copied(y), copied(weights)
    clf = DenseDigitClassifier(**({"hidden_layer_sizes": (4,), "epochs": 1} | params))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="X is not scaled")
        try:
            clf.fit(X, y, sample_weight=weights)
        except DOCUMENTED as error:
            assert_documented(error, caller="fit")
            assert not hasattr(clf, "classes_")
            return
        finally:
            assert all(map(is_unchanged, (X, y, weights), before)), "fit changed its input"
        probabilities = clf.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert np.isfinite(probabilities).all()
    assert set(clf.predict(X)) <= set(clf.classes_)


BAD_VALUES = [
    *(None, -1, 0, 1.5, 2, np.nan, np.inf, "", "unknown", b"bytes", True, (), (0,), (-1, 2), (1.5,), [[1]]),
    *({}, {"a": 1}, object(), int, len, 10**30, 1j, np.array([]), np.array([1, 2]), np.array("x"), ["adam"]),
]


@given(st.sampled_from(sorted(DenseDigitClassifier().get_params())), st.sampled_from(BAD_VALUES))
@settings(SETTINGS, max_examples=50 * FACTOR)
def test_a_bad_parameter_is_a_documented_error_or_harmless(name, value):
    X = np.random.RandomState(0).uniform(size=(12, 16)).astype(np.float32)
    if name == "epochs" and isinstance(value, int) and value > 10**6:
        return  # valid, and endless
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            clf = DenseDigitClassifier(**({"hidden_layer_sizes": (4,), "epochs": 1} | {name: value}))
            clf.fit(X, np.arange(12) % 3)
        except DOCUMENTED as error:
            assert_documented(error, caller=f"{name}={value!r}")
            return
    np.testing.assert_allclose(clf.predict_proba(X).sum(axis=1), 1, atol=1e-5)


GOOD = np.random.RandomState(0).uniform(size=(12, 16)).astype(np.float32)
BAD_IMAGES = {
    "nan": lambda: np.where(np.arange(16) == 3, np.nan, GOOD),
    "inf": lambda: np.where(np.arange(16) == 3, np.inf, GOOD),
    "huge": lambda: GOOD.astype(float) * 1e300,
    "longdouble": lambda: GOOD.astype(np.longdouble) * np.longdouble(10) ** 400,
    "complex": lambda: GOOD * 1j,
    "text": lambda: GOOD.astype(str).astype(object) + "x",
    "empty": lambda: GOOD[:0],
    "no features": lambda: GOOD[:, :0],
    "one row": lambda: GOOD[:1],
    "one image": lambda: GOOD[0],
    "scalar": lambda: 3,
    "none": lambda: None,
    "ragged": lambda: [[1, 2], [3]],
    "colour": lambda: GOOD.reshape(12, 4, 4, 1).repeat(3, axis=3),
    "five axes": lambda: GOOD.reshape(12, 2, 2, 2, 2),
    "dict": lambda: {"a": 1},
    "generator": lambda: (row for row in GOOD),
    "sparse nan": lambda: sparse.csr_matrix(np.where(np.arange(16) == 3, np.nan, GOOD)),
    "structured": lambda: np.zeros(12, [("a", "f4")]),
    "dates": lambda: np.zeros((12, 16), "M8[s]"),
    "too many rows": lambda: np.vstack([GOOD, GOOD]),
    "other width": lambda: GOOD[:, :9],
    "string": lambda: "images.csv",
}
BAD_LABELS = {
    "nan": lambda: np.array([np.nan] * 12),
    "continuous": lambda: np.linspace(0, 1, 12),
    "short": lambda: np.arange(11),
    "two columns": lambda: np.zeros((12, 2)),
    "mixed": lambda: np.array([1, "a"] * 6, dtype=object),
    "none": lambda: None,
    "nones": lambda: [None] * 12,
    "scalar": lambda: 3,
    "sparse": lambda: sparse.csr_matrix(np.eye(12)),
    "complex": lambda: np.arange(12) * 1j,
    "empty": list,
    "new class": lambda: np.arange(12) + 100,
    "dates": lambda: np.arange(12).astype("M8[s]"),
}
BAD_WEIGHTS = {
    "negative": lambda: -np.ones(12),
    "zero": lambda: np.zeros(12),
    "nan": lambda: np.full(12, np.nan),
    "inf": lambda: np.full(12, np.inf),
    "short": lambda: np.ones(3),
    "square": lambda: np.ones((12, 12)),
    "text": lambda: ["a"] * 12,
    "huge": lambda: np.full(12, 1e308),
    "complex": lambda: np.ones(12) * 1j,
}
INPUTS = [
    *[("X", name, make) for name, make in BAD_IMAGES.items()],
    *[("y", name, make) for name, make in BAD_LABELS.items()],
    *[("sample_weight", name, make) for name, make in BAD_WEIGHTS.items()],
]


@given(
    st.sampled_from(INPUTS),
    st.sampled_from(
        ["fit", "partial_fit", "warm fit", "predict", "predict_proba", "predict_log_proba", "score"]
    ),
    st.sampled_from([{}, {"early_stopping": True}, {"class_weight": "balanced"}, {"batch_norm": True}]),
)
@settings(SETTINGS, max_examples=50 * FACTOR)
def test_bad_input_is_a_documented_error_and_leaves_the_classifier_as_it_was(bad, method, params):
    argument, _, make = bad
    if argument != "X" and method.startswith("predict"):
        return
    arguments = {"X": GOOD, "y": np.arange(12) % 3, "sample_weight": None, argument: make()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clf = DenseDigitClassifier((4,), epochs=1, random_state=0, **params)
        is_fitted = method != "fit"
        if is_fitted:
            clf.fit(GOOD, np.arange(12) % 3)
        before = clf.predict_proba(GOOD) if is_fitted else None
        try:
            call(clf, method, arguments)
        except DOCUMENTED as error:
            assert_documented(error, caller=f"{method}, {bad[:2]}")
            if is_fitted:
                np.testing.assert_array_equal(clf.predict_proba(GOOD), before)
            else:
                assert not hasattr(clf, "classes_")
            return
        # Some are valid in one way or another, such as images of another width for a first fit.
        assert np.isfinite(clf.predict_proba(np.zeros((1, clf.n_features_in_)))).all()


def call(clf, method, arguments):
    if method.startswith("predict"):
        result = getattr(clf, method)(arguments["X"])
        assert len(result) == len(arguments["X"])
    elif method == "warm fit":
        clf.set_params(warm_start=True).fit(**arguments)
    elif method == "partial_fit":
        clf.partial_fit(arguments["X"], arguments["y"], sample_weight=arguments["sample_weight"])
    else:
        getattr(clf, method)(**arguments)


@pytest.mark.parametrize("classes", [None, [], [[0, 1]], [np.nan, 1], "abc", 3, [0, "a"], {0: 1}])
def test_bad_classes_are_a_documented_error(classes):
    clf = DenseDigitClassifier((4,))
    try:
        clf.partial_fit(GOOD, np.arange(12) % 3, classes=classes)
    except DOCUMENTED as error:
        assert_documented(error, caller=f"classes={classes!r}")
    else:
        pytest.fail(f"classes={classes!r} was accepted")
