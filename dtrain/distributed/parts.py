"""How flat arrays are divided among ranks."""

from __future__ import annotations

_ALIGNMENT = 16  # values: parts of two ranks never share a cache line


def own_part(count: int, rank: int, size: int) -> slice:
    """Return the part of `count` values that belongs to a rank: runs of whole cache lines of about equal length."""
    lines = -(-count // _ALIGNMENT)
    share, longer = divmod(lines, size)
    start = rank * share + min(rank, longer)
    stop = start + share + (rank < longer)
    return slice(min(start * _ALIGNMENT, count), min(stop * _ALIGNMENT, count))
