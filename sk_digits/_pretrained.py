"""`load_pretrained`: the network that comes with the package, as a fitted classifier."""

import math

from ._classifier import DenseDigitClassifier
from ._engine._spec import Network, Regularization
from ._fitted import make_fitted
from ._reading._shipped import load_content, save_content
from ._validation import NO_DIGIT
from .recipes import recipes

# The parameters of the classifier that the file was trained with.
RECIPE = "reader"


def load_pretrained():
    """Return the reader that comes with the package, as a fitted classifier.

    It was trained on MNIST's training images, digits drawn by `draw_digits`, and what is no digit, drawn by
    `draw_non_digits`; docs/reader.md describes its data, figures and limits. It reads images of single digits
    in MNIST's frame, as `DigitNormalizer` returns them.

    Returns
    -------
    classifier : DenseDigitClassifier
        A new instance in each call, with int labels: 0 to 9, and -1 for what is no digit. It can predict, and
        go on training by `partial_fit`, or by `fit` with ``warm_start=True``, without rows of the label -1.

    See Also
    --------
    sk_digits.preprocessing.read_digits : Read pictures with this network.
    sk_digits.preprocessing.DigitNormalizer : Place images of single digits in MNIST's frame.

    Notes
    -----
    The weights are in half precision, in a file without pickle. To go on training, use a learning rate of at
    most 0.0005, so that few rows do not undo what the network has learned.

    Examples
    --------
    >>> from sk_digits import load_pretrained
    >>> from sk_digits.augmentation import draw_digits
    >>> clf = load_pretrained()
    >>> clf.classes_.tolist()
    [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    >>> clf.predict(draw_digits([3, 7, 4], random_state=0)).tolist()
    [3, 7, 4]
    """
    content = load_content()
    network = Network(
        **content["network"] | {"hidden_layer_sizes": tuple(content["network"]["hidden_layer_sizes"])}
    )
    return make_fitted(
        DenseDigitClassifier(**recipes[RECIPE], random_state=0),
        network,
        content["weights"],
        content["classes"],
        regularization=Regularization(**content["regularization"]),
        history=content["history"],
        batch_size=content["batch_size"],
        learning_rate=content["learning_rate"],
    )


def save_pretrained(classifier, path, *, temperature=1.0, no_digit_offset=0.0, description=""):
    """Write a fitted classifier to a file for `load_pretrained`, its weights in half precision.

    Parameters
    ----------
    classifier : DenseDigitClassifier
        Fitted with the recipe "reader".
    path : path-like
        File to write.
    temperature : float, default=1.0
        The logits are divided by it, to calibrate the probabilities.
    no_digit_offset : float, default=0.0
        Subtracted from the logit of the class -1, which is rarer in use than among the training rows.
    description : str, default=""
        With what the classifier was trained.
    """
    state = classifier._state
    network = vars(state.network) | {"hidden_layer_sizes": list(state.network.hidden_layer_sizes)}
    *weights, kernel, bias = state.weights
    bias = bias / temperature - no_digit_offset * (classifier.classes_ == NO_DIGIT)
    content = {
        "description": description,
        "network": network,
        "regularization": vars(state.regularization),
        "classes": classifier.classes_,
        "weights": [*weights, kernel / temperature, bias],
        "history": {
            name: [value for value in map(float, values) if not math.isnan(value)]
            for name, values in state.history.items()
        },
        "batch_size": int(state.batch_size),
        "learning_rate": float(state.learning_rate),
    }
    save_content(content, path)
