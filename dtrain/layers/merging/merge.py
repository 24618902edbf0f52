"""The function `merge` of Keras 1, by the layers of today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..arguments import one_of
from ..core.lambda_layer import Lambda
from .add import Add
from .average import Average
from .concatenate import Concatenate
from .dot import Dot
from .maximum import Maximum
from .minimum import Minimum
from .multiply import Multiply

_LAYERS: dict[str, type] = {
    "ave": Average,
    "concat": Concatenate,
    "cos": Dot,
    "dot": Dot,
    "max": Maximum,
    "min": Minimum,
    "mul": Multiply,
    "sum": Add,
}


def merge(
    inputs: Sequence[Any],
    mode: str | Callable[..., Any] = "sum",
    dot_axes: Any = -1,
    concat_axis: int = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: dict[str, Any] | None = None,
    name: str | None = None,
) -> Any:
    """Combine inputs as `merge(inputs, mode)` of Keras 1 did; today's layers are `Concatenate`, `Add`, `Dot`, ...

    Args:
        mode: "sum", "mul", "concat", "ave", "max", "min", "dot", "cos", or a function of the list of inputs.
        dot_axes: with "dot" and "cos".
        concat_axis: with "concat".
        output_shape, output_mask, arguments: with a function, as in `Lambda`.
    """
    if callable(mode):
        return Lambda(mode, output_shape, output_mask, arguments, name=name)(list(inputs))
    mode = one_of("merge", "mode", mode, tuple(_LAYERS))
    options: dict[str, Any] = {"name": name}
    if mode == "concat":
        options["axis"] = concat_axis
    elif mode in ("dot", "cos"):
        options |= {"axes": dot_axes, "normalize": mode == "cos"}
    return _LAYERS[mode](**options)(list(inputs))
