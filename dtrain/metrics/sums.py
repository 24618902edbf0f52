"""Metrics whose state is sums over rows: each process adds its own, and the result is made from the sums of all."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, Variable, apply, as_tensor, current_trace
from dtrain.graph.trace import running_lanes
from dtrain.losses.reduction import part_of
from dtrain.ops.collective import AllSum
from dtrain.ops.reduction import sum_rows

from .metric import Metric


class Result(Op):
    """y = metric.compute(*sums), inside of a trace."""

    variadic = True

    @staticmethod
    def spec(xs: Sequence[Spec], *, metric: SumMetric) -> Spec:
        with warnings.catch_warnings():  # about the zeros
            warnings.simplefilter("ignore")
            y = metric.compute(*(np.zeros(x.shape, x.dtype) for x in xs))
        return Spec(np.shape(y), np.dtype(metric.result_dtype))

    @staticmethod
    def forward(xs: Sequence[Array], y: Array, *, metric: SumMetric) -> None:
        y[...] = metric.compute(*xs)


class SumMetric(Metric):
    """Base of the metrics of dtrain.

    Subclasses make parts (`add_part`), add to them (`add_to`), and write `compute(*sums)`, which makes the result from
    the sums over all processes, in the order in which the parts were made.

    Parts are float64: a float32 count of rows would stand still at 2**24.
    """

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        super().__init__(dtype=dtype, name=name)
        self._parts: list[Variable] = []

    def add_part(self, name: str, shape: Sequence[int] = ()) -> Variable:
        """Make a variable that holds this process's part of a sum, 0 at the beginning."""
        variable = self.add_variable(tuple(shape), "zeros", dtype="float64", aggregation="sum", name=name)
        variable.is_part = True
        self._parts.append(variable)
        return variable

    def add_to(self, part: Variable, local_sum: Any, source: Tensor) -> None:
        """Add to `part` a sum over what this process holds of `source`."""
        part.assign(part + part_of(as_tensor(local_sum), source))

    def add_rows(self, part: Variable, values: Tensor, axes: Sequence[int] | None = None) -> None:
        """Add to `part` the sum of `values` over `axes` (the rows' axis among them; None: all)."""
        axes = tuple(range(values.ndim)) if axes is None else tuple(axes)
        self.add_to(part, sum_rows(values, axes) if axes else values, values)

    def compute(self, *sums: Array) -> Any:
        """The result from the sums over all processes."""
        raise NotImplementedError

    @property
    def result_dtype(self) -> str:
        return self.dtype

    def result(self) -> Tensor:
        """The metric of all batches since the last `reset_state`.

        In a step, it is that of all processes; outside of one, it is made from what the variables hold: this
        process's rows, or those of all processes within `totals`.
        """
        if current_trace() is None:
            value = self.compute(*(running_lanes().whole(v) for v in self._parts))
            return as_tensor(np.asarray(value, self.result_dtype))
        return apply(Result, *(apply(AllSum, v.value) for v in self._parts), metric=self)  # type: ignore[no-any-return]

    @property
    def parts(self) -> list[Variable]:
        return [*self._parts, *super().parts]


def quotient(a: Any, b: Any) -> Array:
    """`a / b`, and 0 where b is 0."""
    a, b = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(b, np.float64))
    result: Array = np.divide(a, b, out=np.zeros(a.shape), where=b != 0)
    return result
