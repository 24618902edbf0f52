"""Lengths of axes as a value: a vector that knows which of its numbers count rows of the batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from dtrain.graph import Rows, Spec, Tensor


class Lengths(Tensor):
    """A shape put together by ops: `concatenate([expand_dims(x.shape[0], -1), [1, 1]], axis=0)`.

    As an operand it holds global lengths; gone through, it gives what ops take for a shape, `Rows` where they are.

    Args:
        lengths: integers or `Rows`.
    """

    __slots__ = ("lengths",)

    def __init__(self, lengths: Iterable[Any]) -> None:
        self.lengths = tuple(n if isinstance(n, Rows) else int(n) for n in lengths)
        array = np.array([n.total if isinstance(n, Rows) else n for n in self.lengths], np.int32)
        super().__init__(Spec(array.shape, array.dtype), array)

    def __iter__(self) -> Iterator[int]:
        return iter(self.lengths)

    def __getitem__(self, key: Any) -> Any:
        found = self.lengths[key]
        return Lengths(found) if isinstance(key, slice) else found
