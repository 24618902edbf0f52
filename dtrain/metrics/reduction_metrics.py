"""Sums and means of values over all batches, and functions as metrics."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from dtrain import ops
from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.losses.reduction import combine_masks, local_sum
from dtrain.losses.shapes import weights_for
from dtrain.losses.wrapper import with_function
from dtrain.ops.collective import Once
from dtrain.saving.serialization import serialize_keras_object

from .sums import SumMetric


class RowCount(Op):
    """y = the number of rows of x in this process"""

    @staticmethod
    def spec(x: Spec) -> Spec:
        return Spec((), np.dtype(np.float64))

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        y.fill(len(x))


def merged_weights(name: str, sample_weight: Any, mask: Any, values: Tensor, dtype: str) -> Tensor | None:
    """Weights times mask in a shape that multiplies the values; None if there is neither."""
    merged = None
    for factor in (mask, sample_weight):
        if factor is not None:
            fitted = weights_for(name, ops.cast(factor, dtype), values)
            merged = fitted if merged is None else merged * fitted
    return merged


class Sum(SumMetric):
    """The sum of all values, each times its weight."""

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_part("total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values (a number, or an array with one entry or more for each row)."""
        tensor = ops.cast(as_tensor(values), self.dtype)
        weights = merged_weights(self.name, sample_weight, None, tensor, self.dtype)
        self.add_rows(self.total, tensor if weights is None else tensor * weights)

    def compute(self, *sums: Array) -> Any:
        return sums[0]


class Mean(SumMetric):
    """`sum(values * weights) / sum(weights)` over all batches; 0 before the first one.

    Where a row has several values, their mean is the row's value.
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_part("total")
        self.count = self.add_part("count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values (a number, or an array with one entry or more for each row)."""
        tensor = as_tensor(values)
        mask = None if sample_weight is None else tensor._keras_mask
        self._add(tensor, sample_weight, mask)

    def _add(self, values: Tensor, sample_weight: Any, mask: Any) -> None:
        values = ops.cast(values, self.dtype)
        weights = merged_weights(self.name, sample_weight, mask if values.ndim else None, values, self.dtype)
        if weights is None:
            self._add_unweighted(values)
            return
        if values.ndim == 0 and weights.ndim:
            raise ValueError(f"{self.name}: expected one value for each row, to be weighted. Received: a single number")
        product = values * weights
        # A row of several values counts as one, and so does its weight.
        scale = 1.0 / max(math.prod(values.spec.global_shape[1:]), 1)
        spread = values.spec.global_size / max(weights.spec.global_size, 1)
        self.add_to(self.total, _scaled(local_sum(product), scale), product)
        self.add_to(self.count, _scaled(local_sum(weights), scale * spread), weights)

    def _add_unweighted(self, values: Tensor) -> None:
        inner = math.prod(values.spec.global_shape[1:])
        self.add_to(self.total, _scaled(local_sum(values), 1.0 / max(inner, 1)), values)
        rows = apply(RowCount, values) if values.ndim else as_tensor(1.0)
        self.count.assign(self.count + (rows if values.spec.batch == 0 else apply(Once, rows)))

    def compute(self, *sums: Array) -> Any:
        total, count = float(sums[0]), float(sums[1])
        return total / count if count else 0.0


def _scaled(x: Tensor, factor: float) -> Tensor:
    return x if factor == 1.0 else x * factor


class MeanMetricWrapper(Mean):
    """The mean of `fn(y_true, y_pred, **kwargs)`, a function that returns one value or more for each row.

    Entries that the predictions' mask hides count nothing.
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add the values of one batch."""
        values = as_tensor(self._fn(y_true, y_pred, **self._fn_kwargs))
        mask = getattr(y_pred, "_keras_mask", None)
        if mask is not None or sample_weight is not None:
            mask = combine_masks(mask, values._keras_mask)
        self._add(values, sample_weight, mask)

    def get_config(self) -> dict[str, Any]:
        function = {"fn": serialize_keras_object(self._fn)}
        return {**super().get_config(), **function, **serialize_keras_object(self._fn_kwargs)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return super().from_config(with_function(config))


class FunctionMetric(MeanMetricWrapper):
    """Base of the metrics that stand for one function of dtrain: the configuration holds the function's arguments."""

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype, **self._fn_kwargs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        # Keras 2 wrote the function beside its arguments.
        return super().from_config({key: value for key, value in config.items() if key != "fn"})
