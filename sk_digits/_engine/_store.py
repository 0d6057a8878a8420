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
    discard : callable, optional
        Called with each model that is dropped.
    """

    def __init__(self, size, discard=lambda model: None):
        self._size, self._discard = size, discard
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
        try:
            yield model
        except BaseException:  # a model in an unknown state is not lent again
            self._discard(model)
            raise
        if model.is_modified:
            self._discard(model)
            return
        dropped = []
        with self._lock:
            self._idle.setdefault(key, []).append(model)
            self._idle.move_to_end(key)
            while sum(map(len, self._idle.values())) > self._size:
                oldest = next(iter(self._idle))
                dropped.append(self._idle[oldest].pop())
                if not self._idle[oldest]:
                    del self._idle[oldest]
        for model in dropped:
            self._discard(model)

    def __len__(self):
        return sum(map(len, self._idle.values()))

    def clear(self):
        """Drop all idle models."""
        with self._lock:
            dropped = [model for models in self._idle.values() for model in models]
            self._idle.clear()
        for model in dropped:
            self._discard(model)
