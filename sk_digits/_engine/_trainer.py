"""The engine's entry: arrays go in, SciKeras and Keras train, arrays come out.

SciKeras builds, compiles and calls the Keras model as it does any other; the model is an `EpochModel`.
Models are kept and reused within the process, see `_store`.
"""

import itertools
from dataclasses import replace

import numpy as np
from sklearn import config_context

from ._fork import refuse_forked_process
from ._quiet_import import quiet_import
from ._spec import TrainingResult
from ._store import ModelStore

with quiet_import():
    import keras
    import tensorflow as tf
    from scikeras.wrappers import KerasClassifier

    from ._buffers import clear_buffers, row_bucket
    from ._callbacks import make_callbacks, make_epoch_callback, warn_if_schedules_clash
    from ._deformations import deform, make_deformation_arguments
    from ._epoch_model import EpochModel
    from ._layers import check_activation, make_keras_model
    from ._optimizers import make_optimizer_spec
    from ._process import default_precision, limit_threads, refuse_distribution

__all__ = [
    "clear_models",
    "deform_images",
    "draw_initial_weights",
    "make_epoch_callback",
    "make_keras_classifier",
    "make_keras_model",
    "train",
]

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        "sk_digits trains with Keras on TensorFlow, but the backend of Keras is "
        f"{keras.backend.backend()!r}; set the environment variable KERAS_BACKEND=tensorflow before keras "
        "is imported."
    )

limit_threads()
_models = ModelStore(size=16, discard=EpochModel.close)


def train(network, regularization, optimizer_params, job, weights=None, optimizer_state=None):
    """Train a network through SciKeras.

    Parameters
    ----------
    network : Network
    regularization : Regularization
    optimizer_params : OptimizerParams
    job : Job
    weights : list of ndarray or None
        Weights to start from, as in a `TrainingResult`; None draws new ones from ``job.rng``.
    optimizer_state : tuple or None
        As in a `TrainingResult`; resumed if it belongs to the same kind of optimizer.

    Returns
    -------
    TrainingResult
    """
    refuse_forked_process()
    refuse_distribution()
    job = replace(job, callbacks=make_callbacks(job.callbacks, job.callbacks_params))
    warn_if_schedules_clash(job.callbacks, job.schedule)
    check_activation(network.activation)
    with default_precision():
        optimizer = make_optimizer_spec(optimizer_params)
    fingerprint = optimizer.fingerprint
    batch_size = min(job.batch_size, row_bucket(job.X.shape[0]))
    if weights is None:
        weights = draw_initial_weights(network, job.rng)
    is_same_optimizer = optimizer_state is not None and optimizer_state[0] == fingerprint
    optimizer_weights = optimizer_state[1] if is_same_optimizer else None
    key = (network, regularization.switches, fingerprint)
    with _models.borrow(key, lambda: EpochModel(network, regularization, optimizer)) as model:
        model.reset(regularization, optimizer, weights, optimizer_weights)
        wrapper = _TrainingWrapper(model=model, batch_size=batch_size)
        with config_context(assume_finite=True):  # SciKeras would check again what is checked already
            wrapper.fit(job.rows[:, np.newaxis], job.y[job.rows], job=job)
        weights, optimizer_weights = model.state()
        return TrainingResult(
            weights,
            (model.optimizer_spec.fingerprint, optimizer_weights),
            dict(wrapper.history_),
            model.best_epoch,
            optimizer.learning_rate,
            model.interrupted,
        )


class _Identity:
    """An encoder that changes nothing; not an estimator of scikit-learn, whose fit mlflow would log."""

    def fit(self, X):
        return self

    def transform(self, X):
        return X


class _TrainingWrapper(KerasClassifier):
    """A SciKeras classifier of class indices, which are encoded already."""

    target_encoder = feature_encoder = _Identity()


class _RowsWrapper(KerasClassifier):
    """A SciKeras classifier that accepts rows of pixels and stacks of images."""

    def _validate_data(self, X=None, y=None, **kwargs):
        if X is not None and np.ndim(X) > 2:
            X = np.reshape(X, (len(X), -1))
        return super()._validate_data(X, y, **kwargs)


def draw_initial_weights(network, rng):
    """Return Glorot-uniform kernels, zero biases and neutral batch normalisation, in Keras' order.

    Without hidden layers the kernel is zero: there is no symmetry to break, and random weights would add
    noise to the predictions. NumPy draws the weights, so that the global generators of Keras and TensorFlow
    are not involved.

    References
    ----------
    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010.
    """
    sizes = (network.n_features, *network.hidden_layer_sizes, network.n_classes)
    weights = []
    for layer, (n_in, n_out) in enumerate(itertools.pairwise(sizes), start=1):
        bound = np.sqrt(6 / (n_in + n_out)) if network.hidden_layer_sizes else 0.0
        weights.append(rng.uniform(-bound, bound, (n_in, n_out)).astype(network.dtype))
        zeros, ones = np.zeros(n_out, network.dtype), np.ones(n_out, network.dtype)
        if network.batch_norm and layer < len(sizes) - 1:
            weights += [ones, zeros, zeros, ones]  # gamma, beta, moving mean, moving variance
        else:
            weights.append(zeros)
    return weights


def make_keras_classifier(model, classes, n_features, history):
    """Return a SciKeras wrapper around the layers of a trained Keras model, ready to predict `classes`."""
    rows_model = keras.Sequential([keras.Input((n_features,), dtype=model.dtype), *model.layers])
    rows_model.compile(model.optimizer, model.loss, metrics=["accuracy"])
    wrapper = _RowsWrapper(model=rows_model, verbose=0)
    # Initialised with float64, so that SciKeras accepts any dtype later.
    wrapper.initialize(np.zeros((len(classes), n_features)), classes)
    wrapper.history_ = history
    return wrapper


def deform_images(X, deformation, seed):
    """Return the rows of `X` as training would see them under a `Deformation`, as an ndarray."""
    refuse_forked_process()
    arguments = make_deformation_arguments(deformation, X.dtype)
    return deform(tf.convert_to_tensor(X), tf.range(len(X)), tf.constant(seed), *arguments).numpy()


def clear_models():
    """Free the compiled models and the data buffer that are kept for reuse."""
    _models.clear()
    clear_buffers()
