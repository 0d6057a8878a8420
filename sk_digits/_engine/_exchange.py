"""Networks to and from the plain Keras models of others."""

import warnings
from dataclasses import dataclass

import numpy as np

from ._quiet_import import quiet_import

with quiet_import():
    import keras

    from ._callbacks import assign
    from ._layers import make_keras_model
    from ._optimizers import make_optimizer_spec
    from ._process import default_precision


@dataclass(frozen=True)
class Layer:
    """A layer of a Keras model as plain data.

    Attributes
    ----------
    name, kind : str
        Its name and the name of its class.
    config : dict
        As its `get_config` returns it, with the activation by name.
    weights : list of ndarray
    """

    name: str
    kind: str
    config: dict
    weights: list


@default_precision()
def make_trainable_model(
    network, regularization, weights, image_shape, optimizer_params, optimizer_state, learning_rate
):
    """Return a plain Keras model, compiled so that Keras' own `fit` goes on with the training.

    Parameters
    ----------
    network : Network
    regularization : Regularization
    weights : list of ndarray
    image_shape : tuple of two int or None
    optimizer_params : OptimizerParams
    optimizer_state : tuple or None
        As in a `TrainingResult`; used if it belongs to the same kind of optimizer.
    learning_rate : float or None
        That of the last fit; None keeps the one of `optimizer_params`.
    """
    model = make_keras_model(network, regularization, weights, image_shape)
    spec = make_optimizer_spec(optimizer_params)
    optimizer = spec.build()
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], auto_scale_loss=False)
    optimizer.build(model.trainable_variables)
    if optimizer_state is not None and optimizer_state[0] == spec.fingerprint:
        assign(optimizer.variables, optimizer_state[1])
    rate = spec.learning_rate if learning_rate is None else learning_rate
    if spec.learning_rate is not None:
        optimizer.learning_rate = rate
    return model


def layers_of(model):
    """Return the layers of a Keras model, in order, as a list of `Layer`.

    Raises
    ------
    TypeError
        If it is no Keras model.
    ValueError
        If the model is not built, or has several inputs or outputs.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a Keras model or the path of its file, got {type(model).__name__}.")
    if not model.built or not getattr(model, "inputs", None):
        raise ValueError(f"The model {model.name!r} is not built; add a keras.Input, or call it on images.")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            f"The model {model.name!r} must have one input and one output, got {len(model.inputs)} and "
            f"{len(model.outputs)}."
        )
    return [
        Layer(
            layer.name,
            type(layer).__name__,
            _plain_config(layer),
            [np.asarray(weights.numpy()) for weights in layer.weights],
        )
        for layer in _flat_layers(model)
    ]


def predict_with(model, X):
    """Return the outputs of a Keras model for rows of pixels, in the shape of the model's input."""
    shape = model.inputs[0].shape[1:]
    return np.asarray(model(X.reshape(-1, *shape), training=False))


def _flat_layers(model):
    """Yield the layers of a model and of the models in it."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _flat_layers(layer)
        else:
            yield layer


def _plain_config(layer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a lambda cannot be loaded again
        config = dict(layer.get_config())
    if "activation" in config:
        name = getattr(layer.activation, "__name__", "")
        is_named = getattr(keras.activations, name, None) is layer.activation
        config["activation"] = name if is_named else repr(layer.activation)
    return config
