"""`DenseDigitClassifier`: parameters, validation, fit, partial_fit and the predictions."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from . import _fitting, _inference
from ._validation import (
    check_image_shape,
    check_validation_set,
    check_weights,
    encode,
    image_shape_of,
    images_as_rows,
    is_plain,
    stratified_split,
    unchanged_on_error,
    weights_with_classes,
)
from .augmentation import RandomDeformation


class DenseDigitClassifier(ClassifierMixin, BaseEstimator):
    """Dense neural network for handwritten digits, trained with Keras.

    A stack of dense layers with a softmax on top. SciKeras and Keras do the training, compiled
    so that an epoch is one call; the fitted classifier is plain NumPy arrays, which predict, pickle and
    load without TensorFlow. Pixels should be on a small scale, such as [0, 1].

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(512, 512)
        Units of each hidden layer. An empty one gives multinomial logistic regression.

    activation : str, default="relu"
        Activation of the hidden layers, by Keras' name: "elu", "exponential", "gelu", "hard_sigmoid",
        "hard_silu", "leaky_relu", "linear", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
        "softplus", "softsign" or "tanh"; scikit-learn's "identity" and "logistic" are known, too.

    dropout : float, default=0.0
        Share of each hidden layer's outputs that is set to zero in training [2]_, in [0, 1).

    gaussian_noise : float, default=0.0
        Standard deviation of Gaussian noise that training adds to the pixels and to each hidden layer's
        input to its activation [7]_. With `batch_norm` that input has variance 1, and 0.3 is a good value.

    batch_norm : bool, default=False
        Normalise each hidden layer's input to its activation over the batch [3]_.

    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Name of a Keras optimizer, or an instance, which is copied for each fit.

    learning_rate : float or None, default=None
        Learning rate, at the start where a schedule lowers it. None is the optimizer's own: 0.001 for
        Adam.

    learning_rate_schedule : {"constant", "cosine", "one_cycle"} or LearningRateSchedule, default="cosine"
        How the learning rate goes on from `learning_rate`: "cosine" lowers it step by step along half a
        cosine to zero at the end of `epochs` [4]_; "one_cycle" first raises it to `learning_rate`, from a
        25th of it, along half a cosine [8]_. An instance of
        `keras.optimizers.schedules.LearningRateSchedule` takes the place of `learning_rate`, as does one
        that `optimizer` brings. `partial_fit` always goes on at `learning_rate`.

    warmup : float or None, default=None
        Share of all steps, in [0, 1), in which the learning rate rises to `learning_rate` before the schedule
        begins; "constant" and "cosine" rise in a straight line from zero [9]_. None is 0.3 for "one_cycle"
        and else 0.

    weight_decay : float or None, default=None
        Share of the weights, biases excepted, that a step takes off, times the learning rate
        (decoupled weight decay [5]_). None is the optimizer's own: no decay for Adam.

    label_smoothing : float, default=0.02
        Share of the target probability that is spread over all classes [6]_, in [0, 1). 0 gives the plain
        cross-entropy.

    virtual_adversarial : float, default=0.0
        Euclidean length, in the units of `X`, of a small change of each image, in the direction that changes
        the prediction most; training holds the prediction against it (virtual adversarial training
        [12]_). For pixels in [0, 1] and 28x28 images 2 is a good value. A step takes three times as long, and
        `loss_curve_` has the divergence of the two predictions in it.

    weight_averaging : float, default=0.0
        Share of the epochs, counted from the last, after which the weights are taken into an average, which
        is what `fit` ends with [10]_; in [0, 1], 0 for none. With `batch_norm`, the statistics are computed
        anew for the average, over the training images as they are. Goes with a learning rate that does not
        fall to zero, such as "constant". Validation scores are those of the average, once there is one.

    batch_size : int, default=128
        Rows in each step. Data of fewer rows is one batch.

    epochs : int, default=15
        Passes over the training data; with `early_stopping`, at most.

    average_predictions : bool, default=False
        Predict the average over each image and four deformed ones, turned by 6 degrees and scaled by 6 %
        both ways [11]_. Takes five times as long; worth it for networks that were trained with
        `augmentation`. The shape of the images is found as in `RandomDeformation`. Read when predicting, so
        it can be set after the fit; `model_` does not average.

    augmentation : RandomDeformation, callable or None, default=None
        How training images are deformed, anew in every epoch. A callable of your own is called at the start
        of each epoch as ``augmentation(X, rng)`` with the training rows of shape (n_samples, n_features), not
        to be changed, and a RandomState; it returns the rows, of the same shape, that this epoch trains on.

    class_weight : dict, "balanced" or None, default=None
        Weights by class label, multiplied with the sample weights. "balanced" makes all classes count
        the same.

    early_stopping : bool, default=False
        Stop when the accuracy on a validation set no longer rises, and keep the weights of the best
        epoch. The validation set is `X_val`, `y_val` of `fit` or a stratified part of the training data.

    validation_fraction : float, default=0.1
        Share of the training data that early stopping sets aside, in (0, 1). At least one row of each
        class. Not used where `fit` is given a validation set.

    n_iter_no_change : int, default=10
        Epochs without a better validation accuracy after which early stopping stops.

    tol : float, default=1e-4
        By how much the validation accuracy must rise to count as better.

    callbacks : list of keras.callbacks.Callback or None, default=None
        Keras callbacks. Those that act on every batch make training slower, because the compiled epoch
        is left after each batch for them.

    warm_start : bool, default=False
        Let `fit` go on from the weights and the optimizer's state of the previous fit.

    dtype : {"auto", "float32"}, default="auto"
        Precision of weights and training. "auto" is float64 for float64 input, as in `MLPClassifier`,
        and float32 for all else.

    verbose : int or bool, default=0
        0 is silent, 1 shows Keras' progress bar, 2 one line an epoch.

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the order of the rows, the dropout masks and the validation split. An
        int makes every fit on the same kind of machine give the same bits.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.

    n_features_in_ : int
        Number of features (pixels) seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where `X` had names that are all strings.

    image_shape_ : tuple of two int or None
        Height and width, where `X` was a stack of images.

    coefs_ : list of ndarray of shape (n_in, n_out)
        Weights of each layer, with batch normalisation folded in.

    intercepts_ : list of ndarray of shape (n_out,)
        Biases of each layer, with batch normalisation folded in.

    n_layers_ : int
        Number of layers, input and output included.

    n_outputs_ : int
        Number of outputs, one for each class.

    out_activation_ : str
        Activation of the output layer: "softmax".

    loss_ : float
        Training loss (mean cross-entropy) of the last epoch.

    loss_curve_ : list of float
        Training loss of every epoch, those of earlier `partial_fit` and warm starts included.

    validation_scores_ : list of float or None
        Accuracy on the validation set after every epoch; None without one.

    best_validation_score_ : float or None
        The highest of `validation_scores_`.

    n_iter_ : int
        Number of epochs trained.

    history_ : dict of str to list of float
        Keras' history: "loss", "accuracy" and, with a validation set, "val_loss" and "val_accuracy".

    See Also
    --------
    sklearn.neural_network.MLPClassifier : scikit-learn's own dense network.

    References
    ----------
    .. [1] D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
    .. [2] N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
       JMLR 2014.
    .. [3] S. Ioffe and C. Szegedy, "Batch Normalization", ICML 2015.
    .. [4] I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.
    .. [5] I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
    .. [6] C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016.
    .. [7] A. Rasmus et al., "Semi-Supervised Learning with Ladder Networks", NeurIPS 2015.
    .. [8] L. Smith and N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large
       Learning Rates", 2018.
    .. [9] P. Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017.
    .. [10] P. Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", UAI 2018.
    .. [11] A. Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks",
       NeurIPS 2012.
    .. [12] T. Miyato et al., "Virtual Adversarial Training: A Regularization Method for Supervised and
       Semi-Supervised Learning", IEEE TPAMI 2019.

    Examples
    --------
    >>> from sk_digits import DenseDigitClassifier
    >>> from sk_digits.datasets import load_digits
    >>> digits = load_digits()
    >>> clf = DenseDigitClassifier(hidden_layer_sizes=(64,), random_state=0)
    >>> clf.fit(digits.data_train, digits.target_train).predict(digits.data_test[:5])
    array([...])
    >>> clf.score(digits.data_test, digits.target_test) > 0.9
    True
    """

    _parameter_constraints: dict = {  # noqa: RUF012, scikit-learn's own form
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions({*_inference.ACTIVATIONS, *_fitting.ACTIVATION_ALIASES})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "gaussian_noise": [Interval(Real, 0, None, closed="left")],
        "batch_norm": ["boolean"],
        "optimizer": [str, object],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "learning_rate_schedule": [StrOptions({"constant", "cosine", "one_cycle"}), callable],
        "warmup": [Interval(Real, 0, 1, closed="left"), None],
        "weight_decay": [Interval(Real, 0, None, closed="left"), None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "virtual_adversarial": [Interval(Real, 0, None, closed="left")],
        "weight_averaging": [Interval(Real, 0, 1, closed="both")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "average_predictions": ["boolean"],
        "augmentation": [RandomDeformation, callable, None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "callbacks": [list, tuple, None],
        "warm_start": ["boolean"],
        "dtype": [StrOptions({"auto", "float32"})],
        "verbose": [Interval(Integral, 0, 2, closed="both"), "boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        hidden_layer_sizes=(512, 512),
        activation="relu",
        *,
        dropout=0.0,
        gaussian_noise=0.0,
        batch_norm=False,
        optimizer="adam",
        learning_rate=None,
        learning_rate_schedule="cosine",
        warmup=None,
        weight_decay=None,
        label_smoothing=0.02,
        virtual_adversarial=0.0,
        weight_averaging=0.0,
        batch_size=128,
        epochs=15,
        average_predictions=False,
        augmentation=None,
        class_weight=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        callbacks=None,
        warm_start=False,
        dtype="auto",
        verbose=0,
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.gaussian_noise = gaussian_noise
        self.batch_norm = batch_norm
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.warmup = warmup
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.virtual_adversarial = virtual_adversarial
        self.weight_averaging = weight_averaging
        self.batch_size = batch_size
        self.epochs = epochs
        self.average_predictions = average_predictions
        self.augmentation = augmentation
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.dtype = dtype
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, sample_weight_val=None):
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training images, also as a stack of shape (n_samples, height, width) or
            (n_samples, height, width, 1).

        y : array-like of shape (n_samples,)
            Labels: int, str, bool or object.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. A row of weight 2 counts as two rows, one of weight 0 as none.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation images for `validation_scores_` and early stopping.

        y_val : array-like of shape (n_val,), default=None
            Their labels.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights in the validation accuracy.

        Returns
        -------
        self : DenseDigitClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            Where an argument or a parameter is out of bounds, and where the training diverges. The
            classifier is then as it was before.
        """
        with unchanged_on_error(self):
            goes_on = self.warm_start and hasattr(self, "coefs_")
            X, labels = self._check_X_y(X, y, reset=not goes_on)
            classes = np.unique(labels)
            if goes_on and not np.array_equal(classes, self.classes_):
                raise ValueError(
                    "warm_start=True goes on with the classes of the previous fit, "
                    f"{self.classes_.tolist()}, but y has {classes.tolist()}; set warm_start=False."
                )
            if not goes_on:
                self.classes_ = classes
                self._random_state = check_random_state(self.random_state)
            y = encode(labels, classes)
            weights = check_weights(sample_weight, X)
            weights = weights_with_classes(weights, self.class_weight, classes, y)
            rows, validation = np.flatnonzero(weights), None
            if check_validation_set(X_val, y_val, sample_weight_val):
                validation = self._check_validation(X_val, y_val, sample_weight_val)
            elif self.early_stopping:
                if not goes_on or not hasattr(self, "_split_seed"):
                    # Kept, so that a warm start does not train on what it was validated with.
                    self._split_seed = self._random_state.randint(2**31 - 1)
                rows, val_rows = stratified_split(
                    rows, y, classes, self.validation_fraction, self._split_seed
                )
                validation = X[val_rows], y[val_rows], weights[val_rows]
            data = _fitting.Data(X, self.image_shape_, y, weights, rows, validation)
            self._train(data, self.get_params(deep=False), goes_on)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train one epoch on a part of the data, from where the last call ended.

        The learning rate is `learning_rate` throughout; `epochs`, the schedule and early stopping are for
        `fit`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images, in any form that `fit` takes.

        y : array-like of shape (n_samples,)
            Labels.

        classes : array-like of shape (n_classes,), default=None
            All labels that will ever occur. Needed in the first call.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : DenseDigitClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            Where an argument or a parameter is out of bounds, and with labels that are not in `classes`.
        """
        with unchanged_on_error(self):
            goes_on = hasattr(self, "coefs_")
            X, labels = self._check_X_y(X, y, reset=not goes_on)
            if not goes_on:
                if classes is None:
                    raise ValueError("classes must be passed on the first call to partial_fit.")
                self.classes_ = np.unique(classes)
                self._random_state = check_random_state(self.random_state)
            elif classes is not None and not np.array_equal(self.classes_, np.unique(classes)):
                raise ValueError(
                    f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                    f"{self.classes_!r}"
                )
            y = encode(labels, self.classes_)
            weights = check_weights(sample_weight, X)
            if isinstance(self.class_weight, str):
                raise ValueError(
                    "class_weight='balanced' needs all data at once and is not for partial_fit; give the "
                    "weights as a dict, as sklearn.utils.compute_class_weight computes them."
                )
            weights = weights_with_classes(weights, self.class_weight, self.classes_, y)
            rows = np.flatnonzero(weights)
            data = _fitting.Data(X, self.image_shape_, y, weights, rows, validation=None)
            one_epoch = {
                "epochs": 1,
                "learning_rate_schedule": "constant",
                "warmup": None,
                "weight_averaging": 0,
            }
            self._train(data, self.get_params(deep=False) | one_epoch, goes_on)
        return self

    def predict(self, X):
        """Most probable class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images, in any form that `fit` takes.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels.
        """
        z = self._logits(X)
        return self.classes_[z.argmax(axis=1)]

    def predict_proba(self, X):
        """Probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images, in any form that `fit` takes.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return _inference.softmax(self._logits(X))

    def predict_log_proba(self, X):
        """Logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images, in any form that `fit` takes.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`; finite also where the probability is too small for its dtype.
        """
        return _inference.log_softmax(self._logits(X))

    @property
    def model_(self):
        """The trained network as a Keras model of its own; made from the arrays where it is not in memory."""
        return self._keras("model")

    @property
    def keras_classifier_(self):
        """A SciKeras `KerasClassifier` around `model_`."""
        return self._keras("classifier")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __getstate__(self):
        state = super().__getstate__()
        state.pop("_keras_objects", None)
        return state

    def _check_X(self, X, *, reset, name="X", **kwargs):
        """Validated rows, as they came where that can be: no conversion of numbers."""
        X, image_shape = images_as_rows(X, name)
        if not reset:
            check_image_shape(image_shape, self.image_shape_, name)
        checked = validate_data(self, X, accept_sparse="csr", reset=reset, **kwargs)
        if reset:
            self.image_shape_ = image_shape
        return checked

    def _check_X_y(self, X, y, *, reset):
        X, y = self._check_X(X, reset=reset, y=y)
        check_classification_targets(y)
        return X, y

    def _check_validation(self, X_val, y_val, sample_weight_val):
        try:
            X_val = self._check_X(X_val, reset=False, name="X_val")
        except ValueError as error:
            raise ValueError(f"X_val: {error}") from error
        y_val = encode(column_or_1d(y_val), self.classes_, name="y_val")
        return X_val, y_val, check_weights(sample_weight_val, X_val, name="sample_weight_val")

    def _logits(self, X):
        check_is_fitted(self)
        if hasattr(self, "feature_names_in_") or not is_plain(X, self.n_features_in_):
            X = self._check_X(X, reset=False)
        layers = self.coefs_, self.intercepts_, self._network["activation"]
        if self.average_predictions:
            return _inference.averaged_logits(X, *layers, self._shape_to_average())
        return _inference.logits(X, *layers)

    def _shape_to_average(self):
        """The shape of the images that predictions are averaged over."""
        shape = self.image_shape_
        if isinstance(self.augmentation, RandomDeformation) and self.augmentation.image_shape is not None:
            shape = self.augmentation.image_shape
        return image_shape_of(self.n_features_in_, shape, "average_predictions=True")

    def _train(self, data, params, goes_on):
        """Train on checked arrays and take over what was learned."""
        if self.average_predictions:
            self._shape_to_average()  # raises where predictions would
        learned = _fitting.train(
            params,
            data,
            n_classes=len(self.classes_),
            rng=self._random_state,
            before=vars(self) if goes_on else None,
        )
        vars(self).update(learned)
        vars(self).pop("_keras_objects", None)

    def _keras(self, which):
        if not hasattr(self, "coefs_"):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet, so it has no Keras {which}.")
        if "_keras_objects" not in vars(self):
            self._keras_objects = _fitting.keras_objects(vars(self))
        return self._keras_objects[which]
