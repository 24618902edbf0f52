"""Intersection over union: how well predicted classes of places (pixels) cover the true ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain import config, ops
from dtrain.graph import Array, Tensor, apply, as_tensor
from dtrain.losses.shapes import unmatched, weights_for
from dtrain.ops.gathering import rows_first

from .counting import ConfusionCounts
from .sums import SumMetric


class IoU(SumMetric):
    """The mean over classes of `true_positives / (true_positives + false_positives + false_negatives)`.

    Args:
        num_classes: classes are numbered from 0; entries with other numbers count nothing.
        target_class_ids: the classes of the mean; those that never occur are left out.
        ignore_class: entries whose true class is this one count nothing.
        sparse_y_true: targets are class numbers, not one-hot.
        sparse_y_pred: predictions are class numbers, not one number per class.
        axis: the axis of the classes where they are not numbers.

    Raises:
        ValueError: for a target class that is not below `num_classes`.
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(dtype=dtype or "int32", name=name)
        if not all(0 <= k < num_classes for k in target_class_ids):
            raise ValueError(
                f"{type(self).__name__}: expected target_class_ids in [0, {num_classes}). "
                f"Received: target_class_ids={target_class_ids}"
            )
        self.num_classes, self.target_class_ids = num_classes, list(target_class_ids)
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.total_cm = self.add_part("total_confusion_matrix", (num_classes, num_classes))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add the pairs of classes of one batch."""
        true = as_tensor(y_true) if self.sparse_y_true else ops.argmax(y_true, axis=self.axis)
        pred = as_tensor(y_pred) if self.sparse_y_pred else ops.argmax(y_pred, axis=self.axis)
        true, pred = _same_shape(self.name, true, pred)
        weights = as_tensor(1.0)
        if sample_weight is not None:
            weights = ops.cast(sample_weight, "float32")
            if weights.spec.global_shape != true.spec.global_shape:
                weights = weights_for(self.name, weights, true)
        true, pred, weights = rows_first(true, pred, weights)
        counts = apply(ConfusionCounts, true, pred, weights, classes=self.num_classes, ignore=self.ignore_class)
        self.add_to(self.total_cm, counts, pred)

    def compute(self, *sums: Array) -> Any:
        (pairs,) = sums
        hits = np.diag(pairs)[self.target_class_ids]
        union = (pairs.sum(axis=0) + pairs.sum(axis=1))[self.target_class_ids] - hits
        occurring = union > 1e-9
        shares = np.where(occurring, hits / (union + config.epsilon()), 0.0)
        return shares.sum() / (occurring.sum() + config.epsilon())

    @property
    def result_dtype(self) -> str:
        return self.dtype if self.dtype.startswith("float") else "float32"

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }


def _same_shape(name: str, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    if y_true.spec.global_shape == y_pred.spec.global_shape:
        return y_true, y_pred
    if y_true.ndim == y_pred.ndim + 1 and y_true.spec.global_shape[-1] == 1:
        return _same_shape(name, ops.squeeze(y_true, -1), y_pred)
    if y_pred.ndim == y_true.ndim + 1 and y_pred.spec.global_shape[-1] == 1:
        return _same_shape(name, y_true, ops.squeeze(y_pred, -1))
    raise ValueError(unmatched(name, y_true, y_pred))


class BinaryIoU(IoU):
    """IoU of the classes 0 and 1 where predictions are numbers: class 1 from `threshold` on."""

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add the pairs of classes of one batch."""
        positive = ops.greater_equal(ops.cast(y_pred, "float32"), self.threshold)
        super().update_state(y_true, ops.cast(positive, "int32"), sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "dtype": self.dtype,
            "target_class_ids": self.target_class_ids,
            "threshold": self.threshold,
        }


class MeanIoU(IoU):
    """IoU of all classes. Arguments as in `IoU`."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["target_class_ids"]
        return config


class OneHotIoU(IoU):
    """IoU of one-hot targets. Arguments as in `IoU`."""

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["sparse_y_true"]
        return config


class OneHotMeanIoU(MeanIoU):
    """IoU of all classes of one-hot targets. Arguments as in `IoU`."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["sparse_y_true"]
        return config
