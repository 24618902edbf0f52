"""The base of all optimizers: what they share around the rule by which a gradient changes a value."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from dtrain.graph import Parameters, Variable, as_tensor
from dtrain.utils.naming import auto_name

from . import configuration
from .runs import loose_runs, runs_by_variable, whole_run
from .state import ACCUMULATOR, AVERAGE
from .stepping import Stepping
from .stored_state import StoredState
from .weight_decay import Exclusions


class Optimizer(Stepping, StoredState):
    """Changes variables against their gradients.

    A subclass whose rule looks at one value at a time sets `elementwise = True`, names its state in `slot_groups` and
    writes `update` on one-dimensional arrays. Any other rule is written as in Keras: `build(variables)` with
    `add_variable_from_reference`, and `update_step(gradient, variable, learning_rate)`.

    A step: gradients / `loss_scale_factor` -> mean over `gradient_accumulation_steps` -> clipping -> weight decay
    `w -= w * weight_decay * learning_rate` -> the rule -> moving average -> constraints -> `iterations += 1`.

    Args:
        learning_rate: a number, a `LearningRateSchedule`, or a function without arguments.
        weight_decay: fraction of a value, times the learning rate, that is taken off at each step.
        clipnorm: largest norm of each variable's gradient.
        clipvalue: largest magnitude of each gradient value.
        global_clipnorm: largest norm of all gradients together.
        use_ema: keep the moving average `average = ema_momentum * average + (1 - ema_momentum) * w`.
        ema_momentum: see `use_ema`.
        ema_overwrite_frequency: put the average in place of the values every so many steps; None: never.
        loss_scale_factor: what the loss was multiplied with.
        gradient_accumulation_steps: update at every so many steps, with the mean gradient of them. Several processes
            sum gradients only at these steps; at every step with `fit(reproducible=True)`, with `fit(on_nan="skip")` or
            `"stop"`, and with `ema_overwrite_frequency`.
        name: in paths of state; made from the class name if None.
    """

    elementwise: ClassVar[bool] = False

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        rate = configuration.take_legacy_arguments(type(self).__name__, learning_rate, kwargs)
        configuration.check(self)
        self._exclusions = Exclusions()
        self._init_state(rate)
        self._init_scratch()

    def assign(self, variable: Variable, value: Any) -> None:
        """Overwrite a variable."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from a variable."""
        variable.assign_sub(value)

    # -- learning rate and counters -------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Any:
        """A variable if it is a number, else the schedule's present value. Can be set."""
        return self._rate.shown(int(self._iterations.array))

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._rate.assign(value)

    lr = learning_rate

    @property
    def iterations(self) -> Any:
        """Updates so far: steps, divided by `gradient_accumulation_steps`."""
        if self.gradient_accumulation_steps:
            return as_tensor(np.int32(self._updates()))
        return self._iterations

    @property
    def step_count(self) -> int:
        """Calls of `step` and `apply` so far, those that only accumulate gradients included."""
        return int(self._iterations.array)

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # -- steps ----------------------------------------------------------------------------------------------------

    def step(self, parameters: Parameters, region: slice | None = None, held: bool = False) -> None:
        """Update `parameters.values` by `parameters.gradients`, which it may overwrite.

        Args:
            region: the part of the flat arrays to update; all of it if None. Needs `shardable`.
            held: the gradients are not to be added up here: they are part of those of a later step. Needs `can_hold`.
        """
        self.attach(parameters)
        if region is not None and not self.shardable:
            raise ValueError(
                f"{self.name}: norms, constraints and rules for whole variables need whole variables: "
                f"expected region=None. Received: region={region}"
            )
        where = region or slice(0, parameters.values.size)
        make_runs = runs_by_variable if self._needs_variables() else whole_run
        runs = make_runs(parameters, self._slots, where)
        self._run(runs, [(run.values, run.slots[AVERAGE]) for run in runs] if self.use_ema else [], held)

    @property
    def can_hold(self) -> bool:
        """Whether the next step only adds gradients up, so that they may as well come with those of a later one."""
        steps = self.gradient_accumulation_steps
        return bool(steps) and (self.step_count + 1) % (steps or 1) != 0 and not self.ema_overwrite_frequency

    def accumulate(self, parameters: Parameters, region: slice | None = None) -> None:
        """Add gradients to those of the present round of `gradient_accumulation_steps`, as part of steps made before.

        Args:
            region: as in `step`.
        """
        where = region or slice(0, parameters.values.size)
        scale = 1.0 if self.loss_scale_factor is None else 1 / self.loss_scale_factor
        self._slots.flat[ACCUMULATOR][where] += parameters.gradients[where] * np.float32(scale)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Update each variable by its gradient; returns the count of steps."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Update variables, wherever they lie.

        Args:
            grads: one gradient (tensor or array) per variable; None where there is none.
            trainable_variables: the variables; those the optimizer was built with if None.
        """
        if not len(grads):
            return
        if trainable_variables is None and not self.built:
            raise ValueError(f"{self.name}: expected `trainable_variables`, or an earlier call of `build(variables)`")
        variables = list(self._slots.variables if trainable_variables is None else trainable_variables)
        if len(grads) != len(variables):
            raise ValueError(f"{self.name}: expected {len(variables)} gradients. Received: {len(grads)}")
        if not self.built:
            self.build(variables)
        self._check_known(variables)
        pairs = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
        if len(pairs) < len(variables):
            self._tell_missing([v.path for g, v in zip(grads, variables, strict=True) if g is None], bool(pairs))
        runs = loose_runs([np.asarray(g) for g, _ in pairs], [v for _, v in pairs], self._slots)
        averages = zip(self._slots.variables, self.averages(), strict=False)
        self._run(runs, [(v.array.reshape(-1), average.array.reshape(-1)) for v, average in averages])

    def _tell_missing(self, paths: list[str], others: bool) -> None:
        if not others:
            raise ValueError(f"{self.name}: no variable has a gradient. Received only None, for {', '.join(paths)}")
        warnings.warn(f"{self.name}: no gradient for {', '.join(paths)}; left as they are", stacklevel=3)

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Leave variables out of weight decay: those given, and those whose name matches one of `var_names`.

        Raises:
            ValueError: after `build`.
        """
        if self.built:
            raise ValueError(f"{self.name}: exclude_from_weight_decay must be called before the optimizer is built")
        self._exclusions = Exclusions(var_list, var_names)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Put the moving averages in place of the values, as `fit` does at its end; nothing without `use_ema`."""
        for variable in var_list if self.use_ema and self.built else ():
            variable.array[...] = self.slot(AVERAGE, variable)

    # -- configuration --------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values. Subclasses add their own."""
        return {"name": self.name, "learning_rate": self._rate.config(), **configuration.common(self)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """The optimizer that `get_config` describes, without its state."""
        return cls(**configuration.arguments(cls, config, custom_objects))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name} learning_rate={self._rate.config()}>"
