"""Networks as ONNX models, by a converter for skl2onnx."""

import math

import numpy as np
from sklearn.calibration import CalibratedClassifierCV

from .. import _inference
from .._classifier import DenseDigitClassifier
from .._optional import import_optional
from ..preprocessing import DigitNormalizer
from ._checks import check_fitted_estimator

PURPOSE = "Export to ONNX"


def to_onnx(estimator, *, dtype="float32"):
    """Convert a fitted estimator to an ONNX model, which other programs and languages can run.

    Parameters
    ----------
    estimator : estimator
        A fitted `DenseDigitClassifier`, or a pipeline, search, ensemble or calibration around it whose other
        parts skl2onnx can convert.

    dtype : {"float32", "float64"}, default="float32"
        Type of the pixels that the model takes, and of the probabilities.

    Returns
    -------
    model : onnx.ModelProto
        Its input "X" has the shape (n_samples, n_features). Its outputs are the labels, of shape
        (n_samples,), and the probabilities, of shape (n_samples, n_classes). Its `SerializeToString` returns
        the content of a file.

    Raises
    ------
    ImportError
        If onnx or skl2onnx is not installed; the message shows how to install them.
    TypeError
        If `estimator` is no scikit-learn estimator.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    ValueError
        If `dtype` is invalid, or a part of the estimator, such as `DigitNormalizer`, cannot be converted.

    See Also
    --------
    register_onnx_converter : For `skl2onnx.to_onnx` itself.

    Notes
    -----
    A network that was trained in float64, or that is given float64, computes in float64. onnxruntime has the
    error function, which "gelu" consists of, in float32 only; its result is cast.

    Examples
    --------
    >>> from sk_digits import export, load_pretrained
    >>> model = export.to_onnx(load_pretrained())  # doctest: +SKIP
    >>> open("digits.onnx", "wb").write(model.SerializeToString())  # doctest: +SKIP
    """
    if dtype not in ("float32", "float64"):
        raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}.")
    check_fitted_estimator(estimator)
    register_onnx_converter()
    _refuse_isotonic_calibration(estimator)
    skl2onnx, types, helper = (
        import_optional(f"skl2onnx{module}", purpose=PURPOSE, extra="onnx")
        for module in ("", ".common.data_types", ".helpers.onnx_helper")
    )
    tensor = types.DoubleTensorType if dtype == "float64" else types.FloatTensorType
    model = skl2onnx.to_onnx(estimator, initial_types=[("X", tensor([None, estimator.n_features_in_]))])
    # skl2onnx ends with dicts of probabilities. Its option against that reads all attributes of the
    # classifier, which would build a Keras model.
    label, mapping = (output.name for output in model.graph.output)
    (array,) = (node.input[0] for node in model.graph.node if mapping in node.output)
    return helper.select_model_inputs_outputs(model, outputs=[label, array])


def _refuse_isotonic_calibration(estimator):
    """Raise ValueError if any part of an estimator is calibrated by isotonic regression."""
    parts = [estimator, *estimator.get_params().values(), getattr(estimator, "best_estimator_", None)]
    if any(isinstance(part, CalibratedClassifierCV) and part.method == "isotonic" for part in parts):
        raise ValueError(
            "CalibratedClassifierCV(method='isotonic') cannot be converted to ONNX, since skl2onnx replaces "
            "the isotonic regression by steps; use method='sigmoid'."
        )


def register_onnx_converter():
    """Register `DenseDigitClassifier` with skl2onnx, so that `skl2onnx.to_onnx` converts it.

    `to_onnx` calls this. It is needed once in a process in front of `skl2onnx.to_onnx` itself, which has more
    options.

    Raises
    ------
    ImportError
        If onnx or skl2onnx is not installed; the message shows how to install them.

    See Also
    --------
    to_onnx : Convert an estimator.

    Examples
    --------
    >>> from sk_digits import export
    >>> export.register_onnx_converter()  # doctest: +SKIP
    """
    skl2onnx = import_optional("skl2onnx", purpose=PURPOSE, extra="onnx")
    shapes = import_optional("skl2onnx.common.shape_calculator", purpose=PURPOSE, extra="onnx")
    skl2onnx.update_registered_converter(
        DenseDigitClassifier,
        "SkDigitsDenseDigitClassifier",
        shapes.calculate_linear_classifier_output_shapes,
        _convert_classifier,
        options={
            "zipmap": [True, False, "columns"],
            "nocl": [True, False],
            "output_class_labels": [False, True],
        },
    )
    # The shape of its outputs is asked for first, so the converter is never called.
    skl2onnx.update_registered_converter(
        DigitNormalizer, "SkDigitsDigitNormalizer", _refuse_normalizer, _convert_classifier
    )


def _refuse_normalizer(operator):
    raise ValueError(
        "DigitNormalizer cannot be converted to ONNX, which has no connected components; convert the steps "
        "behind it, as in pipeline[1:], and normalise the images before the ONNX model."
    )


def _convert_classifier(scope, operator, container):
    """Add the nodes of a fitted classifier to an ONNX graph."""
    classifier = operator.raw_operator
    graph = _Graph(scope, container)
    state = classifier._state
    is_double = _is_double(operator.inputs[0])
    graph.dtype = np.float64 if is_double or state.network.dtype == "float64" else np.float32
    X = graph("Cast", operator.inputs[0].full_name, to=graph.onnx_type())
    z = _add_logits(graph, classifier, X)
    probabilities = graph("Softmax", z, axis=1)
    graph("Cast", probabilities, to=graph.onnx_type(is_double), outputs=[operator.outputs[1].full_name])
    index = graph("ArgMax", z, axis=1, keepdims=0)
    if classifier.classes_.dtype.kind in "biu":
        labels = graph.constant(classifier.classes_.astype(np.int64))
    else:
        labels = graph.strings(classifier.classes_)
    graph("Gather", labels, index, outputs=[operator.outputs[0].full_name])


def _add_logits(graph, classifier, X):
    """Add the nodes that compute the logits, averaged over the views if the classifier does so."""
    activate = ACTIVATIONS[classifier._state.network.activation]
    first, *kernels = [kernel.astype(graph.dtype) for kernel in classifier.coefs_]
    biases = [graph.constant(bias.astype(graph.dtype)) for bias in classifier.intercepts_]
    kernels = [graph.constant(kernel) for kernel in kernels]
    firsts = [first]
    if classifier.average_predictions:
        views = _inference.view_maps(classifier._averaging_shape())
        firsts += [(view @ first).astype(graph.dtype) for view in views]
    outputs = []
    for kernel in firsts:
        z = graph("Add", graph("MatMul", X, graph.constant(kernel)), biases[0])
        for kernel, bias in zip(kernels, biases[1:], strict=True):
            z = graph("Add", graph("MatMul", activate(graph, z), kernel), bias)
        outputs.append(z)
    if len(outputs) == 1:
        return outputs[0]
    return graph("Mul", graph("Sum", *outputs), graph.constant(1 / len(outputs)))


class _Graph:
    """Adds nodes and constants to the graph that skl2onnx builds.

    Attributes
    ----------
    dtype : type
        NumPy type that the nodes compute in.
    """

    def __init__(self, scope, container):
        self._scope, self._container = scope, container
        self.dtype = np.float32

    def __call__(self, kind, *inputs, outputs=None, **attributes):
        """Add a node and return the name of its output."""
        outputs = outputs or [self._scope.get_unique_variable_name(kind.lower())]
        self._container.add_node(
            kind,
            list(inputs),
            outputs,
            op_version=self._container.target_opset,
            name=self._scope.get_unique_operator_name(kind),
            **attributes,
        )
        return outputs[0]

    def constant(self, value):
        """Add a constant and return its name; a number has the type that the nodes compute in."""
        array = np.asarray(value, dtype=getattr(value, "dtype", self.dtype))
        return self._add(self._types()[array.dtype.name], array.shape, array.ravel())

    def strings(self, labels):
        """Add a constant of texts and return its name."""
        from onnx import TensorProto

        return self._add(TensorProto.STRING, (len(labels),), [str(label).encode() for label in labels])

    def onnx_type(self, is_double=None):
        """Return ONNX' number of a floating-point type, by default of the one that the nodes compute in."""
        is_double = self.dtype == np.float64 if is_double is None else is_double
        return self._types()["float64" if is_double else "float32"]

    def _add(self, onnx_type, shape, values):
        name = self._scope.get_unique_variable_name("constant")
        self._container.add_initializer(name, onnx_type, list(shape), values)
        return name

    @staticmethod
    def _types():
        from onnx import TensorProto

        return {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "int64": TensorProto.INT64}


def _is_double(variable):
    from skl2onnx.common.data_types import DoubleTensorType

    return isinstance(variable.type, DoubleTensorType)


# The activations consist of operators that onnxruntime has in both precisions, unlike Elu, Selu and Softplus.
def _clip(graph, z, low, high):
    return graph("Clip", z, graph.constant(low), graph.constant(high))


def _times(graph, z, factor):
    return graph("Mul", z, graph.constant(factor))


def _plus(graph, z, term):
    return graph("Add", z, graph.constant(term))


def _positive_part(graph, z):
    return graph("Max", z, graph.constant(0))


def _elu(graph, z, alpha=1.0):
    below = _plus(graph, graph("Exp", graph("Min", z, graph.constant(0))), -1)
    return graph("Add", _positive_part(graph, z), _times(graph, below, alpha))


def _selu(graph, z):
    return _times(graph, _elu(graph, z, alpha=1.6732632423543772), 1.0507009873554805)


def _gelu(graph, z):
    # onnxruntime has Erf in float32 only.
    erf = graph("Erf", graph("Cast", _times(graph, z, math.sqrt(0.5)), to=graph.onnx_type(False)))
    return graph("Mul", _times(graph, z, 0.5), _plus(graph, graph("Cast", erf, to=graph.onnx_type()), 1))


def _silu(graph, z):
    # onnxruntime replaces a product with Sigmoid by an operator that it has in float32 only.
    half = _times(graph, z, 0.5)
    return graph("Mul", half, _plus(graph, graph("Tanh", half), 1))


def _softplus(graph, z):
    decay = graph("Exp", graph("Neg", graph("Abs", z)))
    return graph("Add", _positive_part(graph, z), graph("Log", _plus(graph, decay, 1)))


def _hard_sigmoid(graph, z):
    return _clip(graph, _plus(graph, _times(graph, z, 1 / 6), 0.5), 0, 1)


def _sparse_plus(graph, z):
    shifted = _plus(graph, _clip(graph, z, -1, 1), 1)
    parabola = _times(graph, graph("Mul", shifted, shifted), 0.25)
    return graph("Where", graph("Less", z, graph.constant(1)), parabola, z)


def _squareplus(graph, z):
    root = graph("Sqrt", _plus(graph, graph("Mul", z, z), 4))
    return _times(graph, graph("Add", z, root), 0.5)


def _hard_shrink(graph, z):
    is_large = graph("Greater", graph("Abs", z), graph.constant(0.5))
    return graph("Where", is_large, z, graph.constant(0))


ACTIVATIONS = {
    "celu": _elu,
    "elu": _elu,
    "exponential": lambda graph, z: graph("Exp", z),
    "gelu": _gelu,
    "hard_shrink": _hard_shrink,
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": lambda graph, z: graph("Mul", z, _hard_sigmoid(graph, z)),
    "hard_tanh": lambda graph, z: _clip(graph, z, -1, 1),
    "leaky_relu": lambda graph, z: graph("Max", z, _times(graph, z, 0.2)),
    "linear": lambda graph, z: z,
    "log_sigmoid": lambda graph, z: graph("Neg", _softplus(graph, graph("Neg", z))),
    "log_softmax": lambda graph, z: graph("LogSoftmax", z, axis=1),
    "mish": lambda graph, z: graph("Mul", z, graph("Tanh", _softplus(graph, z))),
    "relu": _positive_part,
    "relu6": lambda graph, z: _clip(graph, z, 0, 6),
    "selu": _selu,
    "sigmoid": lambda graph, z: graph("Sigmoid", z),
    "silu": _silu,
    "soft_shrink": lambda graph, z: graph("Sub", z, _clip(graph, z, -0.5, 0.5)),
    "softmax": lambda graph, z: graph("Softmax", z, axis=1),
    "softplus": _softplus,
    "softsign": lambda graph, z: graph("Div", z, _plus(graph, graph("Abs", z), 1)),
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": lambda graph, z: _clip(graph, _times(graph, _plus(graph, z, 1), 0.5), 0, 1),
    "squareplus": _squareplus,
    "tanh": lambda graph, z: graph("Tanh", z),
    "tanh_shrink": lambda graph, z: graph("Sub", z, graph("Tanh", z)),
}
