"""Random values, every number a function of its stream and of the row of the global batch that it belongs to.

`seed=` an integer fixes the stream, so that the same call always gives the same numbers, as in Keras.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from dtrain.graph import Array, Op, Spec, StepContext, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic
from dtrain.random import keys
from dtrain.random.seed import SeedGenerator

from .creation import FLOATX, cast, shape_spec
from .elementwise import log
from .extremes import argmax
from .places import Places, places_of
from .streams import Draw, Stream, fill_rows, stream_of

_TAIL = 2.0  # a truncated normal number is at most so many standard deviations away
_FRACTION = 2.0**-24  # the step of a uniform number


def _truncated_normal_rows(
    seed: int, kind: str, name: str, epoch: int, step: int, first_row: int, rows: int, size: int
) -> Array:
    """Standard normal numbers, drawn again from further streams while they are beyond two."""
    values = keys.normal_rows(seed, kind, name, epoch, step, first_row, rows, size)
    attempt = 0
    while np.any(beyond := np.abs(values) > _TAIL):
        attempt += 1
        again = keys.normal_rows(seed, kind, f"{name}/again{attempt}", epoch, step, first_row, rows, size)
        np.copyto(values, again, where=beyond)
    return values


def _fine_uniform_rows(
    seed: int, kind: str, name: str, epoch: int, step: int, first_row: int, rows: int, size: int
) -> Array:
    """Uniform numbers in [0, 1) of 48 random bits, in float64: fine enough to number all 32-bit integers."""
    halves = keys.uniform_rows(seed, kind, name, epoch, step, first_row, rows, 2 * size).astype(np.float64)
    return halves[:, :size] + halves[:, size:] * _FRACTION


_DRAWS: dict[str, Draw] = {
    "uniform": keys.uniform_rows,
    "normal": keys.normal_rows,
    "truncated_normal": _truncated_normal_rows,
    "randint": _fine_uniform_rows,
}


class RandomValues(Op):
    """y = shift + scale * draw; whole numbers (rounded down) if y holds integers."""

    @staticmethod
    def spec(*, like: Spec) -> Spec:
        return like

    @staticmethod
    def forward(
        y: Array, *, kind: str, shift: float, scale: float, stream: Stream, places: Places, context: StepContext,
    ) -> None:  # fmt: skip
        draw = _DRAWS[kind]

        def scaled(*arguments: Any) -> Array:
            values = draw(*arguments)
            values = values.astype(np.float64 if y.dtype == np.float64 else values.dtype, copy=False)
            values *= scale
            values += shift
            return np.floor(values, out=values) if y.dtype.kind in "iu" else values

        fill_rows(y, scaled, stream.key(kind, context), places, context)


def _random(
    kind: str, shape: Any, dtype: DTypeLike | None, shift: float, scale: float, seed: int | SeedGenerator | None
) -> Tensor:
    like = shape_spec(shape, dtype or FLOATX)
    return apply(  # type: ignore[no-any-return]
        RandomValues, like=like, kind=kind, shift=shift, scale=scale,
        stream=stream_of(kind, seed), places=places_of(like),
    )  # fmt: skip


def uniform(
    shape: Sequence[int],
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: DTypeLike | None = None,
    seed: int | SeedGenerator | None = None,
) -> Tensor:
    """Uniform random numbers in [minval, maxval).

    Args:
        shape: a length taken from a tensor's `shape` makes its axis that of the batch: every row of the global batch
            then has numbers of its own, whatever the number of processes.
        dtype: "float32" if None.
        seed: None: other numbers at every call and step; an integer: the same ones at every call.
    """
    return _random("uniform", shape, dtype, minval, maxval - minval, seed)


def normal(
    shape: Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: DTypeLike | None = None,
    seed: int | SeedGenerator | None = None,
) -> Tensor:
    """Normal random numbers; arguments as in `uniform`."""
    return _random("normal", shape, dtype, mean, stddev, seed)


def truncated_normal(
    shape: Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: DTypeLike | None = None,
    seed: int | SeedGenerator | None = None,
) -> Tensor:
    """Normal random numbers of which those further than two standard deviations from the mean are drawn again."""
    return _random("truncated_normal", shape, dtype, mean, stddev, seed)


def randint(
    shape: Sequence[int],
    minval: int,
    maxval: int,
    dtype: DTypeLike = "int32",
    seed: int | SeedGenerator | None = None,
) -> Tensor:
    """Random integers in [minval, maxval), all equally likely."""
    if maxval <= minval:
        raise ValueError(f"randint: expected minval < maxval. Received: minval={minval}, maxval={maxval}")
    return _random("randint", shape, dtype, minval, maxval - minval, seed)


@symbolic
def categorical(
    logits: Any, num_samples: int, dtype: DTypeLike = "int32", seed: int | SeedGenerator | None = None
) -> Tensor:
    """Draw class numbers with probabilities `softmax(logits)`: the argmax of `logits - log(-log(uniform))`.

    Args:
        logits: (batch, classes).

    Returns:
        (batch, num_samples).
    """
    x = as_tensor(logits)
    rows, classes = x.shape
    noise = uniform((rows, num_samples, classes), _FRACTION / 2, 1.0, x.dtype, seed)
    return cast(argmax(x[:, None, :] - log(-log(noise)), axis=-1), dtype)
