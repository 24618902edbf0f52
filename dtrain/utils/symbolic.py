"""Questions about the symbolic tensors of Functional models."""

from __future__ import annotations

from typing import Any

from dtrain.graph.symbolic import KerasTensor


def is_keras_tensor(x: Any) -> bool:
    """Whether `x` is a symbolic tensor, made by `Input` or by calling a layer on one."""
    return isinstance(x, KerasTensor)


def get_source_inputs(tensor: KerasTensor) -> list[KerasTensor]:
    """The `Input` tensors that a symbolic tensor is computed from, each once."""
    sources: dict[int, KerasTensor] = {}
    seen: set[int] = set()
    waiting = [tensor]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        inputs = current.node.input_tensors if current.node is not None else []
        if not inputs:
            sources[id(current)] = current
        waiting.extend(reversed(inputs))
    return list(sources.values())
