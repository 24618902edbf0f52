"""Circle loss: pulls embeddings of one class together and pushes those of others apart, pair by pair."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain import ops
from dtrain.graph import Tensor, as_tensor

from .wrapper import FunctionLoss


def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Tensor:
    """One value for each row, from the cosine distances of its embedding to all others of the batch.

    It compares rows with each other, so that all rows of the batch must be in one process.
    Sun et al., 2020, Circle Loss: A Unified Perspective of Pair Similarity Optimization, eq. 8.

    Args:
        y_true: class numbers.
        y_pred: embeddings of length 1.
        ref_labels: class numbers of `ref_embeddings`.
        ref_embeddings: what to compare with; the batch itself if None.
        remove_diagonal: do not compare row k with reference k.
    """
    y_pred = as_tensor(y_pred)
    labels = ops.reshape(ops.cast(y_true, "int32"), (-1, 1))
    references = y_pred if ref_embeddings is None else as_tensor(ref_embeddings)
    reference_labels = labels if ref_labels is None else ops.reshape(ops.cast(ref_labels, "int32"), (-1, 1))
    distance = ops.maximum(1.0 - ops.matmul(y_pred, ops.transpose(references)), 0.0)
    positive = ops.equal(labels, ops.transpose(reference_labels))
    negative = ops.logical_not(positive)
    if remove_diagonal:
        rows, columns = distance.spec.global_shape
        positive = ops.logical_and(positive, np.eye(rows, columns) == 0)
    near = gamma * (margin + distance) * (distance - margin)
    far = gamma * ops.maximum(1.0 + margin - distance, 0.0) * (1.0 - margin - distance)
    p_loss, n_loss = (
        ops.logsumexp(ops.where(mask, values, float("-inf")), axis=1)
        for mask, values in ((positive, near), (negative, far))
    )
    values = ops.softplus(p_loss + n_loss)
    values._keras_mask = ops.greater(values, 0.0)
    return values


class Circle(FunctionLoss):
    """The mean of `circle(y_true, y_pred)` over the rows that have something to compare with.

    Args:
        gamma: scale of the distances.
        margin: distance within which embeddings of one class may lie.
        remove_diagonal: do not compare a row with itself.
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str = "circle",
        dtype: Any = None,
    ) -> None:
        arguments = {"gamma": gamma, "margin": margin, "remove_diagonal": remove_diagonal}
        super().__init__(circle, reduction, name, dtype, **arguments)
        self.gamma, self.margin, self.remove_diagonal = gamma, margin, remove_diagonal
