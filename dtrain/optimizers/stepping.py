"""One step over runs of values: accumulation, clipping, weight decay, the rule, averages, constraints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dtrain.constraints.constraint import constrain
from dtrain.graph import Array, Variable, as_tensor

from . import averaging
from .clipping import global_norm, norm, norm_factor
from .learning_rate import LearningRate
from .runs import CHUNK, Run
from .slots import Slots
from .state import ACCUMULATOR
from .weight_decay import Exclusions, decay


class Stepping:
    """The part of an optimizer that performs a step; the rest gives it its settings and its state."""

    elementwise: ClassVar[bool]
    scratch_arrays: ClassVar[int] = 1

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    _rate: LearningRate
    _iterations: Variable
    _slots: Slots
    _exclusions: Exclusions

    # -- what subclasses write (besides `slot_groups` and `slot_initial`) -----------------------------------------

    def begin_update(self, learning_rate: float, step: int) -> None:
        """Compute what is the same for all values. Called once before the updates of a step; `step` counts from 1."""

    def update(
        self, values: Array, gradients: Array, slots: Mapping[str, Array], learning_rate: float, step: int
    ) -> None:
        """The element-wise rule: overwrite `values` and `slots`, all one-dimensional and of one length."""
        raise NotImplementedError(f"{type(self).__name__} has neither `update_step` nor `update`: write one of them")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """The rule for a whole variable; by default the element-wise one."""
        run = Run(variable.array.reshape(-1), np.ravel(np.asarray(gradient)), self._slots.rows(variable), variable)
        for values, gradients, slots in run.pieces():
            self.update(values, gradients, slots, float(learning_rate), self._updates() + 1)

    # -- how a step runs ------------------------------------------------------------------------------------------

    def _init_scratch(self) -> None:
        self._scratch = np.empty((self.scratch_arrays + 1, 0), np.float32)

    def scratch(self, index: int, like: Array) -> Array:
        """Scratch array number `index` (of `scratch_arrays`) with the length and dtype of `like`, at most a chunk."""
        if self._scratch.shape[1] == 0 or self._scratch.dtype != like.dtype:
            self._scratch = np.empty((self.scratch_arrays + 1, CHUNK), like.dtype)
        return self._scratch[index, : like.size]

    @property
    def shardable(self) -> bool:
        """Whether a process may update one region of the flat arrays and leave the others to other processes."""
        return self._is_elementwise() and not (self.clipnorm or self.global_clipnorm or self._constrained())

    def _is_elementwise(self) -> bool:
        return self.elementwise and type(self).update_step is Stepping.update_step

    def _constrained(self) -> bool:
        return any(v.constraint is not None for v in self._slots.variables)

    def _needs_variables(self) -> bool:
        """Whether something depends on where a variable begins and ends."""
        by_name = bool(self.weight_decay and self._exclusions)
        return bool(self.clipnorm or by_name or not self._is_elementwise() or self._constrained())

    def _updates(self) -> int:
        return int(self._iterations.array) // (self.gradient_accumulation_steps or 1)

    def _run(self, runs: list[Run], averages: list[tuple[Array, Array]], held: bool = False) -> None:
        """One step; `averages` are the values to average with their averages; `held`: gradients count for nothing."""
        if self.loss_scale_factor is not None and not held:
            for run in runs:
                run.gradients *= 1 / self.loss_scale_factor
        updates = self._updates()
        if not held and self._accumulated(runs):
            self._update(runs, updates + 1)
        averaging.update(averages, self.ema_momentum if updates else 0.0)
        if self.ema_overwrite_frequency and (updates + 1) % self.ema_overwrite_frequency == 0:
            averaging.overwrite(averages)
        for run in runs:
            if run.variable is not None and run.variable.constraint is not None:
                constrain(run.variable)
        self._iterations.array += 1

    def _accumulated(self, runs: list[Run]) -> bool:
        """Add to the accumulators; at the last step of a round, put the mean into the gradients and return True."""
        steps = self.gradient_accumulation_steps
        if not steps:
            return True
        last = (int(self._iterations.array) + 1) % steps == 0
        for run in runs:
            total = run.slots[ACCUMULATOR]
            total += run.gradients
            if last:
                np.multiply(total, 1 / steps, out=run.gradients)
                total[...] = 0
        return last

    def _update(self, runs: list[Run], step: int) -> None:
        rate = self._rate.value(int(self._iterations.array))
        self.begin_update(rate, step)
        elementwise = self._is_elementwise()
        for run, factor in zip(runs, self._clip_factors(runs), strict=True):
            amount = rate * self._decay_of(run.variable)
            if not elementwise:
                self._update_variable(run, factor, amount, rate)
                continue
            for values, gradients, slots in run.pieces():
                if amount:
                    decay(values, amount, self.scratch(0, values))
                clipped = self._clipped(gradients, factor, self.scratch(-1, gradients))
                self.update(values, clipped, slots, rate, step)

    def _update_variable(self, run: Run, factor: float, amount: float, rate: float) -> None:
        if run.variable is None:
            raise RuntimeError("a rule for whole variables was given a run over several")
        if amount:
            decay(run.values, amount, self.scratch(0, run.values[:CHUNK]))
        gradient = self._clipped(run.gradients, factor, run.gradients)
        self.update_step(as_tensor(gradient.reshape(run.variable.shape)), run.variable, rate)

    def _clip_factors(self, runs: list[Run]) -> list[float]:
        if self.clipnorm:
            return [norm_factor(norm(run), self.clipnorm) for run in runs]
        if self.global_clipnorm:
            return [norm_factor(global_norm(runs), self.global_clipnorm)] * len(runs)
        return [1.0] * len(runs)

    def _clipped(self, gradients: Array, factor: float, out: Array) -> Array:
        if factor != 1:
            return np.multiply(gradients, factor, out=out)
        if self.clipvalue:
            return np.clip(gradients, -self.clipvalue, self.clipvalue, out=out)
        return gradients

    def _decay_of(self, variable: Variable | None) -> float:
        """The weight decay of a variable (None: of all), without the learning rate."""
        if not self.weight_decay or (variable is not None and variable in self._exclusions):
            return 0.0
        return self.weight_decay
