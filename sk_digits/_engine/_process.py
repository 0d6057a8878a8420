"""What TensorFlow may do in this process: the number of its threads, and no training after a fork."""

import contextlib
import os

import tensorflow as tf


def limit_threads():
    """Let TensorFlow start no more threads than a joblib or Dask worker was assigned.

    Both announce the number in OMP_NUM_THREADS, which TensorFlow does not read. A number that the user
    has set in TensorFlow, or sets before it starts, is kept.
    """
    assigned = os.environ.get("OMP_NUM_THREADS", "")
    if (
        assigned.isdigit()
        and int(assigned) > 0
        and not tf.config.threading.get_intra_op_parallelism_threads()
    ):
        with contextlib.suppress(RuntimeError):  # TensorFlow has started already
            tf.config.threading.set_intra_op_parallelism_threads(int(assigned))


_first_pid = None


def refuse_forked_process():
    """Raise RuntimeError in a child of a process that has trained.

    TensorFlow's threads do not survive a fork, so the child would wait for them forever.
    """
    global _first_pid
    _first_pid = _first_pid or os.getpid()
    if _first_pid != os.getpid():
        raise RuntimeError(
            "This process was forked from one in which TensorFlow had started; TensorFlow cannot train in "
            "it. Start workers with joblib's 'loky' or 'threading' backend, or multiprocessing's 'spawn'."
        )
