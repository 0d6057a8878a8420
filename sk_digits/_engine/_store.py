"""A pool of compiled models, because compiling one takes longer than training it on small data."""

import contextlib
import threading
from collections import OrderedDict


class ModelStore:
    """Idle models by key; the least recently used is dropped first.

    A model is lent to one fit at a time. A second thread that asks for the same key gets a model of its own.

    Parameters
    ----------
    size : int
        Largest number of idle models.
    """

    def __init__(self, size):
        self._size = size
        self._lock = threading.Lock()
        self._idle = OrderedDict()

    @contextlib.contextmanager
    def borrow(self, key, build):
        """Lend the idle model of a key, or the result of ``build()`` if there is none."""
        with self._lock:
            models = self._idle.pop(key, [])
            model = models.pop() if models else None
            if models:
                self._idle[key] = models
        if model is None:
            model = build()
        yield model
        # Not reached after an error: a model in an unknown state is not lent again.
        if model.is_modified:
            return
        with self._lock:
            self._idle.setdefault(key, []).append(model)
            self._idle.move_to_end(key)
            while sum(map(len, self._idle.values())) > self._size:
                oldest = next(iter(self._idle))
                self._idle[oldest].pop()
                if not self._idle[oldest]:
                    del self._idle[oldest]

    def __len__(self):
        return sum(map(len, self._idle.values()))

    def clear(self):
        """Drop all idle models."""
        with self._lock:
            self._idle.clear()
