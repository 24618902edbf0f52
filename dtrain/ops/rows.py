"""What an op does with the rows of the batch when several processes hold a part of them each."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dtrain.graph import Spec
from dtrain.graph.spec import DividedRows


def require_whole_rows(name: str, x: Spec, axes: Collection[int]) -> None:
    """Raise if one of `axes` holds rows that are divided among processes.

    Raises:
        DividedRows: from which the functions of ops go on with all rows.
    """
    if x.divided and x.batch in axes:
        raise DividedRows(
            f"{name}: axis {x.batch} holds the rows of the batch, which are divided among processes, and this "
            "operation would need all of them in one place. Use another axis, or a sum or mean over the rows",
            x,
        )


def require_same_rows(name: str, x: Spec, y: Spec) -> None:
    """Raise if rows that are divided among processes lie on one axis of x and not, or otherwise, on that of y.

    Raises:
        DividedRows: from which the functions of ops go on with all rows.
    """
    if (x.batch, x.parts) != (y.batch, y.parts):
        for operand in (x, y):
            require_whole_rows(name, operand, range(operand.ndim))


def common_rows(name: str, xs: Sequence[Spec]) -> tuple[int | None, int]:
    """Batch axis and global length of operands of one rank that are laid side by side.

    Raises:
        DividedRows: they are divided among processes, and not all alike.
    """
    batches = {x.batch for x in xs}
    totals = {x.parts for x in xs}
    divided = next((x for x in xs if x.divided), None)
    if len(batches) == 1 and (len(totals) == 1 or divided is None):
        return xs[0].batch, xs[0].total
    if divided is not None and divided.batch is not None:
        listing = ", ".join(x.describe_rows() for x in xs)
        raise DividedRows(
            f"{name}: the rows of the batch are divided among processes, so that all operands must have the same rows "
            f"on the same axis. Received: {listing}",
            meeting=(divided.ndim - divided.batch, divided.rows),
        )
    found = batches - {None}
    batch = found.pop()
    return (None, 0) if found else (batch, max(x.total for x in xs))
