"""The layers and the loss of a network, as plain Keras layers and as the engine trains them."""

import keras
import tensorflow as tf


def make_keras_model(network, regularization, weights, image_shape=None):
    """Return the network as a plain, compiled Keras model, which needs nothing of sk_digits."""
    layers = make_layers(
        network,
        regularization,
        batch_norm=keras.layers.BatchNormalization,
        dropout=lambda rate, dtype: keras.layers.Dropout(rate, seed=0, dtype=dtype),
        noise=lambda stddev, dtype: keras.layers.GaussianNoise(stddev, seed=0, dtype=dtype),
    )
    inputs = keras.Input(image_shape or (network.n_features,), dtype=network.dtype)
    model = keras.Sequential([inputs, keras.layers.Flatten(dtype=network.dtype), *layers])
    model.set_weights(weights)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)  # otherwise Keras warns when it loads a saved model
    return model


def make_layers(network, regularization, batch_norm, dropout, noise, softmax="softmax"):
    """Return the layers after the input; the arguments make those that differ inside the engine.

    All kernels start as zeros: weights are always set, never drawn by Keras.
    """
    dtype = network.dtype

    def dense(units, **kwargs):
        return keras.layers.Dense(units, kernel_initializer="zeros", dtype=dtype, **kwargs)

    def noise_layers():
        return [noise(regularization.gaussian_noise, dtype=dtype)] if regularization.gaussian_noise else []

    has_separate_activation = network.batch_norm or regularization.gaussian_noise
    layers = noise_layers()
    for units in network.hidden_layer_sizes:
        activation = None if has_separate_activation else network.activation
        layers.append(dense(units, activation=activation, use_bias=not network.batch_norm))
        if network.batch_norm:
            layers.append(batch_norm(momentum=0.9, epsilon=network.batch_norm_epsilon, dtype=dtype))
        layers += noise_layers()
        if has_separate_activation:
            layers.append(keras.layers.Activation(network.activation, dtype=dtype))
        if regularization.dropout:
            layers.append(dropout(regularization.dropout, dtype=dtype))
    layers.append(dense(network.n_classes, activation=softmax))
    return layers


def make_loss(network, regularization):
    """Return Keras' cross-entropy of each row; Keras computes it from the logits below the softmax."""
    if not regularization.label_smoothing or network.n_classes == 1:
        return keras.losses.sparse_categorical_crossentropy

    def smoothed_crossentropy(labels, probabilities):
        targets = tf.one_hot(labels, network.n_classes, dtype=network.dtype)
        return keras.losses.categorical_crossentropy(
            targets, probabilities, label_smoothing=regularization.label_smoothing
        )

    return smoothed_crossentropy


@keras.saving.register_keras_serializable("sk_digits")
class WeightedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation by weighted moments, so that a row of weight 0 has no influence."""

    def call(self, inputs, training=None, mask=None, weights=None, keep_moments=False):
        if weights is None:
            return super().call(inputs, training=training, mask=mask)
        share = weights[:, tf.newaxis]
        mean = tf.reduce_sum(inputs * share, axis=0)
        centred = inputs - mean
        variance = tf.reduce_sum(tf.square(centred) * share, axis=0)
        if not keep_moments:
            for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving * self.momentum + value * (1 - self.momentum))
        return centred * (tf.math.rsqrt(variance + self.epsilon) * self.gamma) + self.beta


@keras.saving.register_keras_serializable("sk_digits")
class HashedDropout(keras.layers.Layer):
    """Dropout whose mask is a hash of the index of each element.

    Keras' own dropout draws from TensorFlow's generator, which inside a compiled loop takes longer than the
    rest of a small network's step.

    References
    ----------
    N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 2014.
    """

    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}

    def call(self, inputs, seed=None):
        if seed is None:
            return inputs
        size = tf.size(inputs)
        bits = hash_bits(seed, tf.reshape(tf.range(size), tf.shape(inputs)))
        kept = bits >= tf.constant(int(self.rate * 2**32), tf.uint32)
        return tf.where(kept, inputs / tf.cast(1 - self.rate, inputs.dtype), 0)


@keras.saving.register_keras_serializable("sk_digits")
class HashedGaussianNoise(keras.layers.Layer):
    """Gaussian noise computed from a hash of the index of each element, as in `HashedDropout`.

    References
    ----------
    A. Rasmus et al., "Semi-Supervised Learning with Ladder Networks", NeurIPS 2015.
    """

    def __init__(self, stddev, **kwargs):
        super().__init__(**kwargs)
        self.stddev = stddev

    def get_config(self):
        return {**super().get_config(), "stddev": self.stddev}

    def call(self, inputs, seed=None):
        if seed is None:
            return inputs
        size = tf.size(inputs)
        draws = hash_uniform(seed, tf.reshape(tf.range(size), tf.shape(inputs)), inputs.dtype)
        return inputs + tf.math.erfinv(draws) * (self.stddev * 2**0.5)


def hash_bits(seed, index):
    """Return a pseudo-random uint32 for each pair of seed and index (C. Wellons' "lowbias32" hash)."""
    x = tf.cast(index, tf.uint32) * tf.constant(0x9E3779B9, tf.uint32) + seed
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(shift, tf.uint32)))
        x = x * tf.constant(factor, tf.uint32)
    return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(16, tf.uint32)))


def hash_uniform(seed, index, dtype):
    """Return a pseudo-random number, uniform in (-1, 1), for each pair of seed and index."""
    bits = tf.bitwise.right_shift(hash_bits(seed, index), tf.constant(9, tf.uint32))
    return (tf.cast(tf.cast(bits, tf.int32), dtype) + 0.5) * 2.0**-22 - 1
