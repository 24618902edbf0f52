"""The kinds of rules by which gradients are made of ops: by a formula, as of a product, or by simpler ops."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from dtrain.graph import Op, Tensor, apply
from dtrain.graph.derivatives import Ran, set_rule
from dtrain.graph.tape import GradientTape

from ..creation import cast
from ..reduction import sum
from ..shaping import BroadcastTo, expand_dims, squeeze
from .pullback import pull_back

Formula = Callable[..., Tensor | None]


def formula(op: type[Op], **gradients: Formula) -> None:
    """Let `dx=` be the gradient of operand x: a function of what it names among all that `Ran.named` knows.

    An operand without a formula has no gradient.
    """
    readers = {name: tuple(inspect.signature(function).parameters) for name, function in gradients.items()}

    def rule(ran: Ran, operands: tuple[int, ...]) -> list[Tensor | None]:
        known = ran.named()
        names = ["d" + op.operands[k] for k in operands]
        return [gradients[n](**{a: known[a] for a in readers[n]}) if n in gradients else None for n in names]

    set_rule(op, rule)


def multilinear(op: type[Op], **attributes: Any) -> None:
    """Say that an op is linear in each operand of floats by itself, when `attributes` have these values."""

    def rule(ran: Ran, operands: tuple[int, ...]) -> list[Tensor | None]:
        dy = ran.gradients[0]
        if dy is None:
            return [None] * len(operands)
        return [pull_back(ran.op, k, dy, ran.inputs, {**ran.attributes, **attributes}) for k in operands]

    set_rule(op, rule)


def composed(op: type[Op], function: Callable[..., Tensor | tuple[Tensor, ...]]) -> None:
    """Let the gradients of an op be those of simpler ops that compute the same: a function of operands and attributes.

    Where an op has several outputs, the function returns as many.
    """
    wanted = tuple(inspect.signature(function).parameters)

    def rule(ran: Ran, operands: tuple[int, ...]) -> list[Tensor | None]:
        known = ran.named()
        with GradientTape() as tape:
            found = function(**{name: known[name] for name in wanted})
        outputs = found if isinstance(found, tuple) else (found,)
        pairs = [(y, g) for y, g in zip(outputs, ran.gradients, strict=True) if g is not None]
        sources = [ran.inputs[k] for k in operands]
        targets, gradients = [y for y, _ in pairs], [g for _, g in pairs]
        return list(tape.gradient(targets, sources, output_gradients=gradients))

    set_rule(op, rule)


def like(gradient: Tensor, x: Tensor) -> Tensor:
    """A gradient of what x was broadcast to, summed to the shape of x."""
    lead = gradient.ndim - x.ndim
    own, shape = (1,) * lead + x.spec.global_shape, gradient.spec.global_shape
    axes = [k for k, (n, m) in enumerate(zip(own, shape, strict=True)) if k < lead or (n == 1 and m != 1)]
    if axes:
        gradient = sum(gradient, axes, keepdims=True)
    if lead:
        gradient = squeeze(gradient, tuple(range(lead)))
    return cast(gradient, x.dtype) if gradient.dtype != x.dtype else gradient


def spread(gradient: Tensor, axes: Sequence[int], x: Tensor) -> Tensor:
    """The gradient of a sum of x over `axes`, for each of its elements."""
    return apply(BroadcastTo, reduced(gradient, axes, x), like=x.spec)  # type: ignore[no-any-return]


def reduced(value: Tensor, axes: Sequence[int], x: Tensor) -> Tensor:
    """A value without `axes` of x, with axes of length 1 in their place."""
    return value if value.ndim == x.ndim else expand_dims(value, tuple(axes))
