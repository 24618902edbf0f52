"""What the ops of recurrent layers share: shapes of values and buffers, and the check of their arguments.

N sequences, T steps, I inputs, U units, G gates: `x` (N, T, I), states (N, U), `w` (I, G U), `u` (U, G U), `mask`
(N, T) or empty. Outputs are `y` (N, T, U), or (N, 1, U) with the last step alone, and the states after the last step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Op, Spec, apply, as_tensor

from .creation import cast, fill, zeros
from .gathering import rows_first
from .rows import require_whole_rows


def sequence_specs(x: Spec, u: Spec, sequences: bool, **saved: tuple[int, int]) -> dict[str, Spec]:
    """Specs of y and h, and of what is saved: per name the number of steps beyond T and of rows."""
    n, steps, _ = x.shape
    rows = Spec((n, steps if sequences else 1, u.shape[0]), x.dtype, x.batch, x.total)
    specs = {"y": rows, "h": rows.with_shape((n, u.shape[0]))}
    for name, (more, features) in saved.items():
        specs[name] = Spec((steps + more, features, n), x.dtype)
    return specs


def call_sequence_op(
    name: str, op: type[Op], gates: int, biases: tuple[int, ...], inputs: Any, states: tuple[Any, ...],
    kernel: Any, recurrent_kernel: Any, bias: Any, mask: Any, **attributes: Any,
) -> Any:  # fmt: skip
    """Check the arguments of a layer with so many `gates` and a bias of shape (*biases, gates * units), and call it."""
    x, w, u = as_tensor(inputs), as_tensor(kernel), as_tensor(recurrent_kernel)
    units = u.spec.shape[0] if u.ndim else 0
    good = x.ndim == 3 and w.spec.shape == (x.spec.shape[2], gates * units) and u.spec.shape == (units, gates * units)
    if not good or not x.spec.shape[1]:
        raise ValueError(
            f"{name}: expected inputs (batch, at least 1 step, features), a kernel (features, {gates} * units) and a "
            f"recurrent kernel (units, {gates} * units). "
            f"Received: {x.spec.global_shape}, {w.spec.shape} and {u.spec.shape}"
        )
    shape = (*biases, gates * units)
    b = zeros(shape, w.dtype) if bias is None else as_tensor(bias)
    if b.spec.shape != shape:
        raise ValueError(f"{name}: expected a bias of shape {shape}. Received: {b.spec.shape}")
    require_whole_rows(name, x.spec, (1, 2))
    x = x if x.spec.dtype == w.spec.dtype else cast(x, w.spec.dtype)
    x, *given = rows_first(x, *(as_tensor(v) for v in (*states, mask) if v is not None))
    further = iter(given)
    row = x.spec.with_shape((x.spec.shape[0], units))
    starts = [fill(row, 0) if s is None else next(further) for s in states]
    if any(s.spec.shape != row.shape for s in starts):
        raise ValueError(
            f"{name}: expected initial states of shape (batch, units) = {row.global_shape}. "
            f"Received: {', '.join(str(s.spec.global_shape) for s in starts)}"
        )
    valid = as_tensor(np.zeros(0, np.bool_)) if mask is None else next(further)
    if mask is not None and (valid.spec.shape != x.spec.shape[:2] or valid.dtype != "bool"):
        raise ValueError(
            f"{name}: expected a boolean mask of shape (batch, steps) = {x.spec.global_shape[:2]}. "
            f"Received: {valid.dtype} of shape {valid.spec.global_shape}"
        )
    return apply(op, x, *starts, w, u, b, valid, **attributes)
