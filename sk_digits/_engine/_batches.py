"""The rows that an epoch trains on, in batches."""

from dataclasses import dataclass

import numpy as np

from ._buffers import row_bucket

# One call of the compiled epoch has room for at least this many rows, so that it can run several epochs of
# small data.
SMALL_CALL_ROWS = 2**13


def augment(job):
    """Return the rows that an epoch trains on instead of the data."""
    X = job.augmentation(job.X, job.rng)
    if np.shape(X) != job.X.shape:
        raise ValueError(
            "augmentation must return rows of the shape that it is passed, "
            f"got shape {np.shape(X)} for X of shape {job.X.shape}."
        )
    return X


@dataclass(frozen=True)
class Batches:
    """The batches of one or several epochs, in the order of training.

    Attributes
    ----------
    steps : int
        Batches of each epoch.
    shares : ndarray of shape (n_epochs, steps)
        Fraction of its epoch's weight in each batch.
    arguments : tuple of ndarray
        For each slot of the compiled epoch: row indices, labels and weights, of shape
        (n_slots, batch_size), where the weights of a batch sum to 1; the sum that they had, the learning
        rate factor, the seed of the epoch and the number of the batch in it, of shape (n_slots,).
    """

    steps: int
    shares: np.ndarray
    arguments: tuple


def count_slots(n_rows, batch_size):
    """Return the number of batches that one call of the compiled epoch has room for."""
    return max(-(-row_bucket(n_rows) // batch_size), SMALL_CALL_ROWS // batch_size)


def draw_batches(job, batch_size, epochs, dtype):
    """Draw the batches of some consecutive epochs.

    The last batch of each epoch and the batches that fill the slots are padded with row 0 at weight 0.
    Dividing by the sum of the weights of a batch, not by its number of rows, makes a weight of 2 equivalent
    to repeating the row.

    Parameters
    ----------
    job : Job
    batch_size : int
    epochs : range
        Numbers of the epochs.
    dtype : str
        That of the training.

    Returns
    -------
    Batches
    """
    n_rows = len(job.rows)
    steps = -(-n_rows // batch_size)
    n_slots = count_slots(n_rows, batch_size)
    order = np.empty((len(epochs), n_rows), np.int32)
    seeds = np.zeros(n_slots, np.uint32)
    for index in range(len(epochs)):
        order[index] = job.rng.permutation(job.rows)
        seeds[index * steps : (index + 1) * steps] = job.rng.randint(2**32, dtype=np.uint32)
    n_steps = steps * len(epochs)

    def pad(values, dtype):
        padded = np.zeros((n_slots, batch_size), dtype)
        padded[:n_steps].reshape(len(epochs), -1)[:, :n_rows] = values
        return padded

    weights = pad(job.sample_weight[order], np.float64)
    sums = weights.sum(axis=1)
    weights[:n_steps] /= sums[:n_steps, np.newaxis]
    factors = np.zeros(n_slots, np.float32)
    factors[:n_steps] = job.learning_rate_factor(np.arange(n_steps) + steps * epochs.start)
    positions = np.resize(np.arange(steps, dtype=np.int32), n_slots)
    arguments = pad(order, np.int32), pad(job.y[order], np.int32), weights.astype(dtype), sums.astype(dtype)
    arguments = (*arguments, factors, seeds, positions)
    sums = sums[:n_steps].reshape(len(epochs), steps)
    return Batches(steps, sums / sums.sum(axis=1, keepdims=True), arguments)
