"""The entry of a Functional model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain.graph.symbolic import KerasTensor, Node

from .layer import Layer


class InputLayer(Layer):
    """Makes the symbolic tensor that stands for one input of a model.

    Args:
        shape: the shape of one row, without the batch axis; None for lengths that may vary.
        batch_size: the length of the batch axis, if it is fixed.
        dtype: of the input.
        batch_shape: `shape` with the batch axis in front, instead of `shape` and `batch_size`.
    """

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if batch_shape is None and kwargs.get("batch_input_shape") is not None:
            batch_shape = kwargs.pop("batch_input_shape")
        if shape is None and kwargs.get("input_shape") is not None:
            shape = kwargs.pop("input_shape")
        super().__init__(name=name, **kwargs)
        if input_tensor is not None:
            batch_shape = input_tensor.shape
        if (shape is None) == (batch_shape is None):
            raise ValueError(f"Input: expected `shape` or `batch_shape`. Received: {shape=}, {batch_shape=}")
        if batch_shape is None:
            sizes = (shape,) if isinstance(shape, int) else tuple(shape or ())
            batch_shape = (batch_size, *sizes)
        if any(n is not None and (not isinstance(n, int) or n < 0) for n in batch_shape):
            raise ValueError(f"Input: expected positive integers or None as lengths. Received: {tuple(batch_shape)}")
        if sparse or ragged:
            raise ValueError("Input: sparse and ragged tensors are not supported; give dense arrays")
        self.batch_shape = tuple(batch_shape)
        self.optional = optional
        self.input_dtype = str(dtype or self.compute_dtype)
        self.built = True
        output = input_tensor or KerasTensor(self.batch_shape, self.input_dtype, name=self.name)
        if output._keras_history is None:
            Node(self, (), {}, output)

    @property
    def dtype(self) -> str:
        return self.input_dtype

    def call(self) -> Any:
        """The symbolic input."""
        return self.output

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {
            "batch_shape": list(self.batch_shape),
            "dtype": self.input_dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
        }


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    optional: bool = False,
) -> KerasTensor:
    """The symbolic tensor of one input of a model. Arguments as in `InputLayer`."""
    layer = InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name)
    return layer.output  # type: ignore[no-any-return]
