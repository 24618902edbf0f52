"""New values, conversions, loops, and what they are in a model whose rows are divided."""

from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain import ops
from dtrain.graph import Trace, tracing
from dtrain.graph.symbolic import KerasTensor
from tests.ops.gradcheck import check, check_divided

X = np.random.default_rng(0).normal(size=(5, 3))


def test_python_numbers_become_float32_and_int32_and_arrays_keep_their_dtype():
    assert ops.convert_to_tensor(1.5).dtype == "float32"
    assert ops.convert_to_tensor([1.5, 2]).dtype == "float32"
    assert ops.convert_to_tensor([1, 2]).dtype == "int32"
    assert ops.convert_to_tensor([True]).dtype == "bool"
    assert ops.convert_to_tensor(X).dtype == "float64"
    assert ops.convert_to_tensor(X, "float32").dtype == "float32"
    assert isinstance(ops.convert_to_numpy(ops.ones(3)), np.ndarray)


def test_what_is_not_a_number_is_refused():
    with pytest.raises(TypeError, match="Expected numbers"):
        ops.convert_to_tensor(["a"])


def test_constants_have_numpys_values():
    np.testing.assert_array_equal(ops.zeros((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(ops.ones(3, "int32"), np.ones(3))
    np.testing.assert_array_equal(ops.full((2, 2), 7.0), np.full((2, 2), 7.0))
    np.testing.assert_array_equal(ops.full((2, 2), np.array([1.0, 2.0])), [[1, 2], [1, 2]])
    np.testing.assert_array_equal(ops.full_like(X, 2), np.full_like(X, 2))
    np.testing.assert_array_equal(ops.eye(3, 4, 1), np.eye(3, 4, 1))
    np.testing.assert_array_equal(ops.tri(3), np.tri(3))
    np.testing.assert_array_equal(ops.arange(2, 8, 3), [2, 5])
    assert ops.arange(3).dtype == "int32" and ops.arange(0, 1, 0.5).dtype == "float32"
    np.testing.assert_allclose(ops.linspace(0, 1, 5), np.linspace(0, 1, 5))
    np.testing.assert_allclose(ops.logspace(0, 2, 3), np.logspace(0, 2, 3))
    for indexing in ("xy", "ij"):
        grids = ops.meshgrid(X[0], X[:, 0], indexing=indexing)
        for a, b in zip(grids, np.meshgrid(X[0], X[:, 0], indexing=indexing), strict=True):
            np.testing.assert_array_equal(a, b)


def test_constants_of_the_batchs_length_are_rows():
    check_divided(lambda x: ops.zeros((x.shape[0], 3), "float64") + x, X, batched=(True,))
    check_divided(lambda x: ops.ones_like(x) + x, X, batched=(True,))
    check_divided(lambda x: ops.arange(x.shape[0], dtype="float64")[:, None] * x, X, batched=(True,))
    check_divided(lambda x: x / x.shape[0], X, batched=(True,))


def test_cast_carries_a_gradient_between_floats_only():
    y = ops.cast(np.array([1.9, -1.9]), "int32")
    np.testing.assert_array_equal(y, [1, -1])
    check(lambda x: x + ops.cast(ops.cast(x, "int32"), "float64"), X)
    np.testing.assert_array_equal(ops.saturate_cast([300.0, -5.0], "uint8"), [255, 0])


def test_shape_and_ndim_of_all_kinds_of_values():
    symbolic = KerasTensor((None, 4))
    assert ops.shape(symbolic) == (None, 4) and ops.shape(X) == (5, 3) and ops.ndim(symbolic) == 2
    assert ops.shape(ops.ones((2, 3))) == (2, 3) and ops.size(X) == 15
    assert ops.is_tensor(symbolic) and not ops.is_tensor(X)


def test_symbolic_calls_keep_unknown_lengths_unknown():
    k = KerasTensor((None, 4, 3))
    assert ops.reshape(k, (-1, 12)).shape == (None, 12)
    assert (k @ np.ones((3, 2), np.float32)).shape == (None, 4, 2)
    assert ops.sum(k, 0).shape == (4, 3) and ops.mean(k).shape == ()
    assert ops.concatenate([k, k], -1).shape == (None, 4, 6)
    assert k[:, 0].shape == (None, 3) and k[..., None].shape == (None, 4, 3, 1)
    assert [part.shape for part in ops.split(k, 3, -1)] == [(None, 4, 1)] * 3
    assert ops.argmax(k, -1).dtype == "int32" and (k > 0).dtype == "bool"
    assert ops.einsum("btd,de->bte", k, np.ones((3, 5), np.float32)).shape == (None, 4, 5)


def test_loops_and_branches():
    assert float(ops.cond(True, lambda: ops.ones(()), lambda: ops.zeros(()))) == 1
    check(lambda x: ops.cond(ops.sum(x) > 0, lambda: x * 2, lambda: x * 3), X)
    assert int(ops.while_loop(lambda i: i < 7, lambda i: i + 2, ops.zeros((), "int32"))) == 8
    assert float(ops.fori_loop(0, 4, lambda i, v: v + i, 0.0)) == 6
    assert int(ops.switch(5, [lambda: ops.zeros(()), lambda: ops.ones(())])) == 1
    last, every = check(lambda x: ops.scan(lambda c, row: (c + row, c * row), ops.zeros(3, "float64"), x), X)
    np.testing.assert_allclose(last, X.sum(0))
    assert every.shape == (5, 3)
    np.testing.assert_allclose(check(lambda x: ops.map(lambda row: row * 2, x), X)[0], 2 * X)


def test_values_of_a_trace_are_not_known_while_it_is_recorded():
    with tracing(Trace(2, 2)) as _, pytest.raises(ValueError, match="not known while the model is being traced"):
        float(ops.add(ops.ones(()), 1))


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("endpoint", [True, False])
def test_linspace_between_values_that_the_model_computes(axis: int, endpoint: bool) -> None:
    class Between(dtrain.Layer):
        def call(self, x: Any) -> Any:
            low = ops.log(1.0) + ops.zeros_like(ops.sum(x))
            values, step = ops.linspace(low, ops.exp(x), 5, endpoint=endpoint, retstep=True, axis=axis)
            return values, step

    model = Between()
    entry = dtrain.Input((3,))
    graph = dtrain.Model(entry, model(entry)) if axis else model
    expected = np.linspace(0.0, np.exp(X[:, :3]), 5, endpoint=endpoint, retstep=True, axis=axis)
    for found, wanted in zip(graph(X[:, :3]), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_linspace_between_constants_inside_of_a_layer() -> None:
    entry = dtrain.Input((1,))
    frequencies = dtrain.layers.Lambda(lambda x: x * ops.exp(ops.linspace(ops.log(1.0), ops.log(1000.0), 4)))(entry)
    found = dtrain.Model(entry, frequencies).predict(np.ones((2, 1)), verbose=0)
    np.testing.assert_allclose(found, [np.geomspace(1, 1000, 4)] * 2, rtol=1e-5)
