"""From the rows of outputs that each process has to the outputs of the whole batch, in the order of one process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from dtrain.distributed.communicator import Communicator
from dtrain.graph import Array, Rows, Tensor
from dtrain.graph.nest import flatten, map_structure
from dtrain.graph.trace import batch_pieces
from dtrain.ops.gathering import own_rows
from dtrain.ops.seams import cut_at_seams


@dataclass(frozen=True, slots=True)
class OutputRows:
    """An output's axis of rows, and the rows of all processes in each of its parts; none: all hold the same value."""

    axis: int
    parts: tuple[int, ...]


def separated(outputs: Any, rows: Rows) -> tuple[list[Tensor], Any]:
    """The parts of all outputs, each with its rows in order, and an `OutputRows` in place of each output.

    Args:
        rows: those of the batch. Where they were gathered on all processes for an output, each gives its own.
    """
    found: list[Tensor] = []

    def describe(output: Any) -> OutputRows:
        if not isinstance(output, Tensor):
            raise ValueError(f"The model must return tensors. Received: {type(output).__name__}")
        gathered = batch_pieces() > 1 and output.spec.batch is None and output.spec.shape[:1] == (rows.total,)
        output = own_rows(output, 0, rows) if gathered else output
        parts = list(_parts(output))
        found.extend(parts)
        batch = output.spec.batch
        return OutputRows(batch or 0, () if batch is None else tuple(p.spec.total for p in parts))

    return found, map_structure(describe, outputs)


def _parts(output: Tensor) -> Iterator[Tensor]:
    if output.spec.batch is None or len(output.spec.parts) == 1:
        yield output
        return
    for start, stop in pairwise(accumulate(output.spec.parts, initial=0)):
        if start < stop:
            yield cut_at_seams(output, slice(start, stop))


def whole_outputs(
    communicator: Communicator, structure: Any, local: Sequence[Array], counts: Sequence[int], stacked: bool
) -> Iterator[Array]:
    """The outputs that `structure` describes, whole.

    Args:
        local: what `separated` gave, as arrays.
        counts: rows of the batch of each rank.
        stacked: values without rows are there once for each micro-shard.
    """
    arrays = iter(local)
    for output in flatten(structure):
        if not output.parts:
            value = next(arrays)
            yield (value[0] if stacked else value).copy()
            continue
        parts = [_gathered(communicator, next(arrays), output.axis, total, counts) for total in output.parts]
        yield parts[0] if len(parts) == 1 else np.concatenate(parts, output.axis)


def _gathered(communicator: Communicator, array: Array, axis: int, total: int, counts: Sequence[int]) -> Array:
    rows = sum(counts)
    own = [count * total // rows for count in counts]
    if axis == 0:
        return communicator.Allgather_rows(array, own).copy()  # of one process, they are the memory of its program
    whole = communicator.Allgather_rows(np.ascontiguousarray(np.moveaxis(array, axis, 0)), own)
    return np.moveaxis(whole, 0, axis).copy()
