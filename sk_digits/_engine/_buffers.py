"""The buffer that holds the data of a fit: TensorFlow reads it without a copy, and fits share it."""

import contextlib
import threading

import numpy as np
from scipy import sparse

# The last fit leaves at most one buffer, of at most this many bytes, to the next.
SPARE_BYTES = 2**28
_spare = []
_spare_lock = threading.Lock()


def row_bucket(n):
    """Round `n` up to one of a few sizes, so that data of similar size shares a compiled function."""
    granularity = 2 ** max(8, (n - 1).bit_length() - (0 if n <= 8192 else 4))
    return -(-n // granularity) * granularity


@contextlib.contextmanager
def borrow_buffer(shape, dtype):
    """Lend an array for the data of one fit, with its number of rows rounded up to a bucket.

    The buffer of the last fit is kept for the next, up to `SPARE_BYTES`, because a system can take longer to
    provide new memory than to copy the data into it. `clear_buffers` frees it.
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


def clear_buffers():
    """Free the buffer that the last fit left to the next."""
    with _spare_lock:
        _spare.clear()


def copy_to_buffer(X, buffer):
    """Copy and convert the rows of `X` to the start of a buffer; return the buffer."""
    for first in range(0, X.shape[0], 4096):
        block = X[first : first + 4096]
        buffer[first : first + block.shape[0]] = block.toarray() if sparse.issparse(block) else block
    return buffer
