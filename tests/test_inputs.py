"""What the classifier makes of its input: dtypes, scales, weights of classes, single images, subclasses."""

import warnings

import numpy as np
import pytest
from conftest import make_small, same_weights, slow
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sk_digits import DenseDigitClassifier


@pytest.fixture(scope="module")
def Xy(digits):
    return digits.data_train[:300], digits.target_train[:300]


# Weights of classes


def balanced_weights(sample_weight, y):
    """Return what repeating the rows and balancing the classes would give each row."""
    totals = np.bincount(y, sample_weight)
    return sample_weight * (totals.sum() / len(totals) / totals)[y]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_balanced_class_weights_count_the_sample_weights(seed):
    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    weight = np.random.RandomState(seed).randint(1, 4, len(y)).astype(float)
    balanced = make_small(class_weight="balanced").fit(X, y, sample_weight=weight)
    expected = make_small().fit(X, y, sample_weight=balanced_weights(weight, y))
    repeated = make_small(class_weight="balanced", batch_size=512)
    repeated.fit(X.repeat(weight.astype(int), axis=0), y.repeat(weight.astype(int)))
    weighted = make_small(class_weight="balanced", batch_size=512).fit(X, y, sample_weight=weight)
    assert same_weights(balanced, expected)
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize(
    ("labels", "class_weight"),
    [
        (lambda y: y.astype(str), {"0": 5.0}),
        (lambda y: y.astype(str).astype(object), {"0": 5.0}),
        (lambda y: y.astype(np.uint8), {0: 5.0}),
        (lambda y: y, {np.int64(0): 5.0}),
        (lambda y: y, {label: 5.0 if label == 0 else 1.0 for label in range(20)}),
    ],
    ids=["str", "object", "uint8", "numpy key", "more labels"],
)
def test_class_weights_belong_to_labels_of_any_type(labels, class_weight, Xy):
    X, y = Xy
    clf = make_small(epochs=2, class_weight=class_weight).fit(X, labels(y))
    expected = make_small(epochs=2).fit(X, y, sample_weight=np.where(y == 0, 5.0, 1.0))
    assert same_weights(clf, expected)


def test_class_weights_of_unknown_labels_are_named(Xy):
    with pytest.raises(ValueError, match=r"class_weight has keys .*\['zero'\]; the classes are \[0, 1"):
        make_small(class_weight={"zero": 5.0}).fit(*Xy)


# Types and sizes of numbers


@pytest.mark.parametrize(
    ("dtype", "trained"),
    [
        (">f8", "float64"),
        ("<f8", "float64"),
        (np.longdouble, "float64"),
        (">f4", "float32"),
        ("<f4", "float32"),
        (np.float16, "float32"),
        (">i4", "float32"),
        (np.int64, "float32"),
        (bool, "float32"),
    ],
    ids=str,
)
@pytest.mark.parametrize("form", [np.asarray, slow(sparse.csr_matrix)])
def test_numbers_are_trained_by_their_kind_and_size(form, dtype, trained, Xy):
    X, y = Xy
    X = X > 0.5
    if form is sparse.csr_matrix and dtype in (np.longdouble, np.float16, ">f8", ">f4", ">i4"):
        pytest.skip("SciPy's sparse matrices do not support this dtype")
    clf = make_small(epochs=2).fit(form(X.astype(dtype)), y)
    expected = make_small(epochs=2).fit(X.astype(trained), y)
    assert clf.coefs_[0].dtype == trained
    assert same_weights(clf, expected)
    np.testing.assert_allclose(
        clf.predict_proba(X.astype(dtype)), expected.predict_proba(X.astype(trained)), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("value", "dtype", "params", "target"),
    [
        (1e39, np.float64, {"dtype": "float32"}, "float32"),
        (-1e39, np.float64, {"dtype": "float32"}, "float32"),
        (np.longdouble("1e400"), np.longdouble, {}, "float64"),
        (np.longdouble("1e39"), np.longdouble, {"dtype": "float32"}, "float32"),
    ],
)
def test_values_too_large_for_the_precision_are_refused(value, dtype, params, target, Xy):
    X, y = Xy[0].astype(dtype), Xy[1]
    X[3, 3] = value
    with pytest.raises(ValueError, match=f"X contains values too large for {target}"):
        make_small(**params).fit(X, y)


# Scale


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, slow(np.float64)])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_unscaled_pixels_are_warned_of_once(method, dtype, Xy):
    X, y = (255 * Xy[0]).astype(dtype), Xy[1]
    clf = make_small(epochs=2)
    with pytest.warns(UserWarning, match="X is not scaled.*MinMaxScaler") as caught:
        clf.fit(X, y) if method == "fit" else clf.partial_fit(X, y, classes=range(10))
    assert len(caught) == 1


@pytest.mark.parametrize(
    "scale",
    [
        lambda X: X,
        lambda X: 16 * X,
        lambda X: MinMaxScaler().fit_transform(X),
        lambda X: StandardScaler().fit_transform(X),
        lambda X: np.where(np.arange(X.size).reshape(X.shape) == 3, 1000, StandardScaler().fit_transform(X)),
        lambda X: sparse.csr_matrix(X),
        lambda X: np.zeros_like(X),
    ],
    ids=["pixels", "0 to 16", "MinMaxScaler", "StandardScaler", "an outlier", "sparse", "zeros"],
)
def test_scaled_data_is_not_warned_of(scale, Xy):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_small(epochs=1).fit(scale(Xy[0]), Xy[1])


# One image


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
@pytest.mark.parametrize("stack", [True, False])
@pytest.mark.parametrize("form", [lambda image: image, lambda image: image[:, :, np.newaxis]])
def test_one_image_is_refused_with_the_way_to_pass_it(form, stack, method, digits):
    X = digits.images if stack else digits.data
    clf = make_small(epochs=1).fit(X[:300], digits.target[:300])
    with pytest.raises(ValueError, match=r"single image, \(8, 8.*pass X\[np.newaxis\]"):
        getattr(clf, method)(form(digits.images[0]))
    assert len(getattr(clf, method)(digits.images[0][np.newaxis])) == 1


# Keras objects and subclasses


@pytest.mark.parametrize("fitted_on", ["stack", "rows"])
def test_keras_classifier_accepts_rows_and_stacks(fitted_on, digits):
    X, y = (digits.images if fitted_on == "stack" else digits.data)[:300], digits.target[:300]
    clf = make_small(epochs=3).fit(X, y)
    for form in (digits.data, digits.images, digits.data.astype(np.float64)):
        np.testing.assert_array_equal(
            clf.keras_classifier_.predict(form[300:]), clf.predict(digits.data[300:])
        )
    assert clf.keras_classifier_.score(digits.data, digits.target) == clf.score(digits.data, digits.target)


def test_model_can_be_exported_without_a_call_before(Xy, tmp_path):
    make_small(epochs=1).fit(*Xy).model_.export(str(tmp_path / "model"))
    assert (tmp_path / "model" / "saved_model.pb").exists()


def test_a_subclass_may_have_parameters_of_its_own(Xy):
    class Small(DenseDigitClassifier):
        def __init__(self, size=16, epochs=2):
            super().__init__((size,), epochs=epochs, random_state=0)
            self.size = size

    clf = Small().fit(*Xy)
    assert same_weights(clf, DenseDigitClassifier((16,), epochs=2, random_state=0).fit(*Xy))
    clf.partial_fit(*Xy)
    assert clf.n_iter_ == 3
