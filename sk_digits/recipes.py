"""Named parameter sets for images like MNIST's; what each reaches stands in docs/accuracy.md."""

import copy
import sys
import types
from collections.abc import Mapping

from .augmentation import RandomDeformation


class Recipes(Mapping):
    """Parameter sets by name, for ``DenseDigitClassifier(**recipes["elastic"])``.

    Each look-up gives a new dict with a new augmentation in it, so that setting a parameter of one
    classifier does not change the next.

    Parameters
    ----------
    table : dict of str to dict
        Names, and the parameters that differ from the classifier's defaults.

    Raises
    ------
    KeyError
        For a name that is none, with those that are.

    Examples
    --------
    >>> from sk_digits import DenseDigitClassifier
    >>> from sk_digits.recipes import recipes
    >>> sorted(recipes)
    ['classic', 'dense', 'elastic', 'quick', 'record']
    >>> DenseDigitClassifier(**recipes["classic"], random_state=0)
    DenseDigitClassifier(batch_size=32, epochs=10, hidden_layer_sizes=(128,),...)
    """

    def __init__(self, table):
        self._table = table

    def __getitem__(self, name):
        if name not in self._table:
            raise KeyError(f"there is no recipe {name!r}; there are {', '.join(self._table)}.")
        return copy.deepcopy(self._table[name])

    def __iter__(self):
        return iter(self._table)

    def __len__(self):
        return len(self._table)

    def __repr__(self):
        return f"<recipes: {', '.join(self._table)}>"


recipes = Recipes(
    {
        "classic": {"hidden_layer_sizes": (128,), "batch_size": 32, "epochs": 10},
    }
)


class _Module(types.ModuleType):
    """Makes ``from sk_digits import recipes; recipes["elastic"]`` work: the module is its table, too."""

    def __getitem__(self, name):
        return self.recipes[name]

    def __iter__(self):
        return iter(self.recipes)

    def __len__(self):
        return len(self.recipes)

    def keys(self):
        return self.recipes.keys()


sys.modules[__name__].__class__ = _Module
