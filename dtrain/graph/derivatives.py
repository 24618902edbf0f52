"""The gradients of ops as calls of further ops, so that they have gradients themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .op import Op
from .tensor import Tensor


@dataclass(frozen=True)
class Ran:
    """A call of an op that has run at once, and the gradients of its outputs (None: the target has none there)."""

    op: type[Op]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    attributes: dict[str, Any]
    gradients: tuple[Tensor | None, ...]

    def named(self) -> dict[str, Any]:
        """Operands, outputs, gradients of outputs and attributes, by the names that the op gives them."""
        op = self.op
        operands = {op.operands[0]: self.inputs} if op.variadic else dict(zip(op.operands, self.inputs, strict=True))
        outputs = dict(zip(op.outputs, self.outputs, strict=True))
        gradients = {"d" + name: g for name, g in zip(op.outputs, self.gradients, strict=True)}
        return {**operands, **outputs, **gradients, **self.attributes}


Rule = Callable[[Ran, tuple[int, ...]], list[Tensor | None]]
"""Gives the gradients of some operands, by number, as calls of ops. Every value is the one of the whole batch."""

_rules: dict[type[Op], Rule] = {}
_providers: list[Callable[[], object]] = []


def provide(load: Callable[[], object]) -> None:
    """Call `load`, which is to call `set_rule`, when rules are asked for first: most programs need none."""
    _providers.append(load)


def set_rule(op: type[Op], rule: Rule) -> None:
    """Say how the gradients of an op are made of ops."""
    _rules[op] = rule


def rule_of(op: type[Op]) -> Rule | None:
    """Return how the gradients of an op are made of ops, None if nobody has said so."""
    while _providers:
        _providers.pop()()
    return _rules.get(op)
