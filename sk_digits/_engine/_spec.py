"""What the engine is given and what it returns, as plain data; this module does not load TensorFlow."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

BATCH_NORM_EPSILON = 1e-3


@dataclass(frozen=True)
class Network:
    """Layers of a network: everything that its weights and its forward pass depend on."""

    n_features: int
    hidden_layer_sizes: tuple[int, ...]
    n_classes: int
    activation: str
    batch_norm: bool
    dtype: str
    batch_norm_epsilon: float = BATCH_NORM_EPSILON

    @property
    def n_weights(self):
        """Return the number of weights of the dense layers, biases excepted."""
        sizes = (self.n_features, *self.hidden_layer_sizes, self.n_classes)
        return sum(n_in * n_out for n_in, n_out in itertools.pairwise(sizes))


@dataclass(frozen=True)
class Regularization:
    """Strengths of what only training does to a network; 0 is off.

    The compiled epoch takes the numbers as arguments; it depends only on which of them are 0.
    """

    dropout: float
    gaussian_noise: float
    label_smoothing: float
    virtual_adversarial: float
    alpha: float

    @property
    def switches(self):
        """Return, for each strength, whether it is on."""
        return tuple(strength > 0 for strength in vars(self).values())


@dataclass(frozen=True)
class Deformation:
    """Random deformations of the training images.

    Attributes
    ----------
    image_shape : tuple of two int
        Height and width.
    amplitudes : tuple of seven float
        Displacement (pixels, root mean square), rotation (radians), scaling (fraction), shear (radians),
        shift (pixels), thickness (pixels) and neighbours (share of the images).
    smoothness : float
        Standard deviation of the Gaussian that smooths the displacement field, in pixels.
    gaps : int
        Number of gaps in each image.
    """

    image_shape: tuple[int, int]
    amplitudes: tuple[float, ...]
    smoothness: float
    gaps: int = 0


@dataclass(frozen=True)
class EarlyStopping:
    """Stop after `patience` epochs in which the validation score has not risen by `min_delta`.

    Attributes
    ----------
    patience : int
    min_delta : float
    metric : {"val_accuracy", "val_loss", "val_score"}
        The validation metric that is the score; of the loss, its negative.
    """

    patience: int
    min_delta: float
    metric: str


@dataclass(frozen=True)
class OptimizerParams:
    """The optimizer as the user describes it.

    Attributes
    ----------
    optimizer : str, or class or instance of keras.optimizers.Optimizer
        An instance is copied by its configuration.
    optimizer_params : dict of str to object
        Changes of the configuration.
    learning_rate, weight_decay : float or None
        None keeps the optimizer's own value.
    rate_factor : float
        Factor of the learning rate that Keras gives an optimizer by default, if it is no instance and no
        learning rate is given.
    schedule : keras.optimizers.schedules.LearningRateSchedule or None
        Replaces the optimizer's learning rate.
    """

    optimizer: object
    optimizer_params: dict
    learning_rate: float | None
    weight_decay: float | None
    rate_factor: float
    schedule: object


@dataclass(frozen=True)
class Job:
    """One training run: the data and how to pass over it.

    Attributes
    ----------
    X : {ndarray, sparse matrix} of shape (n_samples, n_features), any numeric dtype
    y : ndarray of shape (n_samples,)
        Class indices.
    sample_weight : ndarray of shape (n_samples,)
    rows : ndarray of int
        Indices of the rows to train on; their weights are positive.
    batch_size, epochs, verbose : int
    rng : RandomState
        Source of the initial weights, the order of the rows and the seeds of each epoch.
    learning_rate_factor : callable
        Maps step numbers to the factors of the learning rate.
    callbacks : Callback, class, str, or list or dict of these, or None
        As the user gives them; `train` replaces them by a list of instances.
    callbacks_params : dict of str to object
        Parameters of the callbacks that are classes or names.
    schedule : str or LearningRateSchedule
        Learning rate schedule, for a warning if callbacks change the learning rate, too.
    initial_epoch : int
        Number of epochs before this run, from which callbacks count.
    image_shape : tuple of two int or None
        Height and width of the images, for the model that callbacks see.
    early_stopping : EarlyStopping or None
    augmentation : callable or None
        ``augmentation(X, rng)`` returns the rows that an epoch trains on instead of `X`.
    deformation : Deformation or None
    evaluate : callable or None
        Maps weights to a dict of validation metrics.
    averaging_start : int or None
        Epoch from which the weights are averaged.
    recompute_statistics : callable
        Maps averaged weights to weights with batch-normalisation statistics of their own.
    """

    X: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray
    rows: np.ndarray
    batch_size: int
    epochs: int
    rng: np.random.RandomState
    learning_rate_factor: Callable
    callbacks: object
    callbacks_params: dict
    schedule: object
    initial_epoch: int
    image_shape: tuple | None
    early_stopping: EarlyStopping | None
    augmentation: Callable | None
    deformation: Deformation | None
    evaluate: Callable | None
    averaging_start: int | None
    recompute_statistics: Callable
    verbose: int


@dataclass(frozen=True)
class TrainingResult:
    """What a training run learned.

    Attributes
    ----------
    weights : list of ndarray
        In Keras' order: layer by layer.
    optimizer_state : tuple of str and list of ndarray
        Fingerprint of the optimizer, and its variables.
    history : dict of str to list of float
        Metrics under Keras' names: one value per epoch.
    best_epoch : int or None
        Index in `history` of the epoch whose weights early stopping kept.
    learning_rate : float or None
        Learning rate that `Job.learning_rate_factor` multiplies; None for a schedule of Keras'.
    interrupted : bool
        Whether Ctrl-C ended the training.
    """

    weights: list
    optimizer_state: tuple
    history: dict
    best_epoch: int | None
    learning_rate: float | None
    interrupted: bool
