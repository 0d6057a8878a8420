"""The same network, 784-128-10 or similar, in sk_digits and in each of its peers."""

import os

from sk_digits.datasets import load_mnist


def mnist():
    """Load MNIST from the folder in the environment variable SK_DIGITS_MNIST."""
    return load_mnist(os.environ["SK_DIGITS_MNIST"])


def sk_digits(hidden=128, **params):
    from sk_digits import DenseDigitClassifier

    peer_defaults = {"learning_rate_schedule": "constant", "label_smoothing": 0.0}
    return DenseDigitClassifier((hidden,), **peer_defaults, **params)


def mlp_classifier(hidden=128, *, epochs, batch_size, learning_rate=1e-3, **params):
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(
        (hidden,),
        alpha=0,
        batch_size=batch_size,
        max_iter=epochs,
        n_iter_no_change=epochs + 1,
        learning_rate_init=learning_rate,
        **params,
    )


def keras_network(hidden=128, learning_rate=1e-3, n_features=784):
    import keras

    model = keras.Sequential(
        [
            keras.Input((n_features,)),
            keras.layers.Dense(hidden, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


class KerasModel:
    """Keras' `Model.fit` with the interface of scikit-learn's `fit` and `score`."""

    def __init__(self, **params):
        self.params = params

    def fit(self, X, y):
        self.model = keras_network()
        self.model.fit(X, y, verbose=0, **self.params)
        return self

    def score(self, X, y):
        return (self.model.predict(X, verbose=0).argmax(axis=1) == y).mean()


def scikeras_classifier(hidden=128, learning_rate=1e-3, n_features=784, **params):
    from scikeras.wrappers import KerasClassifier

    return KerasClassifier(
        keras_network,
        model__hidden=hidden,
        model__learning_rate=learning_rate,
        model__n_features=n_features,
        verbose=0,
        **params,
    )


def skorch_classifier(*, epochs, batch_size):
    import skorch
    import torch

    network = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    return skorch.NeuralNetClassifier(
        network,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        max_epochs=epochs,
        batch_size=batch_size,
        train_split=None,
        iterator_train__shuffle=True,
        verbose=0,
    )


PEERS = {
    "sk_digits": sk_digits,
    "MLPClassifier": mlp_classifier,
    "skorch": skorch_classifier,
    "Keras Model.fit": KerasModel,
    "SciKeras": scikeras_classifier,
}
