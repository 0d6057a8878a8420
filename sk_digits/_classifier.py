"""The estimator `DenseDigitClassifier`: its parameters, the order of a fit, and the predictions."""

import copy
import math
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.metrics import get_scorer_names
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, InvalidParameterError, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from . import _fitting, _inference
from ._callback_copies import copy_callbacks
from ._engine._fork import refuse_forked_process
from ._images import check_same_image_shape, images_as_rows, infer_image_shape
from ._nested_params import nested_values, route_nested
from ._persistence import from_persisted, to_persisted
from ._scoring import make_score
from ._suggestions import did_you_mean, suggest_value
from ._summary import api_page_template, summary_html
from ._validation import (
    apply_class_weight,
    are_classes_of_previous_fit,
    can_skip_validation,
    check_weights,
    encode,
    has_validation_set,
    stratified_split,
    to_native_float,
    unchanged_on_error,
    warn_if_not_scaled,
)
from .augmentation import RandomDeformation


class DenseDigitClassifier(ClassifierMixin, BaseEstimator):
    """Dense neural network for handwritten digits, trained with Keras.

    The network is a stack of dense layers with a softmax output. It is trained with Keras through SciKeras,
    with each epoch compiled into one call. The fitted classifier consists of NumPy arrays: it predicts,
    pickles and loads without TensorFlow. Pixels should be on a small scale, such as [0, 1].

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(512, 512)
        Number of units of each hidden layer. An empty sequence gives multinomial logistic regression.

    activation : str, default="relu"
        Activation of the hidden layers, by Keras' name: "celu", "elu", "exponential", "gelu",
        "hard_shrink", "hard_sigmoid", "hard_silu" ("hard_swish"), "hard_tanh", "leaky_relu", "linear",
        "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu" ("swish"),
        "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "squareplus",
        "tanh" or "tanh_shrink"; scikit-learn's "identity" and "logistic" are "linear" and
        "sigmoid". Not all versions of Keras know all of them.

    dropout : float, default=0.0
        Fraction of each hidden layer's outputs that is set to zero in training [2]_, in [0, 1).

    gaussian_noise : float, default=0.0
        Standard deviation of the Gaussian noise that training adds to the pixels and to the pre-activations
        of each hidden layer [7]_. With `batch_norm` these have variance 1, and 0.3 is a good value.

    batch_norm : bool, default=False
        Normalise the pre-activations of each hidden layer over the batch [3]_.

    optimizer : str, class or instance of keras.optimizers.Optimizer, default="adam"
        Name of a Keras optimizer, its class, or an instance, which is copied in each fit.

    optimizer_params : dict or None, default=None
        Parameters of the optimizer, such as ``{"momentum": 0.9}``. In a search, ``optimizer__momentum``
        names one of them.

    learning_rate : float, "auto" or None, default="auto"
        Learning rate; the initial one if a schedule lowers it. None is the optimizer's default, 0.001 for
        Adam. "auto" multiplies it by 56 / sqrt(n_features), or by 200 / n_features**0.75 without
        hidden layers, and by half as much for more than 16,384 training rows: for 28x28 images that is 2
        on few rows and 1 on many. An `optimizer` instance keeps its own rate.

    learning_rate_schedule : {"constant", "cosine", "one_cycle"} or LearningRateSchedule, default="cosine"
        Schedule of the learning rate. "cosine" lowers it along half a cosine, step by step, from
        `learning_rate` to zero at the end of `epochs` [4]_. "one_cycle" first raises it along half a cosine
        from a 25th of `learning_rate` to `learning_rate` [8]_. An instance of
        `keras.optimizers.schedules.LearningRateSchedule` replaces `learning_rate`, as does a schedule in
        `optimizer`; `learning_rate` must then be "auto" or None. `partial_fit` uses a constant
        `learning_rate`, or continues along a schedule of Keras'.

    warmup : float or None, default=None
        Fraction of the steps, in [0, 1), in which the learning rate rises to `learning_rate` before the
        schedule begins; with "constant" and "cosine" it rises linearly from zero [9]_. None is 0.3 for
        "one_cycle" and 0 otherwise.

    weight_decay : float or None, default=None
        Decoupled weight decay [5]_: each step subtracts this fraction of the weights, biases excepted,
        multiplied by the learning rate. None uses the optimizer's default, no decay for Adam.

    alpha : float, default=0.0
        Strength of the L2 penalty in the loss, as in `MLPClassifier`: each step adds half of it, multiplied
        by the sum of the squared weights, biases excepted, and divided by the number of rows of the batch
        (the sum of their sample weights). `loss_` includes the penalty; `model_` does not have it. Layers
        that a callback freezes are not penalised, as in Keras.

    label_smoothing : float or "auto", default="auto"
        Fraction of the target probability that is distributed over all classes [6]_, in [0, 1). 0 gives the
        plain cross-entropy. "auto" is 0 for fewer than five training rows per feature, and 0.02 otherwise;
        up to 256 rows count as 256. The rows of `partial_fit` are those of the call.

    virtual_adversarial : float, default=0.0
        Euclidean length, in the units of `X`, of the perturbation in virtual adversarial training [12]_,
        which penalises the divergence of the prediction under the worst-case perturbation of each image.
        For 28x28 images with pixels in [0, 1], 2 is a good value. A step takes three times as long, and
        `loss_curve_` includes the divergence.

    weight_averaging : float, default=0.0
        Fraction of the epochs, counted from the last, whose final weights are averaged; `fit` ends with the
        average [10]_. In [0, 1]; 0 disables averaging. With `batch_norm`, the statistics of the average are
        recomputed on the training images as they are. Most useful with a learning rate that does not fall
        to zero, such as "constant". Validation scores are those of the average, once it exists.

    batch_size : int or "auto", default="auto"
        Number of rows per step. Data with fewer rows is one batch. "auto" is 32 for up to 256 training
        rows, or 80 if the network has 500,000 weights or more; 64 for up to 4,096 rows and 128 for more.

    epochs : int or "auto", default="auto"
        Number of passes over the training data; with `early_stopping`, the maximum. "auto" is 60 for up to
        256 training rows, 30 for up to 16,384 and 15 for more; in the first two cases at most
        2,500,000 / n_weights, but at least 9, or 8 for 500,000 weights and up to 256 rows. `partial_fit`
        always makes one pass, and a halving search over `epochs` replaces "auto" by its numbers.

    average_predictions : bool, default=False
        Average the predictions over each image and four views of it, rotated by 6 degrees and scaled by 6 %
        in both directions [11]_. Takes five times as long; most useful for networks that were trained with
        `augmentation`. The shape of the images is inferred as in `RandomDeformation`. The parameter is read
        when predicting, so it can be set after `fit`; `model_` does not average.

    augmentation : RandomDeformation, callable or None, default=None
        Augmentation of the training images, drawn anew in every epoch. A callable is called at the start of
        each epoch as ``augmentation(X, rng)`` with the training rows of shape (n_samples, n_features), which
        it must not modify, and a RandomState; it returns the rows, of the same shape, to train on.

    class_weight : dict, "balanced" or None, default=None
        Weight of each class label, multiplied by the sample weights. "balanced" gives all classes the same
        total weight.

    early_stopping : bool, default=False
        Stop when the score on a validation set no longer rises, and keep the weights of the best epoch.
        The validation set is `X_val`, `y_val` of `fit`, or a stratified part of the training data.

    scoring : str, callable or None, default=None
        Score on the validation set, for early stopping and `validation_scores_`: None is the accuracy,
        "loss" the negative cross-entropy, another str the name of one of scikit-learn's scorers, and a
        callable is called as ``scoring(estimator, X, y)``, and with ``sample_weight`` if it takes that and
        the weights of the rows differ. The estimator predicts with the weights of the epoch; it has no
        `model_`. Unused without a validation set. After a warm start with another scorer, the scores of
        earlier epochs are NaN.

    validation_fraction : float, default=0.1
        Fraction of the training data that early stopping sets aside, in (0, 1), with at least one row of
        each class. Ignored if a validation set is passed to `fit`.

    n_iter_no_change : int or None, default=10
        Number of epochs without a better validation score after which early stopping ends the training; at
        least a fifth of the passes if `epochs` is "auto". With None, `early_stopping` only records the
        validation scores: training runs to its end and keeps the weights of the last epoch.

    tol : float, default=1e-4
        Smallest rise of the validation score that counts as better.

    callbacks : Callback, list or dict of them, or None, default=None
        Keras callbacks: instances, or classes and names such as "EarlyStopping", which are built anew in
        each fit. Those that change the learning rate require a "constant" schedule. Training is slower with
        callbacks that act on every batch, because the compiled epoch returns after each batch to call them.

    callbacks_params : dict or None, default=None
        Parameters of callbacks that are given as classes or names: ``{"patience": 3}`` for a single one,
        ``{"0__patience": 3}`` for the first of a list, ``{"stop__patience": 3}`` for that of the key "stop".
        In a search, ``callbacks__patience`` or ``callbacks__0__patience`` names one of them.

    warm_start : bool, default=False
        Resume `fit` from the weights and the optimizer state of the previous fit.

    dtype : {"auto", "float32"}, default="auto"
        Precision of the weights and the training. "auto" is float64 for float64 input, as in
        `MLPClassifier`, and float32 otherwise.

    verbose : int or bool, default=0
        0 is silent; 1 shows one bar over all epochs, with the loss, the validation accuracy and the time
        left, in terminals and notebooks only; 2 prints one line per epoch.

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the order of the rows, the dropout masks and the validation split. With
        an int, every fit on the same kind of machine is bit-for-bit reproducible.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.

    n_features_in_ : int
        Number of features (pixels) seen in `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features. Defined only if `X` has feature names that are all strings.

    image_shape_ : tuple of two int or None
        Height and width of the images; None if `X` was not a stack of images.

    coefs_ : list of ndarray of shape (n_in, n_out)
        Weights of each layer, with batch normalisation folded in.

    intercepts_ : list of ndarray of shape (n_out,)
        Biases of each layer, with batch normalisation folded in.

    n_layers_ : int
        Number of layers, including input and output.

    n_outputs_ : int
        Number of outputs: one per class.

    out_activation_ : str
        Activation of the output layer: "softmax".

    loss_ : float
        Training loss (mean cross-entropy, with the penalty of `alpha`) of the last epoch.

    loss_curve_ : list of float
        Training loss of every epoch, including those before a warm start or `partial_fit`.

    validation_scores_ : list of float or None
        Score on the validation set after every epoch by `scoring`, NaN for epochs without that score; None
        if there never was one.

    best_validation_score_ : float or None
        Validation score of the epoch whose weights early stopping kept; None if the last call to `fit` or
        `partial_fit` was without early stopping.

    best_epoch_ : int or None
        Number, counted from 1, of the epoch whose weights early stopping kept; None as above.

    n_iter_ : int
        Number of epochs run.

    batch_size_ : int or None
        Number of rows per step in the last call to `fit` or `partial_fit`; None if the network was trained
        elsewhere.

    learning_rate_ : float or None
        Learning rate at the start of that call; None if a schedule of Keras' computes it.

    label_smoothing_ : float or None
        Label smoothing in that call; None if the network was trained elsewhere.

    history_ : dict of str to list of float
        Metrics of every epoch, under Keras' names: "loss", "accuracy" and, with a validation set,
        "val_loss", "val_accuracy" and, if `scoring` is a scorer, "val_score"; NaN for epochs without a
        metric.

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

    _doc_link_module = "sk_digits"
    _doc_link_template = property(api_page_template)

    _parameter_constraints: dict = {  # noqa: RUF012, the form of scikit-learn's own estimators
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions({*_inference.ACTIVATIONS, *_fitting.ACTIVATION_ALIASES})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "gaussian_noise": [Interval(Real, 0, None, closed="left")],
        "batch_norm": ["boolean"],
        "optimizer": [str, object],
        "optimizer_params": [dict, None],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"}), None],
        "learning_rate_schedule": [StrOptions({"constant", "cosine", "one_cycle"}), callable],
        "warmup": [Interval(Real, 0, 1, closed="left"), None],
        "weight_decay": [Interval(Real, 0, None, closed="left"), None],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "label_smoothing": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "virtual_adversarial": [Interval(Real, 0, None, closed="left")],
        "weight_averaging": [Interval(Real, 0, 1, closed="both")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "average_predictions": ["boolean"],
        "augmentation": [RandomDeformation, callable, None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "early_stopping": ["boolean"],
        "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "callbacks": [object, None],
        "callbacks_params": [dict, None],
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
        optimizer_params=None,
        learning_rate="auto",
        learning_rate_schedule="cosine",
        warmup=None,
        weight_decay=None,
        alpha=0.0,
        label_smoothing="auto",
        virtual_adversarial=0.0,
        weight_averaging=0.0,
        batch_size="auto",
        epochs="auto",
        average_predictions=False,
        augmentation=None,
        class_weight=None,
        early_stopping=False,
        scoring=None,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        callbacks=None,
        callbacks_params=None,
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
        self.optimizer_params = optimizer_params
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.warmup = warmup
        self.weight_decay = weight_decay
        self.alpha = alpha
        self.label_smoothing = label_smoothing
        self.virtual_adversarial = virtual_adversarial
        self.weight_averaging = weight_averaging
        self.batch_size = batch_size
        self.epochs = epochs
        self.average_predictions = average_predictions
        self.augmentation = augmentation
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.callbacks = callbacks
        self.callbacks_params = callbacks_params
        self.warm_start = warm_start
        self.dtype = dtype
        self.verbose = verbose
        self.random_state = random_state

    def set_params(self, **params):
        """Set parameters of this estimator.

        Parameters
        ----------
        **params : dict
            Values by name. ``augmentation__rotation`` names a parameter of `augmentation`;
            ``optimizer__momentum`` and ``callbacks__patience`` are kept in `optimizer_params` and
            `callbacks_params`.

        Returns
        -------
        self : DenseDigitClassifier
            The estimator itself.

        Raises
        ------
        ValueError
            If a name is unknown; the message suggests the nearest one. No parameter is then set.
        """
        known = self._get_param_names()
        for name in params:
            own_name = name.partition("__")[0]
            if own_name not in known:
                raise ValueError(
                    f"Invalid parameter {own_name!r} for estimator {self}. Valid parameters are: {known!r}."
                    f"{did_you_mean(own_name, known)}"
                )
        own, attributes = route_nested(self.get_params(deep=False), params)
        super().set_params(**own)
        for callback, attribute, value in attributes:
            setattr(callback, attribute, value)
        return self

    def get_params(self, deep=True):
        """Get the parameters of this estimator.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parameters of `augmentation`, `optimizer` and `callbacks`.

        Returns
        -------
        params : dict of str to object
            Values by name.
        """
        params = super().get_params(deep=deep)
        return params | nested_values(params) if deep else params

    def _validate_params(self):
        try:
            super()._validate_params()
        except InvalidParameterError as error:
            raise InvalidParameterError(f"{error}{suggest_value(self, str(error))}") from None

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
            Weights of the rows. A row of weight 2 counts as two rows, a row of weight 0 is ignored.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation images for `validation_scores_` and early stopping.

        y_val : array-like of shape (n_val,), default=None
            Labels of the validation images.

        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation images in the validation scores.

        Returns
        -------
        self : DenseDigitClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If an argument or a parameter is out of range, or the training diverges. The classifier is then
            as it was before the call.
        """
        with unchanged_on_error(self, self._generators()):
            previous = self._state if self.warm_start and hasattr(self, "_state") else None
            X, labels = self._check_X_y(X, y, reset=previous is None)
            classes = np.unique(labels)
            if previous is None:
                self.classes_ = classes
            elif not are_classes_of_previous_fit(classes, self.classes_):
                raise ValueError(
                    "With warm_start=True, y must have the classes of the previous fit, "
                    f"{self.classes_.tolist()}, got {classes.tolist()}; set warm_start=False to start anew."
                )
            y = encode(labels, self.classes_)
            weights = check_weights(sample_weight, X)
            weights = apply_class_weight(weights, self.class_weight, self.classes_, y)
            generator = previous.generator if previous else check_random_state(self.random_state)
            split_seed = previous.split_seed if previous else None
            rows, validation = np.flatnonzero(weights), None
            if has_validation_set(X_val, y_val, sample_weight_val):
                validation = self._check_validation(X_val, y_val, sample_weight_val)
            elif self.early_stopping:
                if split_seed is None:
                    split_seed = generator.randint(2**31 - 1)
                rows, val_rows = stratified_split(rows, y, classes, self.validation_fraction, split_seed)
                validation = X[val_rows], y[val_rows], weights[val_rows]
            score = None
            if validation is not None and self.scoring not in (None, "loss"):
                score = make_score(self, *validation)
            data = _fitting.Data(X, self.image_shape_, y, weights, rows, validation, score)
            self._fit(data, {}, generator, split_seed, previous)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on a part of the data, resuming where the last call ended.

        The learning rate is `learning_rate` throughout, or continues along a schedule of Keras'. `epochs`,
        the schedules "cosine" and "one_cycle", weight averaging and early stopping apply to `fit` only.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images, in any form that `fit` accepts.

        y : array-like of shape (n_samples,)
            Labels.

        classes : array-like of shape (n_classes,), default=None
            All labels that will ever occur. Required in the first call.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : DenseDigitClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If an argument or a parameter is out of range, if a label is not in `classes`, or the training
            diverges. The classifier is then as it was before the call.
        """
        with unchanged_on_error(self, self._generators()):
            previous = getattr(self, "_state", None)
            X, labels = self._check_X_y(X, y, reset=previous is None)
            if previous is None:
                if classes is None:
                    raise ValueError("classes must be passed on the first call to partial_fit.")
                self.classes_ = np.unique(classes)
            elif classes is not None and not np.array_equal(self.classes_, np.unique(classes)):
                raise ValueError(
                    f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                    f"{self.classes_!r}"
                )
            y = encode(labels, self.classes_)
            weights = check_weights(sample_weight, X)
            if isinstance(self.class_weight, str):
                raise ValueError(
                    "class_weight='balanced' requires all data at once and is not supported by partial_fit; "
                    "pass a dict of weights, as computed by sklearn.utils.compute_class_weight."
                )
            weights = apply_class_weight(weights, self.class_weight, self.classes_, y)
            rows = np.flatnonzero(weights)
            data = _fitting.Data(X, self.image_shape_, y, weights, rows, validation=None, score=None)
            one_epoch = {"epochs": 1, "weight_averaging": 0}
            if isinstance(self.learning_rate_schedule, str):
                one_epoch |= {"learning_rate_schedule": "constant", "warmup": None}
            generator = previous.generator if previous else check_random_state(self.random_state)
            split_seed = previous.split_seed if previous else None
            self._fit(data, one_epoch, generator, split_seed, previous)
        return self

    def predict(self, X):
        """Predict the most probable class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images, in any form that `fit` accepts.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Predicted labels.
        """
        z = self._logits(X)
        return self.classes_[z.argmax(axis=1)]

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images, in any form that `fit` accepts.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        return _inference.softmax(self._logits(X))

    def predict_log_proba(self, X):
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images, in any form that `fit` accepts.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`; finite even if the probability underflows.
        """
        return _inference.log_softmax(self._logits(X))

    @property
    def model_(self):
        """The trained network as a separate Keras model, built from the arrays on first access."""
        return self._keras_objects[0]

    @property
    def keras_classifier_(self):
        """A SciKeras `KerasClassifier` around `model_`."""
        return self._keras_objects[1]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        if "text/html" in bundle and hasattr(self, "_state"):
            bundle["text/html"] += summary_html(self)
        return bundle

    def __getstate__(self):
        return to_persisted(self, vars(self))

    def __setstate__(self, persisted):
        attributes, state = from_persisted(self, persisted)
        vars(self).update(attributes)
        if state is not None:
            self._set_state(state)

    def __copy__(self):
        twin = type(self).__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    def __deepcopy__(self, memo):
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        own = {name: value for name, value in vars(self).items() if name != "_keras_cache"}
        own |= self._copied_keras_params(memo)
        vars(twin).update(copy.deepcopy(own, memo))
        return twin

    def __sklearn_clone__(self):
        template = copy.copy(self)
        template.callbacks = template.optimizer = None
        twin = BaseEstimator.__sklearn_clone__(template)
        return twin.set_params(**self._copied_keras_params({}))

    def _copied_keras_params(self, memo):
        """Return copies of the parameters that deepcopy cannot always copy, marked as copied in `memo`.

        An optimizer is shared, because `fit` only reads it.
        """
        params = {"callbacks": copy_callbacks(self.callbacks, memo), "optimizer": self.optimizer}
        for value in params.values():
            memo[id(value)] = value
        return params

    def _generators(self):
        """Return the random generators of this classifier that a fit advances."""
        state = getattr(self, "_state", None)
        candidates = (self.random_state, state and state.generator)
        # The global generator belongs to everyone.
        return [
            generator
            for generator in candidates
            if isinstance(generator, np.random.RandomState) and generator is not check_random_state(None)
        ]

    def _check_X(self, X, *, reset, name="X", **kwargs):
        """Return validated rows, with their dtype unchanged if it is numeric."""
        X, image_shape = images_as_rows(X, name)
        if not reset:
            self._refuse_single_image(X, image_shape, name)
            check_same_image_shape(image_shape, self.image_shape_, type(self).__name__, name)
        checked = validate_data(self, X, accept_sparse="csr", reset=reset, **kwargs)
        if reset:
            self.image_shape_ = image_shape
        return checked

    def _refuse_single_image(self, X, image_shape, name):
        """Raise ValueError if `X` can only be one image that was passed without the axis of the samples."""
        shape = getattr(X, "shape", ()) if image_shape is None else (len(X), *image_shape)
        is_image = len(shape) == 2 or (len(shape) == 3 and shape[2] == 1)
        if is_image and shape[0] > 1 and np.prod(shape) == self.n_features_in_:
            raise ValueError(
                f"{name} has the shape of a single image, {shape}, but {type(self).__name__} expects "
                f"several; pass {name}[np.newaxis] for one."
            )

    def _check_X_y(self, X, y, *, reset):
        X, y = self._check_X(X, reset=reset, y=y)
        check_classification_targets(y)
        X = to_native_float(X, self.dtype)
        warn_if_not_scaled(X)
        return X, y

    def _check_validation(self, X_val, y_val, sample_weight_val):
        try:
            X_val = to_native_float(self._check_X(X_val, reset=False, name="X_val"), "auto", "X_val")
        except ValueError as error:
            raise ValueError(f"X_val: {error}") from error
        y_val = encode(column_or_1d(y_val), self.classes_, name="y_val")
        return X_val, y_val, check_weights(sample_weight_val, X_val, name="sample_weight_val")

    def _logits(self, X):
        check_is_fitted(self)
        if hasattr(self, "feature_names_in_") or not can_skip_validation(X, self.n_features_in_):
            X = to_native_float(self._check_X(X, reset=False), "auto")
        layers = self.coefs_, self.intercepts_, self._state.network.activation
        if self.average_predictions:
            return _inference.averaged_logits(X, *layers, self._averaging_shape())
        return _inference.logits(X, *layers)

    def _averaging_shape(self):
        """Return the shape of the images that predictions are averaged over."""
        shape = self.image_shape_
        if isinstance(self.augmentation, RandomDeformation) and self.augmentation.image_shape is not None:
            shape = self.augmentation.image_shape
        try:
            return infer_image_shape(self.n_features_in_, shape, min_side=2)
        except ValueError as error:
            raise ValueError(f"average_predictions=True requires images: {error}") from error

    def _fit(self, data, overrides, generator, split_seed, previous):
        """Train on checked arrays, with some parameters overridden, and set the fitted attributes."""
        if self.average_predictions:
            self._averaging_shape()  # raises before the work what predictions would raise
        # Attributes, not get_params(): a subclass may have an __init__ of its own.
        params = {name: getattr(self, name) for name in DenseDigitClassifier._parameter_constraints}
        state = _fitting.fit_network(
            params | overrides,
            data,
            n_classes=len(self.classes_),
            generator=generator,
            split_seed=split_seed,
            previous=previous,
        )
        self._set_state(state)

    def _set_state(self, state):
        """Set the fitted attributes that follow from what a fit learned."""
        self._state = state
        self.coefs_, self.intercepts_ = _fitting.folded_layers(state)
        self.n_layers_ = len(self.coefs_) + 1
        self.n_outputs_ = len(self.intercepts_[-1])
        self.out_activation_ = "softmax"
        self.history_ = state.history
        self.loss_curve_ = state.history["loss"]
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else math.nan
        self.n_iter_ = len(self.loss_curve_)
        self.batch_size_, self.learning_rate_ = state.batch_size, state.learning_rate
        self.label_smoothing_ = None if state.batch_size is None else state.regularization.label_smoothing
        self.validation_scores_ = _fitting.validation_scores(state)
        self.best_epoch_ = None if state.best_epoch is None else state.best_epoch + 1
        self.best_validation_score_ = (
            None if state.best_epoch is None else self.validation_scores_[state.best_epoch]
        )
        vars(self).pop("_keras_cache", None)

    @property
    def _keras_objects(self):
        refuse_forked_process()
        if not hasattr(self, "_state"):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet, so it has no Keras model.")
        if "_keras_cache" not in vars(self):
            self._keras_cache = _fitting.make_keras_objects(self._state, self.classes_, self.image_shape_)
        return self._keras_cache
