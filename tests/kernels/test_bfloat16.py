"""bfloat16: the nearest one, and the same from both kinds of kernels."""

import importlib

import numpy as np
import pytest

MODULES = ["dtrain.kernels.numpy.bfloat16", "dtrain.kernels.native.bfloat16"]


@pytest.fixture(params=MODULES, ids=["numpy", "native"])
def kernels(request):
    return pytest.importorskip(request.param, reason="the compiled kernels were not built")


def rounded(kernels, x: np.ndarray) -> np.ndarray:
    halves, back = np.full(x.size, 77, np.uint16), np.full(x.size, np.nan, np.float32)
    kernels.to_bfloat16(x, halves)
    kernels.from_bfloat16(halves, back)
    return back


def test_every_bfloat16_stays_what_it_is(kernels) -> None:
    x = (np.arange(1 << 16, dtype=np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(rounded(kernels, x), x)


def test_values_go_to_the_nearest_and_ties_to_the_even_one(kernels) -> None:
    step = 2.0**-7  # between 1 and 2
    x = np.array([1 + step / 2, 1 + 1.5 * step, 1 + 0.49 * step, 1 + 0.51 * step, -1 - step / 2], np.float32)
    np.testing.assert_array_equal(rounded(kernels, x), np.float32([1, 1 + 2 * step, 1, 1 + step, -1]))
    x = np.random.default_rng(0).normal(size=40_000).astype(np.float32)
    assert (np.abs(rounded(kernels, x) - x) <= np.abs(x) * 2.0**-8).all()


def test_what_is_no_number_or_too_large(kernels) -> None:
    wild = np.array([0x7F800001, 0xFFFFFFFF, 0x7FFFFFFF], np.uint32).view(np.float32)
    assert np.isnan(rounded(kernels, wild)).all()
    largest = np.finfo(np.float32).max
    np.testing.assert_array_equal(rounded(kernels, np.float32([np.inf, -np.inf, largest])), [np.inf, -np.inf, np.inf])


def test_both_kinds_of_kernels_give_the_same_bits() -> None:
    pytest.importorskip(MODULES[1], reason="the compiled kernels were not built")
    x = np.random.default_rng(1).integers(0, 1 << 32, 100_003, dtype=np.uint32).view(np.float32)
    found = [np.empty(x.size, np.uint16) for _ in MODULES]
    for name, halves in zip(MODULES, found, strict=True):
        importlib.import_module(name).to_bfloat16(x, halves)
    np.testing.assert_array_equal(*found)
