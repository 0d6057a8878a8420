"""The forward pass of a dense network over NumPy arrays: all that prediction needs, without Keras."""

import numpy as np
from scipy import sparse, special

# Rows are taken in blocks, so that the hidden layers of a million rows never exist at once
# and those of one block stay in the cache.
BLOCK_ROWS = 1024


def _relu(z):
    return np.maximum(z, 0, out=z)


def _relu6(z):
    return np.clip(z, 0, 6, out=z)


def _leaky_relu(z):
    return np.where(z >= 0, z, z * z.dtype.type(0.2))


def _elu(z):
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


def _selu(z):
    # The constants of Klambauer et al., "Self-Normalizing Neural Networks" (2017).
    scale, alpha = z.dtype.type(1.0507009873554805), z.dtype.type(1.6732632423543772)
    return scale * np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def _gelu(z):
    return z * z.dtype.type(0.5) * (1 + special.erf(z / np.sqrt(z.dtype.type(2))))


def _silu(z):
    return z * special.expit(z)


def _softplus(z):
    return np.logaddexp(z, z.dtype.type(0))


def _softsign(z):
    return z / (1 + np.abs(z))


def _mish(z):
    return z * np.tanh(_softplus(z))


def _hard_sigmoid(z):
    return np.clip(z / 6 + z.dtype.type(0.5), 0, 1)


def _hard_silu(z):
    return z * _hard_sigmoid(z)


# Keras' name of each activation -> the function in NumPy. A test compares each with Keras' own.
ACTIVATIONS = {
    "elu": _elu,
    "exponential": np.exp,
    "gelu": _gelu,
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": _hard_silu,
    "leaky_relu": _leaky_relu,
    "linear": lambda z: z,
    "mish": _mish,
    "relu": _relu,
    "relu6": _relu6,
    "selu": _selu,
    "sigmoid": special.expit,
    "silu": _silu,
    "softplus": _softplus,
    "softsign": _softsign,
    "tanh": np.tanh,
}


def dense_layers(weights, batch_norm, epsilon):
    """Kernels and biases of the plain dense layers that compute what the trained network computes.

    Parameters
    ----------
    weights : list of ndarray
        In Keras' order. For every layer its kernel and bias, or, with batch normalisation, for every
        hidden layer its kernel, gamma, beta, moving mean and moving variance.
    batch_norm : bool
        Whether there is batch normalisation to be folded into the layer before it.
    epsilon : float
        What batch normalisation adds to the variance.

    Returns
    -------
    coefs, intercepts : list of ndarray
    """
    *hidden, kernel, bias = weights
    if not batch_norm:
        return [*hidden[::2], kernel], [*hidden[1::2], bias]
    coefs, intercepts = [], []
    for i in range(0, len(hidden), 5):
        layer_kernel, gamma, beta, mean, variance = hidden[i : i + 5]
        scale = gamma / np.sqrt(variance + variance.dtype.type(epsilon))
        coefs.append(layer_kernel * scale)
        intercepts.append(beta - mean * scale)
    return [*coefs, kernel], [*intercepts, bias]


def logits(X, coefs, intercepts, activation):
    """Logits of a dense network, computed block by block.

    Parameters
    ----------
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
        Any numeric dtype. float64 is computed in float64, all else in the precision of the network.
    coefs, intercepts : list of ndarray
        One array a layer, as in the fitted attributes.
    activation : str
        A key of `ACTIVATIONS`, for the hidden layers.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)
    """
    dtype = np.float64 if X.dtype == np.float64 else coefs[0].dtype
    coefs = [coef.astype(dtype, copy=False) for coef in coefs]
    out = np.empty((X.shape[0], len(intercepts[-1])), dtype)
    activate = ACTIVATIONS[activation]
    for start in range(0, len(out), BLOCK_ROWS):
        block = X[start : start + BLOCK_ROWS]
        z = (block.toarray() if sparse.issparse(block) else block).astype(dtype, copy=False)
        for coef, intercept in zip(coefs[:-1], intercepts[:-1], strict=True):
            z = z @ coef
            z += intercept
            z = activate(z)
        np.matmul(z, coefs[-1], out=out[start : start + BLOCK_ROWS])
    out += intercepts[-1]
    return out


def log_softmax(z):
    """Logarithm of the softmax of each row, finite where the softmax underflows."""
    z = z - z.max(axis=1, keepdims=True)
    z -= np.log(np.exp(z).sum(axis=1, keepdims=True))
    return z


def softmax(z):
    """Softmax of each row."""
    z = z - z.max(axis=1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=1, keepdims=True)
    return z


def accuracy_and_loss(z, y, sample_weight):
    """Weighted accuracy and mean cross-entropy of logits `z` against class numbers `y`."""
    loss = -log_softmax(z)[np.arange(len(y)), y]
    correct = z.argmax(axis=1) == y
    return (
        float(np.average(correct, weights=sample_weight)),
        float(np.average(loss, weights=sample_weight)),
    )
