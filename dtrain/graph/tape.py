"""Gradients of ops that run at once: a record of what ran, walked backward."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from .nest import flatten, pack_as
from .op import Function, Op
from .spec import Array
from .tensor import Tensor
from .trace import recording, running_context
from .variable import Variable


@dataclass(slots=True)
class _Ran:
    op: type[Op]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    attributes: dict[str, Any]
    values: dict[str, Any]


class GradientTape:
    """Records the ops that run in a `with` block, for `gradient` afterwards.

    ```
    with dtrain.GradientTape() as tape:
        loss = model.compute_loss(y=y, y_pred=model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    model.optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    ```

    Inside a custom `train_step`, the gradients are those of the global batch, the same on every process.

    Args:
        persistent: whether `gradient` may be called more than once.
        watch_accessed_variables: accepted for scripts that give it; every variable that is read is watched.
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._ran: list[_Ran] = []
        self._variables: dict[int, tuple[Variable, Tensor]] = {}
        self._block: ExitStack | None = None
        self._used = False

    def __enter__(self) -> GradientTape:
        self._block = ExitStack()
        self._block.enter_context(recording(self))
        return self

    def __exit__(self, *error: object) -> None:
        if self._block is not None:
            self._block.close()

    def read(self, variable: Variable) -> Tensor:
        """The variable as a tensor, the same one at every reading until its value changes."""
        known = self._variables.get(id(variable))
        if known is None or known[1].array is not variable.array:
            known = (variable, Tensor(variable.spec, variable.array))
            self._variables[id(variable)] = known
        return known[1]

    def ran(
        self,
        op: type[Op],
        inputs: tuple[Tensor, ...],
        outputs: tuple[Tensor, ...],
        attributes: dict[str, Any],
        values: dict[str, Any],
    ) -> None:
        """Note an op that has run."""
        self._ran.append(_Ran(op, inputs, outputs, attributes, values))

    def watch(self, tensor: Any) -> None:
        """Accepted as elsewhere: every tensor is watched."""

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = "none",
    ) -> Any:
        """The gradient of `target` with respect to each of `sources` (variables or tensors), in their structure.

        Args:
            target: a tensor, or several whose gradients are added.
            output_gradients: weights of the target's values, in its structure (None: ones).
            unconnected_gradients: "none" or "zero": what a source gets that the target does not depend on.

        Raises:
            RuntimeError: at a second call, unless the tape is persistent.
        """
        if self._used and not self._persistent:
            raise RuntimeError("GradientTape.gradient can be called once; for more, use GradientTape(persistent=True)")
        self._used = True
        targets = flatten(target)
        single = output_gradients is None or isinstance(target, Tensor)
        weights = [output_gradients] * len(targets) if single else flatten(output_gradients)
        gradients: dict[int, Array] = {}
        for tensor, weight in zip(targets, weights, strict=True):
            _add(gradients, tensor, _seed(tensor, weight))
        wanted = [self._tensor(source) for source in flatten(sources)]
        needed = self._needed({id(t) for t in wanted if t is not None})
        for ran in reversed(self._ran):
            if any(id(t) in gradients for t in ran.outputs) and any(id(t) in needed for t in ran.inputs):
                _backward(ran, gradients, needed)
        found = [self._result(t, gradients, unconnected_gradients) for t in wanted]
        if not self._persistent:
            self._ran.clear()
        return pack_as(sources, found)

    def _tensor(self, source: Any) -> Tensor | None:
        if isinstance(source, Variable):
            known = self._variables.get(id(source))
            return None if known is None else known[1]
        return source if isinstance(source, Tensor) else None

    def _needed(self, needed: set[int]) -> set[int]:
        """The tensors through which a gradient flows to a source."""
        for ran in self._ran:
            if any(id(t) in needed and ran.op.differentiable(k) for k, t in enumerate(ran.inputs)):
                needed.update(id(t) for t in ran.outputs if t.spec.is_float)
        return needed

    def _result(self, source: Tensor | None, gradients: dict[int, Array], unconnected: str) -> Tensor | None:
        if source is None:
            return None
        gradient = gradients.get(id(source))
        if gradient is None:
            zeros = Tensor(source.spec, np.zeros(source.spec.shape, source.spec.dtype))
            return zeros if unconnected == "zero" else None
        if source.spec.batch is None:
            # What every process holds whole has its gradient in parts, one in each process.
            gradient = np.ascontiguousarray(gradient)
            running_context().all_sum(gradient)
        return Tensor(source.spec, gradient)


def _seed(target: Tensor, weight: Any) -> Array:
    """The gradient of the target with respect to itself; the first process's part, if all hold it whole."""
    array = np.ones(target.spec.shape, target.spec.dtype)
    if weight is not None:
        array *= np.asarray(weight, target.spec.dtype)
    whole = target.spec.batch is None
    return array * (running_context().rank == 0) if whole else array


def _add(gradients: dict[int, Array], tensor: Tensor, part: Array) -> None:
    known = gradients.get(id(tensor))
    gradients[id(tensor)] = part if known is None else known + part


def _backward(ran: _Ran, gradients: dict[int, Array], needed: set[int]) -> None:
    op = ran.op
    if op.view:
        _add(gradients, ran.inputs[0], gradients[id(ran.outputs[0])].reshape(ran.inputs[0].spec.shape))
        return
    named = dict(ran.values)
    for name, tensor in zip(op.outputs, ran.outputs, strict=True):
        named["d" + name] = gradients.get(id(tensor))
    for function, names in op.gradients:
        targets = {name: _targets(ran, name, needed) for name in names}
        if any(array is not None for arrays in targets.values() for _, array in arrays):
            _call(ran, function, named, targets)
            for arrays in targets.values():
                for tensor, array in arrays:
                    if array is not None:
                        _add(gradients, tensor, array)


def _targets(ran: _Ran, name: str, needed: set[int]) -> list[tuple[Tensor, Array | None]]:
    """The operands of this name with fresh arrays for their gradients, None where nobody needs one."""
    positions = range(len(ran.inputs)) if ran.op.variadic else [ran.op.operands.index(name)]
    operands = [ran.inputs[k] for k in positions]
    return [(t, np.empty(t.spec.shape, t.spec.dtype) if id(t) in needed else None) for t in operands]


def _call(
    ran: _Ran, function: Function, named: dict[str, Any], targets: dict[str, list[tuple[Tensor, Array | None]]]
) -> None:
    for name, arrays in targets.items():
        written = tuple(array for _, array in arrays)
        named["d" + name] = written if ran.op.variadic else written[0]
    with np.errstate(all="ignore"):
        bound = function.bind(ran.attributes, running_context())
        bound(*(named[name] for name in function.arguments))
