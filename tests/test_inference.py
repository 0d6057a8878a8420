"""The NumPy forward pass says what Keras says."""

import tracemalloc

import numpy as np
import pytest
from conftest import make_small
from scipy import sparse

from sk_digits import _inference


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", sorted(_inference.ACTIVATIONS))
def test_an_activation_is_keras_own(activation, dtype):
    import keras

    z = np.linspace(-12, 12, 301, dtype=dtype)
    ours = _inference.ACTIVATIONS[activation](z.copy())
    assert ours.dtype == dtype
    np.testing.assert_allclose(
        ours, keras.ops.convert_to_numpy(keras.activations.get(activation)(z)), rtol=2e-6, atol=1e-6
    )


@pytest.mark.parametrize(
    "params",
    [{}, {"batch_norm": True}, {"dropout": 0.3, "activation": "tanh"}, {"hidden_layer_sizes": (16, 8, 4)}],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predictions_agree_with_the_keras_model(digits, params, dtype):
    X = digits.data_train[:400].astype(dtype)
    clf = make_small(epochs=3, **params).fit(X, digits.target_train[:400])
    X_test = digits.data_test.astype(dtype)
    np.testing.assert_allclose(clf.predict_proba(X_test), clf.model_.predict(X_test, verbose=0), atol=1e-6)


def test_blocks_do_not_show(small, digits):
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
def test_the_form_of_the_input_does_not_show(small, digits, form):
    expected = small.predict_proba(digits.data_test)
    np.testing.assert_allclose(small.predict_proba(form(digits.data_test)), expected, atol=1e-6)


def test_log_softmax_is_finite_where_softmax_is_zero():
    z = np.array([[0.0, -2000.0]])
    assert _inference.softmax(z)[0, 1] == 0
    assert _inference.log_softmax(z)[0, 1] == -2000
