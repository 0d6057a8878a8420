"""What a network is made of: its layers, its loss, and the two layers that we train in place of Keras'."""

from dataclasses import dataclass

import keras
import tensorflow as tf

BATCH_NORM_EPSILON = 1e-3


@dataclass(frozen=True)
class Network:
    """What the layers are, in the classifier's own parameters."""

    n_features: int
    hidden_layer_sizes: tuple[int, ...]
    n_classes: int
    activation: str
    dropout: float
    gaussian_noise: float
    batch_norm: bool
    batch_norm_epsilon: float
    label_smoothing: float
    virtual_adversarial: float
    dtype: str


def keras_model(network, weights, image_shape=None):
    """The network as a plain, compiled Keras model, which needs nothing of sk_digits."""
    layers = make_layers(
        network,
        batch_norm=keras.layers.BatchNormalization,
        dropout=lambda rate, dtype: keras.layers.Dropout(rate, seed=0, dtype=dtype),
        noise=lambda stddev, dtype: keras.layers.GaussianNoise(stddev, seed=0, dtype=dtype),
    )
    inputs = keras.Input(image_shape or (network.n_features,), dtype=network.dtype)
    model = keras.Sequential([inputs, keras.layers.Flatten(dtype=network.dtype), *layers])
    model.set_weights(weights)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)  # else Keras warns where a saved model is loaded
    return model


@keras.saving.register_keras_serializable("sk_digits")
class WeightedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation by weighted moments, so that a row of weight 0 is as good as absent."""

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
    """Dropout whose mask is a hash of each element's number.

    Keras' own draws from TensorFlow's generator, which inside a compiled loop costs more than all the
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
        bits = mix(seed, tf.reshape(tf.range(size), tf.shape(inputs)))
        kept = bits >= tf.constant(int(self.rate * 2**32), tf.uint32)
        return tf.where(kept, inputs / tf.cast(1 - self.rate, inputs.dtype), 0)


@keras.saving.register_keras_serializable("sk_digits")
class HashedGaussianNoise(keras.layers.Layer):
    """Gaussian noise that is a function of a hash of each element's number, as in `HashedDropout`.

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
        draws = uniform(seed, tf.reshape(tf.range(size), tf.shape(inputs)), inputs.dtype)
        return inputs + tf.math.erfinv(draws) * (self.stddev * 2**0.5)


def mix(seed, number):
    """A well-mixed uint32 for each pair of a seed and a number (C. Wellons' "lowbias32" hash)."""
    x = tf.cast(number, tf.uint32) * tf.constant(0x9E3779B9, tf.uint32) + seed
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(shift, tf.uint32)))
        x = x * tf.constant(factor, tf.uint32)
    return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(16, tf.uint32)))


def uniform(seed, number, dtype):
    """Uniform numbers in (-1, 1), one for each pair of a seed and a number."""
    bits = tf.bitwise.right_shift(mix(seed, number), tf.constant(9, tf.uint32))
    return (tf.cast(tf.cast(bits, tf.int32), dtype) + 0.5) * 2.0**-22 - 1


def make_layers(network, batch_norm, dropout, noise, softmax="softmax"):
    """The layers after the input. All kernels start as zeros: weights are set, never drawn, by Keras."""
    dtype = network.dtype

    def dense(units, **kwargs):
        return keras.layers.Dense(units, kernel_initializer="zeros", dtype=dtype, **kwargs)

    def noises():
        return [noise(network.gaussian_noise, dtype=dtype)] if network.gaussian_noise else []

    is_plain = not (network.batch_norm or network.gaussian_noise)
    layers = noises()
    for units in network.hidden_layer_sizes:
        activation = network.activation if is_plain else None
        layers.append(dense(units, activation=activation, use_bias=not network.batch_norm))
        if network.batch_norm:
            layers.append(batch_norm(momentum=0.9, epsilon=network.batch_norm_epsilon, dtype=dtype))
        layers += noises()
        if not is_plain:
            layers.append(keras.layers.Activation(network.activation, dtype=dtype))
        if network.dropout:
            layers.append(dropout(network.dropout, dtype=dtype))
    layers.append(dense(network.n_classes, activation=softmax))
    return layers


def make_loss(network):
    """Keras' cross-entropy of each row. Keras takes it from the logits below the softmax."""
    if not network.label_smoothing or network.n_classes == 1:
        return keras.losses.sparse_categorical_crossentropy

    def smoothed_crossentropy(labels, probabilities):
        targets = tf.one_hot(labels, network.n_classes, dtype=network.dtype)
        return keras.losses.categorical_crossentropy(
            targets, probabilities, label_smoothing=network.label_smoothing
        )

    return smoothed_crossentropy
