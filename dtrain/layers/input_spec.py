"""What a layer accepts as input, checked before it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dtrain.graph import Tensor
from dtrain.graph.nest import flatten


class InputSpec:
    """Dtype, number of axes, and lengths of some axes (-1 counts from the end) that a layer expects of one input.

    Args:
        shape: the whole shape, None for lengths that may be anything.
        axes: `{axis: length}`.
        allow_last_axis_squeeze: a last axis of length 1 may be missing or in excess.
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = dtype
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = dict(axes or {})
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional

    def __repr__(self) -> str:
        return f"InputSpec(shape={self.shape}, ndim={self.ndim}, axes={self.axes})"

    def check(self, layer: str, tensor: Tensor) -> None:
        """Raise ValueError if the tensor is not what the layer expects."""
        shape = tensor.spec.global_shape
        found = tuple(None if axis == tensor.spec.batch else n for axis, n in enumerate(shape))
        expected = self._violation(shape)
        if expected:
            raise ValueError(f"{layer}: expected an input with {expected}. Received: shape {found}")

    def _violation(self, shape: tuple[int, ...]) -> str:
        ndim = len(shape)
        if self.ndim is not None and ndim != self.ndim and not self.allow_last_axis_squeeze:
            return f"{self.ndim} axes (batch included)"
        if self.max_ndim is not None and ndim > self.max_ndim:
            return f"at most {self.max_ndim} axes (batch included)"
        if self.min_ndim is not None and ndim < self.min_ndim:
            return f"at least {self.min_ndim} axes (batch included)"
        for axis, length in self.axes.items():
            if length is not None and -ndim <= axis < ndim and shape[axis] != length:
                return f"length {length} on axis {axis}"
        if self.shape is not None and ndim == len(self.shape):
            for axis, (length, actual) in enumerate(zip(self.shape, shape, strict=True)):
                if length is not None and axis > 0 and length != actual:
                    return f"shape {self.shape}"
        return ""


def check_inputs(layer: str, spec: Any, inputs: Any) -> None:
    """Check every input of a layer against its `InputSpec`s (one, or a structure of them)."""
    specs = [s for s in flatten(spec) if s is not None]
    tensors = [t for t in flatten(inputs) if isinstance(t, Tensor)]
    if len(specs) != len(tensors):
        raise ValueError(f"{layer}: expected {len(specs)} input(s). Received: {len(tensors)}")
    for one, tensor in zip(specs, tensors, strict=True):
        one.check(layer, tensor)
