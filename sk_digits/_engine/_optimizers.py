"""Keras optimizers: from the classifier's parameters to copies of an optimizer."""

import contextlib
import copy
import functools
import json
from dataclasses import dataclass

import keras
import numpy as np

from .._suggestions import did_you_mean

# The products of Adafactor's row and column statistics underflow in float32 where a gradient is always 0, as
# it is for constant pixels, and the update becomes NaN. This floor of its `epsilon_1` prevents that.
_ADAFACTOR_EPSILON = 1e-16

# The names of variables that weight decay leaves alone.
_NOT_DECAYED = ["bias", "gamma", "beta"]


@dataclass(frozen=True)
class OptimizerSpec:
    """A Keras optimizer that is not built yet.

    Attributes
    ----------
    kind : type
    config : dict
        As its `from_config` takes it.
    schedule : callable or None
        A schedule of Keras', or any callable, that replaces the learning rate in `config`. It is not
        serialised, so it may be of any class.
    """

    kind: type
    config: dict
    schedule: object

    @property
    def learning_rate(self):
        """The learning rate, or None if it follows a schedule of Keras'."""
        return None if self.schedule is not None else _innermost(self.config)["learning_rate"]

    @property
    def weight_decay(self):
        """The weight decay, or None if the optimizer applies none."""
        return _innermost(self.config).get("weight_decay")

    @property
    def fingerprint(self):
        """Text that differs if the variables or the compiled update differ.

        The name is left out, and so are numbers that are arguments of the compiled epoch.
        """
        config = copy.deepcopy(self.config)
        config.pop("name", None)
        inner = _innermost(config)
        inner.pop("name", None)
        inner["learning_rate"] = _describe(self.schedule)
        if inner.get("weight_decay") is not None:
            inner["weight_decay"] = "on"
        return f"{_qualified_name(self.kind)} {json.dumps(config, sort_keys=True, default=repr)}"

    def build(self):
        """Return a new optimizer."""
        # from_config changes the dict it is given.
        optimizer = self.kind.from_config(copy.deepcopy(self.config))
        if self.schedule is not None:
            _innermost_optimizer(optimizer)._learning_rate = self.schedule
        optimizer.exclude_from_weight_decay(var_names=_NOT_DECAYED)
        return optimizer


def make_optimizer_spec(params):
    """Return the `OptimizerSpec` of some `OptimizerParams`.

    Raises
    ------
    TypeError
        If the optimizer or the schedule is not Keras'.
    ValueError
        If Keras knows no optimizer of this name, the optimizer cannot be copied, or both a learning rate and
        a schedule are given.
    """
    optimizer, schedule = params.optimizer, params.schedule
    is_class = isinstance(optimizer, type) and issubclass(optimizer, keras.optimizers.Optimizer)
    if not is_class and not isinstance(optimizer, str | keras.optimizers.Optimizer):
        raise TypeError(
            "optimizer must be the name of a Keras optimizer or an instance of "
            f"keras.optimizers.Optimizer or its class, got {optimizer!r}."
        )
    if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule | None):
        raise TypeError(
            "learning_rate_schedule must be 'constant', 'cosine', 'one_cycle' or an instance of "
            f"keras.optimizers.schedules.LearningRateSchedule, got {schedule!r}."
        )
    if isinstance(optimizer, str):
        spec = _named_optimizer(optimizer)
    else:
        spec = _checked_copy(_new(optimizer) if is_class else optimizer)
    _check_given_once(params)
    spec = _with_params(spec, params.optimizer_params)
    if schedule is not None:
        spec = OptimizerSpec(spec.kind, spec.config, schedule)
    if spec.schedule is not None and params.learning_rate is not None:
        source = "optimizer" if schedule is None else "learning_rate_schedule"
        raise ValueError(
            f"learning_rate must be None if {source} brings a learning rate schedule of Keras', got "
            f"learning_rate={params.learning_rate!r}."
        )
    config = copy.deepcopy(spec.config)
    rate = params.learning_rate
    is_default = isinstance(optimizer, str | type) and "learning_rate" not in params.optimizer_params
    if rate is None and spec.schedule is None and is_default:
        rate = _innermost(config)["learning_rate"] * params.rate_factor
    changes = {"learning_rate": rate, "weight_decay": params.weight_decay}
    _innermost(config).update({name: value for name, value in changes.items() if value is not None})
    if issubclass(spec.kind, keras.optimizers.Adafactor):
        config["epsilon_1"] = max(config["epsilon_1"], _ADAFACTOR_EPSILON)
    return OptimizerSpec(spec.kind, config, spec.schedule)


def describe_optimizer(optimizer):
    """Return the `OptimizerSpec` of an optimizer, which is not changed."""
    rate = _innermost_optimizer(optimizer)._learning_rate
    schedule = None if isinstance(rate, keras.Variable) or not callable(rate) else rate
    config = copy.deepcopy((optimizer if schedule is None else _without_schedule(optimizer)).get_config())
    inner = _innermost(config)
    # Keras keeps the rate in float32; the shortest decimal is the number that the user or Keras gave.
    inner["learning_rate"] = 0.001 if schedule is not None else float(str(np.float32(inner["learning_rate"])))
    return OptimizerSpec(type(optimizer), config, schedule)


def _new(kind):
    """Return an optimizer of a class, with the class' defaults."""
    try:
        return kind()
    except Exception as error:
        raise ValueError(f"optimizer={kind.__name__} must be given as an instance: {error}") from error


def _check_given_once(params):
    """Raise ValueError if a parameter of the classifier is also in `optimizer_params`."""
    for name in ("learning_rate", "weight_decay"):
        if getattr(params, name) is not None and name in params.optimizer_params:
            raise ValueError(
                f"{name} is given twice, as {getattr(params, name)!r} and in "
                f"optimizer_params={params.optimizer_params!r}."
            )


def _with_params(spec, params):
    """Return the `OptimizerSpec` with some parameters changed."""
    if not params:
        return spec
    config, schedule = copy.deepcopy(spec.config), spec.schedule
    for name, value in params.items():
        part = config if name in config else _innermost(config)
        if name not in part or name == "inner_optimizer":
            known = sorted({*config, *_innermost(config)} - {"inner_optimizer"})
            raise ValueError(
                f"optimizer_params has {name!r}, which {spec.kind.__name__} does not have; its parameters "
                f"are {', '.join(known)}.{did_you_mean(name, known)}"
            )
        if name == "learning_rate" and callable(value):
            schedule = value
        else:
            part[name] = value.item() if isinstance(value, np.generic) else value
            schedule = None if name == "learning_rate" else schedule
    changed = OptimizerSpec(spec.kind, config, schedule)
    try:
        changed.build()
    except Exception as error:
        raise ValueError(f"optimizer_params: {spec.kind.__name__} refuses {params!r}: {error}") from error
    return changed


def _checked_copy(optimizer):
    """Return the `OptimizerSpec` of a user's optimizer, or raise ValueError if it cannot be copied."""
    try:
        spec = describe_optimizer(optimizer)
        spec.build()
    except Exception as error:
        raise ValueError(
            f"optimizer must be copied for each fit, but {optimizer!r} cannot be, by its get_config and "
            f"from_config: {type(error).__name__}: {error}"
        ) from error
    return spec


@contextlib.contextmanager
def ready_for_tracing(optimizer, weight_decay):
    """Let an optimizer be traced into a compiled epoch.

    An optimizer that decays weights takes `weight_decay`, a Tensor, so that one compiled epoch serves all
    numbers. Gradients are not summed over devices: TensorFlow registers the gradient of that sum for ever,
    and with it the graph in which it was traced.
    """
    optimizer = _innermost_optimizer(optimizer)
    number = optimizer.weight_decay
    if number is not None:
        optimizer.weight_decay = weight_decay
    optimizer._all_reduce_sum_gradients = list
    try:
        yield
    finally:
        optimizer.weight_decay = number
        del optimizer._all_reduce_sum_gradients


def _innermost_optimizer(optimizer):
    """Return the optimizer that wrappers such as `LossScaleOptimizer` wrap."""
    while hasattr(optimizer, "inner_optimizer"):
        optimizer = optimizer.inner_optimizer
    return optimizer


def _innermost(config):
    """Return the part of a configuration that describes the innermost optimizer."""
    while "inner_optimizer" in config:
        config = config["inner_optimizer"]["config"]
    return config


def _without_schedule(optimizer):
    """Return a shallow copy whose learning rate is a number, because not every schedule can be serialised."""
    shallow = object.__new__(type(optimizer))  # copy.copy would serialise it
    vars(shallow).update(vars(optimizer))
    if hasattr(optimizer, "inner_optimizer"):
        vars(shallow)["inner_optimizer"] = _without_schedule(optimizer.inner_optimizer)
    else:
        vars(shallow)["_learning_rate"] = keras.Variable(0.001, trainable=False)
    return shallow


def _describe(schedule):
    """Return a text for a schedule: equal for schedules that compute the same, if their class says so."""
    if schedule is None:
        return None
    name = _qualified_name(schedule if hasattr(schedule, "__qualname__") else type(schedule))
    try:
        return f"{name} {json.dumps(schedule.get_config(), sort_keys=True, default=repr)}"
    except (AttributeError, NotImplementedError):
        return f"{name} {id(schedule)}"


def _qualified_name(thing):
    return f"{thing.__module__}.{thing.__qualname__}"


@functools.cache
def _named_optimizer(name):
    """Return the default configuration of one of Keras' optimizers."""
    try:
        optimizer = keras.optimizers.get(name)
    except ValueError as error:
        raise ValueError(
            f"optimizer must be the name of a Keras optimizer, such as 'adam', 'adamw', 'sgd', 'rmsprop', "
            f"'nadam' or 'lion', got {name!r}, which Keras {keras.__version__} does not know."
        ) from error
    return describe_optimizer(optimizer)
