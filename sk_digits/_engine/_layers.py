"""The layers and the loss of a network: as a plain Keras model, and as the engine trains them."""

import keras
import numpy as np
import tensorflow as tf

from ._process import default_precision


def check_activation(name):
    """Raise ValueError if the installed Keras does not know an activation."""
    try:
        keras.activations.get(name)
    except ValueError as error:
        raise ValueError(
            f"activation={name!r} requires a newer version of Keras; Keras {keras.__version__} does not know "
            "it."
        ) from error


@default_precision()
def make_keras_model(network, regularization, weights, image_shape=None, *, name=None):
    """Return the network as a plain, compiled Keras model, which needs nothing of sk_digits.

    With a name, the variables have the same names each time, as in `name_layers`. Otherwise Keras counts the
    names, so that models can be combined in another.
    """
    layers = make_layers(
        network,
        regularization,
        batch_norm=keras.layers.BatchNormalization,
        dropout=lambda rate, dtype: keras.layers.Dropout(rate, seed=0, dtype=dtype),
        noise=lambda stddev, dtype: keras.layers.GaussianNoise(stddev, seed=0, dtype=dtype),
    )
    inputs = keras.Input(image_shape or (network.n_features,), dtype=network.dtype)
    layers.insert(0, keras.layers.Flatten(dtype=network.dtype))
    if name is not None:
        name_layers(layers)
    model = keras.Sequential([inputs, *layers], name=name)
    model.set_weights(weights)
    optimizer = keras.optimizers.Adam(name="adam")
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], auto_scale_loss=False)
    optimizer.build(model.trainable_variables)  # otherwise Keras warns when it loads a saved model
    model(np.zeros((1, *model.input_shape[1:]), network.dtype))  # some exports require a call
    return model


def name_layers(layers):
    """Name layers that are not yet built by their place in the network.

    TensorFlow keeps some 35 kB for each new name of a variable until the process ends.
    """
    for number, layer in enumerate(layers):
        layer.name = f"{type(layer).__name__.lower()}_{number}"


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


def cross_entropy(labels, probabilities, label_smoothing=None):
    """Return the cross-entropy of each row; Keras computes it from the logits below the softmax.

    Parameters
    ----------
    labels : Tensor of shape (n,), int
        Class indices.
    probabilities : Tensor of shape (n, n_classes)
    label_smoothing : Tensor of shape () or None
        None is the plain cross-entropy.
    """
    n_classes = probabilities.shape[1]
    if label_smoothing is None or n_classes == 1:
        return keras.losses.sparse_categorical_crossentropy(labels, probabilities)
    targets = tf.one_hot(labels, n_classes, dtype=probabilities.dtype)
    targets = targets * (1 - label_smoothing) + label_smoothing / n_classes
    return keras.losses.categorical_crossentropy(targets, probabilities)


class WeightedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation by weighted moments, so that a row of weight 0 has no influence."""

    def call(self, inputs, training=None, mask=None, weights=None, keep_moments=False):
        if weights is None or not self.trainable:
            return super().call(inputs, training=False, mask=mask)
        share = weights[:, tf.newaxis]
        mean = tf.reduce_sum(inputs * share, axis=0)
        centred = inputs - mean
        variance = tf.reduce_sum(tf.square(centred) * share, axis=0)
        if not keep_moments:
            for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving * self.momentum + value * (1 - self.momentum))
        return centred * (tf.math.rsqrt(variance + self.epsilon) * self.gamma) + self.beta


class HashedDropout(keras.layers.Layer):
    """Dropout whose mask is a hash of the index of each element, and whose rate is an input.

    Keras' own dropout draws from TensorFlow's generator, which inside a compiled loop takes longer than the
    rest of a small network's step.

    References
    ----------
    N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 2014.
    """

    def call(self, inputs, seed=None, rate=None):
        if seed is None:
            return inputs
        index = tf.reshape(tf.range(tf.size(inputs)), tf.shape(inputs))
        kept = hash_bits(seed, index) >= tf.cast(rate * 2.0**32, tf.uint32)
        return tf.where(kept, inputs / tf.cast(1 - rate, inputs.dtype), 0)


class HashedGaussianNoise(keras.layers.Layer):
    """Gaussian noise computed from a hash of the index of each element; its standard deviation is an input.

    References
    ----------
    A. Rasmus et al., "Semi-Supervised Learning with Ladder Networks", NeurIPS 2015.
    """

    def call(self, inputs, seed=None, stddev=None):
        if seed is None:
            return inputs
        index = tf.reshape(tf.range(tf.size(inputs)), tf.shape(inputs))
        draws = hash_uniform(seed, index, inputs.dtype)
        return inputs + tf.math.erfinv(draws) * tf.cast(stddev * 2**0.5, inputs.dtype)


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
