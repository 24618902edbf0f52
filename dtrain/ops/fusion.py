"""Rewrites of a plan's calls: chains whose values in between nobody else reads become one call."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from dtrain.graph import Op, Spec, Trace
from dtrain.graph.plan import Rewrite
from dtrain.graph.trace import Call

from .activation import Relu, Sigmoid, Tanh
from .arithmetic import Multiply
from .chains import Chains, extend, fused_call, replace
from .convolution import Conv
from .creation import Cast
from .fused import BiasedConvNormalization, ConvBiasActivationPool, ConvNormalization, DenseActivation, ScaledCast
from .linear import Matmul
from .loss_fusion import fuse_losses
from .normalization import Affine
from .pooling import MaxPool

_ACTIVATIONS: dict[type[Op], str] = {Relu: "relu", Sigmoid: "sigmoid", Tanh: "tanh"}
_MOST_PLACES = 256  # of a pooling window, so that one byte says which of them won


def fuse_convolutions(calls: list[Call], trace: Trace, wanted: frozenset[int]) -> list[Call]:
    """Conv, Add of a bias, an activation (or none), max-pooling in cells (or none) become one call."""
    chains = Chains(calls, trace, wanted)

    def found() -> Iterator[tuple[list[Call], Call]]:
        for call in calls:
            bias = chains.bias(call) if _is_plain(call) else None
            if bias is None:
                continue
            chain = [call, bias[0]]
            attributes = _with_what_follows(chain, chains)
            yield chain, fused_call(chain, ConvBiasActivationPool, (*call.inputs, bias[1]), trace, **attributes)

    return replace(calls, found())


def fold_normalization(calls: list[Call], trace: Trace, wanted: frozenset[int]) -> list[Call]:
    """Conv, Add of a bias (or none), normalization by given statistics and what may follow become one call.

    Only for plans without gradients.
    """
    chains = Chains(calls, trace, wanted)

    def found() -> Iterator[tuple[list[Call], Call]]:
        for call in calls:
            if not _is_plain(call):
                continue
            op: type[Op] = ConvNormalization
            chain, inputs = [call], call.inputs
            bias = chains.bias(call)
            if bias is not None:
                chain, inputs, op = [call, bias[0]], (*inputs, bias[1]), BiasedConvNormalization
            affine = extend(chain, chains.next(chain[-1], Affine))
            if affine is None or not _is_of_features(affine, trace):
                continue
            attributes = {"epsilon": affine.attributes["epsilon"], **_with_what_follows(chain, chains)}
            yield chain, fused_call(chain, op, (*inputs, *affine.inputs[1:]), trace, **attributes)

    return replace(calls, found())


def _is_plain(call: Call) -> bool:
    return call.op is Conv and call.attributes["groups"] == 1


def _is_of_features(affine: Call, trace: Trace) -> bool:
    """Whether the vectors lie along the last axis and have the values' dtype."""
    x, *vectors = (trace.specs[i] for i in affine.inputs)
    fit = all(v.dtype == x.dtype and v.shape == x.shape[-1:] and v.batch is None for v in vectors)
    return fit and affine.attributes["axis"] == len(x.shape) - 1


def _with_what_follows(chain: list[Call], chains: Chains) -> dict[str, Any]:
    """Add an activation and pooling to the chain of a convolution; the attributes of the whole."""
    attributes: dict[str, Any] = {k: chain[0].attributes[k] for k in ("strides", "padding", "dilation")}
    activation = extend(chain, chains.next(chain[-1], *_ACTIVATIONS))
    pool = chains.next(chain[-1], MaxPool)
    cells = extend(chain, pool if pool is not None and _is_cells(pool) else None)
    attributes["activation"] = _ACTIVATIONS[activation.op] if activation else "linear"
    attributes["pool"] = cells.attributes["pool_size"] if cells else None
    return attributes


def _is_cells(pool: Call) -> bool:
    """Whether the windows are neither padded nor apart nor overlapping."""
    size, strides, padding = (pool.attributes[k] for k in ("pool_size", "strides", "padding"))
    return size == strides and 1 < prod(size) <= _MOST_PLACES and not any(map(any, padding))


def fuse_dense(calls: list[Call], trace: Trace, wanted: frozenset[int]) -> list[Call]:
    """Matmul, Add of a bias, an activation (or none) become one call."""
    chains = Chains(calls, trace, wanted)

    def found() -> Iterator[tuple[list[Call], Call]]:
        for call in calls:
            bias = chains.bias(call) if call.op is Matmul else None
            if bias is None:
                continue
            chain = [call, bias[0]]
            activation = extend(chain, chains.next(chain[-1], *_ACTIVATIONS))
            name = _ACTIVATIONS[activation.op] if activation else "linear"
            yield chain, fused_call(chain, DenseActivation, (*call.inputs, bias[1]), trace, activation=name)

    return replace(calls, found())


def fuse_scaling(calls: list[Call], trace: Trace, wanted: frozenset[int]) -> list[Call]:
    """Cast of integers and Multiply by a constant number become one call: pixels as fractions."""
    chains = Chains(calls, trace, wanted)

    def found() -> Iterator[tuple[list[Call], Call]]:
        for call in calls:
            product = chains.next(call, Multiply) if call.op is Cast else None
            if product is None:
                continue
            factor = next((i for i in product.inputs if i in trace.constants), None)
            integers, y = trace.specs[call.inputs[0]].dtype.kind in "iu", trace.specs[product.outputs[0]]
            if factor is not None and integers and y.is_float and trace.specs[factor] == Spec((), y.dtype):
                yield [call, product], fused_call([call, product], ScaledCast, (call.inputs[0], factor), trace)

    return replace(calls, found())


rewrites: list[Rewrite] = [fuse_scaling, fuse_losses, fuse_convolutions, fuse_dense]
"""For `make_plan(rewrites=...)`."""

forward_rewrites: list[Rewrite] = [fold_normalization, *rewrites]
"""The same for a plan without gradients."""
