"""What a multilinear op sends back to one of its operands, as an op.

Let y = f(a, b) be linear in a and in b. Then <dy, f(a, b)> is linear in three values, and its gradient by one of them
is a function of the two others: f itself by dy, a pullback by a or b. So pullbacks and f suffice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, StepContext, Tensor, apply
from dtrain.graph.derivatives import Ran, set_rule
from dtrain.graph.pieces import attributes_of, empty, run_forward

from ..collective import AllSum


class Pullback(Op):
    """y = the gradient of operand number `operand` of the op `of`.   xs = gradient of its output, its other operands

    `specs` are those of all its operands, `like` is that of this one. If every process holds it whole and the
    output in parts, y is a part of a sum.
    """

    variadic = True

    @staticmethod
    def spec(xs: Sequence[Spec], *, like: Spec) -> Spec:
        return like

    @staticmethod
    def forward(
        xs: Sequence[Array], y: Array,
        *, of: type[Op], operand: int, specs: tuple[Spec, ...], attributes: dict[str, Any], context: StepContext,
    ) -> None:  # fmt: skip
        dy, *others = xs
        others.insert(operand, y)  # for its shape alone
        _send_back(of, operand, dy, others, y, specs, attributes_of(attributes, context), context)

    @staticmethod
    def backward(
        dy: Array, xs: Sequence[Array], dxs: Sequence[Array | None],
        *, of: type[Op], operand: int, specs: tuple[Spec, ...], attributes: dict[str, Any], context: StepContext,
    ) -> None:  # fmt: skip
        first, *others = xs
        others.insert(operand, dy)
        local = attributes_of(attributes, context)
        if dxs[0] is not None:
            own = _local(specs, others)
            np.copyto(dxs[0], run_forward(of, others, of.specs(own, local), local, context)[of.outputs[0]])
        targets = list(dxs[1:])
        targets.insert(operand, None)
        for place, target in enumerate(targets):
            if target is not None:
                _send_back(of, place, first, others, target, specs, local, context)


def _local(specs: Sequence[Spec], arrays: Sequence[Array]) -> tuple[Spec, ...]:
    return tuple(replace(spec, shape=array.shape) for spec, array in zip(specs, arrays, strict=True))


def _send_back(
    op: type[Op], place: int, dy: Array, operands: Sequence[Array], target: Array, specs: Sequence[Spec],
    attributes: dict[str, Any], context: StepContext,
) -> None:  # fmt: skip
    """Call the function of `op` that gives the gradient of one operand."""
    found = op.specs(_local(specs, operands), attributes)
    named: dict[str, Any] = {n: empty(s.shape, s.dtype) for n, s in found.items() if n not in op.outputs}
    named["d" + op.outputs[0]] = dy
    if op.variadic:
        name = op.operands[0]
        named |= {name: operands, "d" + name: [target if k == place else None for k in range(len(operands))]}
    else:
        name = op.operands[place]
        named |= {n: operands[k] for k, n in enumerate(op.operands)}
        named |= {"d" + n: None for n in op.operands}
        named["d" + name] = target
    function = next(function for function, names in op.gradients if name in names)
    with np.errstate(all="ignore"):
        function.bind(attributes, context)(*(named[argument] for argument in function.arguments))


def pull_back(op: type[Op], operand: int, dy: Tensor, inputs: Sequence[Tensor], attributes: dict[str, Any]) -> Tensor:
    """The gradient of an operand, complete: the sum over all processes where each has a part of it."""
    others = [x for k, x in enumerate(inputs) if k != operand]
    specs = tuple(x.spec for x in inputs)
    like = specs[operand]
    y = apply(Pullback, dy, *others, of=op, operand=operand, specs=specs, attributes=attributes, like=like)
    return apply(AllSum, y) if like.batch is None and dy.spec.batch is not None else y  # type: ignore[no-any-return]


def _gradients(ran: Ran, operands: tuple[int, ...]) -> list[Tensor | None]:
    u, (dy, *others) = ran.gradients[0], ran.inputs
    if u is None:
        return [None] * len(operands)
    op, operand, attributes = (ran.attributes[name] for name in ("of", "operand", "attributes"))
    full = [*others[:operand], u, *others[operand:]]
    found: list[Tensor | None] = []
    for k in operands:
        if k == 0:
            found.append(apply(op, *full, **attributes))
        else:
            found.append(pull_back(op, k - 1 if k <= operand else k, dy, full, attributes))
    return found


set_rule(Pullback, _gradients)
