"""Gradients of ops that run at once: a record of what ran, walked backward."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from .context import StepContext
from .higher_order import gradients_as_ops, without_rule
from .nest import flatten, pack_as
from .op import Function, Op
from .pieces import Lanes, PiecedTensor, attributes_of, empty
from .spec import Array, Spec
from .tensor import Tensor
from .trace import active_recorders, recording, running_lanes
from .variable import Variable


@dataclass(slots=True)
class _Ran:
    op: type[Op]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    attributes: dict[str, Any]
    values: list[dict[str, Any]]  # of each lane


class Derivative(Op):
    """y = a gradient that a tape has found from xs; it has none itself"""

    variadic = True

    @staticmethod
    def spec(xs: Sequence[Spec]) -> Spec:
        return xs[0]

    @staticmethod
    def forward(xs: Sequence[Array], y: Array) -> None:
        """Nothing: a tape has computed them."""

    @staticmethod
    def backward(dy: Array, dxs: Sequence[Array | None], *, lacking: str) -> None:
        raise NotImplementedError(
            "GradientTape.gradient: the target depends on a gradient that another GradientTape has found, and "
            f"gradients of the gradient of {lacking} are not supported. Use `ops.stop_gradient` to treat such a "
            "gradient as a constant"
        )


Gradients = dict[int, list[Array]]
"""By the `id` of a tensor, its gradient in each lane."""


class GradientTape:
    """Records the ops that run in a `with` block, for `gradient` afterwards.

    ```
    with dtrain.GradientTape() as tape:
        loss = model.compute_loss(y=y, y_pred=model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    model.optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    ```

    Inside a custom `train_step`, the gradients are those of the global batch, the same on every process.

    Within the block of another tape, gradients are values like others, of which that tape finds gradients (as for a
    gradient penalty or a differential equation); they then take longer. Recurrent layers in one op, decompositions of
    matrices and a few more have no gradients of gradients: asking for one is an error.

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
            known = (variable, running_lanes().read(variable))
            self._variables[id(variable)] = known
        return known[1]

    def has_read(self, variable: Variable, tensor: Tensor) -> None:
        """A tape around this one has read the variable."""
        self._variables[id(variable)] = (variable, tensor)

    def ran(
        self,
        op: type[Op],
        inputs: tuple[Tensor, ...],
        outputs: tuple[Tensor, ...],
        attributes: dict[str, Any],
        values: list[dict[str, Any]],
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
        wanted = [self._tensor(source) for source in flatten(sources)]
        needed = self._needed({id(t) for t in wanted if t is not None})
        lacking = without_rule(self._ran, targets, needed) if active_recorders() else None
        if active_recorders() and lacking is None:
            found = self._as_ops(targets, weights, wanted, needed, unconnected_gradients)
        else:
            found = self._as_arrays(targets, weights, wanted, needed, unconnected_gradients)
        if lacking is not None:
            self._tell_outer_tapes(found, needed, lacking)
        if not self._persistent:
            self._ran.clear()
        return pack_as(sources, found)

    def _as_ops(
        self, targets: list[Any], weights: list[Any], wanted: list[Tensor | None], needed: set[int], unconnected: str
    ) -> list[Tensor | None]:
        """Gradients of which the tapes that are recording can find gradients."""
        gradients = gradients_as_ops(running_lanes(), list(self._ran), targets, weights, needed)
        return [
            None if t is None else gradients[id(t)] if id(t) in gradients else _unconnected(t, unconnected)
            for t in wanted
        ]

    def _as_arrays(
        self, targets: list[Any], weights: list[Any], wanted: list[Tensor | None], needed: set[int], unconnected: str
    ) -> list[Tensor | None]:
        lanes = running_lanes()
        gradients: Gradients = {}
        for tensor, weight in zip(targets, weights, strict=True):
            _add(gradients, tensor, _seed(lanes, tensor, weight))
        for ran in reversed(self._ran):
            if any(id(t) in gradients for t in ran.outputs) and any(id(t) in needed for t in ran.inputs):
                _backward(lanes, ran, gradients, needed)
        return [_result(lanes, t, gradients, unconnected) for t in wanted]

    def _tell_outer_tapes(self, found: Sequence[Tensor | None], needed: set[int], lacking: type[Op]) -> None:
        """Let tapes around this one know that these gradients come from values that they may have recorded."""
        outer = [recorder for recorder in active_recorders() if recorder is not self]
        gradients = [tensor for tensor in found if tensor is not None]
        if outer and gradients:
            used = (ran.inputs for ran in self._ran if any(id(t) in needed for t in ran.outputs))
            operands = tuple({id(t): t for inputs in used for t in inputs}.values())
            values: list[dict[str, Any]] = [{} for _ in running_lanes().contexts]
            for recorder, gradient in product(outer, gradients):
                recorder.ran(Derivative, operands, (gradient,), {"lacking": lacking.__name__}, values)

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


def _result(lanes: Lanes, source: Tensor | None, gradients: Gradients, unconnected: str) -> Tensor | None:
    if source is None:
        return None
    found = gradients.get(id(source))
    if found is None:
        return _unconnected(source, unconnected)
    if source.spec.batch is None:
        # What every process holds whole has its gradient in parts, one in each process.
        return Tensor(source.spec, lanes.total(found))
    return PiecedTensor(source.spec, found) if lanes.pieced else Tensor(source.spec, found[0])


def _unconnected(source: Tensor, unconnected: str) -> Tensor | None:
    return Tensor(source.spec, np.zeros_like(source.numpy())) if unconnected == "zero" else None


def _seed(lanes: Lanes, target: Tensor, weight: Any) -> list[Array]:
    """The gradient of the target with respect to itself; the first process's part, if all hold it whole."""
    whole = target.spec.batch is None
    weights = lanes.pieces(weight if isinstance(weight, Tensor) else Tensor(target.spec, np.asarray(weight)))
    seeds = []
    for context, value, factor in zip(lanes.contexts, lanes.pieces(target), weights, strict=True):
        array = np.ones(value.shape, value.dtype)
        if weight is not None:
            array *= np.asarray(factor, value.dtype)
        seeds.append(array * (context.rank == 0) if whole else array)
    return seeds


def _add(gradients: Gradients, tensor: Tensor, parts: list[Array]) -> None:
    known = gradients.get(id(tensor))
    gradients[id(tensor)] = parts if known is None else [a + b for a, b in zip(known, parts, strict=True)]


def _backward(lanes: Lanes, ran: _Ran, gradients: Gradients, needed: set[int]) -> None:
    if ran.op.view:
        operand = ran.inputs[0]
        shapes = (array.shape for array in lanes.pieces(operand))
        dys = gradients[id(ran.outputs[0])]
        _add(gradients, operand, [dy.reshape(shape) for dy, shape in zip(dys, shapes, strict=True)])
        return
    buffers = _buffers(lanes, ran)
    for function, names in ran.op.gradients:
        targets = [(name, t) for name in names for t in _operands(ran, name)]
        if not any(id(t) in needed for _, t in targets):
            continue
        parts: list[list[Array | None]] = [[] for _ in targets]
        for lane, context in enumerate(lanes.contexts):
            arrays = [_fresh(lanes, t, lane) if id(t) in needed else None for _, t in targets]
            named = buffers[lane] | _gradients_of_outputs(ran, gradients, lane)
            for name in names:
                own = tuple(a for a, (n, _) in zip(arrays, targets, strict=True) if n == name)
                named["d" + name] = own if ran.op.variadic else own[0]
            _call(function, ran.attributes, context, named)
            for found, array in zip(parts, arrays, strict=True):
                found.append(array)
        lanes.complete()
        for (_, tensor), found in zip(targets, parts, strict=True):
            whole = [array for array in found if array is not None]
            if whole:
                _add(gradients, tensor, whole)


def _operands(ran: _Ran, name: str) -> list[Tensor]:
    """The operands of this name."""
    return list(ran.inputs) if ran.op.variadic else [ran.inputs[ran.op.operands.index(name)]]


def _fresh(lanes: Lanes, tensor: Tensor, lane: int) -> Array:
    like = lanes.pieces(tensor)[lane]
    return empty(like.shape, like.dtype)


def _gradients_of_outputs(ran: _Ran, gradients: Gradients, lane: int) -> dict[str, Array | None]:
    found = ((name, gradients.get(id(t))) for name, t in zip(ran.op.outputs, ran.outputs, strict=True))
    return {"d" + name: None if parts is None else parts[lane] for name, parts in found}


def _buffers(lanes: Lanes, ran: _Ran) -> list[dict[str, Any]]:
    """The arrays of the call in each lane; buffers that lanes share are copied, since gradients may overwrite them."""
    if len(ran.values) < 2 or ran.values[0] is not ran.values[1]:
        return ran.values
    kept = {*ran.op.operands, *ran.op.outputs}
    return [{k: v if k in kept else v.copy() for k, v in values.items()} for values in ran.values]


def _call(function: Function, attributes: dict[str, Any], context: StepContext, named: dict[str, Any]) -> None:
    with np.errstate(all="ignore"):
        bound = function.bind(attributes_of(attributes, context), context)
        bound(*(named[name] for name in function.arguments))
