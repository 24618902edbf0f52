"""The compiled kernels and their NumPy twins on the same arrays."""

import importlib
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("dtrain.kernels.native", reason="the compiled kernels were not built")
_native = importlib.import_module("dtrain.kernels.native._native")
SIZES = [0, 1, 3, 16, 33, 1000]
SETTINGS = [(name, 1) for name in _native.instruction_sets()] + [(_native.instruction_sets()[-1], 3)]


@pytest.fixture(autouse=True, params=SETTINGS, ids=lambda s: f"{s[0]}-{s[1]}")
def setting(request):
    """Each instruction set with one thread, and the best one with three."""
    before = _native.instruction_set(), _native.thread_limit()
    _native.use(request.param[0])
    _native.limit_threads(request.param[1])
    yield
    _native.use(before[0])
    _native.limit_threads(before[1])


def twins(name: str) -> tuple[ModuleType, ModuleType]:
    """The compiled module and the one in NumPy."""
    return (
        importlib.import_module(f"dtrain.kernels.native.{name}"),
        importlib.import_module(f"dtrain.kernels.numpy.{name}"),
    )


def draw(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)


def garbage(*shape: int, dtype: Any = np.float32) -> Any:
    """What a kernel must overwrite."""
    return np.full(shape, np.nan if np.dtype(dtype).kind == "f" else 77, dtype)


def compare(name, function, given, outputs, rtol=2e-5, atol=2e-6, **keywords):
    """Call both twins with the same arrays; those whose places are in `outputs` must come out the same."""
    results = []
    for module in twins(name):
        arguments = [a.copy() if isinstance(a, np.ndarray) else a for a in given]
        getattr(module, function)(*arguments, **keywords)
        results.append(arguments)
    for place in outputs:
        np.testing.assert_allclose(results[0][place], results[1][place], rtol, atol, err_msg=f"argument {place}")
