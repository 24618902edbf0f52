"""`model.summary()`: a table of the layers and the totals of their parameters."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dtrain.distributed.console import is_main, say
from dtrain.graph import Variable

from .summary_rows import Row, is_plain_stack, summary_rows
from .summary_text import text_table

if TYPE_CHECKING:
    from .model import Model

_NAME, _SHAPE, _COUNT, _INPUTS, _TRAINABLE = "Layer (type)", "Output Shape", "Param #", "Connected to", "Trainable"


def print_summary(
    model: Model,
    line_length: int | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print the layers of a model, with totals, on rank 0: a drawn table on a terminal, plain lines elsewhere.

    Args:
        line_length: most characters in a line; the terminal's width if None.
        print_fn: called with each line of the plain form, in place of printing.
        expand_nested: whether the layers of nested models are shown below them.
        show_trainable: whether a column says what `fit` changes.
        layer_range: names (or regular expressions) of the first and the last layer to show.

    Raises:
        ValueError: when `layer_range` names a layer that is not there.
    """
    rows = summary_rows(model, expand_nested, layer_range)
    header = [_NAME, _SHAPE, _COUNT]
    header += [] if is_plain_stack(model) else [_INPUTS]
    header += [_TRAINABLE] if show_trainable else []
    title = f'Model: "{model.name}"'
    cells = [_cells(row, header) for row in rows]
    if print_fn is None and sys.stdout.isatty():
        if is_main():
            _print_drawn(title, header, cells, totals(model), line_length)
        return
    for line in [title, *text_table(header, cells, right=[_COUNT], width=line_length), *totals(model)]:
        (print_fn or say)(line)


def totals(model: Model) -> list[str]:
    """The numbers of parameters and their bytes: all, trainable, not trainable, of the optimizer."""
    optimizer = getattr(model, "optimizer", None)
    state = list(optimizer.variables) if optimizer is not None and optimizer.built else []
    parts = [
        ("Total params", [*model.weights, *state]),
        ("Trainable params", model.trainable_weights),
        ("Non-trainable params", model.non_trainable_weights),
    ]
    parts += [("Optimizer params", state)] if state else []
    return [f"{label}: {_count(variables):,} ({readable_bytes(_bytes(variables))})" for label, variables in parts]


def readable_bytes(count: float) -> str:
    """`count` bytes in the unit that suits it: "1.50 KB" is 1536 bytes."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1024:
            return f"{count:.2f} {unit}"
        count /= 1024
    return f"{count:.2f} TB"


def _count(variables: Iterable[Variable]) -> int:
    return sum(variable.array.size for variable in variables)


def _bytes(variables: Iterable[Variable]) -> int:
    return sum(variable.array.nbytes for variable in variables)


def _cells(row: Row, header: Sequence[str]) -> list[str]:
    name = f"{'  ' * row.depth}{row.name} ({row.kind})"
    values = {_NAME: name, _SHAPE: row.shape, _COUNT: row.parameters, _INPUTS: row.inputs, _TRAINABLE: row.trainable}
    return [values[column] for column in header]


def _print_drawn(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]], lines: Sequence[str], width: int | None
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", show_lines=False)
    for name in header:
        table.add_column(name, overflow="fold", justify="right" if name == _COUNT else "left")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console(width=width, highlight=False)
    console.print(table)
    for line in lines:
        console.print(Text(line))
