"""Counts over rows as ops: predictions above thresholds, pairs of classes, the k best of a row.

They have no gradients. Rows are taken in chunks that fit the cache, so that nothing of the batch's size is allocated.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dtrain.graph import Array, Op, Spec, broadcast_specs

CHUNK = 16384
LOWEST = -1e10
"""What the predictions outside of the k best of a row become."""


def _chunks(rows: int, row_size: int) -> Iterator[slice]:
    step = max(1, CHUNK // max(row_size, 1))
    return (slice(start, start + step) for start in range(0, rows, step))


class ThresholdCounts(Op):
    """True and false positives and negatives at each threshold: weights summed over this process's rows.

    All operands have one shape (N, L), weights one that broadcasts to it. The outputs have shape (T,), or (T, L) if
    `by_label`. A prediction is positive if it is greater than the threshold. If the thresholds are `even`ly spaced in
    [0, 1], the number of those below a prediction p is `ceil(p * (T - 1))`, else it is looked up.
    """

    outputs = ("tp", "fp", "tn", "fn")

    @staticmethod
    def spec(
        y_true: Spec, y_pred: Spec, weights: Spec, *, thresholds: tuple[float, ...], by_label: bool
    ) -> dict[str, Spec]:
        broadcast_specs("y_true, y_pred and sample weights", y_true, y_pred, weights)
        shape = (len(thresholds), y_pred.shape[1]) if by_label else (len(thresholds),)
        return {name: Spec(shape, np.dtype(np.float64)) for name in ThresholdCounts.outputs}

    @staticmethod
    def forward(
        y_true: Array,
        y_pred: Array,
        weights: Array,
        tp: Array,
        fp: Array,
        tn: Array,
        fn: Array,
        *,
        thresholds: tuple[float, ...],
        even: bool,
        by_label: bool,
    ) -> None:
        order = np.argsort(thresholds, kind="stable")
        limits = np.asarray(thresholds, y_pred.dtype)[order]
        bins, labels = len(limits) + 1, y_pred.shape[1] if by_label else 1
        histogram = np.zeros(labels * 2 * bins)
        factors = np.broadcast_to(weights, y_pred.shape)
        column = np.arange(labels) * (2 * bins) if by_label else 0
        for rows in _chunks(*y_pred.shape):
            below = _thresholds_below(y_pred[rows], limits, even)
            place = below + (y_true[rows] != 0) * bins + column
            histogram += np.bincount(place.ravel(), factors[rows].ravel(), len(histogram))
        counts = histogram.reshape(labels, 2, bins)
        # Positive at threshold t is what has more than t thresholds below it.
        negative = np.cumsum(counts, axis=-1)[..., :-1]
        positive = counts.sum(axis=-1, keepdims=True) - negative
        for out, values in ((tp, positive[:, 1]), (fp, positive[:, 0]), (tn, negative[:, 0]), (fn, negative[:, 1])):
            out[order] = values.T if by_label else values[0]


def _thresholds_below(y_pred: Array, limits: Array, even: bool) -> Array:
    """How many of the sorted `limits` are less than each prediction (none for NaN)."""
    if not even:
        return np.where(np.isnan(y_pred), 0, np.searchsorted(limits, y_pred, side="left"))
    clipped = np.clip(np.nan_to_num(y_pred), 0, 1)
    below: Array = np.ceil(clipped * y_pred.dtype.type(len(limits) - 1)).astype(np.int64)
    if limits[0] < 0:  # the first threshold lies below all predictions
        np.maximum(below, 1, out=below)
    return below


class ConfusionCounts(Op):
    """y[i, j] = sum of the weights of this process's entries of class i that were predicted as class j.

    Entries with a class outside of [0, classes), or of the class `ignore`, count nothing.
    """

    @staticmethod
    def spec(y_true: Spec, y_pred: Spec, weights: Spec, *, classes: int) -> Spec:
        broadcast_specs("y_true, y_pred and sample weights", y_true, y_pred, weights)
        return Spec((classes, classes), np.dtype(np.float64))

    @staticmethod
    def forward(y_true: Array, y_pred: Array, weights: Array, y: Array, *, classes: int, ignore: int | None) -> None:
        y[...] = 0
        factors = np.broadcast_to(weights, y_true.shape)
        for rows in _chunks(y_true.shape[0], y_true[:1].size):
            true, pred = y_true[rows].astype(np.int64), y_pred[rows].astype(np.int64)
            valid = (true >= 0) & (true < classes) & (pred >= 0) & (pred < classes)
            if ignore is not None:
                valid &= true != ignore
            pairs = true[valid] * classes + pred[valid]
            y += np.bincount(pairs, factors[rows][valid], classes * classes).reshape(y.shape)


class KeepTopK(Op):
    """y = x where x is among the k greatest of the last axis (of equals, the first ones), else `LOWEST`."""

    @staticmethod
    def spec(x: Spec, *, k: int) -> Spec:
        return x

    @staticmethod
    def forward(x: Array, y: Array, *, k: int) -> None:
        y.fill(LOWEST)
        source, target = x.reshape(-1, x.shape[-1]), y.reshape(-1, x.shape[-1])
        for rows in _chunks(*source.shape):
            best = np.argsort(-source[rows], axis=-1, kind="stable")[:, :k]
            np.put_along_axis(target[rows], best, np.take_along_axis(source[rows], best, -1), -1)
