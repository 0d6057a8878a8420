"""The forward pass of a dense network over NumPy arrays, without Keras or TensorFlow."""

import functools
import math

import numpy as np
from scipy import sparse, special

from ._images import affine_map

# Rows are processed in blocks: memory for the hidden layers is bounded, and a block stays in the cache.
BLOCK_ROWS = 1024

# Angle (radians) and sampling distance of the views of an image that `averaged_logits` averages over.
VIEWS = ((-math.radians(6), 1), (math.radians(6), 1), (0, 1 - 0.06), (0, 1 + 0.06))


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


def _hard_shrink(z):
    return np.where(np.abs(z) > 0.5, z, z.dtype.type(0))


def _soft_shrink(z):
    return z - np.clip(z, -0.5, 0.5)


def _log_sigmoid(z):
    return -_softplus(-z)


def _sparse_plus(z):
    return np.where(z < 1, np.square(np.clip(z, -1, 1) + 1) / 4, z)


def _sparse_sigmoid(z):
    return np.clip((z + 1) / 2, 0, 1)


def _squareplus(z):
    return (z + np.sqrt(np.square(z) + 4)) / 2


# Keras' name of each activation -> the function in NumPy. A test compares each with Keras'.
ACTIVATIONS = {
    "celu": _elu,  # Keras' with alpha=1
    "elu": _elu,
    "exponential": np.exp,
    "gelu": _gelu,
    "hard_shrink": _hard_shrink,
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": _hard_silu,
    "hard_tanh": lambda z: np.clip(z, -1, 1),
    "leaky_relu": _leaky_relu,
    "linear": lambda z: z,
    "log_sigmoid": _log_sigmoid,
    "log_softmax": lambda z: log_softmax(z),
    "mish": _mish,
    "relu": _relu,
    "relu6": _relu6,
    "selu": _selu,
    "sigmoid": special.expit,
    "silu": _silu,
    "soft_shrink": _soft_shrink,
    "softmax": lambda z: softmax(z),
    "softplus": _softplus,
    "softsign": _softsign,
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": _sparse_sigmoid,
    "squareplus": _squareplus,
    "tanh": np.tanh,
    "tanh_shrink": lambda z: z - np.tanh(z),
}


def dense_layers(weights, batch_norm, epsilon):
    """Return kernels and biases of plain dense layers that are equivalent to the trained network.

    Parameters
    ----------
    weights : list of ndarray
        In Keras' order: kernel and bias of each layer. With batch normalisation, each hidden layer has
        kernel, gamma, beta, moving mean and moving variance instead.
    batch_norm : bool
        Whether batch normalisation is folded into the layer before it.
    epsilon : float
        Constant that batch normalisation adds to the variance.

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


def recompute_batch_norm(X, sample_weight, weights, epsilon, activation):
    """Return weights with batch-normalisation statistics computed from the data under these weights.

    The moments of an averaged network's layers are not the average of the moments of the networks.

    Parameters
    ----------
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    sample_weight : ndarray of shape (n_samples,)
    weights : list of ndarray
        As in `dense_layers`, with batch normalisation.
    epsilon : float
        Constant that batch normalisation adds to the variance.
    activation : str
        A key of `ACTIVATIONS`, for the hidden layers.

    Returns
    -------
    weights : list of ndarray
        In the same order.
    """
    weights = list(weights)
    share = sample_weight / sample_weight.sum()
    for i in range(0, len(weights) - 2, 5):
        kernel = weights[i]
        # The layers up to this one, with their new statistics, and its kernel as the last layer.
        layers = dense_layers([*weights[:i], kernel, np.zeros_like(weights[i + 3])], True, epsilon)
        mean, square = np.zeros(kernel.shape[1]), np.zeros(kernel.shape[1])
        for start in range(0, X.shape[0], BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            z = logits(X[rows], *layers, activation).astype(np.float64)
            mean += share[rows] @ z
            square += share[rows] @ z**2
        weights[i + 3] = mean.astype(kernel.dtype)
        weights[i + 4] = np.maximum(square - mean**2, 0).astype(kernel.dtype)
    return weights


def logits(X, coefs, intercepts, activation):
    """Return the logits of a dense network, computed block by block.

    Parameters
    ----------
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
        Any numeric dtype. float64 is computed in float64, other dtypes in the precision of the network.
    coefs, intercepts : list of ndarray
        One array per layer.
    activation : str
        A key of `ACTIVATIONS`, for the hidden layers.

    Returns
    -------
    z : ndarray of shape (n_samples, n_outputs)
    """
    dtype = _precision(X, coefs)
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


def _precision(X, coefs):
    return np.float64 if X.dtype == np.float64 else coefs[0].dtype


def averaged_logits(X, coefs, intercepts, activation, image_shape):
    """Return the mean of the logits over each image and its views; arguments as in `logits`."""
    dtype = _precision(X, coefs)
    out = np.empty((X.shape[0], len(intercepts[-1])), dtype)
    views = view_maps(image_shape)
    for start in range(0, len(out), BLOCK_ROWS):
        block = X[start : start + BLOCK_ROWS].astype(dtype, copy=False)
        z = logits(block, coefs, intercepts, activation)
        for view in views:
            z += logits(block @ view, coefs, intercepts, activation)
        out[start : start + BLOCK_ROWS] = z / (1 + len(views))
    return out


@functools.lru_cache(maxsize=16)
def view_maps(image_shape):
    """Return the linear maps to the views of an image: rotated to either side, enlarged and reduced."""
    return [affine_map(image_shape, angle, scale) for angle, scale in VIEWS]


def log_softmax(z):
    """Return the logarithm of the softmax of each row, finite even if the softmax underflows."""
    z = z - z.max(axis=1, keepdims=True)
    z -= np.log(np.exp(z).sum(axis=1, keepdims=True))
    return z


def softmax(z):
    """Return the softmax of each row."""
    z = z - z.max(axis=1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=1, keepdims=True)
    return z


def accuracy_and_loss(z, y, sample_weight):
    """Return the weighted accuracy and mean cross-entropy of the logits `z` for class indices `y`."""
    loss = -log_softmax(z)[np.arange(len(y)), y]
    correct = z.argmax(axis=1) == y
    return (
        float(np.average(correct, weights=sample_weight)),
        float(np.average(loss, weights=sample_weight)),
    )
