"""The forward pass of a dense network over NumPy arrays: all that prediction needs, without Keras."""

import functools
import math

import numpy as np
from scipy import sparse, special

from ._images import affine_map

# Rows are taken in blocks, so that the hidden layers of a million rows never exist at once
# and those of one block stay in the cache.
BLOCK_ROWS = 1024

# What `averaged_logits` turns (radians) and scales (share) images by.
SMALL_ANGLE = math.radians(6)
SMALL_CHANGE = 0.06


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


def fitting_batch_norm(X, sample_weight, weights, epsilon, activation):
    """Weights whose batch-normalisation statistics are those of the data under these very weights.

    An average of several networks' weights gives layers whose moments are not the average of theirs.

    Parameters
    ----------
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    sample_weight : ndarray of shape (n_samples,)
    weights : list of ndarray
        As in `dense_layers`, with batch normalisation.
    epsilon : float
        What batch normalisation adds to the variance.
    activation : str
        A key of `ACTIVATIONS`, for the hidden layers.

    Returns
    -------
    list of ndarray
        Like `weights`.
    """
    weights = list(weights)
    share = sample_weight / sample_weight.sum()
    for i in range(0, len(weights) - 2, 5):
        kernel = weights[i]
        # The layers up to this one, whose statistics are done, and its kernel as the last layer.
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
    """Mean of the logits over each image and small deformations of it; arguments as in `logits`."""
    dtype = _precision(X, coefs)
    out = np.empty((X.shape[0], len(intercepts[-1])), dtype)
    maps = small_deformations(image_shape)
    for start in range(0, len(out), BLOCK_ROWS):
        block = X[start : start + BLOCK_ROWS].astype(dtype, copy=False)
        z = logits(block, coefs, intercepts, activation)
        for deformation in maps:
            z += logits(block @ deformation, coefs, intercepts, activation)
        out[start : start + BLOCK_ROWS] = z / (1 + len(maps))
    return out


@functools.lru_cache(maxsize=16)
def small_deformations(image_shape):
    """The maps of `image_map` over which a prediction is averaged: turned and scaled, a little, both ways."""
    turned = [affine_map(image_shape, angle, 1) for angle in (-SMALL_ANGLE, SMALL_ANGLE)]
    return [*turned, *(affine_map(image_shape, 0, 1 + change) for change in (-SMALL_CHANGE, SMALL_CHANGE))]


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
