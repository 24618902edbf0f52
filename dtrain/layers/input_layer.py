"""The entry of a Functional model."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from dtrain.graph.symbolic import KerasTensor, Node
from dtrain.utils.dtypes import standardize_dtype

from .layer import Layer


class InputLayer(Layer):
    """Makes the symbolic tensor that stands for one input of a model.

    Args:
        shape: the shape of one row, without the batch axis; None for lengths that may vary.
        batch_size: the length of the batch axis, if it is fixed.
        dtype: of the input.
        batch_shape: `shape` with the batch axis in front, instead of `shape` and `batch_size`.
        input_tensor: the symbolic tensor to use instead of a new one.
        optional: whether a call of the model may give None for this input.

    Raises:
        ValueError: for lengths that are none, two shapes, or what does not agree with `input_tensor`.
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
        given = None if shape is None else (batch_size, *((shape,) if isinstance(shape, Integral) else shape))
        if input_tensor is not None:
            _check_agrees(input_tensor, batch_size, given, batch_shape, dtype)
            given, batch_shape, dtype = None, input_tensor.shape, input_tensor.dtype
        elif batch_shape is not None and batch_size is not None:
            raise ValueError(f"Input: expected `batch_size` or `batch_shape`. Received: {batch_size=}, {batch_shape=}")
        if (given is None) == (batch_shape is None):
            raise ValueError(f"Input: expected `shape` or `batch_shape`. Received: {shape=}, {batch_shape=}")
        lengths: tuple[Any, ...] = tuple(batch_shape) if batch_shape is not None else given or ()
        if any(n is not None and (not isinstance(n, Integral) or n < 0) for n in lengths):
            raise ValueError(f"Input: expected positive integers or None as lengths. Received: {lengths}")
        if sparse or ragged:
            raise ValueError("Input: sparse and ragged tensors are not supported; give dense arrays")
        self.sparse = self.ragged = False
        self.batch_shape = tuple(None if n is None else int(n) for n in lengths)
        self.optional = optional
        self.input_dtype = str(dtype or self.compute_dtype)
        self.built = True
        output = input_tensor
        if output is None:
            output = KerasTensor(self.batch_shape, self.input_dtype, name=self.name)
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
            "optional": self.optional,
        }


def _check_agrees(tensor: Any, batch_size: Any, given: Any, batch_shape: Any, dtype: Any) -> None:
    """Raise ValueError unless what is said about an input agrees with the symbolic tensor given for it."""
    if not isinstance(tensor, KerasTensor):
        raise ValueError(f"Input: expected a symbolic tensor as input_tensor. Received: a {type(tensor).__name__}")
    agrees = {
        "batch_size": batch_size is None or tensor.shape[:1] == (batch_size,),
        "shape": given is None or tuple(given[1:]) == tensor.shape[1:],
        "batch_shape": batch_shape is None or tuple(batch_shape) == tensor.shape,
        "dtype": dtype is None or standardize_dtype(dtype) == tensor.dtype,
    }
    wrong = [name for name, fits in agrees.items() if not fits]
    if wrong:
        raise ValueError(
            f"Input: {' and '.join(wrong)} must agree with input_tensor. "
            f"Received: a tensor of shape {tensor.shape} and dtype {tensor.dtype}"
        )


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
