"""From one value per row to one number for the global batch, in parts that add up over the processes."""

from __future__ import annotations

from typing import Any

from dtrain import ops
from dtrain.graph import Tensor, apply, as_tensor
from dtrain.ops.collective import AllSum, Once
from dtrain.ops.reduction import sum_rows

from .shapes import weights_for

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)


def standardize_reduction(reduction: str | None) -> str | None:
    """`reduction`, checked.

    Raises:
        ValueError: when it is not one of `REDUCTIONS`.
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f"Expected reduction to be one of {', '.join(map(repr, REDUCTIONS))}. Received: {reduction!r}")
    return reduction


def holds_rows(x: Tensor) -> bool:
    """Whether x has the rows of the batch along one of its axes: each process then holds only its own."""
    return x.spec.batch is not None


def local_sum(x: Tensor) -> Tensor:
    """The sum of all elements that this process holds."""
    return sum_rows(x, tuple(range(x.ndim))) if x.ndim else x


def part_of(value: Tensor, source: Tensor) -> Tensor:
    """`value`, a sum over what this process holds of `source`, as a part of the sum over all processes.

    If `source` has no rows, every process holds it whole and all but the first one count nothing.
    """
    return value if holds_rows(source) else apply(Once, value)


def global_sum(x: Tensor) -> Tensor:
    """The sum of all elements, of all processes' rows."""
    total = local_sum(x)
    return apply(AllSum, total) if holds_rows(x) else total


class Reduced:
    """A reduced loss. `value` is this process's part of it if `is_part`, else whole on every process."""

    def __init__(self, value: Tensor, is_part: bool) -> None:
        self.value = value
        self.is_part = is_part

    def whole(self) -> Tensor:
        return apply(AllSum, self.value) if self.is_part else self.value

    def part(self) -> Tensor:
        if self.is_part or holds_rows(self.value):
            return self.value
        return apply(Once, self.value)  # type: ignore[no-any-return]


def reduce_weighted(
    name: str, values: Tensor, sample_weight: Any, mask: Any, reduction: str | None, dtype: str
) -> Reduced:
    """Weigh and reduce values as `reduction` says.

    ```
    sum                      sum(v * w * m)
    sum_over_batch_size      sum(v * w * m) / count(v) * count(m) / sum(m)
    mean_with_sample_weight  sum(v * w * m) / sum(w * m)
    ```

    Sums and counts are those of the global batch. A quotient with the divisor 0 is 0.
    """
    weights = None if sample_weight is None else ops.cast(sample_weight, dtype)
    valid = None if mask is None else ops.cast(mask, dtype)
    if weights is not None:
        weights = weights_for(name, weights, values)
    if valid is not None:
        valid = weights_for(name, valid, values)
        weights = valid if weights is None else weights * valid
    if weights is not None:
        values = values * weights
    if reduction in (None, "none") or values.ndim == 0:
        return Reduced(values, False)
    total = local_sum(values)
    if reduction == "mean_with_sample_weight" and weights is not None:
        total = ops.divide_no_nan(total, global_sum(weights))
    elif reduction != "sum":
        total = _mean(total, values, valid)
    return Reduced(total, holds_rows(values))


def _mean(total: Tensor, values: Tensor, valid: Tensor | None) -> Tensor:
    count = values.spec.global_size
    if valid is None:
        return total / float(max(count, 1))  # type: ignore[no-any-return]
    scale = valid.spec.global_size / max(count, 1)
    return ops.divide_no_nan(total * scale, global_sum(valid))


def combine_masks(first: Any, second: Any) -> Any:
    """What both masks let pass; one of them if the other is None."""
    if first is None or second is None:
        return second if first is None else first
    return ops.logical_and(as_tensor(first), as_tensor(second))
