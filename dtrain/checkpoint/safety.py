"""Reading HDF5 files of strangers: only plain arrays that lie whole in the file itself are let through.

Refused: soft and external links, user-defined links, cycles of hard links, external and virtual datasets, compressed
or sparse data (a file of kilobytes can declare terabytes), and every type but booleans, integers, floats and text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dtrain.checkpoint.errors import DamagedError

if TYPE_CHECKING:
    import h5py

_MAX_DEPTH = 64
_PLAIN_KINDS = "biufS"


def walk(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield (path, dataset) for every dataset that is reached by hard links, each object once."""
    import h5py

    seen = {_address(file)}

    def visit(group: h5py.Group, prefix: str, depth: int) -> Iterator[tuple[str, h5py.Dataset]]:
        if depth > _MAX_DEPTH:
            raise DamagedError(f"groups are nested more than {_MAX_DEPTH} deep at {prefix!r}")
        for name in group:
            path = prefix + name
            if type(group.get(name, getlink=True)) is not h5py.HardLink:
                raise DamagedError(f"{path!r} is a link to another place or file; such links are not followed")
            child = group[name]
            if _address(child) in seen:
                raise DamagedError(f"{path!r} is reached by two paths")
            seen.add(_address(child))
            if isinstance(child, h5py.Group):
                yield from visit(child, path + "/", depth + 1)
            elif isinstance(child, h5py.Dataset):
                yield path, child
            else:
                raise DamagedError(f"{path!r} is a {type(child).__name__}; expected a group or an array")

    yield from visit(file, "", 0)


def check_plain(path: str, dataset: h5py.Dataset, file_bytes: int) -> None:
    """Refuse a dataset whose values do not lie, uncompressed and whole, within a file of `file_bytes` bytes."""
    if dataset.external or dataset.is_virtual:
        raise DamagedError(f"{path!r} keeps its values in another file; such data are not read")
    if dataset.shape is None or dataset.dtype.kind not in _PLAIN_KINDS:
        raise DamagedError(f"{path!r} holds {dataset.dtype}; expected booleans, integers, floats or text")
    stored = dataset.id.get_storage_size()
    if dataset.chunks is not None or stored != dataset.nbytes or stored > file_bytes:
        raise DamagedError(
            f"{path!r} declares {dataset.nbytes:,} bytes and stores {stored:,} in a file of {file_bytes:,}; "
            "expected plain, uncompressed data"
        )


def _address(item: h5py.Group | h5py.Dataset) -> int:
    import h5py

    return int(h5py.h5o.get_info(item.id).addr)
