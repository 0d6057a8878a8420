"""Networks as ONNX models, run by onnxruntime: the same labels and probabilities."""

import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
import skl2onnx
from conftest import make_small, slow
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sk_digits import DenseDigitClassifier, export
from sk_digits._export import _onnx
from sk_digits._inference import ACTIVATIONS
from sk_digits.preprocessing import DigitNormalizer

DTYPES = ["float32", "float64"]


def run(model, X):
    """Return the labels and the probabilities that onnxruntime computes."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"X": X})


def assert_same(estimator, model, X):
    """Check that labels are equal but for ties, and probabilities equal within 1e-5."""
    labels, probabilities = run(model, X)
    expected = estimator.predict_proba(X)
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    top = np.sort(expected, axis=1)[:, -2:]
    is_tie = top[:, -1] - top[:, 0] < 1e-5 if expected.shape[1] > 1 else np.zeros(len(X), bool)
    np.testing.assert_array_equal(labels[~is_tie], estimator.predict(X)[~is_tie])
    assert probabilities.dtype == X.dtype


@pytest.fixture(scope="module")
def few(digits):
    return digits.data_train[:200], digits.target_train[:200]


def tiny(**params):
    return make_small(**{"hidden_layer_sizes": (8,), "epochs": 2, **params})


@pytest.mark.parametrize("dtype", ["float32", slow("float64")])
@pytest.mark.parametrize("activation", [name if name == "gelu" else slow(name) for name in ACTIVATIONS])
def test_every_activation_in_both_precisions(activation, dtype):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 16)).astype(dtype)
    try:
        clf = tiny(activation=activation, hidden_layer_sizes=(12, 8)).fit(X, np.arange(200) % 4)
    except ValueError as error:
        if "requires a newer version of Keras" not in str(error):
            raise
        pytest.skip(str(error))
    assert_same(clf, export.to_onnx(clf, dtype=dtype), X)


def test_the_table_of_activations_is_complete():
    assert set(_onnx.ACTIVATIONS) == set(ACTIVATIONS)


VARIANTS = {
    "batch norm": {"batch_norm": True},
    "averaged": {"average_predictions": True},
    "averaged, no hidden layer": {"average_predictions": True, "hidden_layer_sizes": ()},
    "float64 network": {"dtype": "auto"},
}


@pytest.mark.parametrize("dtype", ["float32", slow("float64")])
@pytest.mark.parametrize("name", ["batch norm", *(slow(name) for name in VARIANTS if name != "batch norm")])
def test_every_kind_of_network_in_both_precisions(name, dtype, few, digits):
    X, y = few
    clf = tiny(**VARIANTS[name]).fit(X.astype(np.float64 if "64" in name else np.float32), y)
    assert_same(clf, export.to_onnx(clf, dtype=dtype), digits.data_test.astype(dtype))


LABELS = {
    "two": lambda y: y % 2,
    "bool": lambda y: y > 4,
    "text": lambda y: np.array(["zero", "one"])[y % 2],
    "object": lambda y: y.astype(str).astype(object),
    "negative": lambda y: y - 1,
    "one class": lambda y: np.zeros_like(y),
    "uint8": lambda y: y.astype(np.uint8),
}


@pytest.mark.parametrize("kind", [kind if kind == "text" else slow(kind) for kind in LABELS])
def test_every_kind_of_label(kind, few):
    X, y = few
    clf = tiny().fit(X, LABELS[kind](y))
    assert_same(clf, export.to_onnx(clf), X.astype(np.float32))


ESTIMATORS = {
    "pipeline": make_pipeline(StandardScaler(), PCA(20), tiny()),
    "search": GridSearchCV(make_pipeline(MinMaxScaler(), tiny()), {"minmaxscaler__clip": [True]}, cv=2),
    "calibrated": CalibratedClassifierCV(tiny(), cv=2),
    "voting": VotingClassifier(
        [("a", tiny()), ("b", tiny(activation="tanh"))], voting="soft", flatten_transform=False
    ),
    "stacking": StackingClassifier([("a", tiny())], LogisticRegression(), cv=2),
    "bagging": BaggingClassifier(tiny(), n_estimators=2, random_state=0),
}


@pytest.mark.parametrize(
    "name", [name if name in ("pipeline", "search") else slow(name) for name in ESTIMATORS]
)
def test_estimators_around_the_classifier(name, few, digits):
    estimator = ESTIMATORS[name].fit(*few)
    assert_same(estimator, export.to_onnx(estimator), digits.data_test.astype(np.float32))


def test_skl2onnx_itself_converts_the_classifier_once_it_is_registered(few):
    X, y = few
    clf = tiny().fit(X, y)
    export.register_onnx_converter()
    model = skl2onnx.to_onnx(clf, X[:1].astype(np.float32), target_opset=15)
    labels, probabilities = run(model, X.astype(np.float32))
    np.testing.assert_array_equal(labels, clf.predict(X))
    assert probabilities[0].keys() == set(range(10))  # skl2onnx' own form of probabilities


def test_a_step_that_cannot_be_converted_is_named(few):
    pipeline = make_pipeline(DigitNormalizer(), tiny()).fit(*few)
    with pytest.raises(ValueError, match=r"DigitNormalizer cannot be converted to ONNX.*pipeline\[1:\]"):
        export.to_onnx(pipeline)
    assert_same(pipeline[1:], export.to_onnx(pipeline[1:]), pipeline[0].transform(few[0]))


def test_isotonic_calibration_which_skl2onnx_gets_wrong_is_refused(few):
    calibrated = CalibratedClassifierCV(tiny(), cv=2, method="isotonic").fit(*few)
    with pytest.raises(ValueError, match=r"method='isotonic'.* cannot be converted to ONNX"):
        export.to_onnx(calibrated)


@pytest.mark.slow
def test_the_conversion_does_not_load_tensorflow(small, tmp_path):
    export.save(small, tmp_path / "model.skops")
    code = (
        "import sys\n"
        "from sk_digits import export\n"
        "export.to_onnx(export.load('model.skops'))\n"
        "assert not {'tensorflow', 'keras', 'scikeras'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("estimator", "params", "error", "message"),
    [
        (3, {}, TypeError, "estimator must be a scikit-learn estimator"),
        (DenseDigitClassifier(), {}, NotFittedError, "not fitted"),
        (DenseDigitClassifier(), {"dtype": "float16"}, ValueError, "dtype must be 'float32' or 'float64'"),
    ],
)
def test_what_is_no_fitted_estimator_is_refused(estimator, params, error, message):
    with pytest.raises(error, match=message):
        export.to_onnx(estimator, **params)


def test_without_skl2onnx_the_extra_is_named(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r'pip install "sk_digits\[onnx\]"'):
        export.to_onnx(small)


@pytest.mark.slow
@pytest.mark.parametrize("params", [{}, {"average_predictions": True}, {"batch_norm": True}], ids=str)
def test_all_test_images_of_mnist(params, mnist):
    clf = DenseDigitClassifier((128,), epochs=2, random_state=0, **params)
    clf.fit(mnist.data_train, mnist.target_train)
    for dtype in DTYPES:
        assert_same(clf, export.to_onnx(clf, dtype=dtype), mnist.data_test.astype(dtype))


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_all_test_images_of_mnist_with_every_activation(activation, mnist):
    clf = tiny(activation=activation, hidden_layer_sizes=(16,), learning_rate=0.001)
    try:
        clf.fit(mnist.data_train[:2000], mnist.target_train[:2000])
    except ValueError as error:
        if "requires a newer version of Keras" not in str(error):
            raise
        pytest.skip(str(error))
    for dtype in DTYPES:
        assert_same(clf, export.to_onnx(clf, dtype=dtype), mnist.data_test.astype(dtype))
