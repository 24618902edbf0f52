"""Bits, numbers without NaN, special functions and rearrangements against NumPy, with gradients."""

from __future__ import annotations

from math import erf
from typing import Any

import numpy as np
import pytest

from dtrain import ops

from .gradcheck import check

RNG = np.random.default_rng(9)
X = RNG.normal(size=(4, 5))
HOLES = np.where(RNG.random((4, 5)) < 0.3, np.nan, X)
A, B = np.array([12, 5, -7, 0], np.int32), np.array([10, 3, 2, 4], np.int32)


@pytest.mark.parametrize(
    "name", ["bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift", "gcd", "lcm", "fmod"]
)
def test_functions_of_two_whole_numbers_are_numpys(name: str) -> None:
    np.testing.assert_array_equal(getattr(ops, name)(A, B).numpy(), getattr(np, name)(A, B))


def test_bits_are_turned_over() -> None:
    assert ops.bitwise_not(A).tolist() == np.invert(A).tolist()
    with pytest.raises(ValueError, match="expected integers or booleans"):
        ops.bitwise_and(1.5, np.float32(2))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize(
    "name", ["nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin", "nanmedian", "nancumsum"]
)
def test_reductions_leave_out_nan(name: str, axis: int | None) -> None:
    expected = getattr(np, name)(HOLES, axis)
    np.testing.assert_allclose(getattr(ops, name)(HOLES, axis).numpy(), expected, rtol=1e-9)
    np.testing.assert_allclose(check(lambda x: getattr(ops, name)(x, axis), X)[0], getattr(np, name)(X, axis))


def test_gradients_at_nan_are_zero() -> None:
    gone = np.isnan(HOLES)
    check(lambda x: ops.nanmean(ops.where(gone, np.nan, x), 0), X)
    check(lambda x: ops.nanvar(ops.where(gone, np.nan, x), 1), X)


def test_nanargmax_and_quantiles_are_numpys() -> None:
    assert ops.nanargmax(HOLES, 1).tolist() == np.nanargmax(HOLES, 1).tolist()
    assert ops.nanargmin(HOLES).item() == np.nanargmin(HOLES)
    for method in ("linear", "lower", "higher", "midpoint", "nearest"):
        expected = np.nanquantile(HOLES, [0.2, 0.7], 1, method=method)
        np.testing.assert_allclose(ops.nanquantile(HOLES, [0.2, 0.7], 1, method).numpy(), expected)


@pytest.mark.parametrize("name", ["cbrt", "i0", "sinc", "fabs"])
def test_special_functions_are_numpys(name: str) -> None:
    np.testing.assert_allclose(check(getattr(ops, name), X)[0], getattr(np, name)(X), rtol=1e-9)


def test_erfinv_undoes_erf_up_to_the_edges() -> None:
    x = np.array([-0.9999, -0.5, 0.0, 1e-9, 0.3, 0.99])
    y = check(ops.erfinv, x)[0]
    np.testing.assert_allclose([erf(v) for v in y], x, rtol=1e-12)
    assert ops.erfinv(np.array([1.0, -1.0])).tolist() == [np.inf, -np.inf]
    assert np.isnan(ops.erfinv(2.0).item())


@pytest.mark.parametrize("name", ["fmax", "fmin", "fmod", "nextafter", "ldexp"])
def test_functions_of_two_numbers_are_numpys(name: str) -> None:
    other = np.arange(1, 6) if name == "ldexp" else RNG.normal(size=(4, 5))
    np.testing.assert_allclose(getattr(ops, name)(X, other).numpy(), getattr(np, name)(X, other), rtol=1e-9)


CASES: dict[str, tuple[Any, Any]] = {
    "rot90": (lambda x: ops.rot90(x), lambda x: np.rot90(x)),
    "rot90 thrice": (lambda x: ops.rot90(x, 3), lambda x: np.rot90(x, 3)),
    "diagflat": (lambda x: ops.diagflat(x, 1), lambda x: np.diagflat(x, 1)),
    "dstack": (lambda x: ops.dstack([x, x]), lambda x: np.dstack([x, x])),
    "trapezoid": (lambda x: ops.trapezoid(x, dx=0.5), lambda x: np.trapezoid(x, dx=0.5)),
    "vander": (lambda x: ops.vander(x[0], 3), lambda x: np.vander(x[0], 3)),
    "correlate": (lambda x: ops.correlate(x[0], x[1, :3], "full"), lambda x: np.correlate(x[0], x[1, :3], "full")),
    "corrcoef": (ops.corrcoef, np.corrcoef),
    "cross": (lambda x: ops.cross(x[:, :3], x[:, 2:]), lambda x: np.cross(x[:, :3], x[:, 2:])),
    "select": (lambda x: ops.select([x > 1, x > 0], [x, -x], 7), lambda x: np.select([x > 1, x > 0], [x, -x], 7)),
    "cdist": (lambda x: ops.cdist(x, x[:2] + 1), lambda x: np.linalg.norm(x[:, None] - x[None, :2] - 1, axis=-1)),
    "copy": (ops.copy, np.copy),
}


@pytest.mark.parametrize("case", CASES)
def test_rearrangements_are_numpys(case: str) -> None:
    ours, theirs = CASES[case]
    np.testing.assert_allclose(check(ours, X)[0], theirs(X), rtol=1e-9)


@pytest.mark.parametrize("name", ["bartlett", "blackman", "hamming", "hanning"])
def test_windows_are_numpys(name: str) -> None:
    np.testing.assert_allclose(getattr(ops, name)(9).numpy(), getattr(np, name)(9), atol=1e-7)
    np.testing.assert_allclose(ops.kaiser(9, 5.0).numpy(), np.kaiser(9, 5.0), atol=1e-7)


def test_depth_to_space_undoes_space_to_depth() -> None:
    x = RNG.normal(size=(2, 4, 6, 3))
    (deep,) = check(lambda v: ops.space_to_depth(v, 2), x)
    assert deep.shape == (2, 2, 3, 12)
    np.testing.assert_array_equal(ops.depth_to_space(deep, 2).numpy(), x)
    first = x.transpose(0, 3, 1, 2)
    found = ops.depth_to_space(ops.space_to_depth(first, 2, "channels_first"), 2, "channels_first")
    np.testing.assert_array_equal(found.numpy(), first)


@pytest.mark.parametrize("name", ["max", "min", "prod"])
def test_segments_are_reduced_by_themselves(name: str) -> None:
    ids = np.array([2, 0, 2, 2])
    (y,) = check(lambda x: getattr(ops, f"segment_{name}")(x, ids, 3)[::2], X)
    np.testing.assert_allclose(y, [X[1], getattr(np, name)(X[[0, 2, 3]], axis=0)])


def test_unique_histogram_and_places_are_numpys() -> None:
    x = np.array([3, 1, 3, 2, 1])
    for y, e in zip(ops.unique(x, True, True, True, True), np.unique(x, True, True, True), strict=True):
        assert y.tolist() == e.tolist()
    assert ops.unique(x, size=5, fill_value=9).tolist() == [1, 2, 3, 9, 9]
    counts, edges = ops.histogram(X, 6)
    expected = np.histogram(X, 6)
    assert counts.tolist() == expected[0].tolist()
    np.testing.assert_allclose(edges.numpy(), expected[1], rtol=1e-6)
    rows, columns = ops.unravel_index(np.array([7, 19]), (4, 5))
    assert (rows.tolist(), columns.tolist()) == ([1, 3], [2, 4])
    assert ops.view(np.float32([1.0]), "int32").tolist() == [0x3F800000]


def test_attention_looks_at_what_mask_and_order_allow() -> None:
    q, k, v = (RNG.normal(size=(2, 3, 2, 4)) for _ in range(3))
    (y,) = check(lambda a, b, c: ops.dot_product_attention(a, b, c, is_causal=True), q, k, v)
    np.testing.assert_allclose(y[:, 0], v[:, 0], rtol=1e-9)  # the first position sees itself only
    mask = np.zeros((1, 1, 3, 3), bool)
    mask[..., 1] = True
    np.testing.assert_allclose(ops.dot_product_attention(q, k, v, mask=mask)[:, 2].numpy(), v[:, 1], rtol=1e-9)
