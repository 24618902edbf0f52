"""Tables as plain text: columns as wide as need be, long cells wrapped, nothing cut."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

Cells = Sequence[str]

_GAP = "  "


def text_table(header: Cells, rows: Sequence[Cells], right: Cells, width: int | None = None) -> list[str]:
    """The lines of a table.

    Args:
        right: headers of the columns that are aligned to the right.
        width: most characters in a line; words are broken to keep it. None: 100, but words stay whole.
    """
    widths = _widths([header, *rows], width)
    rule = "-" * (sum(widths) + len(_GAP) * (len(widths) - 1))
    align = [str.rjust if name in right else str.ljust for name in header]

    def lines(cells: Cells) -> list[str]:
        wrapped = [_wrap(cell, limit) for cell, limit in zip(cells, widths, strict=True)]
        height = max(map(len, wrapped))
        columns = [[*part, *[""] * (height - len(part))] for part in wrapped]
        pieces = zip(*columns, strict=True)
        return [_GAP.join(f(p, n) for f, p, n in zip(align, line, widths, strict=True)).rstrip() for line in pieces]

    return [*lines(header), rule, *(line for row in rows for line in lines(row)), rule]


def _widths(rows: Sequence[Cells], width: int | None) -> list[int]:
    """The natural width of each column; where they are too wide together, the widest give way."""
    columns = list(zip(*rows, strict=True))
    natural = [max(map(len, column)) for column in columns]
    least = [8 if width else _longest_word(column) for column in columns]
    room = (width or 100) - len(_GAP) * (len(columns) - 1)
    while sum(natural) > room:
        shrinkable = [k for k, n in enumerate(natural) if n > least[k]]
        if not shrinkable:
            break
        natural[max(shrinkable, key=lambda k: natural[k])] -= 1
    return natural


def _longest_word(column: Cells) -> int:
    """Of cells that may begin with an indentation."""
    return max((len(cell) - len(cell.lstrip()) + len(word) for cell in column for word in cell.split()), default=1)


def _wrap(cell: str, width: int) -> list[str]:
    indent = " " * min(len(cell) - len(cell.lstrip()), width - 1)
    return textwrap.wrap(cell, width, subsequent_indent=indent, break_on_hyphens=False) or [""]
