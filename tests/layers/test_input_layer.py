"""The entry of a model: what it takes and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import Input, KerasTensor, layers

TENSOR = KerasTensor((2, 3), "float32")


def test_lengths_may_be_numpys() -> None:
    assert Input((np.int64(3), None)).shape == (None, 3, None)
    assert Input(batch_shape=np.array([2, 3])).shape == (2, 3)


def test_a_symbolic_tensor_may_be_given() -> None:
    layer = layers.InputLayer(input_tensor=TENSOR, shape=(3,), batch_size=2)
    assert layer.output is TENSOR
    assert (layer.batch_shape, layer.dtype) == ((2, 3), "float32")


@pytest.mark.parametrize(
    "arguments",
    [{"shape": (4,), "batch_size": 2}, {"batch_shape": (2, 4)}, {"batch_size": 5}, {"dtype": "int32"}],
    ids=lambda arguments: next(iter(arguments)),
)
def test_what_is_said_of_a_given_tensor_must_be_so(arguments: Any) -> None:
    with pytest.raises(ValueError, match="must agree with input_tensor"):
        layers.InputLayer(input_tensor=TENSOR, **arguments)


def test_an_array_is_no_symbolic_tensor() -> None:
    with pytest.raises(ValueError, match="expected a symbolic tensor as input_tensor. Received: a ndarray"):
        layers.InputLayer(input_tensor=np.zeros((2, 3)))  # type: ignore[arg-type]


def test_the_batch_is_told_once() -> None:
    with pytest.raises(ValueError, match="expected `batch_size` or `batch_shape`"):
        layers.InputLayer(batch_size=4, batch_shape=(4, 3))


def test_an_optional_input_stays_optional() -> None:
    config = layers.InputLayer((3,), optional=True).get_config()
    assert layers.InputLayer.from_config(config).optional
