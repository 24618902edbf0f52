"""Why a loss or gradient is no number: what fit says when it refuses to make a step with one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from dtrain.graph import Array
from dtrain.graph.nest import flatten

from .data import Triple

_NAMES = ("x", "y", "sample_weight")


def describe_data(data: Triple) -> str | None:
    """Return which inputs, targets or sample weights are no numbers, and what to do; None if all are."""
    found = [_count(name, array) for name, array in _named(data) if not _is_finite(array)]
    if not found:
        return None
    return f"The data are not finite: {', '.join(found)}. Remove or replace these values, such as by np.nan_to_num."


def describe_weights(weights: Iterable[Any]) -> str:
    """Return what is to be said when the data are finite; `weights` are those before the step."""
    broken = next((v for v in weights if not _is_finite(v.array)), None)
    advice = "Lower the learning rate, let the optimizer clip gradients (clipnorm=1.0), or scale the inputs."
    if broken is not None:
        return f"The data are finite, but the weight {broken.path} is not since an earlier step. {advice}"
    return f"Data and weights are finite, so the numbers grew too large within the step. {advice}"


def _named(data: Triple) -> Iterator[tuple[str, Array]]:
    for name, part in zip(_NAMES, data, strict=True):
        arrays = [a for a in flatten(part) if a is not None]
        for number, array in enumerate(arrays):
            yield (name if len(arrays) == 1 else f"{name}[{number}]"), array


def _is_finite(array: Array) -> bool:
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def _count(name: str, array: Array) -> str:
    """Say how many values are no numbers, and in which row the first one is."""
    bad = ~np.isfinite(array)
    row = int(np.argmax(bad.reshape(len(array), -1).any(axis=1)))
    kind = "NaN" if np.isnan(array).any() else "infinite"
    return f"{name} of shape {array.shape} holds {int(bad.sum())} {kind} value(s), the first in row {row}"
