"""Named sets of parameters for images like those of MNIST; docs/accuracy.md lists their accuracies."""

import copy
from collections.abc import Mapping

from ._suggestions import did_you_mean
from .augmentation import RandomDeformation


class Recipes(Mapping):
    """Mapping of names to parameters, for ``DenseDigitClassifier(**recipes["elastic"])``.

    Each lookup returns a deep copy, so that changes to the parameters or the augmentation of one classifier
    do not affect the next one.

    Parameters
    ----------
    table : dict of str to dict
        Parameters that differ from the defaults of the classifier, by name of the recipe.

    Raises
    ------
    KeyError
        If the recipe is unknown; the message lists the known names.

    Examples
    --------
    >>> from sk_digits import DenseDigitClassifier
    >>> from sk_digits.recipes import recipes
    >>> sorted(recipes)
    ['classic', 'dense', 'elastic', 'quick', 'reader', 'record']
    >>> DenseDigitClassifier(**recipes["classic"], random_state=0)
    DenseDigitClassifier(batch_size=32, epochs=10, hidden_layer_sizes=(128,),...)
    """

    def __init__(self, table):
        self._table = table

    def __getitem__(self, name):
        if name not in self._table:
            raise KeyError(
                f"unknown recipe {name!r}; the recipes are {', '.join(self._table)}."
                f"{did_you_mean(name, self._table)}"
            )
        return copy.deepcopy(self._table[name])

    def __iter__(self):
        return iter(self._table)

    def __len__(self):
        return len(self._table)

    def __repr__(self):
        return f"<recipes: {', '.join(self._table)}>"


_STRONG = RandomDeformation(displacement=0.9, rotation=12, scaling=0.12, shift=1.5)

recipes = Recipes(
    {
        # The network of most tutorials, with a one-cycle schedule.
        "classic": {
            "hidden_layer_sizes": (128,),
            "label_smoothing": 0.0,
            "batch_size": 32,
            "learning_rate": 0.003,
            "learning_rate_schedule": "one_cycle",
            "epochs": 10,
        },
        "quick": {
            "hidden_layer_sizes": (512, 512),
            "batch_norm": True,
            "label_smoothing": 0.05,
            "batch_size": 128,
            "learning_rate": 0.003,
            "epochs": 30,
            "augmentation": _STRONG,
        },
        # Permutation-invariant: uses no information about the position of pixels.
        "dense": {
            "hidden_layer_sizes": (1200, 600, 300, 150),
            "batch_norm": True,
            "virtual_adversarial": 2.0,
            "label_smoothing": 0.0,
            "batch_size": 128,
            "learning_rate": 0.002,
            "epochs": 50,
        },
        "elastic": {
            "hidden_layer_sizes": (2048, 1024, 512),
            "batch_norm": True,
            "label_smoothing": 0.05,
            "batch_size": 256,
            "learning_rate": 0.003,
            "epochs": 90,
            "augmentation": _STRONG,
            "average_predictions": True,
        },
        "record": {
            "hidden_layer_sizes": (2048, 2048),
            "activation": "gelu",
            "batch_norm": True,
            "label_smoothing": 0.05,
            "dropout": 0.2,
            "batch_size": 512,
            "learning_rate": 0.003,
            "epochs": 550,
            "augmentation": RandomDeformation(displacement=1.2, rotation=15, scaling=0.15, shift=1.5),
            "average_predictions": True,
        },
        # For people's own handwriting; the network that comes with the package was trained with it.
        "reader": {
            "hidden_layer_sizes": (1024, 512),
            "batch_norm": True,
            "label_smoothing": 0.05,
            "batch_size": 128,
            "learning_rate": 0.003,
            "epochs": 40,
            "augmentation": RandomDeformation(
                displacement=0.9,
                rotation=12,
                scaling=0.15,
                shift=1.5,
                thickness=0.8,
                gaps=1,
                neighbours=0.1,
            ),
        },
    }
)
