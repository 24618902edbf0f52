"""What the instructions of a plan have to do at least: multiplications and additions, and bytes to read and write."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dtrain.graph.plan import Instruction, Plan, Ref
from dtrain.graph.spec import Spec

Operands = dict[str, Spec]
"""By the name that the op gives it; without those that are not there."""


def flops(plan: Plan, instruction: Instruction) -> float:
    """Floating-point operations of matrix products, convolutions and recurrent layers; 0 for all else.

    What these do besides, and everything else, is bound by memory: see `traffic_bytes`.
    """
    named = _operands(plan, instruction)
    op, _, part = instruction.label.rpartition(": ")[2].partition(".")
    if op == "StackedMatmul":
        return 2.0 * _size(named.get("y") or named["dy"]) * named["x1" if "x1" in named else "dx1"].shape[-1]
    if op not in _PLACES:
        return 0.0
    weights = sum(_size(named[name]) for name in ("w", "u") if name in named) or _size(named["dw"])
    products = sum(name in named for name in ("dx", "dw")) if part == "backward" else 1
    return 2.0 * _PLACES[op](named, instruction.attributes) * weights * products


def traffic_bytes(plan: Plan, instruction: Instruction) -> int:
    """Bytes of all that is read and overwritten, each array once; without buffers for intermediate results."""
    named = _operands(plan, instruction)
    if instruction.label.endswith(": Embedding"):
        return 2 * named["y"].nbytes  # of the table only the rows that are looked up
    return sum(spec.nbytes for name, spec in named.items() if not name.startswith("scratch"))


def _operands(plan: Plan, instruction: Instruction) -> Operands:
    pairs = zip(instruction.function.arguments, instruction.arguments, strict=True)
    return {name: plan.specs[ref] for name, ref in pairs if isinstance(ref, Ref)}


def _size(spec: Spec) -> int:
    return math.prod(spec.shape)


def _rows(named: Operands, attributes: dict[str, Any]) -> float:
    rows = named["x"] if "x" in named else named["dy"]
    return _size(rows) / max(1, rows.shape[-1])


def _cells(named: Operands, attributes: dict[str, Any]) -> float:
    y = named["y"] if "y" in named else named["dy"]
    return _size(y) / max(1, y.shape[-1]) * math.prod(attributes.get("pool") or ())


def _transposed_cells(named: Operands, attributes: dict[str, Any]) -> float:
    x = named["x"] if "x" in named else named["dx"]
    return _size(x) / max(1, x.shape[-1])


_PLACES: dict[str, Callable[[Operands, dict[str, Any]], float]] = {
    "Matmul": _rows,
    "DenseActivation": _rows,
    "SimpleRNN": _rows,
    "GRU": _rows,
    "LSTM": _rows,
    "Conv": _cells,
    "DepthwiseConv": _cells,
    "ConvBiasActivationPool": _cells,
    "ConvNormalization": _cells,
    "BiasedConvNormalization": _cells,
    "ConvTranspose": _transposed_cells,
}
"""By the op, at how many places the weights are applied."""
