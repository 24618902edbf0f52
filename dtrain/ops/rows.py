"""What an op does with the rows of the batch when several processes hold a part of them each."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dtrain.graph import Spec


def require_whole_rows(name: str, x: Spec, axes: Collection[int]) -> None:
    """Raise if one of `axes` holds rows that are divided among processes."""
    if x.divided and x.batch in axes:
        raise ValueError(
            f"{name}: axis {x.batch} holds the rows of the batch, which are divided among processes, and this "
            "operation would need all of them in one place. Use another axis, or a sum or mean over the rows"
            + (f"; or cut them where parts of {' and '.join(map(str, x.parts))} rows meet" if len(x.parts) > 1 else "")
        )


def common_rows(name: str, xs: Sequence[Spec]) -> tuple[int | None, int]:
    """Batch axis and global length of operands of one rank that are laid side by side."""
    batches = {x.batch for x in xs}
    totals = {x.parts for x in xs}
    if len(batches) == 1 and (len(totals) == 1 or not any(x.divided for x in xs)):
        return xs[0].batch, xs[0].total
    if any(x.divided for x in xs):
        listing = ", ".join(x.describe_rows() for x in xs)
        raise ValueError(
            f"{name}: the rows of the batch are divided among processes, so that all operands must have the same rows "
            f"on the same axis. Received: {listing}"
        )
    found = batches - {None}
    batch = found.pop()
    return (None, 0) if found else (batch, max(x.total for x in xs))
