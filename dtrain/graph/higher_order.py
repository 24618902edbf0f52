"""Gradients that are themselves calls of ops, so that a tape that looks on can find theirs.

Unlike gradients on arrays, each value here is that of the whole batch: the gradient of what every process holds whole
is complete, and the same on every process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .derivatives import Ran, rule_of
from .op import Op
from .pieces import Lanes, PiecedTensor
from .tensor import Tensor


def without_rule(calls: Sequence[Any], targets: Sequence[Tensor], needed: set[int]) -> type[Op] | None:
    """Return an op on the way from the sources to the targets of which no rule is known (`derivatives`)."""
    reached = {id(t) for t in targets}
    for call in reversed(calls):
        if any(id(t) in reached for t in call.outputs) and _operands(call, needed):
            reached.update(id(call.inputs[k]) for k in _operands(call, needed))
            if rule_of(call.op) is None:
                return call.op  # type: ignore[no-any-return]
    return None


def gradients_as_ops(
    lanes: Lanes, calls: Sequence[Any], targets: Sequence[Tensor], weights: Sequence[Any], needed: set[int]
) -> dict[int, Tensor]:
    """Return gradients of the targets, by `id` of the tensor; all calls on the way must have rules."""
    gradients: dict[int, Tensor] = {}
    for target, weight in zip(targets, weights, strict=True):
        _add(gradients, target, _seed(lanes, target, weight))
    for call in reversed(calls):
        own = tuple(gradients.get(id(t)) for t in call.outputs)
        operands = _operands(call, needed)
        if not operands or all(g is None for g in own):
            continue
        rule = rule_of(call.op)
        assert rule is not None  # noqa: S101 - `without_rule`
        found = rule(Ran(call.op, call.inputs, call.outputs, call.attributes, own), operands)
        for k, gradient in zip(operands, found, strict=True):
            if gradient is not None:
                _add(gradients, call.inputs[k], gradient)
    return gradients


def _operands(call: Any, needed: set[int]) -> tuple[int, ...]:
    """The operands of a call through which gradients flow to a source."""
    inputs = enumerate(call.inputs)
    return tuple(k for k, t in inputs if id(t) in needed and t.spec.is_float and call.op.differentiable(k))


def _seed(lanes: Lanes, target: Tensor, weight: Any) -> Tensor:
    if isinstance(weight, Tensor) and weight.spec == target.spec:
        return weight
    ones = [np.ones(piece.shape, piece.dtype) for piece in lanes.pieces(target)]
    pieced = lanes.pieced and target.spec.batch is not None
    seed = PiecedTensor(target.spec, ones) if pieced else Tensor(target.spec, ones[0])
    return seed if weight is None else seed * weight


def _add(gradients: dict[int, Tensor], tensor: Tensor, gradient: Tensor) -> None:
    known = gradients.get(id(tensor))
    gradients[id(tensor)] = gradient if known is None else known + gradient
