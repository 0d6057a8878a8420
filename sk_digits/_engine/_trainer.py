"""The one door to scikeras, keras and tensorflow: arrays go in, trained arrays come out.

SciKeras builds, compiles and calls the Keras model as it does any other; the model is an `EpochModel`
of the engine behind this door, `_epoch` and `_network`. Models are kept and reused within the process,
because to compile one takes longer than to train it on small data.
"""

import contextlib
import functools
import itertools
import json
import os
import sys
import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from sklearn import config_context


@contextlib.contextmanager
def _as_quiet_as_asked():
    """Hide what TensorFlow prints at its import, before it heeds TF_CPP_MIN_LOG_LEVEL, where that is set."""
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL", "0") == "0" or "tensorflow" in sys.modules:
        yield
        return
    stderr = os.dup(2)
    try:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


with _as_quiet_as_asked():
    import keras
    import tensorflow as tf
    from scikeras.wrappers import KerasClassifier

    from ._deformations import deform, deformation_arguments
    from ._epoch_model import EpochModel, Job
    from ._buffers import clear_memory, row_bucket
    from ._layers import BATCH_NORM_EPSILON, Network, keras_model

__all__ = [
    "BATCH_NORM_EPSILON",
    "Job",
    "Network",
    "clear_trainers",
    "deformed",
    "epoch_callback",
    "initial_weights",
    "keras_classifier",
    "keras_model",
    "optimizer_spec",
    "train",
]

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"sk_digits trains with Keras on TensorFlow, but Keras is set to the {keras.backend.backend()!r} "
        "backend; set the environment variable KERAS_BACKEND=tensorflow before keras is imported."
    )


def train(network, optimizer, job, early_stopping=None, weights=None, optimizer_state=None):
    """Train a network through SciKeras and hand its arrays back.

    Parameters
    ----------
    network : Network
    optimizer : dict
        The arguments of `optimizer_spec`.
    job : Job
    early_stopping : dict or None
        The arguments of `_early_stopping`.
    weights : list of ndarray or None
        Where to start, as `train` returned them; None draws new ones from ``job.rng``.
    optimizer_state : tuple or None
        As `train` returned it; taken over where it belongs to the same kind of optimizer.

    Returns
    -------
    weights : list of ndarray
        In Keras' order: layer after layer.
    optimizer_state : tuple of str and list of ndarray
        What optimizer it was, and its variables.
    history : dict of str to list of float
        Keras' history: one value an epoch.
    """
    _refuse_forked_process()
    _check_callbacks(job.callbacks)
    optimizer = optimizer_spec(**optimizer)
    fingerprint = optimizer.fingerprint
    batch_size = min(job.batch_size, row_bucket(job.X.shape[0]))
    if weights is None:
        weights = initial_weights(network, job.rng)
    goes_on = optimizer_state is not None and optimizer_state[0] == fingerprint
    key = (network, optimizer.kind, fingerprint)
    with _trainers.borrowed(key, lambda: EpochModel(network, optimizer.build())) as model:
        model.reset(weights, optimizer_state[1] if goes_on else None, optimizer.learning_rate)
        wrapper = KerasClassifier(
            model=model,
            epochs=job.epochs,
            batch_size=batch_size,
            callbacks=[*job.callbacks, *(_early_stopping(**early_stopping) if early_stopping else ())],
            verbose=job.verbose,
        )
        with config_context(assume_finite=True):  # SciKeras checks again what is checked already
            wrapper.fit(job.rows[:, np.newaxis], job.y[job.rows], job=job)
        weights, optimizer_weights = model.state()
    return weights, (fingerprint, optimizer_weights), dict(wrapper.history_)


def initial_weights(network, rng):
    """Glorot-uniform kernels, zero biases and neutral batch normalisation, in Keras' order.

    Drawn with NumPy, so that Keras' and TensorFlow's global generators stay out of it.

    References
    ----------
    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010.
    """
    sizes = (network.n_features, *network.hidden_layer_sizes, network.n_classes)
    weights = []
    for layer, (n_in, n_out) in enumerate(itertools.pairwise(sizes), start=1):
        bound = np.sqrt(6 / (n_in + n_out))
        weights.append(rng.uniform(-bound, bound, (n_in, n_out)).astype(network.dtype))
        zeros, ones = np.zeros(n_out, network.dtype), np.ones(n_out, network.dtype)
        if network.batch_norm and layer < len(sizes) - 1:
            weights += [ones, zeros, zeros, ones]  # gamma, beta, moving mean, moving variance
        else:
            weights.append(zeros)
    return weights


@dataclass(frozen=True)
class OptimizerSpec:
    """A Keras optimizer that is not built yet: its class and its configuration."""

    kind: type
    config: dict

    @property
    def learning_rate(self):
        """The learning rate as a number, or None where a schedule of Keras' gives it."""
        learning_rate = self.config["learning_rate"]
        return None if isinstance(learning_rate, dict) else float(learning_rate)

    @property
    def fingerprint(self):
        """What is traced of it: all but its numbered name and a learning rate that is a number."""
        config = {name: value for name, value in self.config.items() if name != "name"}
        if self.learning_rate is not None:
            del config["learning_rate"]
        kind = f"{self.kind.__module__}.{self.kind.__qualname__}"
        return f"{kind} {json.dumps(config, sort_keys=True, default=repr)}"

    def build(self):
        """A new optimizer."""
        return self.kind.from_config(self.config)


def optimizer_spec(optimizer, learning_rate, schedule, weight_decay):
    """What the classifier's parameters say of the optimizer.

    Parameters
    ----------
    optimizer : str or keras.optimizers.Optimizer
        An instance is copied by its configuration, so that one instance serves any number of fits.
    learning_rate, weight_decay : float or None
        None leaves what the optimizer has.
    schedule : keras.optimizers.schedules.LearningRateSchedule or None
        Takes the place of the learning rate.

    Returns
    -------
    OptimizerSpec
    """
    if not isinstance(optimizer, str | keras.optimizers.Optimizer):
        raise TypeError(
            "optimizer must be the name of a Keras optimizer or an instance of "
            f"keras.optimizers.Optimizer, got {optimizer!r}."
        )
    if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule | None):
        raise TypeError(
            "learning_rate_schedule must be 'constant', 'cosine', 'one_cycle' or an instance of "
            f"keras.optimizers.schedules.LearningRateSchedule, got {schedule!r}."
        )
    if isinstance(optimizer, str):
        kind, config = _named_optimizer(optimizer)
    else:
        kind, config = type(optimizer), optimizer.get_config()
    changes = {"learning_rate": learning_rate, "weight_decay": weight_decay}
    if schedule is not None:
        changes["learning_rate"] = keras.optimizers.schedules.serialize(schedule)
    return OptimizerSpec(kind, config | {name: value for name, value in changes.items() if value is not None})


@functools.cache
def _named_optimizer(name):
    """Class and default configuration of one of Keras' optimizers."""
    try:
        optimizer = keras.optimizers.get(name)
    except ValueError as error:
        raise ValueError(
            f"optimizer={name!r} is no optimizer that Keras {keras.__version__} knows; "
            "examples of names are 'adam', 'adamw', 'sgd', 'rmsprop', 'nadam' and 'lion'."
        ) from error
    return type(optimizer), optimizer.get_config()


def _check_callbacks(callbacks):
    """Raise TypeError unless each is a Keras callback."""
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                f"callbacks must be a list of keras.callbacks.Callback instances, got {callback!r} in it."
            )


def epoch_callback(function):
    """A Keras callback that calls ``function(logs)`` after each epoch."""
    return keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: function(logs))


def _early_stopping(patience, min_delta):
    """Keras' early stopping on the validation accuracy, and what keeps the best epoch's weights."""
    stop = keras.callbacks.EarlyStopping("val_accuracy", mode="max", patience=patience, min_delta=min_delta)
    return [stop, _BestWeights()]


class _BestWeights(keras.callbacks.Callback):
    """Restore the weights of the highest validation accuracy; of equal ones, of the lowest loss.

    Keras would keep the first of equal ones: on a small validation set, which is soon all correct,
    those of a network that has hardly learned.
    """

    def on_train_begin(self, logs=None):
        self.best = (-1.0, 0.0)

    def on_epoch_end(self, epoch, logs=None):
        score = (logs["val_accuracy"], -logs["val_loss"])
        if score > self.best:
            self.best, self.weights = score, self.model.evaluated_weights

    def on_train_end(self, logs=None):
        self.model.set_weights(self.weights)


def keras_classifier(model, classes, n_features, history):
    """A SciKeras wrapper around a trained Keras model, ready to predict `classes`."""
    wrapper = KerasClassifier(model=model, verbose=0)
    # float64 here, so that SciKeras takes any dtype later
    wrapper.initialize(np.zeros((len(classes), n_features)), classes)
    wrapper.history_ = history
    return wrapper


def deformed(X, settings, seed):
    """Images as the settings of a `RandomDeformation` deform them in training, as an ndarray."""
    image_shape, *amounts = deformation_arguments(settings, X.dtype)
    rows = tf.range(len(X))
    return deform(tf.convert_to_tensor(X), rows, image_shape, *amounts, tf.constant(seed)).numpy()


def clear_trainers():
    """Free the compiled networks, and the memory for data, that are kept for reuse."""
    _trainers.clear()
    clear_memory()


class _TrainerStore:
    """Idle compiled models by what they were traced for, the least recently used dropped first.

    A model is lent to one fit at a time; a second thread that asks for the same gets one of its own.
    """

    def __init__(self, size):
        self._size = size
        self._lock = threading.Lock()
        self._idle = OrderedDict()

    @contextlib.contextmanager
    def borrowed(self, key, build):
        with self._lock:
            models = self._idle.pop(key, [])
            model = models.pop() if models else None
            if models:
                self._idle[key] = models
        if model is None:
            model = build()
        yield model
        # Not reached after an error: a model in an unknown state is not lent again.
        with self._lock:
            self._idle.setdefault(key, []).append(model)
            self._idle.move_to_end(key)
            while sum(map(len, self._idle.values())) > self._size:
                oldest = next(iter(self._idle))
                self._idle[oldest].pop()
                if not self._idle[oldest]:
                    del self._idle[oldest]

    def clear(self):
        with self._lock:
            self._idle.clear()


_trainers = _TrainerStore(size=16)


def _keep_to_given_threads():
    """Let TensorFlow start no more threads than a joblib or Dask worker was given.

    Both tell their workers by OMP_NUM_THREADS, which TensorFlow does not read. What the user has set in
    TensorFlow, or sets before it starts, stays.
    """
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0 and not tf.config.threading.get_intra_op_parallelism_threads():
        with contextlib.suppress(RuntimeError):  # TensorFlow is running already
            tf.config.threading.set_intra_op_parallelism_threads(int(given))


_keep_to_given_threads()
_first_pid = None


def _refuse_forked_process():
    """TensorFlow's threads do not survive a fork: a child of a process that trained would wait for ever."""
    global _first_pid
    _first_pid = _first_pid or os.getpid()
    if _first_pid != os.getpid():
        raise RuntimeError(
            "This process was forked from one in which TensorFlow had started; TensorFlow cannot train in "
            "it. Start workers with joblib's 'loky' or 'threading' backend, or multiprocessing's 'spawn'."
        )
