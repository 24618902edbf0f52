"""Rows of HDF5 datasets that stay in the file: data larger than memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import h5py

Array = NDArray[Any]
Names = Any
"""The name of a dataset, or a list, tuple or dict of such: the structure of what a model takes."""
_FREE_BYTES = 2**26  # a row may be so much larger than the file: what was never written is not stored
_CHUNK_CACHE_BYTES = 64 * 2**20  # rows that are shuffled come back to a chunk again and again


class HDF5Data:
    """Inputs and targets in an HDF5 file, to be the `x` of `fit`, `evaluate` and `predict`.

    ```
    data = HDF5Data("train.h5", x="images", y="labels")
    model.fit(data, batch_size=128)
    ```

    A process reads just its own rows of each batch, while the batch before is computed. Rows come in the same order as
    those of arrays in memory do, whatever the number of processes. Datasets that lie in one piece and uncompressed
    are read most quickly; of chunked ones, a chunk is read whole for the sake of one row, so shuffled rows want small
    chunks.

    libhdf5 reads the file in this process, for the sake of speed, and crashes on some files that are damaged or made to
    do so. Unlike models, weights and checkpoints, which another process or no libhdf5 at all reads, data should come
    from someone you trust.

    Args:
        path: of the file.
        x: name of the dataset of inputs; or a list, tuple or dict of names.
        y: that of targets; None: there are none.
        sample_weight: that of weights of rows.
        start, stop: the rows to use, as in a slice; all by default.

    Raises:
        OSError: the file cannot be opened.
        ValueError: a dataset is missing or has another number of rows (the message lists what there is), or its values
            lie in other files, which could be any on this machine.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        x: Names = "x",
        y: Names = "y",
        sample_weight: Names = None,
        start: int | None = None,
        stop: int | None = None,
    ) -> None:
        import h5py

        self.path = os.fspath(path)
        self._file = h5py.File(self.path, "r", locking="best-effort", rdcc_nbytes=_CHUNK_CACHE_BYTES)
        self._names = x, y, sample_weight
        try:
            self._readers = {name: self._reader(name) for part in self._names for name in _leaves(part)}
            lengths = {name: reader.rows for name, reader in self._readers.items()}
            if len(set(lengths.values())) != 1:
                raise ValueError(f"HDF5Data: datasets of {self.path} must have one number of rows. Found: {lengths}")
            [total] = set(lengths.values())
            self._start, self._stop, _ = slice(start, stop).indices(total)
            if self._stop <= self._start:
                raise ValueError(f"HDF5Data: no rows from {start} to {stop} among the {total} of {self.path}")
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        return self._stop - self._start

    def read_rows(self, rows: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """Return inputs, targets and sample weights of rows (each at most once), in the order in which they are given.

        Raises:
            IndexError: there is no such row.
        """
        if rows.size and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"HDF5Data: rows must be in [0, {len(self)}). Received: {rows.min()} to {rows.max()}")
        wanted = rows + self._start
        found = {name: reader.read(wanted) for name, reader in self._readers.items()}
        x, y, weight = (_map(found.__getitem__, part) for part in self._names)
        return x, y, weight

    def fingerprint(self) -> str:
        """Say what the data are, so that processes can compare: shapes, dtypes, a digest of some of the rows."""
        some = np.unique(np.linspace(0, len(self) - 1, 5).astype(np.int64)) + self._start
        content = hashlib.sha256()
        texts = []
        for name, reader in self._readers.items():
            content.update(np.ascontiguousarray(reader.read(some)).tobytes())
            texts.append(f"{name} {reader.dtype} {(len(self), *reader.row_shape)}")
        return f"{', '.join(texts)}, digest {content.hexdigest()[:16]}"

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> HDF5Data:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"HDF5Data({self.path!r}, {len(self)} rows of {', '.join(self._readers)})"

    def _reader(self, name: str) -> _Reader:
        import h5py

        dataset = self._file.get(name)
        if not isinstance(dataset, h5py.Dataset) or dataset.ndim == 0:
            there: list[str] = []
            self._file.visititems(lambda key, item: there.append(key) if isinstance(item, h5py.Dataset) else None)
            raise ValueError(
                f"HDF5Data: {self.path} has no dataset of rows {name!r}. It has: {', '.join(there) or 'none'}"
            )
        _check_place(dataset, name, self._file)
        if dataset.dtype.kind not in "fiub":
            raise ValueError(f"HDF5Data: {name!r} of {self.path} must hold numbers. Found: {dataset.dtype}")
        return _Reader(dataset, self.path)


def _check_place(dataset: h5py.Dataset, name: str, file: h5py.File) -> None:
    """Refuse values that the file says to lie elsewhere, and rows that are larger than the file by far."""
    path = file.filename
    if dataset.external or dataset.is_virtual or dataset.file.filename != path:
        raise ValueError(f"HDF5Data: {name!r} of {path} keeps its values in another file. Copy them into this one")
    row_bytes = prod(dataset.shape[1:]) * dataset.dtype.itemsize
    stored = os.path.getsize(path)
    if row_bytes > _FREE_BYTES + stored:
        raise ValueError(f"HDF5Data: a row of {name!r} has {row_bytes:,} bytes, in {path} of {stored:,}")


class _Reader:
    """Rows of one dataset: through the page cache where it lies in one piece, else by HDF5."""

    def __init__(self, dataset: h5py.Dataset, path: str) -> None:
        self.rows, *rest = dataset.shape
        self.row_shape: tuple[int, ...] = tuple(rest)
        self.dtype = dataset.dtype
        self._dataset = dataset
        self._mapped = _map_file(dataset, path)

    def read(self, rows: NDArray[np.int64]) -> Array:
        if self._mapped is not None:
            return np.take(self._mapped, rows, axis=0)
        order = np.argsort(rows, kind="stable")
        found = np.empty((rows.size, *self.row_shape), self.dtype)
        if rows.size:
            found[order] = self._read_ascending(rows[order])
        return found

    def _read_ascending(self, rows: NDArray[np.int64]) -> Array:
        first, last = int(rows[0]), int(rows[-1])
        if last - first + 1 == rows.size:
            return self._dataset[first : last + 1]  # type: ignore[no-any-return]
        return self._dataset[rows]  # type: ignore[no-any-return]


def _map_file(dataset: h5py.Dataset, path: str) -> Array | None:
    """The dataset as a view of the file, if its numbers lie there in one piece as they are."""
    offset = dataset.id.get_offset()
    plain = dataset.chunks is None and dataset.external is None and not dataset.is_virtual
    if offset is None or not plain or dataset.file.userblock_size or dataset.file.driver != "sec2":
        return None
    if os.path.getsize(path) < offset + dataset.nbytes:
        return None
    return np.memmap(path, dataset.dtype, "r", offset, dataset.shape)


def _leaves(names: Names) -> list[str]:
    if names is None:
        return []
    if isinstance(names, str):
        return [names]
    return [leaf for part in (names.values() if isinstance(names, Mapping) else names) for leaf in _leaves(part)]


def _map(function: Callable[[str], Array], names: Names) -> Any:
    """Arrays in the structure of their names."""
    if names is None:
        return None
    if isinstance(names, str):
        return function(names)
    if isinstance(names, Mapping):
        return {key: _map(function, part) for key, part in names.items()}
    return type(names)(_map(function, part) for part in names)
