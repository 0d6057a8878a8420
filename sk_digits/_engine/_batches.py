"""The rows that an epoch trains on, in batches."""

import numpy as np
import tensorflow as tf

from ._buffers import row_bucket


def augment(job):
    """Return the rows that an epoch trains on instead of the data."""
    X = job.augmentation(job.X, job.rng)
    if np.shape(X) != job.X.shape:
        raise ValueError(
            "augmentation must return rows of the shape that it is passed, "
            f"got shape {np.shape(X)} for X of shape {job.X.shape}."
        )
    return X


def draw_batches(job, batch_size, epoch, dtype):
    """Draw the batches of one epoch.

    The last batch, and the batches up to `n_slots`, are padded with row 0 at weight 0.

    Returns
    -------
    steps : int
    shares : ndarray of shape (n_slots,)
        Fraction of the epoch's weight in each batch.
    arguments : tuple of Tensor
        Row indices, labels and weights, of shape (n_slots, batch_size); the weights of a batch sum to 1.
        The shares and the learning rate factors, of shape (n_slots,), and a seed. Dividing by the sum of
        the weights, not by the number of rows, makes a weight of 2 equivalent to repeating the row.
    """
    order = job.rng.permutation(job.rows)
    steps = -(-len(order) // batch_size)
    n_slots = 1 if steps == 1 else -(-row_bucket(len(order)) // batch_size)

    def pad(values, dtype):
        padded = np.zeros((n_slots, batch_size), dtype)
        padded.flat[: len(values)] = values
        return padded

    weights = pad(job.sample_weight[order], np.float64)
    sums = weights.sum(axis=1)
    weights[:steps] /= sums[:steps, np.newaxis]
    shares = sums / sums.sum()
    factors = np.zeros(n_slots, np.float32)
    factors[:steps] = job.learning_rate_factor(np.arange(steps) + steps * epoch)
    seed = job.rng.randint(2**32, dtype=np.uint32)
    arguments = (
        pad(order, np.int32),
        pad(job.y[order], np.int32),
        weights.astype(dtype),
        shares.astype(dtype),
        factors,
        seed,
    )
    return steps, shares, tuple(map(tf.convert_to_tensor, arguments))
