"""Random order, and numbers of the gamma, beta and binomial distributions: every row of the batch has its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from dtrain.graph import Array, Op, Spec, StepContext, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic
from dtrain.random import keys
from dtrain.random.seed import SeedGenerator

from .creation import FLOATX, cast, ones, shape_spec
from .indexing import take
from .places import Places, places_of
from .rows import require_whole_rows
from .streams import Stream, stream_of

Seed = int | SeedGenerator | None


def _rows(kind: str, stream: Stream, context: StepContext, places: Places, count: int) -> Any:
    """A generator for each of `count` rows, which belongs to the row's place in the whole value."""
    seed, purpose, name, epoch, step = stream.key(kind, context)
    numbers = (first + row for _, first, rows in places.runs(count, context) for row in range(rows))
    return (keys.generator(seed, purpose, f"{name}/row{number}", epoch, step) for number in numbers)


class Gamma(Op):
    """y = a draw from the gamma distribution of shape alpha and scale 1 for each element"""

    @staticmethod
    def spec(alpha: Spec) -> Spec:
        return alpha

    @staticmethod
    def forward(alpha: Array, y: Array, *, stream: Stream, places: Places, context: StepContext) -> None:
        for row, generator in enumerate(_rows("gamma", stream, context, places, len(alpha))):
            y[row] = generator.standard_gamma(alpha[row])


class Binomial(Op):
    """y = the successes among `counts` trials of probability p for each element"""

    @staticmethod
    def spec(counts: Spec, p: Spec) -> Spec:
        return p

    @staticmethod
    def forward(counts: Array, p: Array, y: Array, *, stream: Stream, places: Places, context: StepContext) -> None:
        for row, generator in enumerate(_rows("binomial", stream, context, places, len(p))):
            y[row] = generator.binomial(counts[row].astype(np.int64), p[row])


class Permutation(Op):
    """y = the numbers 0 to n - 1 in random order"""

    @staticmethod
    def spec(*, n: int, stream: Stream) -> Spec:
        return Spec((n,), np.dtype(np.int32))

    @staticmethod
    def forward(y: Array, *, n: int, stream: Stream, context: StepContext) -> None:
        seed, purpose, name, epoch, step = stream.key("shuffle", context)
        y[...] = keys.generator(seed, purpose, name, epoch, step).permutation(n)


def _spread(value: Any, like: Spec, shape: Sequence[int]) -> Tensor:
    """The parameter of a distribution in the shape of its draws, at least a vector."""
    require_whole_rows("random numbers", like, range(1, like.ndim))
    return ones(shape, "float64") * cast(value, "float64")  # type: ignore[no-any-return]


def _drawn(op: type[Op], shape: Sequence[int], seed: Seed, dtype: DTypeLike | None, *parameters: Any) -> Tensor:
    kind = op.__name__.lower()
    lengths = tuple(shape) or (1,)
    like = shape_spec(lengths, FLOATX)
    spread = [_spread(parameter, like, lengths) for parameter in parameters]
    y = apply(op, *spread, stream=stream_of(kind, seed), places=places_of(like))
    y = cast(y, dtype or FLOATX)
    return y if len(tuple(shape)) else y[0]


def gamma(shape: Sequence[int], alpha: Any, dtype: DTypeLike | None = None, seed: Seed = None) -> Tensor:
    """Random numbers of the gamma distribution with shape `alpha` and scale 1. They have no gradient.

    Args:
        alpha: a number, or a tensor that broadcasts to `shape`.
        seed: as in `uniform`.
    """
    return _drawn(Gamma, shape, seed, dtype, alpha)


def beta(shape: Sequence[int], alpha: Any, beta: Any, dtype: DTypeLike | None = None, seed: Seed = None) -> Tensor:
    """Random numbers of the beta distribution: `a / (a + b)` of draws a and b of gamma distributions."""
    pair = (seed, None if seed is None else seed.next() if isinstance(seed, SeedGenerator) else seed + 1)
    a, b = (gamma(shape, value, "float64", s) for value, s in zip((alpha, beta), pair, strict=True))
    return cast(a / (a + b), dtype or FLOATX)


def binomial(
    shape: Sequence[int], counts: Any, probabilities: Any, dtype: DTypeLike | None = None, seed: Seed = None
) -> Tensor:
    """How often something of `probabilities` happens in `counts` trials: random whole numbers of `shape`."""
    return _drawn(Binomial, shape, seed, dtype, counts, probabilities)


@symbolic
def shuffle(x: Any, axis: int = 0, seed: Seed = None) -> Tensor:
    """The parts of x along `axis` in random order. Rows of the batch are gathered on all processes for it."""
    tensor = as_tensor(x)
    require_whole_rows("shuffle", tensor.spec, (axis % tensor.ndim,))
    order = apply(Permutation, n=int(tensor.spec.shape[axis]), stream=stream_of("shuffle", seed))
    return take(tensor, order, axis)
