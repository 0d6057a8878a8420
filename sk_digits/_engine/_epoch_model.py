"""A Keras model whose `fit` runs each epoch as one compiled call.

Layers, optimizer and callbacks are Keras'. Only the loop over the batches differs: it runs inside one
XLA-compiled function over data that is placed once.
"""

import contextlib
import math
import warnings
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf

from .._progress import Progress, epoch_note, progress_bar
from ._batches import augment, count_slots, draw_batches
from ._buffers import borrow_buffer, copy_to_buffer
from ._callbacks import BestEpoch, Events, assign
from ._deformations import deform, make_deformation_arguments
from ._layers import (
    HashedDropout,
    HashedGaussianNoise,
    WeightedBatchNormalization,
    cross_entropy,
    hash_bits,
    hash_uniform,
    make_layers,
    name_layers,
)
from ._optimizers import describe_optimizer, ready_for_tracing
from ._process import default_precision, record_interrupts
from ._session import VariablesSession, error_text
from ._spec import Regularization

# About the number of floating-point operations in a call that runs several epochs, some 50 ms.
CALL_OPERATIONS = 2e9


class EpochModel(keras.Sequential):
    """A Keras model whose `fit` runs each epoch as one compiled call.

    Keras' own loop returns to Python after each batch and spends most of its time there.

    Parameters
    ----------
    network : Network
    regularization : Regularization
        Only its switches matter here; `reset` sets the numbers.
    optimizer_spec : OptimizerSpec
        Only its fingerprint matters here; `reset` sets the numbers.

    Attributes
    ----------
    interrupted : bool
        Whether Ctrl-C ended the last fit.
    best_epoch : int or None
        Index in `record` of the epoch whose weights early stopping kept in the last fit.
    record : dict of str to list of float
        Metrics of each epoch of the last fit.
    is_modified : bool
        Whether callbacks changed what is compiled, so that the model must not be reused.
    """

    @default_precision()
    def __init__(self, network, regularization, optimizer_spec):
        layers = make_layers(
            network,
            regularization,
            batch_norm=WeightedBatchNormalization,
            dropout=lambda rate, dtype: HashedDropout(dtype=dtype),
            noise=lambda stddev, dtype: HashedGaussianNoise(dtype=dtype),
            softmax=tf.nn.softmax,  # Keras' own warns if there is only one class
        )
        name_layers(layers)
        inputs = keras.Input((network.n_features,), dtype=network.dtype)
        super().__init__([inputs, *layers], name="epoch_model")
        self.network = network
        self.is_modified = False
        self._set_optimizer(optimizer_spec)
        self._initial_optimizer_weights = [v.numpy() for v in self.optimizer.variables]
        self._open_session()

    def _open_session(self):
        self._session = VariablesSession([variable.value for variable in self._all_variables()])
        self._epoch_functions = {}

    def _set_optimizer(self, spec):
        """Compile the model with a new, built optimizer."""
        optimizer = spec.build()
        self.compile(optimizer, "sparse_categorical_crossentropy", auto_scale_loss=False)
        # Those of frozen layers, too, which may be unfrozen.
        moving = ("moving_mean", "moving_variance")
        optimizer.build([variable for variable in self.weights if variable.name not in moving])
        self.optimizer_spec = spec

    def reset(self, regularization, optimizer_spec, weights, optimizer_weights):
        """Set everything that a fit starts from, whatever the model was used for before."""
        self.regularization = regularization
        self.optimizer_spec = optimizer_spec
        self._session.start_anew()
        assign(self.weights, weights)
        assign(self.optimizer.variables, optimizer_weights or self._initial_optimizer_weights)
        if optimizer_spec.learning_rate is not None:
            self.optimizer.learning_rate = optimizer_spec.learning_rate

    @default_precision()
    def take_over(self, model):
        """Adopt the optimizer and the trainable layers of a plain Keras model that callbacks changed."""
        self._session.fetch()
        # The plain model has a Flatten layer in front.
        for layer, changed in zip(self.layers, model.layers[1:], strict=True):
            layer.trainable = changed.trainable
        self._set_optimizer(describe_optimizer(model.optimizer))
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        own, changed = self.optimizer.variables, model.optimizer.variables
        if [v.shape for v in own] != [v.shape for v in changed]:
            raise ValueError(
                "callbacks must not change the optimizer during fit so that it needs other state, such as a "
                "momentum where there was none; pass such an optimizer as the parameter optimizer."
            )
        assign(own, [variable.numpy() for variable in changed])
        self.close()
        self._open_session()
        self.is_modified = True

    def close(self):
        """Free what was compiled; the model cannot be used any more."""
        self._session.close()

    def get_weights(self):
        """Return copies of the weights."""
        return self._values(self.weights)

    def _values(self, variables):
        """Return the present values of some of the Keras variables."""
        return self._session.values([variable.value for variable in variables])

    def fetch_state(self):
        """Copy the state to the Keras variables, so that these can be changed."""
        self._session.fetch()

    def fit(self, x, y=None, *, job, batch_size, **_):
        """Train as Keras' `fit` does; `job` holds the data and `x` the indices of its rows.

        Returns
        -------
        history : object
            With the attribute `history`, as Keras returns it.
        """
        events = Events(self, job, steps=-(-len(x) // batch_size))
        self.record = {}
        self.stop_training = self.interrupted = False
        self.best_epoch, self._average = None, None
        best = BestEpoch(job.early_stopping) if job.early_stopping else None
        try:
            events.emit("on_train_begin")
            with self._progress_bar(job) as self._progress:
                self._run_epochs(job, batch_size, events, best)
            self.optimizer.finalize_variable_values(self.trainable_variables)
            if best is not None:
                assign(self.weights, best.weights)
                self.best_epoch = best.epoch
            elif self._average is not None:
                assign(self.weights, self._current_result(job))
            self._average = None
            events.emit("on_train_end")
            # The loss of an epoch does not show what its last step did to the weights.
            n_epochs = job.initial_epoch + len(self.record["loss"])
            self._check_finite("A weight", self.get_weights(), n_epochs)
        finally:
            events.close()
        return SimpleNamespace(history=self.record)

    def _run_epochs(self, job, batch_size, events, best):
        dtype = self.network.dtype
        deformation = make_deformation_arguments(job.deformation, dtype)
        # An augmentation may return any dtype, so only data without one can stay uint8.
        keep_uint8 = job.X.dtype == np.uint8 and job.augmentation is None
        n_per_call = self._epochs_per_call(job, batch_size, events)
        last_complete_epoch = None
        try:
            with (
                borrow_buffer(job.X.shape, np.uint8 if keep_uint8 else dtype) as buffer,
                record_interrupts() as interrupts,
            ):
                X = copy_to_buffer(job.X, buffer)
                for start in range(0, job.epochs, n_per_call):
                    epochs = range(start, min(start + n_per_call, job.epochs))
                    events.emit("on_epoch_begin", job.initial_epoch + start)
                    batches = draw_batches(job, batch_size, epochs, dtype)
                    if job.augmentation is not None:
                        X = copy_to_buffer(augment(job), buffer)
                    logs = self._run_call(X, batches, deformation, events)
                    self._finish_call(job, epochs, logs, events, best)
                    if events.by_batch:
                        last_complete_epoch = self._values(self._all_variables())
                    if interrupts:
                        raise KeyboardInterrupt
                    if self.stop_training:
                        break
        except KeyboardInterrupt:
            # A call ends with an epoch, so only batch by batch can the weights be those of half an epoch.
            if not self.record:
                raise
            self.interrupted = True
            if last_complete_epoch is not None:
                self._session.forget()
                assign(self._all_variables(), last_complete_epoch)
        finally:
            self._session.fetch()

    def _progress_bar(self, job):
        """Return a context that shows a bar over all epochs if the user asks for it."""
        if job.verbose != 1:
            return contextlib.nullcontext(Progress())
        return progress_bar("Training", job.epochs, "compiling the network")

    def _epochs_per_call(self, job, batch_size, events):
        """Return the number of epochs that one call runs: 1 if anything looks at the network after each.

        Several short epochs share a call, since a call costs more than their steps. It is short enough for
        Ctrl-C to take effect soon.
        """
        is_observed = job.evaluate or job.augmentation or events.has_callbacks or job.verbose
        if is_observed or job.averaging_start is not None:
            return 1
        n_rows = len(job.rows)
        n_affordable = CALL_OPERATIONS / (6 * self.count_params() * batch_size)
        steps = math.ceil(n_rows / batch_size)
        return max(1, int(min(count_slots(n_rows, batch_size), n_affordable)) // steps)

    def _finish_call(self, job, epochs, logs, events, best):
        """Check, evaluate and record the epochs of a call; `logs` has a list of values for each metric."""
        self._check_losses(logs["loss"], job.initial_epoch + epochs.start)
        self._update_average(job, epochs[-1])
        weights = self._current_result(job) if job.evaluate or events.has_callbacks else None
        last = {name: values[-1] for name, values in logs.items()}
        if job.evaluate is not None:
            last |= job.evaluate(weights)
        if best is not None:
            self.stop_training |= best.update(epochs[-1], last, weights)
        # Before the callbacks, so that Ctrl-C in one of them does not lose the epoch.
        for name, value in last.items():
            self.record.setdefault(name, []).extend([*logs.get(name, [])[:-1], float(value)])
        self._progress.advance(epoch_note(last), steps=len(epochs))
        events.emit("on_epoch_end", job.initial_epoch + epochs[-1], last, weights=weights)

    def _strengths(self):
        """Return the numbers that the compiled epoch takes as arguments, as one array of float64."""
        decay = self.optimizer_spec.weight_decay
        return np.array([*vars(self.regularization).values(), decay or 0.0], np.float64)

    def _update_average(self, job, epoch):
        """Add the weights after an epoch to their running mean."""
        if job.averaging_start is None or epoch < job.averaging_start:
            return
        weights = self.get_weights()
        if self._average is None:
            self._average, self._n_averaged = weights, 1
            return
        self._n_averaged += 1
        pairs = zip(self._average, weights, strict=True)
        self._average = [mean + (weight - mean) / self._n_averaged for mean, weight in pairs]

    def restart_average(self):
        """Forget the average, because the weights were set to something else."""
        self._average = None

    def _current_result(self, job):
        """Return the weights that the fit would end with now."""
        return self.get_weights() if self._average is None else job.recompute_statistics(self._average)

    def state(self):
        """Return copies of the weights and of the optimizer's variables."""
        return self.get_weights(), self._values(self.optimizer.variables)

    def _check_losses(self, losses, n_epochs):
        """Raise ValueError at the first epoch whose loss is infinite or NaN, `n_epochs` being before it."""
        for number, loss in enumerate(losses, start=n_epochs + 1):
            self._check_finite("The training loss", [loss], number)

    def _check_finite(self, name, values, n_epochs):
        if not all(np.isfinite(value).all() for value in values):
            raise ValueError(
                f"{name} became infinite or NaN in epoch {n_epochs}: training has diverged. Lower "
                f"learning_rate (it was {self._learning_rate():g}), or scale X, for "
                "example with StandardScaler or MinMaxScaler."
            )

    def _learning_rate(self):
        rate = self.optimizer.learning_rate  # a variable, or what a schedule returns
        return float(rate.numpy() if hasattr(rate, "numpy") else rate)

    def _all_variables(self):
        return [*self.variables, *self.optimizer.variables]

    def _run_call(self, X, batches, deformation, events):
        """Run the batches: in one call, or one by one for callbacks that act on batches.

        Returns
        -------
        logs : dict of str to list of float
            Metrics of each epoch.
        """
        statics, *deformation_arguments = deformation
        arguments = (X, *batches.arguments, self._strengths())
        run_steps = self._epoch_function(arguments, statics, deformation_arguments)
        n_steps = batches.shares.size
        totals, first = np.zeros((2, n_steps)), 0
        for stop in range(1, n_steps + 1) if events.by_batch else (n_steps,):
            events.emit_batch("on_train_batch_begin", stop - 1)
            results = run_steps(*arguments, np.int32(first), np.int32(stop), *deformation_arguments)
            totals += [result[:n_steps] for result in results]
            loss, accuracy = _epoch_means(totals, batches.shares, stop)
            logs = {"accuracy": accuracy, "loss": loss}
            if events.by_batch:
                events.emit_batch("on_train_batch_end", stop - 1, {"accuracy": accuracy[0], "loss": loss[0]})
            first = stop
            if self.stop_training:
                break
        return logs

    @default_precision()
    def _epoch_function(self, arguments, statics, deformation_arguments):
        """Return the function that is traced and compiled for data of this size."""
        shapes = (argument.shape for argument in deformation_arguments)
        X, rows, *_ = arguments
        key = (X.shape, X.dtype, rows.shape, statics, *shapes)
        if key not in self._epoch_functions:
            arguments = [*arguments, np.int32(0), np.int32(0), *deformation_arguments]
            specs = [tf.TensorSpec(argument.shape, argument.dtype) for argument in arguments]
            traced = self._trace(statics).get_concrete_function(*specs)
            function = self._session.add(traced, specs, jit_compile=True)
            try:
                function(*arguments)  # runs no step, but compiles
            except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
                warnings.warn(
                    "XLA cannot compile this network; it trains uncompiled, several times slower and with "
                    f"the same result. TensorFlow reports: {error_text(error)}",
                    RuntimeWarning,
                    stacklevel=2,
                )
                function = self._session.add(traced, specs, jit_compile=False)
            self._epoch_functions[key] = function
        return self._epoch_functions[key]

    def _trace(self, statics):
        """Return a function that runs the steps `first` to `stop` - 1; loss and accuracy are 0 elsewhere."""

        @tf.function(autograph=False)
        def run_steps(
            X,
            rows,
            labels,
            weights,
            sums,
            factors,
            seeds,
            positions,
            strengths,
            first,
            stop,
            *deformation_arguments,
        ):
            has_schedule = self.optimizer_spec.schedule is not None
            base = None if has_schedule else tf.identity(self.optimizer.learning_rate)
            *strengths, weight_decay = tf.unstack(strengths)
            regularization = Regularization(*strengths)

            def step(i, losses, accuracies):
                if base is not None:
                    self.optimizer.learning_rate.assign(base * factors[i])
                step_seed = hash_bits(seeds[i], positions[i])
                if statics:
                    deformation_seed = hash_bits(step_seed, 2**30)
                    X_batch = deform(X, rows[i], deformation_seed, statics, *deformation_arguments)
                else:
                    X_batch = tf.cast(tf.gather(X, rows[i]), self.network.dtype)
                loss, accuracy = self._step(
                    X_batch, labels[i], weights[i], sums[i], step_seed, regularization, weight_decay
                )
                return i + 1, losses.write(i, loss), accuracies.write(i, accuracy)

            per_step = tf.TensorArray(weights.dtype, size=rows.shape[0], element_shape=())
            _, losses, accuracies = tf.while_loop(lambda i, *_: i < stop, step, [first, per_step, per_step])
            if base is not None:
                self.optimizer.learning_rate.assign(base)
            return losses.stack(), accuracies.stack()

        return run_steps

    def _step(self, X, labels, weights, weight_sum, seed, regularization, weight_decay):
        """Update the weights once; return the weighted mean loss and accuracy of the batch.

        `weights` are divided by their sum, `weight_sum`.
        """
        switches = Regularization(*self.regularization.switches)
        with tf.GradientTape() as tape:
            probabilities = self._forward(X, weights, seed, regularization)
            smoothing = tf.cast(regularization.label_smoothing, X.dtype) if switches.label_smoothing else None
            losses = cross_entropy(labels, probabilities, smoothing)
            if switches.virtual_adversarial and self.network.n_classes > 1:
                losses += self._adversarial_divergence(X, probabilities, weights, seed, regularization)
            loss = tf.reduce_sum(losses * weights)
            if switches.alpha:
                loss += tf.cast(regularization.alpha, X.dtype) / weight_sum * self._half_square_of_kernels()
            scaled_loss = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled_loss, self.trainable_variables)
        with ready_for_tracing(self.optimizer, weight_decay):
            self.optimizer.apply(gradients, self.trainable_variables)
        correct = tf.equal(tf.argmax(probabilities, axis=1, output_type=labels.dtype), labels)
        return loss, tf.reduce_sum(tf.where(correct, weights, 0))

    def _half_square_of_kernels(self):
        """Return half the sum of the squared kernels, without those of frozen layers, as Keras does."""
        layers = (layer for layer in self.layers if isinstance(layer, keras.layers.Dense))
        return sum(tf.nn.l2_loss(layer.kernel.value) for layer in layers if layer.trainable)

    def _adversarial_divergence(self, X, probabilities, weights, seed, regularization):
        """Return the divergence under the worst-case perturbation of each row.

        The perturbation is approximated by one step of power iteration (T. Miyato et al., "Virtual
        Adversarial Training", IEEE TPAMI 2019).
        """
        length = tf.cast(regularization.virtual_adversarial, X.dtype)
        target = tf.stop_gradient(probabilities)
        crossentropy = keras.losses.categorical_crossentropy
        index = tf.reshape(tf.range(tf.size(X)), X.shape)
        direction = hash_uniform(hash_bits(seed, 2**29), index, X.dtype)
        nearby = X + _scale_rows(direction, length / 20)

        # The same seed in all three passes gives the same dropout masks and noise.
        def predict(X):
            return self._forward(X, weights, seed, regularization, keep_moments=True)

        with tf.GradientTape() as tape:
            tape.watch(nearby)
            change = crossentropy(target, predict(nearby))
        worst = X + tf.stop_gradient(_scale_rows(tape.gradient(change, nearby), length))
        return crossentropy(target, predict(worst)) - crossentropy(target, target)

    def _forward(self, x, weights, seed, regularization, *, keep_moments=False):
        for index, layer in enumerate(self.layers):
            if isinstance(layer, WeightedBatchNormalization):
                x = layer(x, weights=weights, keep_moments=keep_moments)
            elif isinstance(layer, HashedDropout):
                x = layer(x, seed=hash_bits(seed, index), rate=regularization.dropout)
            elif isinstance(layer, HashedGaussianNoise):
                x = layer(x, seed=hash_bits(seed, index), stddev=regularization.gaussian_noise)
            else:
                x = layer(x)
        return x


def _epoch_means(totals, shares, stop):
    """Return the means of each epoch over its first `stop` batches, for each row of `totals`.

    `shares` has shape (n_epochs, steps), and `totals` is 0 at the batches that have not been run.
    """
    seen = shares[:, :stop]
    sums = (totals.reshape(len(totals), *shares.shape)[..., :stop] * seen).sum(axis=-1)
    return (sums / seen.sum(axis=1)).tolist()


def _scale_rows(rows, length):
    """Scale each row to a Euclidean length; rows of zeros are unchanged."""
    norms = tf.norm(rows, axis=1, keepdims=True)
    return tf.math.divide_no_nan(length * rows, norms)
