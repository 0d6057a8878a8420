"""Detection of processes that were forked after TensorFlow had started; does not load TensorFlow."""

import os
import sys

_forked_after_start = False


def _has_started():
    """Return whether TensorFlow has started its threads in this process, whoever started it."""
    module = sys.modules.get("tensorflow.python.eager.context")
    context = getattr(module, "_context", None)
    return bool(getattr(context, "_initialized", False))


def _note_fork():
    global _forked_after_start
    _forked_after_start = _forked_after_start or _has_started()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


def refuse_forked_process():
    """Raise RuntimeError in a child of a process in which TensorFlow had started.

    TensorFlow's threads do not survive a fork, so the child would wait for them forever.
    """
    if _forked_after_start:
        raise RuntimeError(
            "This process was forked from one in which TensorFlow had started; TensorFlow cannot be used in "
            "it, except for predictions of a fitted classifier. Start workers with joblib's 'loky' or "
            "'threading' backend, or multiprocessing's 'spawn'."
        )
