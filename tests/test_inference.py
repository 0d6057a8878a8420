"""The NumPy forward pass: it predicts as Keras does, in bounded memory, and averages over views."""

import tracemalloc

import numpy as np
import pytest
from conftest import make_small, same_weights, slow
from scipy import ndimage, sparse
from sklearn.base import clone

from sk_digits import _fitting, _images, _inference
from sk_digits._engine import _layers
from sk_digits.augmentation import RandomDeformation


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", sorted(_inference.ACTIVATIONS))
def test_an_activation_equals_that_of_keras(activation, dtype):
    import keras

    try:
        theirs = keras.activations.get(activation)
    except ValueError:
        pytest.skip(f"Keras {keras.__version__} does not know {activation}")
    large = [] if activation == "exponential" else [-1e4, 1e4]
    z = np.array([*np.linspace(-12, 12, 300 - len(large)), *large], dtype=dtype).reshape(-1, 5)
    ours = _inference.ACTIVATIONS[activation](z.copy())
    assert ours.dtype == dtype
    np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(theirs(z)), rtol=2e-6, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("alias", "name"), _fitting.ACTIVATION_ALIASES.items())
def test_an_alias_is_the_same_activation(alias, name, digits):
    fitted = [
        make_small(activation=activation, epochs=1).fit(digits.data_train[:200], digits.target_train[:200])
        for activation in (alias, name)
    ]
    assert same_weights(*fitted)


def test_an_activation_that_keras_does_not_know_is_named():
    with pytest.raises(ValueError, match="activation='relu7' requires a newer version of Keras"):
        _layers.check_activation("relu7")


@pytest.mark.parametrize(
    ("params", "dtype"),
    [
        pytest.param({}, "float64", marks=pytest.mark.slow),
        pytest.param({"batch_norm": True}, "float32", marks=pytest.mark.slow),
        ({"batch_norm": True}, "float64"),
        slow({"dropout": 0.3, "activation": "tanh"}, "float32"),
        pytest.param({"hidden_layer_sizes": (16, 8, 4)}, "float32", marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_predictions_agree_with_the_keras_model(digits, params, dtype):
    X = digits.data_train[:400].astype(dtype)
    clf = make_small(epochs=3, **params).fit(X, digits.target_train[:400])
    X_test = digits.data_test.astype(dtype)
    np.testing.assert_allclose(clf.predict_proba(X_test), clf.model_.predict(X_test, verbose=0), atol=1e-6)


def test_predictions_in_blocks_equal_those_of_single_rows(small, digits):
    X = np.tile(digits.data, (2, 1))
    assert len(X) > 3 * _inference.BLOCK_ROWS
    one_by_one = np.concatenate([small.predict_proba(X[i : i + 1]) for i in range(0, len(X), 499)])
    np.testing.assert_allclose(small.predict_proba(X)[::499], one_by_one, atol=1e-6)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_memory_is_bounded_by_a_block_and_the_result(method, small):
    X = np.zeros((200_000, 64), np.uint8)
    result = 200_000 * 10 * 4
    tracemalloc.start()
    getattr(small, method)(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * result + 3 * _inference.BLOCK_ROWS * 64 * 4 < X.size * 4


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csr_array, sparse.coo_array, np.asfortranarray])
def test_the_form_of_the_input_does_not_change_the_predictions(small, digits, form):
    expected = small.predict_proba(digits.data_test)
    np.testing.assert_allclose(small.predict_proba(form(digits.data_test)), expected, atol=1e-6)


# Averaged predictions


@pytest.mark.parametrize("shape", [(28, 28), (8, 8), (5, 9)])
@pytest.mark.parametrize(("degrees", "scale"), [(0, 1), (6, 1), (-30, 1), (0, 1.06), (10, 0.9)])
def test_an_affine_map_equals_that_of_scipy(shape, degrees, scale):
    image = np.random.RandomState(0).rand(*shape)
    angle = np.radians(degrees)
    matrix = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    centre = (np.array(shape) - 1) / 2
    expected = ndimage.affine_transform(image, matrix, centre - matrix @ centre, order=1, mode="nearest")
    ours = image.ravel() @ _images.affine_map(shape, angle, scale)
    np.testing.assert_allclose(ours.reshape(shape), expected, atol=1e-5)


@pytest.fixture(scope="module")
def averaging(digits):
    light = RandomDeformation(displacement=0.2, smoothness=2, shift=0.5)
    return make_small(augmentation=light, average_predictions=True).fit(
        digits.data_train, digits.target_train
    )


def test_predictions_are_averaged_over_the_image_and_four_others(averaging, digits):
    images = [digits.data_test, *(digits.data_test @ m for m in _inference.view_maps((8, 8)))]
    single = (
        clone(averaging).set_params(average_predictions=False).fit(digits.data_train, digits.target_train)
    )
    expected = np.mean([single._logits(image) for image in images], axis=0)
    assert len(images) == 5
    np.testing.assert_allclose(averaging._logits(digits.data_test), expected, atol=1e-4)
    np.testing.assert_allclose(
        averaging.predict_proba(digits.data_test), _inference.softmax(expected), atol=1e-4
    )
    assert not np.allclose(single._logits(digits.data_test), expected, atol=0.1)


@pytest.mark.parametrize(
    "form", [sparse.csr_matrix, lambda X: (X * 1.0).reshape(-1, 8, 8), np.asfortranarray]
)
def test_every_form_of_input_is_averaged(form, averaging, digits):
    expected = averaging.predict_proba(digits.data_test)
    np.testing.assert_allclose(averaging.predict_proba(form(digits.data_test)), expected, atol=1e-5)


def test_averaging_can_be_switched_off_after_the_fit(averaging, digits):
    import copy

    switched = copy.copy(averaging).set_params(average_predictions=False)
    X = digits.data_test
    np.testing.assert_allclose(switched.predict_proba(X), switched.model_.predict(X, verbose=0), atol=1e-6)
    assert switched.predict_proba(X[:1]).dtype == averaging.predict_proba(X[:1].astype(int)).dtype


def test_averaging_features_that_are_not_an_image_raises_before_the_fit():
    clf = make_small(average_predictions=True)
    with pytest.raises(
        ValueError, match="average_predictions=True requires images: 60 features are not a square"
    ):
        clf.fit(np.zeros((20, 60)), np.arange(20) % 2)
    assert not hasattr(clf, "coefs_")
    oblong = RandomDeformation(image_shape=(6, 10))
    make_small(average_predictions=True, augmentation=oblong, epochs=1).fit(
        np.zeros((20, 60)), np.arange(20) % 2
    ).predict(np.zeros((1, 60)))


def test_log_softmax_is_finite_where_softmax_is_zero():
    z = np.array([[0.0, -2000.0]])
    assert _inference.softmax(z)[0, 1] == 0
    assert _inference.log_softmax(z)[0, 1] == -2000
