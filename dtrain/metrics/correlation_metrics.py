"""How closely predictions follow targets along an axis."""

from __future__ import annotations

from typing import Any

from dtrain import config, ops
from dtrain.graph import Tensor
from dtrain.losses.shapes import matched

from .reduction_metrics import FunctionMetric


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """`mean((y_true - m_true) * (y_pred - m_pred)) / (std(y_true) * std(y_pred))` along `axis`."""
    y_true, y_pred = matched("pearson_correlation", y_true, y_pred)
    true, pred = (_standardized(y, axis) for y in (y_true, y_pred))
    return ops.mean(true * pred, axis=axis)


def _standardized(x: Tensor, axis: int) -> Tensor:
    centred = x - ops.mean(x, axis=axis, keepdims=True)
    return centred / ops.std(centred, axis=axis, keepdims=True)  # type: ignore[no-any-return]


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """`2 * cov / (var(y_true) + var(y_pred) + (m_true - m_pred)**2)` along `axis`.

    Lin, 1989, A Concordance Correlation Coefficient to Evaluate Reproducibility.
    """
    y_true, y_pred = matched("concordance_correlation", y_true, y_pred)
    m_true, m_pred = (ops.mean(y, axis=axis, keepdims=True) for y in (y_true, y_pred))
    variances = ops.var(y_true, axis=axis, keepdims=True) + ops.var(y_pred, axis=axis, keepdims=True)
    covariance = (y_true - m_true) * (y_pred - m_pred)
    spread = variances + ops.square(m_true - m_pred) + config.epsilon()
    return ops.mean(covariance * 2.0 / spread, axis=axis)


class PearsonCorrelation(FunctionMetric):
    """The mean of `pearson_correlation(y_true, y_pred)` over the rows."""

    _direction = "up"

    def __init__(self, name: str = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)
        self.axis = axis


class ConcordanceCorrelation(FunctionMetric):
    """The mean of `concordance_correlation(y_true, y_pred)` over the rows."""

    _direction = "up"

    def __init__(self, name: str = "concordance_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
        self.axis = axis
