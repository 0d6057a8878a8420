"""Settings of this process that training depends on: threads, distribution, Keras' precision, Ctrl-C."""

import contextlib
import os
import signal
import threading

import keras
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


def refuse_distribution():
    """Raise RuntimeError inside the scope of a distribution strategy of TensorFlow's."""
    if tf.distribute.has_strategy():
        name = type(tf.distribute.get_strategy()).__name__
        raise RuntimeError(
            f"fit cannot be called inside the scope of {name}: a compiled epoch runs on one device. Call it "
            "outside of strategy.scope()."
        )


_precision_lock = threading.RLock()


@contextlib.contextmanager
def default_precision():
    """Build Keras objects in the body with Keras' default precision, whatever the user has set globally.

    Layers state their dtype, but Keras creates optimizers and metrics in the global one.
    """
    if keras.config.floatx() == "float32" and keras.config.dtype_policy().name == "float32":
        yield
        return
    with _precision_lock:
        floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")
        try:
            yield
        finally:
            keras.config.set_floatx(floatx)
            keras.config.set_dtype_policy(policy)


@contextlib.contextmanager
def record_interrupts():
    """Yield a list to which Ctrl-C adds, besides raising KeyboardInterrupt.

    Keras' callback list has a bare ``except:`` around its work on the logs, which can swallow the exception.
    """
    interrupts = []
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupts
        return

    def record(signum, frame):
        interrupts.append(signum)
        signal.default_int_handler(signum, frame)

    signal.signal(signal.SIGINT, record)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
