"""The engine behind `_training`: a Keras model that trains an epoch in one compiled call.

What Keras users see stays Keras': layers, loss, optimizer, callbacks, history. What is different is
the loop over the batches, which runs inside one XLA-compiled function over data that is placed once.
"""

import contextlib
import signal
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from ._deformations import deform, deformation_arguments
from ._buffers import memory_for, place, row_bucket
from ._layers import (
    HashedDropout,
    HashedGaussianNoise,
    WeightedBatchNormalization,
    keras_model,
    make_layers,
    make_loss,
    mix,
    uniform,
)


@dataclass
class Job:
    """What one fit works on and with.

    Attributes
    ----------
    X : {ndarray, sparse matrix} of shape (n_samples, n_features), any numeric dtype
    y : ndarray of shape (n_samples,), class numbers from 0
    sample_weight : ndarray of shape (n_samples,)
    rows : ndarray of int, the rows to train on; all of positive weight
    batch_size, epochs, verbose : int
    rng : RandomState, gives the initial weights, the order of the rows and the dropout masks
    learning_rate_factor : callable, step numbers to what the learning rate is multiplied with
    callbacks : list of keras.callbacks.Callback
    augmentation : callable or None, ``f(X, rng)`` gives the rows that an epoch sees in place of `X`
    deformation : dict or None, the settings of a `RandomDeformation`
    evaluate : callable or None, weights to a dict of validation figures
    averaging_start : int or None, the epoch from which on the weights are averaged
    fitting_statistics : callable, averaged weights to weights whose statistics are their own
    interrupted : bool, set when Ctrl-C ended the training
    """

    X: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray
    rows: np.ndarray
    batch_size: int
    epochs: int
    rng: np.random.RandomState
    learning_rate_factor: Callable
    callbacks: list
    augmentation: Callable | None
    deformation: dict | None
    evaluate: Callable | None
    averaging_start: int | None
    fitting_statistics: Callable
    verbose: int
    interrupted: bool = False


class EpochModel(keras.Sequential):
    """A Keras model whose `fit` runs each epoch as one compiled call.

    Keras owns the layers, the loss, the optimizer, the callbacks and the history. What is different
    is the loop: Keras' own returns to Python after each batch and spends most of its time there.
    """

    def __init__(self, network, optimizer):
        layers = make_layers(
            network,
            batch_norm=WeightedBatchNormalization,
            dropout=HashedDropout,
            noise=HashedGaussianNoise,
            softmax=tf.nn.softmax,  # Keras' own warns where there is but one class
        )
        super().__init__([keras.Input((network.n_features,), dtype=network.dtype), *layers])
        self._network = network
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        accuracy = keras.metrics.SparseCategoricalAccuracy("accuracy")
        self.compile(optimizer=optimizer, loss=make_loss(network), metrics=[accuracy])
        optimizer.build(self.trainable_variables)
        self._new_optimizer_weights = [v.numpy() for v in optimizer.variables]
        self._has_own_schedule = isinstance(optimizer.get_config()["learning_rate"], dict)
        self._metrics_are_shown = False
        self._epoch_functions = {}

    def save(self, *args, **kwargs):
        """Save as a plain Keras model, for callbacks such as ``ModelCheckpoint``."""
        keras_model(self._network, self.get_weights()).save(*args, **kwargs)

    def reset(self, weights, optimizer_weights, learning_rate):
        """Put the model where a fit starts, whatever it was used for before."""
        _assign(self.weights, weights)
        _assign(self.optimizer.variables, optimizer_weights or self._new_optimizer_weights)
        if learning_rate is not None:
            self.optimizer.learning_rate = learning_rate

    def fit(self, x, y=None, *, job, batch_size, epochs, callbacks, verbose, **_):
        """Train as Keras' `fit` does; `job` has the data, `x` is the numbers of its rows."""
        events = keras.callbacks.CallbackList(
            callbacks,
            add_history=True,
            add_progbar=verbose != 0,
            model=self,
            epochs=epochs,
            steps=-(-len(x) // batch_size),
            verbose=verbose,
        )
        self.stop_training = False
        self._average = None
        if callbacks:
            self._show_metrics()
        try:
            events.on_train_begin()
            self._train_epochs(job, batch_size, epochs, events, any(map(_wants_batches, callbacks)))
            self.optimizer.finalize_variable_values(self.trainable_variables)
            if self._average is not None:
                _assign(self.weights, self.result(job))
            events.on_train_end()
        finally:
            # The caller's callbacks outlive this fit, and the model goes on to serve others.
            for callback in callbacks:
                keras.callbacks.Callback.set_model(callback, None)
        return self.history

    def _show_metrics(self):
        """Let callbacks find the accuracy and that it should rise: Keras shows metrics that were used."""
        if not self._metrics_are_shown:
            n_classes = self._network.n_classes
            uniform = np.full((1, n_classes), 1 / n_classes, np.float32)
            self.compute_metrics(None, np.zeros(1, np.int32), uniform)
            self._metrics_are_shown = True

    def _train_epochs(self, job, batch_size, epochs, events, by_batch):
        dtype = self._network.dtype
        deformation = deformation_arguments(job.deformation, dtype)
        # What an augmentation gives may be of any dtype, so there is no staying uint8 with it.
        stays_uint8 = job.X.dtype == np.uint8 and job.augmentation is None
        whole_epoch = None
        try:
            with (
                memory_for(job.X.shape, np.uint8 if stays_uint8 else dtype) as memory,
                _noticed_interrupts() as interrupts,
            ):
                placed = place(job.X, memory)
                for epoch in range(epochs):
                    events.on_epoch_begin(epoch)
                    batches = _batches(job, batch_size, epoch, dtype)
                    if job.augmentation is not None:
                        placed = place(_augmented(job), memory)
                    logs = self._train_epoch(placed, batches, deformation, events, by_batch)
                    self._update_average(job, epoch)
                    if job.evaluate is not None:
                        self.evaluated_weights = self.result(job)
                        logs |= job.evaluate(self.evaluated_weights)
                    events.on_epoch_end(epoch, logs)
                    _check_finite(logs["loss"], epoch, self.optimizer)
                    if by_batch:
                        whole_epoch = [v.numpy() for v in self._all_variables()]
                    if interrupts:
                        raise KeyboardInterrupt
                    if self.stop_training:
                        break
        except KeyboardInterrupt:
            # One call is one epoch, so only between batches can the weights be those of half an epoch.
            if not self.history.epoch:
                raise
            job.interrupted = True
            if whole_epoch is not None:
                _assign(self._all_variables(), whole_epoch)

    def _update_average(self, job, epoch):
        """Take the weights after an epoch into their running mean."""
        if job.averaging_start is None or epoch < job.averaging_start:
            return
        weights, n = self.get_weights(), epoch - job.averaging_start + 1
        means = self._average or weights
        self._average = [mean + (weight - mean) / n for mean, weight in zip(means, weights, strict=True)]

    def result(self, job):
        """The weights that a fit would end with now."""
        return self.get_weights() if self._average is None else job.fitting_statistics(self._average)

    def state(self):
        """Copies of the weights and of the optimizer's variables."""
        return self.get_weights(), [v.numpy() for v in self.optimizer.variables]

    def _all_variables(self):
        return [*self.variables, *self.optimizer.variables]

    def _train_epoch(self, X, batches, deformation, events, by_batch):
        """Run the batches of one epoch; in one call, or one by one for callbacks that ask for it."""
        steps, shares, arguments = batches
        run_epoch = self._epoch_function(X, arguments, deformation)
        _, *amounts = deformation
        sums, first = np.zeros(2), 0
        for stop in range(1, steps + 1) if by_batch else (steps,):
            events.on_train_batch_begin(stop - 1)
            results = run_epoch(X, *arguments, tf.constant(first), tf.constant(stop), *amounts)
            sums += [float(result) for result in results]
            loss, accuracy = sums / shares[:stop].sum()
            logs = {"accuracy": accuracy, "loss": loss}
            events.on_train_batch_end(stop - 1, logs)
            first = stop
            if self.stop_training:
                break
        return logs

    def _epoch_function(self, X, batches, deformation):
        """The function traced and compiled for data of this size."""
        image_shape, *amounts = deformation
        key = (X.shape, X.dtype, batches[0].shape, image_shape, *(amount.shape for amount in amounts))
        if key not in self._epoch_functions:
            arguments = (X, *batches, tf.constant(0), tf.constant(0), *amounts)
            function = self._trace(image_shape, jit_compile=True).get_concrete_function(*arguments)
            try:
                function(*arguments)  # no steps: this compiles
            except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
                warnings.warn(
                    "XLA cannot compile this network, so it trains uncompiled: several times slower, with "
                    f"the same result. TensorFlow says: {str(error).splitlines()[0]}",
                    RuntimeWarning,
                    stacklevel=2,
                )
                function = self._trace(image_shape, jit_compile=False).get_concrete_function(*arguments)
            self._epoch_functions[key] = function
        return self._epoch_functions[key]

    def _trace(self, image_shape, *, jit_compile):
        """The epoch as a function of the data and its batches, from step `first` to before step `stop`."""

        @tf.function(jit_compile=jit_compile, autograph=False)
        def run_epoch(X, rows, labels, weights, shares, factors, seed, first, stop, *amounts):
            base = None if self._has_own_schedule else tf.identity(self.optimizer.learning_rate)

            def step(i, loss, accuracy):
                if base is not None:
                    self.optimizer.learning_rate.assign(base * factors[i])
                step_seed = mix(seed, i)
                if image_shape:
                    X_batch = deform(X, rows[i], image_shape, *amounts, mix(step_seed, 2**30))
                else:
                    X_batch = tf.cast(tf.gather(X, rows[i]), self._network.dtype)
                step_loss, step_accuracy = self._step(X_batch, labels[i], weights[i], step_seed)
                return i + 1, loss + step_loss * shares[i], accuracy + step_accuracy * shares[i]

            zero = tf.zeros((), weights.dtype)
            _, loss, accuracy = tf.while_loop(lambda i, *_: i < stop, step, [first, zero, zero])
            if base is not None:
                self.optimizer.learning_rate.assign(base)
            return loss, accuracy

        return run_epoch

    def _step(self, X, labels, weights, seed):
        """One update of the weights; returns the batch's weighted mean loss and accuracy."""
        with tf.GradientTape() as tape:
            probabilities = self._forward(X, weights, seed)
            losses = self.loss(labels, probabilities)
            if self._network.virtual_adversarial and self._network.n_classes > 1:
                losses += self._divergence(X, probabilities, weights, seed)
            loss = tf.reduce_sum(losses * weights)
            scaled_loss = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled_loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        correct = tf.equal(tf.argmax(probabilities, axis=1, output_type=labels.dtype), labels)
        return loss, tf.reduce_sum(tf.where(correct, weights, 0))

    def _divergence(self, X, probabilities, weights, seed):
        """How far, for each row, the worst of all small changes of it takes the prediction away.

        T. Miyato et al., "Virtual Adversarial Training", with one step of the power iteration.
        """
        length = self._network.virtual_adversarial
        target = tf.stop_gradient(probabilities)
        crossentropy = keras.losses.categorical_crossentropy
        numbers = tf.reshape(tf.range(tf.size(X)), X.shape)
        nearby = X + _of_length(length / 20, uniform(mix(seed, 2**29), numbers, X.dtype))
        with tf.GradientTape() as tape:
            tape.watch(nearby)
            # The same seed, so that dropout and noise are the same in all three passes.
            change = crossentropy(target, self._forward(nearby, weights, seed, keep_moments=True))
        worst = X + tf.stop_gradient(_of_length(length, tape.gradient(change, nearby)))
        moved = self._forward(worst, weights, seed, keep_moments=True)
        return crossentropy(target, moved) - crossentropy(target, target)

    def _forward(self, x, weights, seed, *, keep_moments=False):
        for number, layer in enumerate(self.layers):
            if isinstance(layer, WeightedBatchNormalization):
                x = layer(x, weights=weights, keep_moments=keep_moments)
            elif isinstance(layer, HashedDropout | HashedGaussianNoise):
                x = layer(x, seed=mix(seed, number))
            else:
                x = layer(x)
        return x


@contextlib.contextmanager
def _noticed_interrupts():
    """A list that Ctrl-C adds to, beside raising KeyboardInterrupt.

    Keras' callback list has a bare ``except:`` around what it does with the logs, where that can get lost.
    """
    interrupts = []
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupts
        return

    def notice(signum, frame):
        interrupts.append(signum)
        signal.default_int_handler(signum, frame)

    signal.signal(signal.SIGINT, notice)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _of_length(length, rows):
    """Each row scaled to this Euclidean length; a row of zeros stays."""
    norms = tf.norm(rows, axis=1, keepdims=True)
    return tf.math.divide_no_nan(length * rows, norms)


def _assign(variables, values):
    """Set Keras variables by way of TensorFlow's below them, several times faster than Keras' own assign."""
    for variable, value in zip(variables, values, strict=True):
        variable.value.assign(value)


def _augmented(job):
    """The rows that an epoch sees in place of the data."""
    X = job.augmentation(job.X, job.rng)
    if np.shape(X) != job.X.shape:
        raise ValueError(
            f"augmentation was given X of shape {job.X.shape} and returned shape {np.shape(X)}; it must "
            "return rows of the same shape."
        )
    return X


def _batches(job, batch_size, epoch, dtype):
    """One epoch in batches, its rows in a new order.

    The last batch is filled up with row 0 at weight 0, and so is the room up to a bucket of steps.

    Returns
    -------
    steps : int
    shares : ndarray of shape (room,)
        What share of the epoch's weight each batch has.
    arguments : tuple of Tensor
        Row numbers, labels and weights, of shape (room, batch_size), the weights of a batch with the
        sum 1; the shares; the learning rate factors, of shape (room,); a seed. Dividing by the sum of the
        weights, not by the number of rows, makes a weight of 2 the same as a row given twice.
    """
    order = job.rng.permutation(job.rows)
    steps = -(-len(order) // batch_size)
    room = 1 if steps == 1 else -(-row_bucket(len(order)) // batch_size)

    def filled(values, dtype):
        padded = np.zeros((room, batch_size), dtype)
        padded.flat[: len(values)] = values
        return padded

    weights = filled(job.sample_weight[order], np.float64)
    sums = weights.sum(axis=1)
    weights[:steps] /= sums[:steps, np.newaxis]
    shares = sums / sums.sum()
    factors = np.zeros(room, np.float32)
    factors[:steps] = job.learning_rate_factor(np.arange(steps) + steps * epoch)
    seed = job.rng.randint(2**32, dtype=np.uint32)
    arguments = (
        filled(order, np.int32),
        filled(job.y[order], np.int32),
        weights.astype(dtype),
        shares.astype(dtype),
        factors,
        seed,
    )
    return steps, shares, tuple(map(tf.convert_to_tensor, arguments))


def _check_finite(loss, epoch, optimizer):
    if not np.isfinite(loss):
        raise ValueError(
            f"The training loss became {loss} in epoch {epoch + 1}: the weights have diverged. Lower "
            f"learning_rate (it was {float(optimizer.learning_rate.numpy()):g}), or bring X to a smaller "
            "scale, for example with StandardScaler or MinMaxScaler."
        )


def _wants_batches(callback):
    """Whether a callback does something of its own at every batch; Keras' do where they are told to."""
    if any(getattr(callback, name, "epoch") != "epoch" for name in ("save_freq", "update_freq")):
        return True
    hooks = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
    modules = (getattr(getattr(callback, hook), "__module__", None) or "" for hook in hooks)
    return any(module.partition(".")[0] != "keras" for module in modules)
