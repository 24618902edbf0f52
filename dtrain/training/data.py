"""Sources of batches: arrays in memory, or a generator or `PyDataset` of whole batches. Each rank takes its rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from dtrain.datasets.loader import BatchLoader
from dtrain.datasets.sampler import part_rows
from dtrain.graph import Array, Tensor
from dtrain.graph.nest import flatten, map_structure

Triple = tuple[Any, Any, Any]
Recut = Callable[[int, int, int | None], "Batch"]
"""Called with rank, number of workers and number of micro-shards."""


@dataclass(slots=True)
class Batch:
    """This rank's rows of one global batch: inputs, targets, weights (structures of arrays, or None)."""

    x: Any
    y: Any
    sample_weight: Any
    rows: int
    total_rows: int
    first_row: int
    recut: Recut | None = None
    """Gives, in elastic mode, the rows of another place among the ranks in its stead."""

    @property
    def arrays(self) -> list[Array]:
        return [a for part in (self.x, self.y, self.sample_weight) for a in flatten(part) if a is not None]


class Source(Protocol):
    """An endless order of passes over data. `count` is the steps of one pass (None: known when it ends)."""

    @property
    def rows(self) -> int | None:
        """Rows of one pass."""

    @property
    def batch_size(self) -> int | None:
        """Rows of one step."""

    @property
    def shuffle(self) -> bool:
        """Whether each pass has an order of its own."""

    @property
    def count(self) -> int | None:
        """Steps of one pass."""

    def reseed(self, seed: int) -> None:
        """Take the order of rows from another seed."""

    def on_epoch_begin(self) -> None:
        """Called before each pass."""

    def on_epoch_end(self) -> None:
        """Called after each pass."""

    def peek(self) -> Batch | None:
        """A batch like those to come, to plan for; None when there is none."""

    def batches(self, epoch: int, start_step: int) -> Iterator[Batch]:
        """The batches of a pass, from step `start_step` on."""


def to_array(value: Any, name: str = "data") -> Any:
    """Numbers in any form (list, NumPy array, tensor of a framework, data frame) as an array; 64-bit floats stay.

    Raises:
        ValueError: for anything but real numbers; `name` says where.
    """
    if value is None:
        return None
    if isinstance(value, Tensor):
        return value.numpy()
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        array = np.asarray(value, object)
    if array.dtype.kind in _ADVICE:
        raise ValueError(
            f"{name}: expected an array of numbers. Received: {type(value).__name__} with dtype {array.dtype} and "
            f"shape {array.shape}. {_ADVICE[array.dtype.kind]}"
        )
    return array


_TEXT = "Turn classes given as text into numbers, such as by np.unique(y, return_inverse=True)[1]."
_TIME = "Turn times into numbers, such as by array.astype(float)."
_ADVICE = {
    "O": "All rows must have the same length and hold numbers only (no None): pad or cut them (utils.pad_sequences).",
    "U": _TEXT,
    "S": _TEXT,
    "M": _TIME,
    "m": _TIME,
    "c": "Give real and imaginary part as two features.",
}


def to_arrays(structure: Any, name: str = "data") -> Any:
    """A structure of arrays. A list of numbers (or of lists of numbers) is one array, a list of arrays several."""
    if structure is None or hasattr(structure, "shape") or hasattr(structure, "__array__"):
        return to_array(structure, name)
    if isinstance(structure, Mapping):
        return {k: to_arrays(v, f"{name}[{k!r}]") for k, v in structure.items()}
    if isinstance(structure, (list, tuple)):
        leaves = list(itertools.islice(flatten(structure), 1))
        if not leaves or isinstance(leaves[0], (int, float, bool, str, bytes)):
            return to_array(structure, name)
        arrays = [to_arrays(v, f"{name}[{k}]") for k, v in enumerate(structure)]
        return type(structure)(*arrays) if hasattr(structure, "_fields") else type(structure)(arrays)
    return to_array(structure, name)


def to_triple(x: Any, y: Any = None, sample_weight: Any = None) -> Triple:
    """Inputs, targets and sample weights as structures of arrays."""
    return to_arrays(x, "x"), to_arrays(y, "y"), to_arrays(sample_weight, "sample_weight")


def row_count(arrays: Triple) -> int:
    """The number of rows, the same in all arrays.

    Raises:
        ValueError: when there are no rows, no arrays, or different numbers of rows (all are listed).
    """
    shapes = [a.shape for part in arrays for a in flatten(part) if a is not None]
    if not shapes:
        raise ValueError("Expected data: `x` is None")
    if not all(shapes):
        raise ValueError(f"Expected arrays whose first axis counts the rows. Received shapes: {_listing(arrays)}")
    rows = int(shapes[0][0])
    if any(shape[0] != rows for shape in shapes):
        raise ValueError(f"Expected the same number of rows in all arrays. Received shapes: {_listing(arrays)}")
    if rows == 0:
        raise ValueError(f"Expected at least one row of data. Received shapes: {_listing(arrays)}")
    return rows


def _listing(arrays: Triple) -> str:
    names = ("x", "y", "sample_weight")
    named = [(name, a) for name, part in zip(names, arrays, strict=True) for a in flatten(part) if a is not None]
    return ", ".join(f"{name}: {a.shape}" for name, a in named)


def check_batch_size(batch_size: Any) -> int:
    """Return `batch_size` as an int.

    Raises:
        ValueError: it is no positive integer.
    """
    if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(f"batch_size must be a positive integer. Received: batch_size={batch_size!r}")
    return int(batch_size)


class ArraySource:
    """Arrays in memory, in one global order for any number of ranks."""

    def __init__(
        self,
        arrays: Triple,
        batch_size: int,
        shuffle: bool,
        seed: int,
        rank: int,
        workers: int,
        shards: int | None = None,
    ) -> None:
        self.arrays = arrays
        self.rows = row_count(arrays)
        self.batch_size = check_batch_size(batch_size)
        self.shuffle = shuffle
        self._place = rank, workers, shards
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Take the order of rows from another seed."""
        present = [a for part in self.arrays for a in flatten(part) if a is not None]
        self._loader = BatchLoader(tuple(present), self.batch_size, self.shuffle, seed, *self._place)

    def on_epoch_begin(self) -> None:
        """Nothing to do: the order follows from the number of the epoch."""

    def on_epoch_end(self) -> None:
        """Nothing to do, see `on_epoch_begin`."""

    @property
    def count(self) -> int:
        return len(self._loader)

    def peek(self) -> Batch:
        """The first batch of the first pass."""
        return next(self.batches(0, 0))

    def batches(self, epoch: int, start_step: int = 0) -> Iterator[Batch]:
        """The batches of pass number `epoch`."""
        for step, first_row, total, local in self._loader.epoch(epoch, start_step):
            x, y, weight = _fill(self.arrays, local)
            yield Batch(x, y, weight, len(local[0]), total, first_row, partial(self._recut, epoch, step))

    def _recut(self, epoch: int, step: int, *place: Any) -> Batch:
        if self._place != place:
            self._place = place
            self._loader.take_place(*place)
        return next(self.batches(epoch, step))


def _fill(structure: Triple, arrays: Iterable[Array]) -> Triple:
    """`arrays` in place of the arrays of a structure; None stays."""
    following = iter(arrays)
    x, y, weight = (map_structure(lambda a: None if a is None else next(following), part) for part in structure)
    return x, y, weight


class IteratorSource:
    """A generator, iterable or `PyDataset` that gives whole global batches on every rank."""

    rows: int | None = None
    batch_size: int | None = None
    shuffle = False

    def __init__(
        self,
        data: Any,
        rank: int,
        workers: int,
        class_weight: Mapping[int, float] | None = None,
        shards: int | None = None,
    ) -> None:
        if not (hasattr(data, "__iter__") or (hasattr(data, "__getitem__") and hasattr(data, "__len__"))):
            raise ValueError(
                "x: expected arrays (or a list or dict of them), or a generator or PyDataset of batches. "
                f"Received: {type(data).__name__}"
            )
        self._data = data
        self._place = rank, workers, shards
        self._class_weight = class_weight
        # A loader of PyTorch gives its `(x, y)` as a list, which elsewhere means several inputs.
        self._gives_lists = any(c.__module__.startswith("torch.utils.data") for c in type(data).__mro__)
        self._once = iter(data) is data if hasattr(data, "__iter__") else False  # each item is given only once
        self._rest: Iterator[Any] = iter(data) if self._once else iter(())

    @property
    def count(self) -> int | None:
        try:
            return len(self._data)
        except TypeError:  # some have `__len__` and yet no length, as loaders of endless data sets
            return getattr(self._data, "num_batches", None)

    def reseed(self, seed: int) -> None:
        """The order is the source's own."""

    def on_epoch_begin(self) -> None:
        """Tell the data set."""
        _call(self._data, "on_epoch_begin")

    def on_epoch_end(self) -> None:
        """Tell the data set."""
        _call(self._data, "on_epoch_end")

    def peek(self) -> Batch | None:
        """The first batch, which is given again."""
        if not self._once:
            return next(self.batches(0, 0), None)
        first = list(itertools.islice(self._rest, 1))
        self._rest = itertools.chain(first, self._rest)
        return self._local(first[0]) if first else None

    def batches(self, epoch: int, start_step: int = 0) -> Iterator[Batch]:
        """The batches of one pass; a generator goes on where it stood."""
        for item in self._items(start_step):
            yield self._local(item)

    def _items(self, start_step: int) -> Iterable[Any]:
        if hasattr(self._data, "__getitem__") and self.count is not None:
            return (self._data[k] for k in range(start_step, self.count))
        if self._once:
            return itertools.islice(self._rest, start_step, None)
        return itertools.islice(iter(self._data), start_step, None)

    def _local(self, item: Any) -> Batch:
        triple = unpack(tuple(item) if self._gives_lists and isinstance(item, list) else item)
        arrays = with_class_weight(to_triple(*triple), self._class_weight)
        batch = rank_batch(arrays, *self._place)
        batch.recut = partial(self._recut, arrays)
        return batch

    def _recut(self, arrays: Triple, rank: int, workers: int, shards: int | None) -> Batch:
        self._place = rank, workers, shards
        return rank_batch(arrays, rank, workers, shards)


def _call(data: Any, method: str) -> None:
    if hasattr(data, method):
        getattr(data, method)()


def rank_batch(arrays: Triple, rank: int, workers: int, shards: int | None = None) -> Batch:
    """One global batch, of which a rank takes its rows (views); with micro-shards, whole ones."""
    total = row_count(arrays)
    start, stop = part_rows(total, rank, workers, shards)
    x, y, weight = arrays
    if stop - start != total:
        x, y, weight = (map_structure(lambda a: None if a is None else a[start:stop], part) for part in arrays)
    return Batch(x, y, weight, stop - start, total, start, partial(rank_batch, arrays))


def unpack(item: Any) -> Triple:
    """What a source of batches gives: `x`, `(x, y)` or `(x, y, sample_weight)`."""
    if not isinstance(item, tuple):
        return item, None, None
    if not 1 <= len(item) <= 3:
        raise ValueError(f"Expected batches (x,), (x, y) or (x, y, sample_weight). Received a tuple of {len(item)}")
    x, y, weight = (*item, None, None)[:3]
    return x, y, weight


def is_array_like(x: Any) -> bool:
    """Whether `x` is data in memory rather than something that gives batches."""
    return x is None or isinstance(x, (list, tuple, Mapping, int, float)) or hasattr(x, "__array__")


def split_validation(arrays: Triple, fraction: float) -> tuple[Triple, Triple]:
    """The first rows for training and the last `fraction` of them for validation.

    Raises:
        ValueError: when the fraction is not in (0, 1) or leaves one part empty.
    """
    rows = row_count(arrays)
    cut = int(np.floor(rows * (1.0 - fraction)))
    if not 0 < fraction < 1 or not 0 < cut < rows:
        raise ValueError(
            f"validation_split must leave rows for training and for validation. Received: "
            f"validation_split={fraction} of {rows} rows"
        )

    def part(where: slice) -> Triple:
        x, y, weight = (map_structure(lambda a: None if a is None else a[where], p) for p in arrays)
        return x, y, weight

    return part(slice(None, cut)), part(slice(cut, None))


def with_class_weight(arrays: Triple, class_weight: Any) -> Triple:
    """Turn weights of classes into weights of rows (times those that the rows have); a class without one counts 1.

    Args:
        class_weight: weights by class number, or `OutputClassWeights`.

    Raises:
        ValueError: when weights by class number alone meet several arrays of targets.
    """
    if class_weight is None:
        return arrays
    from .class_weights import OutputClassWeights, output_weights, row_weights

    x, y, weight = arrays
    if isinstance(class_weight, OutputClassWeights):
        return x, y, output_weights(y, weight, class_weight)
    if y is None or len(flatten(y)) != 1:
        raise ValueError(
            "class_weight: with several arrays of targets, give it by output: a dict of dicts by output name, or a list"
        )
    rows = row_weights(flatten(y)[0], class_weight)
    return x, y, rows if weight is None else np.asarray(weight, np.float32) * rows
