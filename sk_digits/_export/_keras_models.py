"""Networks as plain Keras models, and dense Keras models as fitted classifiers."""

import itertools
import math
import os
import warnings

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .. import _inference
from .._classifier import DenseDigitClassifier
from .._engine._fork import refuse_forked_process
from .._engine._spec import Network
from .._fitted import make_fitted
from .._fitting import ACTIVATION_ALIASES, make_optimizer_params

# Layers that do nothing when a network predicts, or only change the shape.
IDENTITIES = {
    *("InputLayer", "Flatten", "Reshape", "ActivityRegularization"),
    *("Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise"),
}
# Layers that multiply and add, and those that apply a function to each value.
AFFINE = {"BatchNormalization", "Rescaling", "Normalization"}
ACTIVATIONS = {"Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"}
LAYERS = IDENTITIES | AFFINE | ACTIVATIONS | {"Dense"}
# Largest difference between the probabilities of a model and of the classifier made of it.
TOLERANCE = 1e-4


def to_keras(classifier):
    """Return the trained network as a plain Keras model that can be saved, served and trained further.

    It is compiled with the optimizer of the classifier, the state of that optimizer and the cross-entropy,
    so that Keras' own `fit` goes on with the training. It needs nothing of sk_digits.

    Parameters
    ----------
    classifier : DenseDigitClassifier
        A fitted classifier.

    Returns
    -------
    model : keras.Sequential
        A new model, whose outputs are the probabilities in the order of `classes_`. Its inputs are images if
        the classifier was fitted on a stack of images, and rows of pixels otherwise. For `fit`, labels are
        indices of `classes_`. Its `save` writes ``.keras`` and ``.h5`` files.

    Raises
    ------
    TypeError
        If `classifier` is no `DenseDigitClassifier`.
    sklearn.exceptions.NotFittedError
        If it is not fitted.

    Warns
    -----
    UserWarning
        If the classifier averages its predictions, which the model does not.

    See Also
    --------
    from_keras : The way back.

    Examples
    --------
    >>> from sk_digits import export, load_pretrained
    >>> from sk_digits.augmentation import draw_digits
    >>> classifier = load_pretrained()
    >>> model = export.to_keras(classifier)
    >>> probabilities = model.predict(draw_digits([3, 7], random_state=0), verbose=0)
    >>> classifier.classes_[probabilities.argmax(axis=1)].tolist()
    [3, 7]
    """
    _check_classifier(classifier)
    refuse_forked_process()
    if classifier.average_predictions:
        warnings.warn(
            "The classifier has average_predictions=True, but a Keras model does not average its "
            "predictions.",
            UserWarning,
            stacklevel=2,
        )
    from .._engine._exchange import make_trainable_model

    state = classifier._state
    return make_trainable_model(
        state.network,
        state.regularization,
        state.weights,
        classifier.image_shape_,
        # The number of rows matters for the learning rate only, which is replaced by that of the last fit.
        make_optimizer_params(classifier.get_params(deep=False), 1, state.network),
        state.optimizer_state,
        state.learning_rate,
    )


def from_keras(model, classes=None):
    """Return a dense Keras network as a fitted classifier.

    The classifier predicts without TensorFlow, can go on training, and is a scikit-learn estimator in every
    other respect. Batch normalisation and rescaling are folded into the dense layers.

    Parameters
    ----------
    model : keras.Model or path-like
        A trained network, or its ``.keras`` or ``.h5`` file. It is a chain of layers: Dense, with the same
        activation in all hidden layers, Activation, ReLU, LeakyReLU, ELU, Softmax, BatchNormalization,
        Normalization and Rescaling; Flatten, Reshape, dropout and noise are skipped. The last layer has one
        output per class, with softmax or no activation, or a single one with sigmoid for two classes.

    classes : array-like of shape (n_classes,), default=None
        Labels of the outputs, in their order. None is 0, 1, 2 and so on.

    Returns
    -------
    classifier : DenseDigitClassifier
        With the `hidden_layer_sizes` and the `activation` of the model.

    Raises
    ------
    TypeError
        If `model` is neither a Keras model nor a path.
    ValueError
        If the model has something that a dense network cannot express; the message names the layer. Also if
        the file is damaged, or `classes` does not fit the outputs.
    OSError
        If the file cannot be read.

    See Also
    --------
    to_keras : The way back.

    Notes
    -----
    A file is refused before anything in it is built if it names other layers, such as Lambda, which may run
    code.

    Examples
    --------
    >>> import keras
    >>> from sk_digits import export
    >>> from sk_digits.datasets import load_digits
    >>> digits = load_digits()
    >>> model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(64, "relu"),
    ...                           keras.layers.Dense(10, "softmax")])
    >>> model.compile("adam", "sparse_categorical_crossentropy")
    >>> history = model.fit(digits.data_train, digits.target_train, epochs=10, verbose=0)
    >>> classifier = export.from_keras(model)
    >>> classifier
    DenseDigitClassifier(hidden_layer_sizes=(64,))
    >>> classifier.score(digits.data_test, digits.target_test) > 0.8
    True
    """
    refuse_forked_process()
    from .._engine._exchange import layers_of, predict_with

    if isinstance(model, str | os.PathLike):
        from .._engine._model_files import load_model_file

        model = load_model_file(model, LAYERS)
    layers = layers_of(model)
    input_shape = model.inputs[0].shape[1:]
    if None in input_shape:
        raise ValueError(f"The model must have inputs of a fixed shape, got {input_shape}.")
    network, weights = fold_layers(layers, math.prod(input_shape))
    classifier = DenseDigitClassifier(network.hidden_layer_sizes, network.activation)
    classes, order = _check_classes(classes, network.n_classes)
    weights[-2:] = weights[-2][:, order], weights[-1][order]
    make_fitted(classifier, network, weights, classes, image_shape=_image_shape(input_shape))
    X = np.random.RandomState(0).uniform(size=(32, network.n_features)).astype(network.dtype)
    _check_same(predict_with(model, X), classifier.predict_proba(X)[:, np.argsort(order)])
    return classifier


def fold_layers(layers, n_features):
    """Return the dense network that a chain of layers is equivalent to.

    Parameters
    ----------
    layers : list of Layer
        In order.
    n_features : int
        Number of inputs.

    Returns
    -------
    network : Network
    weights : list of ndarray
        Kernels and biases, in Keras' order.

    Raises
    ------
    ValueError
        If there is none; the message names the layer.
    """
    kernels, biases, activations = [], [], []  # of each dense layer; the activation is None until one is seen
    scale, shift = np.ones(n_features), np.zeros(n_features)  # of the values before the next dense layer
    for layer in layers:
        if layer.kind == "Dense":
            kernel, bias = _kernel_and_bias(layer, len(scale))
            kernels.append(scale[:, np.newaxis] * kernel)
            biases.append(bias + shift @ kernel)
            activations.append(_known_activation(layer) if layer.config["activation"] != "linear" else None)
            scale, shift = np.ones(len(bias)), np.zeros(len(bias))
        elif layer.kind in AFFINE:
            factor, offset = _affine(layer, len(scale))
            if kernels and activations[-1] is None:
                kernels[-1], biases[-1] = kernels[-1] * factor, biases[-1] * factor + offset
            else:
                scale, shift = scale * factor, shift * factor + offset
        elif layer.kind in ACTIVATIONS:
            if not kernels or activations[-1] is not None or not (scale == 1).all():
                raise ValueError(f"The activation {layer.name!r} does not follow a dense layer.")
            activations[-1] = _known_activation(layer)
        elif layer.kind not in IDENTITIES:
            raise ValueError(
                f"The layer {layer.name!r} of type {layer.kind} is not one of those that can be used: "
                f"{', '.join(sorted(LAYERS))}."
            )
    if not kernels or not (scale == 1).all() or shift.any():
        raise ValueError("The last layer must be a dense layer with one output per class.")
    return _make_network(layers, kernels, biases, activations, n_features)


def _make_network(layers, kernels, biases, activations, n_features):
    """Return the network of dense layers, with a softmax output."""
    hidden = {activation or "linear" for activation in activations[:-1]}
    if len(hidden) > 1:
        raise ValueError(f"The hidden layers must have one activation, got {', '.join(sorted(hidden))}.")
    dense = [layer for layer in layers if layer.kind == "Dense"]
    if len(biases[-1]) == 1 and activations[-1] == "sigmoid":
        kernels[-1], biases[-1] = np.pad(kernels[-1], ((0, 0), (1, 0))), np.pad(biases[-1], (1, 0))
    elif activations[-1] not in ("softmax", None) or len(biases[-1]) == 1:
        raise ValueError(
            f"The last layer, {dense[-1].name!r}, must have one output per class with the activation "
            f"softmax, or one output with sigmoid, got {len(biases[-1])} with {activations[-1] or 'linear'}."
        )
    dtype = "float64" if any(w.dtype == np.float64 for layer in dense for w in layer.weights) else "float32"
    network = Network(
        n_features=n_features,
        hidden_layer_sizes=tuple(len(bias) for bias in biases[:-1]),
        n_classes=len(biases[-1]),
        activation=hidden.pop() if hidden else "relu",
        batch_norm=False,
        dtype=dtype,
    )
    return network, [w.astype(dtype) for w in itertools.chain(*zip(kernels, biases, strict=True))]


def _kernel_and_bias(layer, n_in):
    kernel, *bias = (weights.astype(np.float64) for weights in layer.weights[:2])
    if kernel.ndim != 2 or len(kernel) != n_in:
        raise ValueError(
            f"The layer {layer.name!r} does not act on all values of the one before it; add a Flatten layer."
        )
    return kernel, bias[0] if bias else np.zeros(kernel.shape[1])


def _affine(layer, n):
    """Return the factor and the offset that a layer applies to each of `n` values."""
    config, weights = layer.config, [np.asarray(w, np.float64).ravel() for w in layer.weights]
    if layer.kind == "Rescaling":
        factor, offset = np.ravel(config["scale"]), np.ravel(config["offset"])
    elif layer.kind == "Normalization":
        mean, variance = weights[:2] if weights else (np.ravel(config["mean"]), np.ravel(config["variance"]))
        factor = 1 / np.maximum(np.sqrt(variance), 1e-7)
        offset = -mean * factor
    else:
        mean, variance = weights[-2:]
        gamma = weights[0] if config["scale"] else np.ones(len(mean))
        beta = weights[1 if config["scale"] else 0] if config["center"] else np.zeros(len(mean))
        factor = gamma / np.sqrt(variance + config["epsilon"])
        offset = beta - mean * factor
    if len(factor) not in (1, n) or len(offset) not in (1, n):
        raise ValueError(f"The layer {layer.name!r} acts along an axis of the images, not on their pixels.")
    return np.broadcast_to(factor.astype(float), n), np.broadcast_to(offset.astype(float), n)


def _known_activation(layer):
    """Return the name of a layer's activation among those of the classifier."""
    config = layer.config
    name = {
        "Activation": lambda: config["activation"],
        "Dense": lambda: config["activation"],
        "ReLU": lambda: _relu_name(config),
        "LeakyReLU": lambda: "leaky_relu" if np.isclose(config["negative_slope"], 0.2) else None,
        "ELU": lambda: "elu" if config["alpha"] == 1 else None,
        "Softmax": lambda: "softmax",
    }[layer.kind]()
    name = ACTIVATION_ALIASES.get(name, name)
    if name not in _inference.ACTIVATIONS:
        raise ValueError(
            f"The layer {layer.name!r} has an activation that the classifier does not have: "
            f"{name or f'{layer.kind} with these parameters'}."
        )
    return name


def _relu_name(config):
    """Return the name of a ReLU layer's function, or None."""
    if config["negative_slope"] or config["threshold"]:
        return None
    return {None: "relu", 6: "relu6"}.get(config["max_value"])


def _image_shape(input_shape):
    """Return the height and width of the inputs, or None if they are rows of pixels."""
    if len(input_shape) == 3 and input_shape[2] == 1:
        input_shape = input_shape[:2]
    return tuple(input_shape) if len(input_shape) == 2 else None


def _check_classes(classes, n_classes):
    """Return the sorted labels and the outputs that they belong to."""
    classes = np.arange(n_classes) if classes is None else np.asarray(classes)
    labels, order = np.unique(classes, return_index=True)
    if classes.shape != (n_classes,) or len(labels) != n_classes:
        raise ValueError(f"classes must be {n_classes} different labels, one per output, got {classes!r}.")
    return labels, order


def _check_classifier(classifier):
    if isinstance(classifier, Pipeline):
        raise TypeError(
            "classifier must be a DenseDigitClassifier, got a Pipeline; pass its last step, and apply the "
            "other steps to the images before the Keras model."
        )
    if not isinstance(classifier, DenseDigitClassifier):
        raise TypeError(f"classifier must be a DenseDigitClassifier, got {type(classifier).__name__}.")
    check_is_fitted(classifier)


def _check_same(outputs, probabilities):
    """Raise ValueError if the model and the classifier made of it disagree."""
    if outputs.shape[1] == 1:
        outputs = np.hstack([1 - outputs, outputs])
    elif not np.allclose(outputs.sum(axis=1), 1, atol=1e-3) or (outputs < 0).any():
        outputs = _inference.softmax(outputs)
    if not np.allclose(outputs, probabilities, atol=TOLERANCE):
        raise ValueError(
            "The layers of the model are not one chain: its outputs differ from those of its layers in order."
        )
