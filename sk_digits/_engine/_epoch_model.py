"""A Keras model whose `fit` runs each epoch as one compiled call.

Layers, loss, optimizer, callbacks and history are Keras'. Only the loop over the batches differs: it runs
inside one XLA-compiled function over data that is placed once.
"""

import contextlib
import signal
import threading
import warnings

import keras
import numpy as np
import tensorflow as tf

from ._buffers import borrow_buffer, copy_to_buffer, row_bucket
from ._callbacks import acts_on_batches
from ._deformations import deform, make_deformation_arguments
from ._layers import (
    HashedDropout,
    HashedGaussianNoise,
    WeightedBatchNormalization,
    hash_bits,
    hash_uniform,
    make_keras_model,
    make_layers,
    make_loss,
)


class EpochModel(keras.Sequential):
    """A Keras model whose `fit` runs each epoch as one compiled call.

    Keras' own loop returns to Python after each batch and spends most of its time there.

    Parameters
    ----------
    network : Network
    regularization : Regularization
    optimizer : keras.optimizers.Optimizer
        Not built yet.

    Attributes
    ----------
    interrupted : bool
        Whether Ctrl-C ended the last fit.
    evaluated_weights : list of ndarray
        Weights that the last epoch of a fit with a validation set was evaluated with.
    """

    def __init__(self, network, regularization, optimizer):
        layers = make_layers(
            network,
            regularization,
            batch_norm=WeightedBatchNormalization,
            dropout=HashedDropout,
            noise=HashedGaussianNoise,
            softmax=tf.nn.softmax,  # Keras' own warns if there is only one class
        )
        super().__init__([keras.Input((network.n_features,), dtype=network.dtype), *layers])
        self._network = network
        self._regularization = regularization
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        accuracy = keras.metrics.SparseCategoricalAccuracy("accuracy")
        self.compile(optimizer=optimizer, loss=make_loss(network, regularization), metrics=[accuracy])
        optimizer.build(self.trainable_variables)
        self._initial_optimizer_weights = [v.numpy() for v in optimizer.variables]
        self._optimizer_has_schedule = isinstance(optimizer.get_config()["learning_rate"], dict)
        self._metrics_are_shown = False
        self._epoch_functions = {}

    def save(self, *args, **kwargs):
        """Save as a plain Keras model, for callbacks such as ``ModelCheckpoint``."""
        model = make_keras_model(self._network, self._regularization, self.get_weights())
        model.save(*args, **kwargs)

    def reset(self, weights, optimizer_weights, learning_rate):
        """Set everything that a fit starts from, whatever the model was used for before."""
        _assign(self.weights, weights)
        _assign(self.optimizer.variables, optimizer_weights or self._initial_optimizer_weights)
        if learning_rate is not None:
            self.optimizer.learning_rate = learning_rate

    def fit(self, x, y=None, *, job, batch_size, epochs, callbacks, verbose, **_):
        """Train as Keras' `fit` does; `job` holds the data and `x` the indices of its rows."""
        events = keras.callbacks.CallbackList(
            callbacks,
            add_history=True,
            add_progbar=verbose != 0,
            model=self,
            epochs=epochs,
            steps=-(-len(x) // batch_size),
            verbose=verbose,
        )
        self.stop_training = self.interrupted = False
        self._average = None
        if callbacks:
            self._show_metrics()
        try:
            events.on_train_begin()
            self._run_epochs(job, batch_size, epochs, events, any(map(acts_on_batches, callbacks)))
            self.optimizer.finalize_variable_values(self.trainable_variables)
            if self._average is not None:
                _assign(self.weights, self._current_result(job))
            events.on_train_end()
            # The loss of an epoch does not show what its last step did to the weights.
            self._check_finite("A weight", self.get_weights(), self.history.epoch[-1])
        finally:
            # The caller's callbacks outlive this fit, and the model is reused for others.
            for callback in callbacks:
                keras.callbacks.Callback.set_model(callback, None)
        return self.history

    def _show_metrics(self):
        """Let callbacks find the accuracy and its direction: Keras lists only metrics that were updated."""
        if not self._metrics_are_shown:
            n_classes = self._network.n_classes
            uniform = np.full((1, n_classes), 1 / n_classes, np.float32)
            self.compute_metrics(None, np.zeros(1, np.int32), uniform)
            self._metrics_are_shown = True

    def _run_epochs(self, job, batch_size, epochs, events, by_batch):
        dtype = self._network.dtype
        deformation = make_deformation_arguments(job.deformation, dtype)
        # An augmentation may return any dtype, so only data without one can stay uint8.
        keep_uint8 = job.X.dtype == np.uint8 and job.augmentation is None
        last_complete_epoch = None
        try:
            with (
                borrow_buffer(job.X.shape, np.uint8 if keep_uint8 else dtype) as buffer,
                _record_interrupts() as interrupts,
            ):
                X = copy_to_buffer(job.X, buffer)
                for epoch in range(epochs):
                    events.on_epoch_begin(epoch)
                    batches = _draw_batches(job, batch_size, epoch, dtype)
                    if job.augmentation is not None:
                        X = copy_to_buffer(_augment(job), buffer)
                    logs = self._run_epoch(X, batches, deformation, events, by_batch)
                    self._update_average(job, epoch)
                    if job.evaluate is not None:
                        self.evaluated_weights = self._current_result(job)
                        logs |= job.evaluate(self.evaluated_weights)
                    events.on_epoch_end(epoch, logs)
                    self._check_finite("The training loss", [logs["loss"]], epoch)
                    if by_batch:
                        last_complete_epoch = [v.numpy() for v in self._all_variables()]
                    if interrupts:
                        raise KeyboardInterrupt
                    if self.stop_training:
                        break
        except KeyboardInterrupt:
            # One call is one epoch, so only batch by batch can the weights be those of half an epoch.
            if not self.history.epoch:
                raise
            self.interrupted = True
            if last_complete_epoch is not None:
                _assign(self._all_variables(), last_complete_epoch)

    def _update_average(self, job, epoch):
        """Add the weights after an epoch to their running mean."""
        if job.averaging_start is None or epoch < job.averaging_start:
            return
        weights, n = self.get_weights(), epoch - job.averaging_start + 1
        means = self._average or weights
        self._average = [mean + (weight - mean) / n for mean, weight in zip(means, weights, strict=True)]

    def _current_result(self, job):
        """Return the weights that the fit would end with now."""
        return self.get_weights() if self._average is None else job.recompute_statistics(self._average)

    def state(self):
        """Return copies of the weights and of the optimizer's variables."""
        return self.get_weights(), [v.numpy() for v in self.optimizer.variables]

    def _check_finite(self, name, values, epoch):
        if not all(np.isfinite(value).all() for value in values):
            raise ValueError(
                f"{name} became infinite or NaN in epoch {epoch + 1}: training has diverged. Lower "
                f"learning_rate (it was {float(self.optimizer.learning_rate.numpy()):g}), or scale X, for "
                "example with StandardScaler or MinMaxScaler."
            )

    def _all_variables(self):
        return [*self.variables, *self.optimizer.variables]

    def _run_epoch(self, X, batches, deformation, events, by_batch):
        """Run the batches of one epoch: in one call, or one by one for callbacks that act on batches."""
        steps, shares, arguments = batches
        run_epoch = self._epoch_function(X, arguments, deformation)
        _, *deformation_arguments = deformation
        sums, first = np.zeros(2), 0
        for stop in range(1, steps + 1) if by_batch else (steps,):
            events.on_train_batch_begin(stop - 1)
            results = run_epoch(X, *arguments, tf.constant(first), tf.constant(stop), *deformation_arguments)
            sums += [float(result) for result in results]
            loss, accuracy = sums / shares[:stop].sum()
            logs = {"accuracy": accuracy, "loss": loss}
            events.on_train_batch_end(stop - 1, logs)
            first = stop
            if self.stop_training:
                break
        return logs

    def _epoch_function(self, X, batches, deformation):
        """Return the function that is traced and compiled for data of this size."""
        image_shape, *deformation_arguments = deformation
        shapes = (argument.shape for argument in deformation_arguments)
        key = (X.shape, X.dtype, batches[0].shape, image_shape, *shapes)
        if key not in self._epoch_functions:
            arguments = (X, *batches, tf.constant(0), tf.constant(0), *deformation_arguments)
            function = self._trace(image_shape, jit_compile=True).get_concrete_function(*arguments)
            try:
                function(*arguments)  # runs no step, but compiles
            except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
                warnings.warn(
                    "XLA cannot compile this network; it trains uncompiled, several times slower and with "
                    f"the same result. TensorFlow reports: {str(error).splitlines()[0]}",
                    RuntimeWarning,
                    stacklevel=2,
                )
                function = self._trace(image_shape, jit_compile=False).get_concrete_function(*arguments)
            self._epoch_functions[key] = function
        return self._epoch_functions[key]

    def _trace(self, image_shape, *, jit_compile):
        """Return a function that runs the steps `first` to `stop` - 1 of an epoch."""

        @tf.function(jit_compile=jit_compile, autograph=False)
        def run_epoch(X, rows, labels, weights, shares, factors, seed, first, stop, *deformation_arguments):
            base = None if self._optimizer_has_schedule else tf.identity(self.optimizer.learning_rate)

            def step(i, loss, accuracy):
                if base is not None:
                    self.optimizer.learning_rate.assign(base * factors[i])
                step_seed = hash_bits(seed, i)
                if image_shape:
                    deformation_seed = hash_bits(step_seed, 2**30)
                    X_batch = deform(X, rows[i], image_shape, *deformation_arguments, deformation_seed)
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
        """Update the weights once; return the weighted mean loss and accuracy of the batch."""
        with tf.GradientTape() as tape:
            probabilities = self._forward(X, weights, seed)
            losses = self.loss(labels, probabilities)
            if self._regularization.virtual_adversarial and self._network.n_classes > 1:
                losses += self._adversarial_divergence(X, probabilities, weights, seed)
            loss = tf.reduce_sum(losses * weights)
            scaled_loss = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled_loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        correct = tf.equal(tf.argmax(probabilities, axis=1, output_type=labels.dtype), labels)
        return loss, tf.reduce_sum(tf.where(correct, weights, 0))

    def _adversarial_divergence(self, X, probabilities, weights, seed):
        """Return the divergence under the worst-case perturbation of each row.

        The perturbation is approximated by one step of power iteration (T. Miyato et al., "Virtual
        Adversarial Training", IEEE TPAMI 2019).
        """
        length = self._regularization.virtual_adversarial
        target = tf.stop_gradient(probabilities)
        crossentropy = keras.losses.categorical_crossentropy
        index = tf.reshape(tf.range(tf.size(X)), X.shape)
        direction = hash_uniform(hash_bits(seed, 2**29), index, X.dtype)
        nearby = X + _scale_rows(direction, length / 20)
        with tf.GradientTape() as tape:
            tape.watch(nearby)
            # The same seed in all three passes gives the same dropout masks and noise.
            change = crossentropy(target, self._forward(nearby, weights, seed, keep_moments=True))
        worst = X + tf.stop_gradient(_scale_rows(tape.gradient(change, nearby), length))
        moved = self._forward(worst, weights, seed, keep_moments=True)
        return crossentropy(target, moved) - crossentropy(target, target)

    def _forward(self, x, weights, seed, *, keep_moments=False):
        for index, layer in enumerate(self.layers):
            if isinstance(layer, WeightedBatchNormalization):
                x = layer(x, weights=weights, keep_moments=keep_moments)
            elif isinstance(layer, HashedDropout | HashedGaussianNoise):
                x = layer(x, seed=hash_bits(seed, index))
            else:
                x = layer(x)
        return x


@contextlib.contextmanager
def _record_interrupts():
    """Yield a list to which Ctrl-C adds, besides raising KeyboardInterrupt.

    Keras' callback list has a bare ``except:`` around its work on the logs, which can swallow the exception.
    """
    interrupts = []
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupts
        return

    def record(signum, frame):
        interrupts.append(signum)
        signal.default_int_handler(signum, frame)

    signal.signal(signal.SIGINT, record)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _scale_rows(rows, length):
    """Scale each row to a Euclidean length; rows of zeros are unchanged."""
    norms = tf.norm(rows, axis=1, keepdims=True)
    return tf.math.divide_no_nan(length * rows, norms)


def _assign(variables, values):
    """Set Keras variables through TensorFlow's below them, several times faster than Keras' own assign."""
    for variable, value in zip(variables, values, strict=True):
        variable.value.assign(value)


def _augment(job):
    """Return the rows that an epoch trains on instead of the data."""
    X = job.augmentation(job.X, job.rng)
    if np.shape(X) != job.X.shape:
        raise ValueError(
            "augmentation must return rows of the shape that it is passed, "
            f"got shape {np.shape(X)} for X of shape {job.X.shape}."
        )
    return X


def _draw_batches(job, batch_size, epoch, dtype):
    """Draw the batches of one epoch.

    The last batch, and the batches up to `n_slots`, are padded with row 0 at weight 0.

    Returns
    -------
    steps : int
    shares : ndarray of shape (n_slots,)
        Fraction of the epoch's weight in each batch.
    arguments : tuple of Tensor
        Row indices, labels and weights, of shape (n_slots, batch_size); the weights of a batch sum to 1.
        The shares and the learning rate factors, of shape (n_slots,), and a seed. Dividing by the sum of
        the weights, not by the number of rows, makes a weight of 2 equivalent to repeating the row.
    """
    order = job.rng.permutation(job.rows)
    steps = -(-len(order) // batch_size)
    n_slots = 1 if steps == 1 else -(-row_bucket(len(order)) // batch_size)

    def pad(values, dtype):
        padded = np.zeros((n_slots, batch_size), dtype)
        padded.flat[: len(values)] = values
        return padded

    weights = pad(job.sample_weight[order], np.float64)
    sums = weights.sum(axis=1)
    weights[:steps] /= sums[:steps, np.newaxis]
    shares = sums / sums.sum()
    factors = np.zeros(n_slots, np.float32)
    factors[:steps] = job.learning_rate_factor(np.arange(steps) + steps * epoch)
    seed = job.rng.randint(2**32, dtype=np.uint32)
    arguments = (
        pad(order, np.int32),
        pad(job.y[order], np.int32),
        weights.astype(dtype),
        shares.astype(dtype),
        factors,
        seed,
    )
    return steps, shares, tuple(map(tf.convert_to_tensor, arguments))
