"""Softmax as a layer."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from ..layer import Layer

_FAR_BELOW = -3.4028235e38 / 2  # half of the lowest float32: exp of it is 0, and adding to it does not overflow


class Softmax(Layer):
    """`y = exp(x) / sum(exp(x), axis)`; where a mask is False (or not above 0.5), y is 0.

    A mask that the inputs bring along and that has fewer axes is one of whole steps, each with its own softmax: it is
    only handed on.
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Softmax along `axis` (an integer, or several axes together).

        Raises:
            ValueError: when the mask does not broadcast to the inputs.
        """
        axis = self.axis if isinstance(self.axis, int) else tuple(self.axis)
        brought_along = mask is getattr(inputs, "_keras_mask", None)
        if mask is None or (brought_along and len(mask.shape) < len(inputs.shape)):
            return ops.softmax(inputs, axis=axis)
        self._check(inputs, mask)
        shown = mask if mask.dtype == "bool" else ops.greater(mask, 0.5)
        return ops.where(shown, ops.softmax(ops.where(shown, inputs, _FAR_BELOW), axis=axis), 0.0)

    def _check(self, inputs: Any, mask: Any) -> None:
        lengths = tuple(inputs.shape[len(inputs.shape) - len(mask.shape) :])
        fits = len(mask.shape) <= len(inputs.shape)
        if not fits or any(m not in (1, n) for m, n in zip(mask.shape, lengths, strict=True)):
            raise ValueError(
                f"Softmax {self.name!r}: expected a mask that broadcasts to the inputs. "
                f"Received: mask of shape {tuple(mask.shape)}, inputs of shape {tuple(inputs.shape)}"
            )

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "axis")}
