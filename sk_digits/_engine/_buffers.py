"""Where the data of a fit lies: memory that TensorFlow reads without a copy, and that fits share."""

import contextlib
import threading

import numpy as np
import tensorflow as tf
from scipy import sparse

# At most one buffer, of at most so many bytes, which the last fit left for the next.
SPARE_BYTES = 2**28
_spare = []
_spare_lock = threading.Lock()


def row_bucket(n):
    """`n` rounded up, to few enough sizes that data of a like size share a compiled function."""
    granularity = 2 ** max(8, (n - 1).bit_length() - (0 if n <= 8192 else 4))
    return -(-n // granularity) * granularity


@contextlib.contextmanager
def memory_for(shape, dtype):
    """An array for the data of one fit, of `dtype`, its rows padded to a bucket.

    That of the last fit, up to `SPARE_BYTES`, is kept for the next: a system may take longer to hand out
    fresh memory than it takes to copy the data into it. `clear_memory` frees it.
    """
    dtype = np.dtype(dtype)
    shape = (row_bucket(shape[0]), shape[1])
    # TensorFlow takes a NumPy buffer without copying it if it starts at a multiple of 64 bytes.
    n_bytes = shape[0] * shape[1] * dtype.itemsize
    with _spare_lock:
        buffer = _spare.pop() if _spare else None
    if buffer is None or not n_bytes + 64 <= len(buffer) <= 2 * (n_bytes + 64):
        buffer = np.empty(n_bytes + 64, np.uint8)
    start = -buffer.ctypes.data % 64
    yield buffer[start : start + n_bytes].view(dtype).reshape(shape)
    if len(buffer) <= SPARE_BYTES:
        with _spare_lock:
            _spare[:] = [buffer]


def clear_memory():
    """Free the memory that the last fit left for the next."""
    with _spare_lock:
        _spare.clear()


def place(X, memory):
    """Copy `X` to the start of `memory`, converted on the way, for TensorFlow to read it there."""
    for first in range(0, X.shape[0], 4096):
        block = X[first : first + 4096]
        memory[first : first + block.shape[0]] = block.toarray() if sparse.issparse(block) else block
    return tf.experimental.dlpack.from_dlpack(memory.__dlpack__())
