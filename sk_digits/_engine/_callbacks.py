"""What happens between the epochs: the user's Keras callbacks and the model that they see, early stopping."""

import warnings

import keras
import numpy as np

from .._nested_params import labelled_callbacks, split_label
from .._suggestions import did_you_mean
from ._layers import make_keras_model
from ._optimizers import describe_optimizer
from ._process import default_precision


def make_callbacks(callbacks, params):
    """Return a list of callbacks: the user's instances, and new ones of classes and names.

    Parameters
    ----------
    callbacks : Callback, class, str, or list or dict of these, or None
    params : dict of str to object
        Parameters of the classes, under the names of `callbacks_params`.

    Raises
    ------
    TypeError
        If something is no callback of Keras'.
    ValueError
        If a name is unknown, or parameters do not belong to a class or are refused by it.
    """
    own_params = {label: {} for label in labelled_callbacks(callbacks)}
    for key, value in params.items():
        label, name = split_label(callbacks, key)
        if label not in own_params or not name:
            expected = ", ".join(f"{label}__..." for label in own_params) or "none, since callbacks is None"
            raise ValueError(
                f"callbacks_params has the key {key!r}, which refers to no callback; it may have {expected}."
            )
        own_params[label][name] = value
    return [
        _make_callback(callback, own_params[label])
        for label, callback in labelled_callbacks(callbacks).items()
    ]


def _make_callback(callback, params):
    kind = getattr(keras.callbacks, callback, None) if isinstance(callback, str) else callback
    if isinstance(kind, type) and issubclass(kind, keras.callbacks.Callback):
        try:
            return kind(**params)
        except Exception as error:
            raise ValueError(f"callbacks_params: {kind.__name__} refuses {params!r}: {error}") from error
    if isinstance(callback, str):
        known = [name for name, value in vars(keras.callbacks).items() if isinstance(value, type)]
        raise ValueError(
            f"callbacks must be names of classes in keras.callbacks, got {callback!r}."
            f"{did_you_mean(callback, known)}"
        )
    if not isinstance(callback, keras.callbacks.Callback):
        raise TypeError(
            "callbacks must be keras.callbacks.Callback instances, their classes or their names, alone or in "
            f"a list or dict, got {callback!r}."
        )
    if params:
        raise ValueError(
            f"callbacks_params requires callbacks to be given as a class or a name, got an instance of "
            f"{type(callback).__name__} for {params!r}; set_params(callbacks__...) sets its attributes."
        )
    return callback


def warn_if_schedules_clash(callbacks, schedule):
    """Warn if callbacks change the learning rate while it follows a schedule."""
    kinds = keras.callbacks.ReduceLROnPlateau, keras.callbacks.LearningRateScheduler
    names = [type(callback).__name__ for callback in callbacks if isinstance(callback, kinds)]
    if names and isinstance(schedule, str) and schedule != "constant":
        warnings.warn(
            f"{' and '.join(names)} changes a learning rate that learning_rate_schedule={schedule!r} also "
            "changes: training uses the product of both. Set learning_rate_schedule='constant'.",
            UserWarning,
            stacklevel=7,
        )


def acts_on_batches(callback):
    """Return whether a callback does something at every batch; Keras' own do if they are configured to."""
    if any(getattr(callback, name, "epoch") != "epoch" for name in ("save_freq", "update_freq")):
        return True
    hooks = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
    modules = (getattr(getattr(callback, hook), "__module__", None) or "" for hook in hooks)
    return any(module.partition(".")[0] != "keras" for module in modules)


def make_epoch_callback(function):
    """Return a Keras callback that calls ``function(logs, n_epochs)`` after each of the fit's epochs."""
    callback = keras.callbacks.LambdaCallback()
    callback.on_epoch_end = lambda epoch, logs: function(logs, callback.params["epochs"])
    return callback


class BestEpoch:
    """Early stopping on a validation score; remembers the weights of the best epoch.

    Among epochs of equal score the one of the lowest validation loss is the best. The first of them, which
    Keras would keep, is on a small validation set a network that has hardly been trained. A score or loss
    that is not finite, of logits that overflow, is the worst.

    Parameters
    ----------
    spec : EarlyStopping
    """

    def __init__(self, spec):
        self._spec = spec
        self._score, self._reference, self._n_without = None, -np.inf, 0
        self.epoch = self.weights = None

    def update(self, epoch, logs, weights):
        """Take note of an epoch; return whether training should stop."""
        metric = self._spec.metric
        score = -logs[metric] if metric == "val_loss" else logs[metric]
        score, tie_breaker = (x if np.isfinite(x) else -np.inf for x in (score, -logs["val_loss"]))
        if self._score is None or (score, tie_breaker) > self._score:
            self._score, self.epoch, self.weights = (score, tie_breaker), epoch, weights
        if score > self._reference + self._spec.min_delta:
            self._reference, self._n_without = score, 0
        else:
            self._n_without += 1
        return self._n_without >= self._spec.patience


class CallbackModel:
    """The plain Keras model that the user's callbacks see instead of the engine's.

    The engine's model is reused by other fits, and its layers are not Keras' own. Callbacks see a model of
    this fit alone, in which everything works that a Keras callback may do: evaluate, save, clone, export. The
    state is copied from the engine before an event, and what the callbacks changed is copied back after it.

    Parameters
    ----------
    engine : EpochModel
    job : Job
    """

    @default_precision()
    def __init__(self, engine, job):
        self._engine = engine
        self.model = make_keras_model(
            engine.network, engine.regularization, engine.get_weights(), job.image_shape, name="sequential"
        )
        optimizer = engine.optimizer_spec.build()
        self.model.compile(optimizer, self.model.loss, metrics=["accuracy"], auto_scale_loss=False)
        optimizer.build(self.model.trainable_variables)
        # Keras lists only metrics that were updated.
        uniform = np.full((1, engine.network.n_classes), 1 / engine.network.n_classes, np.float32)
        self.model.compute_metrics(None, np.zeros(1, np.int32), uniform)
        self.model.reset_metrics()
        self._settings = self._traced_settings()

    def push(self, weights):
        """Copy the state of the engine to the model, with these weights."""
        self._weights = weights
        _, self._optimizer_weights = self._engine.state()
        assign(self.model.weights, weights)
        assign(self.model.optimizer.variables, self._optimizer_weights)

    def pull(self, *, settings=True):
        """Copy what the callbacks changed to the engine.

        Parameters
        ----------
        settings : bool, default=True
            Whether to look for changes of what is compiled, which takes a millisecond.

        Returns
        -------
        has_new_weights : bool

        Raises
        ------
        ValueError
            If something was changed that the engine cannot take over.
        """
        self._engine.stop_training |= bool(self.model.stop_training)
        new_settings = self._traced_settings() if settings else self._settings
        if new_settings != self._settings:
            self._check_settings(new_settings)
            self._engine.take_over(self.model)
            self._settings = new_settings
        else:
            self._assign_changes(
                self._engine.optimizer.variables, self._optimizer_weights, self.model.optimizer.variables
            )
        return self._assign_changes(self._engine.weights, self._weights, self.model.weights)

    def _assign_changes(self, variables, old, changed):
        """Set the engine's variables where the model's have changed; return whether any have."""
        new = [variable.numpy() for variable in changed]
        is_changed = [not np.array_equal(a, b) for a, b in zip(old, new, strict=True)]
        if any(is_changed):
            self._engine.fetch_state()
        for variable, value, differs in zip(variables, new, is_changed, strict=True):
            if differs:
                variable.value.assign(value)
        return any(is_changed)

    def _traced_settings(self):
        """Return everything of the model that is compiled into an epoch."""
        optimizer = describe_optimizer(self.model.optimizer)
        layers = [layer.get_config() for layer in self.model.layers]
        return layers, self.model.loss, optimizer.fingerprint, optimizer.weight_decay

    def _check_settings(self, new_settings):
        """Raise ValueError unless only the optimizer and `trainable` of layers have changed."""
        (old_layers, old_loss, *_), (layers, loss, *_) = self._settings, new_settings
        if len(layers) != len(old_layers):
            raise ValueError("callbacks must not add or remove layers of the model during fit.")
        for old, new in zip(old_layers, layers, strict=True):
            changed = sorted(name for name in new if name != "trainable" and new[name] != old.get(name))
            if changed:
                raise ValueError(
                    f"callbacks must not change {', '.join(changed)} of the layer {old['name']!r} during "
                    "fit; they may change weights, trainable, the optimizer and stop_training."
                )
        if loss != old_loss:
            raise ValueError(f"callbacks must not change the loss of the model during fit, got {loss!r}.")


class Events:
    """Keras' callback list, with the user's callbacks shielded from the engine's model.

    Parameters
    ----------
    engine : EpochModel
    job : Job
    steps : int
        Batches of an epoch.

    Attributes
    ----------
    by_batch : bool
        Whether callbacks act on batches.
    """

    def __init__(self, engine, job, *, steps):
        self._engine, self._callbacks = engine, job.callbacks
        self.by_batch = any(map(acts_on_batches, job.callbacks))
        self._shield = CallbackModel(engine, job) if job.callbacks else None
        self._list = keras.callbacks.CallbackList(
            job.callbacks,
            add_progbar=job.verbose == 2,  # a bar over all epochs is the engine's own
            model=self._shield.model if self._shield else engine,
            epochs=job.initial_epoch + job.epochs,
            steps=steps,
            verbose=job.verbose,
        )

    @property
    def has_callbacks(self):
        return self._shield is not None

    def emit(self, event, *args, weights=None):
        """Call the hook of all callbacks, whose model has these weights or else those of the engine."""
        if self._shield is None:
            getattr(self._list, event)(*args)
            return
        self._shield.push(weights or self._engine.get_weights())
        getattr(self._list, event)(*args)
        if self._shield.pull():
            self._engine.restart_average()

    def emit_batch(self, event, batch, logs=None):
        """Call the hook of a batch."""
        if not self.by_batch:
            getattr(self._list, event)(batch, logs)
            return
        self._shield.push(self._engine.get_weights())
        getattr(self._list, event)(batch, logs)
        self._shield.pull(settings=False)

    def close(self):
        """Take the model from the callbacks, which outlive the fit."""
        for callback in self._callbacks:
            keras.callbacks.Callback.set_model(callback, None)


def assign(variables, values):
    """Set Keras variables through TensorFlow's below them, several times faster than Keras' own assign."""
    for variable, value in zip(variables, values, strict=True):
        variable.value.assign(value)
