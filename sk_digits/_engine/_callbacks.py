"""Keras callbacks: checks of the user's, and our own for early stopping and progress."""

import keras


def check_callbacks(callbacks):
    """Raise TypeError unless every callback is Keras'."""
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                f"callbacks must be a list of keras.callbacks.Callback instances, got {callback!r} in it."
            )


def acts_on_batches(callback):
    """Return whether a callback does something at every batch; Keras' own do if they are configured to."""
    if any(getattr(callback, name, "epoch") != "epoch" for name in ("save_freq", "update_freq")):
        return True
    hooks = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
    modules = (getattr(getattr(callback, hook), "__module__", None) or "" for hook in hooks)
    return any(module.partition(".")[0] != "keras" for module in modules)


def make_epoch_callback(function):
    """Return a Keras callback that calls ``function(logs)`` after each epoch."""
    return keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: function(logs))


def make_early_stopping(spec):
    """Return the callbacks that stop on the validation accuracy and restore the best epoch's weights."""
    stop = keras.callbacks.EarlyStopping(
        "val_accuracy", mode="max", patience=spec.patience, min_delta=spec.min_delta
    )
    return [stop, RestoreBestWeights()]


class RestoreBestWeights(keras.callbacks.Callback):
    """Restore the weights of the highest validation accuracy; of equal ones, of the lowest validation loss.

    Keras restores the first of equal ones. On a small validation set, which is soon classified without an
    error, that is a network which has hardly been trained.
    """

    def on_train_begin(self, logs=None):
        self.best = (-1.0, 0.0)

    def on_epoch_end(self, epoch, logs=None):
        score = (logs["val_accuracy"], -logs["val_loss"])
        if score > self.best:
            self.best, self.weights = score, self.model.evaluated_weights

    def on_train_end(self, logs=None):
        self.model.set_weights(self.weights)
