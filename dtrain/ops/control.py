"""Loops and branches: a loop is unrolled while it is traced, and both sides of an unknown condition are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dtrain.graph import Tensor, as_tensor
from dtrain.graph.nest import flatten, map_structure, pack_as

from .choice import where
from .creation import known_value
from .joining import stack


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """`true_fn()` if the condition holds, else `false_fn()`; both return structures of the same form.

    A condition that is not known yet, in a model, chooses between the results of both.
    """
    known = known_value(pred)
    if known is not None:
        return true_fn() if bool(known) else false_fn()
    yes, no = true_fn(), false_fn()
    return pack_as(yes, [where(pred, a, b) for a, b in zip(flatten(yes), flatten(no), strict=True)])


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """`branches[index](*operands)`, the index brought into the range of the branches; it must be known."""
    return branches[min(max(int(index), 0), len(branches) - 1)](*operands)


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """`loop_vars = body(*loop_vars)` as long as `cond(*loop_vars)` holds, which must be known."""
    single = not isinstance(loop_vars, (list, tuple))
    values = (loop_vars,) if single else tuple(loop_vars)
    count = 0
    while (maximum_iterations is None or count < maximum_iterations) and bool(cond(*values)):
        result = body(*values)
        values = tuple(result) if isinstance(result, (list, tuple)) else (result,)
        count += 1
    return values[0] if single else values


def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """`value = body_fun(i, value)` for i from `lower` up to but not including `upper`."""
    value = init_val
    for i in range(int(lower), int(upper)):
        value = body_fun(i, value)
    return value


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """`carry, y = f(carry, x)` for the slices x of `xs` along the first axis; the last carry and the ys, stacked."""
    if xs is None and length is None:
        raise ValueError("scan: expected `xs` or `length`. Received neither")
    count = int(length) if length is not None else len(as_tensor(flatten(xs)[0]))
    carry, ys = init, []
    for i in reversed(range(count)) if reverse else range(count):
        carry, y = f(carry, None if xs is None else _at(xs, i))
        ys.append(y)
    if reverse:
        ys.reverse()
    return carry, _stacked(ys)


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """`f(x)` for the slices x of `xs` along the first axis, stacked."""
    return _stacked([f(_at(xs, i)) for i in range(len(as_tensor(flatten(xs)[0])))])


def _at(xs: Any, i: int) -> Any:
    return map_structure(lambda x: as_tensor(x)[i], xs)


def _stacked(ys: list[Any]) -> Any:
    if not ys or ys[0] is None:
        return None
    leaves: list[Tensor] = [stack(list(parts)) for parts in zip(*(flatten(y) for y in ys), strict=True)]
    return pack_as(ys[0], leaves)
