"""Sums of products over named axes, brought to matrix products: einsum, tensordot, dot, inner, outer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from string import ascii_letters
from typing import Any

from dtrain.graph import Tensor, as_tensor
from dtrain.graph.symbolic import symbolic

from .cutting import roll
from .diagonals import diagonal
from .joining import pad
from .linear import matmul
from .reduction import sum as reduce_sum
from .shaping import expand_dims, moveaxis, normalize_axis, ravel, reshape, transpose


def _parse(subscripts: str, tensors: Sequence[Tensor]) -> tuple[list[str], str]:
    """The labels of every operand and of the result, an ellipsis written out."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(tensors):
        raise ValueError(f"einsum: expected {len(terms)} operands for {subscripts!r}. Received: {len(tensors)}")
    free = [c for c in ascii_letters if c not in subscripts]
    hidden = [
        t.ndim - len(term.replace("...", "")) if "..." in term else 0 for term, t in zip(terms, tensors, strict=True)
    ]
    spread = "".join(free[: max(hidden)])
    labels = [term.replace("...", spread[len(spread) - n :]) for term, n in zip(terms, hidden, strict=True)]
    for label, t in zip(labels, tensors, strict=True):
        if len(label) != t.ndim:
            raise ValueError(f"einsum: {subscripts!r} does not fit an operand of shape {t.spec.global_shape}")
    every = "".join(labels)
    if not arrow:
        output = "..." + "".join(c for c in sorted(set(every)) if every.count(c) == 1 and c not in spread)
    output = output.replace("...", spread)
    if len(set(output)) != len(output) or not set(output) <= set(every):
        raise ValueError(f"einsum: expected an output of distinct labels of the operands. Received: {subscripts!r}")
    return labels, output


def _single(x: Tensor, labels: str, kept: str) -> tuple[Tensor, str]:
    """x with repeated labels taken along their diagonal and labels that are not in `kept` summed out."""
    for c in dict.fromkeys(labels):
        while labels.count(c) > 1:
            first, second = labels.index(c), labels.rindex(c)
            x = diagonal(x, 0, first, second)
            labels = labels[:first] + labels[first + 1 : second] + labels[second + 1 :] + c
    gone = [k for k, c in enumerate(labels) if c not in kept]
    return (reduce_sum(x, gone), "".join(c for c in labels if c in kept)) if gone else (x, labels)


def _arrange(x: Tensor, labels: str, order: str) -> Tensor:
    return transpose(x, [labels.index(c) for c in order])


def _rows_first(labels: str, *operands: tuple[Tensor, str]) -> str:
    """The labels with the one of the batch's rows in front, so that merging them keeps the rows together."""
    rows = {names[x.spec.batch] for x, names in operands if x.spec.batch is not None}
    return "".join(sorted(labels, key=lambda c: c not in rows))


def contract(a: Tensor, a_labels: str, b: Tensor, b_labels: str, kept: str) -> tuple[Tensor, str]:
    """The sum of products of two operands over the labels that are not kept, and the labels of the result."""
    a, a_labels = _single(a, a_labels, kept + b_labels)
    b, b_labels = _single(b, b_labels, kept + a_labels)
    both = [c for c in a_labels if c in b_labels]
    stack = "".join(c for c in both if c in kept)
    inner = _rows_first("".join(c for c in both if c not in kept), (a, a_labels), (b, b_labels))
    left = "".join(c for c in a_labels if c not in b_labels)
    right = "".join(c for c in b_labels if c not in a_labels)
    left, right = _rows_first(left, (a, a_labels)), _rows_first(right, (b, b_labels))
    x, y = _arrange(a, a_labels, stack + left + inner), _arrange(b, b_labels, stack + inner + right)
    n, lefts, inners, rights = len(stack), x.shape, x.shape, y.shape
    lefts, inners, rights = lefts[n : n + len(left)], inners[n + len(left) :], rights[n + len(inner) :]
    x = reshape(x, (*x.shape[:n], _product(lefts), _product(inners)))
    y = reshape(y, (*y.shape[:n], _product(inners), _product(rights)))
    z = matmul(x, y)
    return reshape(z, (*z.shape[:n], *lefts, *rights)), stack + left + right


def _product(lengths: Sequence[int]) -> int:
    return math.prod(lengths, start=1) if len(lengths) != 1 else lengths[0]


@symbolic
def einsum(subscripts: str, *operands: Any) -> Tensor:
    """The sum of products that `subscripts` names, for example `"bij,bjk->bik"`; an ellipsis stands for any axes."""
    tensors = [as_tensor(x) for x in operands]
    labels, output = _parse(subscripts, tensors)
    x, names = tensors[0], labels[0]
    for k in range(1, len(tensors)):
        x, names = contract(x, names, tensors[k], labels[k], output + "".join(labels[k + 1 :]))
    x, names = _single(x, names, output)
    return _arrange(x, names, output)


@symbolic
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Tensor:
    """The sum of products over `axes`: the last of x1 with the first of x2 (a number), or two lists of axes."""
    a, b = as_tensor(x1), as_tensor(x2)
    if isinstance(axes, int):
        axes = list(range(a.ndim - axes, a.ndim)), list(range(axes))
    first, second = ([v] if isinstance(v, int) else list(v) for v in axes)
    a_labels, b_labels = list(ascii_letters[: a.ndim]), list(ascii_letters[a.ndim : a.ndim + b.ndim])
    for i, j in zip(first, second, strict=True):
        b_labels[normalize_axis("tensordot", j, b.ndim)] = a_labels[normalize_axis("tensordot", i, a.ndim)]
    kept = "".join(c for c in (*a_labels, *b_labels) if (c in a_labels) != (c in b_labels))
    y, names = contract(a, "".join(a_labels), b, "".join(b_labels), kept)
    return _arrange(y, names, kept)


@symbolic
def dot(x1: Any, x2: Any) -> Tensor:
    """The sum of products over the last axis of x1 and the last but one of x2; the product, if one is a number."""
    a, b = as_tensor(x1), as_tensor(x2)
    if not a.ndim or not b.ndim:
        return a * b  # type: ignore[no-any-return]
    return tensordot(a, b, ([-1], [max(b.ndim - 2, 0)]))


@symbolic
def inner(x1: Any, x2: Any) -> Tensor:
    """The sum of products over the last axes of both."""
    a, b = as_tensor(x1), as_tensor(x2)
    return tensordot(a, b, ([-1], [-1])) if a.ndim and b.ndim else a * b


@symbolic
def vdot(x1: Any, x2: Any) -> Tensor:
    """The sum of products of all elements."""
    return reduce_sum(ravel(x1) * ravel(x2))


@symbolic
def outer(x1: Any, x2: Any) -> Tensor:
    """All products of an element of x1 and one of x2, as a matrix."""
    return expand_dims(ravel(x1), 1) * expand_dims(ravel(x2), 0)  # type: ignore[no-any-return]


@symbolic
def kron(x1: Any, x2: Any) -> Tensor:
    """Every element of x1 times all of x2, as blocks."""
    a, b = as_tensor(x1), as_tensor(x2)
    ndim = max(a.ndim, b.ndim)
    a, b = (expand_dims(x, tuple(range(ndim - x.ndim))) if x.ndim < ndim else x for x in (a, b))
    shape = [m * n for m, n in zip(a.shape, b.shape, strict=True)]
    blocks = expand_dims(a, range(1, 2 * ndim, 2)) * expand_dims(b, range(0, 2 * ndim, 2))
    return reshape(blocks, shape)


@symbolic
def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor:
    """The vectors that stand on those of x1 (along `axisa`) and x2 (along `axisb`), laid along `axisc`.

    `axis` stands for all three. Vectors of 2 elements lie in a plane; of two such, the part that stands on it is given.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = moveaxis(x1, axisa, -1), moveaxis(x2, axisb, -1)
    lengths = a.spec.shape[-1], b.spec.shape[-1]
    if not set(lengths) <= {2, 3}:
        raise ValueError(
            f"cross: expected vectors of 2 or 3 elements along axes {axisa} and {axisb}. "
            f"Received: x1.shape={a.spec.global_shape}, x2.shape={b.spec.global_shape}"
        )
    if lengths == (2, 2):
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]  # type: ignore[no-any-return]
    a, b = (x if x.ndim and x.spec.shape[-1] == 3 else pad(x, [(0, 0)] * (x.ndim - 1) + [(0, 1)]) for x in (a, b))
    (a, d), (b, e) = ((roll(v, -1, -1), roll(v, -2, -1)) for v in (a, b))
    return moveaxis(a * e - d * b, -1, axisc)
