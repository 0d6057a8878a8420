"""Keras optimizers: from the classifier's parameters to a class and its configuration."""

import functools
import json
from dataclasses import dataclass

import keras


@dataclass(frozen=True)
class OptimizerSpec:
    """Class and configuration of a Keras optimizer that is not built yet."""

    kind: type
    config: dict

    @property
    def learning_rate(self):
        """The learning rate, or None if it follows one of Keras' schedules."""
        learning_rate = self.config["learning_rate"]
        return None if isinstance(learning_rate, dict) else float(learning_rate)

    @property
    def fingerprint(self):
        """Everything that is traced: the configuration without the name and a constant learning rate."""
        config = {name: value for name, value in self.config.items() if name != "name"}
        if self.learning_rate is not None:
            del config["learning_rate"]
        kind = f"{self.kind.__module__}.{self.kind.__qualname__}"
        return f"{kind} {json.dumps(config, sort_keys=True, default=repr)}"

    def build(self):
        """Return a new optimizer."""
        return self.kind.from_config(self.config)


def make_optimizer_spec(params):
    """Return the `OptimizerSpec` of some `OptimizerParams`.

    Raises
    ------
    TypeError
        If the optimizer or the schedule is not Keras'.
    ValueError
        If Keras knows no optimizer of this name.
    """
    optimizer, schedule = params.optimizer, params.schedule
    if not isinstance(optimizer, str | keras.optimizers.Optimizer):
        raise TypeError(
            "optimizer must be the name of a Keras optimizer or an instance of "
            f"keras.optimizers.Optimizer, got {optimizer!r}."
        )
    if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule | None):
        raise TypeError(
            "learning_rate_schedule must be 'constant', 'cosine', 'one_cycle' or an instance of "
            f"keras.optimizers.schedules.LearningRateSchedule, got {schedule!r}."
        )
    if isinstance(optimizer, str):
        kind, config = _named_optimizer(optimizer)
    else:
        kind, config = type(optimizer), optimizer.get_config()
    changes = {"learning_rate": params.learning_rate, "weight_decay": params.weight_decay}
    if schedule is not None:
        changes["learning_rate"] = keras.optimizers.schedules.serialize(schedule)
    return OptimizerSpec(kind, config | {name: value for name, value in changes.items() if value is not None})


@functools.cache
def _named_optimizer(name):
    """Return the class and the default configuration of one of Keras' optimizers."""
    try:
        optimizer = keras.optimizers.get(name)
    except ValueError as error:
        raise ValueError(
            f"optimizer must be the name of a Keras optimizer, such as 'adam', 'adamw', 'sgd', 'rmsprop', "
            f"'nadam' or 'lion', got {name!r}, which Keras {keras.__version__} does not know."
        ) from error
    return type(optimizer), optimizer.get_config()
