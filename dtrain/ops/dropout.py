"""Dropout, with a mask that belongs to the rows of the global batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Rows, Spec, StepContext, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic
from dtrain.kernels import rows
from dtrain.random import keys
from dtrain.random.seed import SeedGenerator

from .creation import zeros_like
from .places import Places, places_of
from .streams import Stream, fill_rows, stream_of


class Dropout(Op):
    """y = x * mask / (1 - rate), where the mask is 1 with probability 1 - rate; it has the shape `noise`."""

    in_place = ("x",)

    @staticmethod
    def spec(x: Spec, *, noise: Spec) -> dict[str, Spec]:
        return {"y": x, "mask": noise}

    @staticmethod
    def forward(
        x: Array, y: Array, mask: Array, *, rate: float, stream: Stream, places: Places, context: StepContext,
    ) -> None:  # fmt: skip
        limit = np.float32(rate)

        def kept(*arguments: Any) -> Array:
            return keys.uniform_rows(*arguments) >= limit

        fill_rows(mask, kept, stream.key("dropout", context), places, context)
        rows.apply_mask(x, mask, 1 / (1 - rate), y)

    @staticmethod
    def dx(dy: Array, mask: Array, dx: Array, *, rate: float) -> None:
        rows.apply_mask(dy, mask, 1 / (1 - rate), dx)


@symbolic
def dropout(
    inputs: Any, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | SeedGenerator | None = None
) -> Tensor:
    """Set a share `rate` of the values to 0 and scale the others by `1 / (1 - rate)` (Srivastava et al. 2014).

    Args:
        noise_shape: the shape of the mask, which is repeated along its axes of length 1; None (also for one axis): as
            the inputs.

    Raises:
        ValueError: for a rate outside of [0, 1] or a noise_shape that does not fit.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"dropout: expected 0 <= rate <= 1. Received: rate={rate}")
    x = as_tensor(inputs)
    if rate == 0:
        return x
    if rate == 1:
        return zeros_like(x)
    noise = _noise_spec(x.spec, noise_shape)
    stream = stream_of("dropout", seed)
    return apply(  # type: ignore[no-any-return]
        Dropout, x, rate=float(rate), noise=noise, stream=stream, places=places_of(noise)
    )


def _noise_spec(x: Spec, noise_shape: Sequence[int | None] | None) -> Spec:
    mask = x.with_dtype(np.bool_)
    if noise_shape is None:
        return mask
    lengths = x.global_shape
    shape = tuple(n if k is None else int(k) for n, k in zip(lengths, noise_shape, strict=False))
    if len(noise_shape) != x.ndim or any(k not in (1, n) for n, k in zip(lengths, shape, strict=True)):
        raise ValueError(
            f"dropout: expected noise_shape to have a 1 or the inputs' length for each axis of {x.global_shape}. "
            f"Received: noise_shape={tuple(noise_shape)}"
        )
    repeated = x.batch is not None and noise_shape[x.batch] == 1 and not isinstance(noise_shape[x.batch], Rows)
    if repeated or x.batch is None:
        return mask.with_shape(shape).replicated()
    return mask.with_shape((*shape[: x.batch], x.shape[x.batch], *shape[x.batch + 1 :]))
