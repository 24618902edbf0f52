"""Rewrites of a plan's calls: chains whose values in between nobody else reads become one call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod
from typing import Any

from dtrain.graph import Op, Trace
from dtrain.graph.plan import Rewrite
from dtrain.graph.trace import Call

from .activation import Relu, Sigmoid, Tanh
from .arithmetic import Add
from .convolution import Conv
from .fused import ConvBiasActivationPool, DenseActivation
from .linear import Matmul
from .pooling import MaxPool

_ACTIVATIONS: dict[type[Op], str] = {Relu: "relu", Sigmoid: "sigmoid", Tanh: "tanh"}
_MOST_PLACES = 256  # of a pooling window, so that one byte says which of them won


class _Chains:
    """Which call alone reads a value."""

    def __init__(self, calls: list[Call], trace: Trace, wanted: frozenset[int]) -> None:
        self.trace = trace
        uses = Counter(index for call in calls for index in call.inputs)
        self._reader = {
            index: call for call in calls for index in call.inputs if uses[index] == 1 and index not in wanted
        }

    def next(self, call: Call, *ops: type[Op]) -> Call | None:
        """The call of one of `ops` that is the only reader of the call's output, which nobody wants."""
        reader = self._reader.get(call.outputs[0])
        return reader if reader is not None and reader.op in ops else None

    def bias(self, call: Call) -> tuple[Call, int] | None:
        """The addition of a vector along the last axis to the call's output, and the vector."""
        add = self.next(call, Add)
        if add is None:
            return None
        vector = add.inputs[1] if add.inputs[0] == call.outputs[0] else add.inputs[0]
        specs, y = self.trace.specs, self.trace.specs[call.outputs[0]]
        fits = specs[vector].shape == y.shape[-1:] and specs[vector].dtype == y.dtype and len(y.shape) > 1
        return (add, vector) if fits and specs[vector].batch is None else None


def _fused(chain: list[Call], op: type[Op], inputs: tuple[int, ...], trace: Trace, **attributes: Any) -> Call:
    """One call in the place of a chain."""
    specs = op.specs(tuple(trace.specs[i] for i in inputs), attributes)
    return Call(op, inputs, chain[-1].outputs, attributes, specs, chain[0].scope)


def _replace(calls: list[Call], chains: Iterator[tuple[list[Call], Call]]) -> list[Call]:
    """Each chain's last call becomes the fused one; the others go."""
    last: dict[int, Call] = {}
    gone: set[int] = set()
    for chain, fused in chains:
        last[id(chain[-1])] = fused
        gone.update(id(call) for call in chain[:-1])
    return [last.get(id(call), call) for call in calls if id(call) not in gone]


def fuse_convolutions(calls: list[Call], trace: Trace, wanted: frozenset[int]) -> list[Call]:
    """Conv, Add of a bias, an activation (or none), max-pooling in cells (or none) become one call."""
    chains = _Chains(calls, trace, wanted)

    def found() -> Iterator[tuple[list[Call], Call]]:
        for call in calls:
            if call.op is not Conv or call.attributes["groups"] != 1:
                continue
            bias = chains.bias(call)
            if bias is None:
                continue
            chain = [call, bias[0]]
            activation = _extend(chain, chains.next(chain[-1], *_ACTIVATIONS))
            pool = chains.next(chain[-1], MaxPool)
            cells = _extend(chain, pool if pool is not None and _is_cells(pool) else None)
            attributes = {k: call.attributes[k] for k in ("strides", "padding", "dilation")}
            attributes["activation"] = _ACTIVATIONS[activation.op] if activation else "linear"
            attributes["pool"] = cells.attributes["pool_size"] if cells else None
            inputs = (*call.inputs, bias[1])
            yield chain, _fused(chain, ConvBiasActivationPool, inputs, trace, **attributes)

    return _replace(calls, found())


def _extend(chain: list[Call], call: Call | None) -> Call | None:
    if call is not None:
        chain.append(call)
    return call


def _is_cells(pool: Call) -> bool:
    """Whether the windows are neither padded nor apart nor overlapping."""
    size, strides, padding = (pool.attributes[k] for k in ("pool_size", "strides", "padding"))
    return size == strides and 1 < prod(size) <= _MOST_PLACES and not any(map(any, padding))


def fuse_dense(calls: list[Call], trace: Trace, wanted: frozenset[int]) -> list[Call]:
    """Matmul, Add of a bias, an activation (or none) become one call."""
    chains = _Chains(calls, trace, wanted)

    def found() -> Iterator[tuple[list[Call], Call]]:
        for call in calls:
            bias = chains.bias(call) if call.op is Matmul else None
            if bias is None:
                continue
            chain = [call, bias[0]]
            activation = _extend(chain, chains.next(chain[-1], *_ACTIVATIONS))
            name = _ACTIVATIONS[activation.op] if activation else "linear"
            yield chain, _fused(chain, DenseActivation, (*call.inputs, bias[1]), trace, activation=name)

    return _replace(calls, found())


rewrites: list[Rewrite] = [fuse_convolutions, fuse_dense]
"""For `make_plan(rewrites=...)`."""
