"""Ops that move values, choose among them, or are sums of products."""

from __future__ import annotations

from itertools import pairwise

from dtrain.graph import Tensor, apply
from dtrain.graph.derivatives import Ran, set_rule

from ..convolution import Conv, DepthwiseConv
from ..convolution_transpose import ConvTranspose
from ..diagonals import Diagflat, Diagonal, Triangle
from ..embedding import Embedding
from ..indexing import Gather, Take, TakeAlongAxis
from ..joining import Concatenate, Flip, Pad
from ..linear import Matmul, StackedMatmul
from ..pooling import AveragePool
from ..seams import Part, cut_at_seams
from ..shaping import BroadcastTo, Reshape, Transpose, transpose
from ..slicing import Slice
from ..sorting import Bincount, Cumsum
from .rules import formula, like, multilinear

formula(Reshape, dx=lambda dy, x: apply(Reshape, dy, shape=x.spec.global_shape, batch=x.spec.batch))
formula(Transpose, dx=lambda dy, axes: transpose(dy, [axes.index(k) for k in range(len(axes))]))
formula(BroadcastTo, dx=lambda dy, x: like(dy, x))

multilinear(Pad, value=0.0)
for _op in (
    Slice, Part, Flip, Take, TakeAlongAxis, Gather, Diagonal, Diagflat, Triangle, Cumsum, Bincount, Embedding,
    Matmul, StackedMatmul, Conv, DepthwiseConv, ConvTranspose, AveragePool,
):  # fmt: skip
    multilinear(_op)


def _cut_apart(ran: Ran, operands: tuple[int, ...]) -> list[Tensor | None]:
    dy, axis = ran.gradients[0], ran.attributes["axis"]
    if dy is None:
        return [None] * len(operands)
    ends = list(pairwise((0, *ran.attributes["ends"])))
    return [_piece(dy, axis, *ends[k]) for k in operands]


def _piece(dy: Tensor, axis: int, start: int, stop: int) -> Tensor:
    if dy.spec.batch == axis and len(dy.spec.parts) > 1:
        return cut_at_seams(dy, slice(start, stop))
    cuts = [(0, n, 1) for n in dy.spec.shape]
    cuts[axis] = (start, stop, 1)
    return apply(Slice, dy, cuts=tuple(cuts))  # type: ignore[no-any-return]


set_rule(Concatenate, _cut_apart)
