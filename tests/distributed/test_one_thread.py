"""One thread for matrix products, for the time of a block."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
import threadpoolctl

from dtrain.distributed.threads import VARIABLES, one_thread


class Libraries:
    """A controller that knows libraries of these numbers of threads, and cannot change them."""

    counts: tuple[int, ...] = ()

    def select(self, user_api: str) -> Libraries:
        return self

    def limit(self, limits: int) -> AbstractContextManager[None]:
        return nullcontext()

    def info(self) -> list[dict[str, Any]]:
        return [{"num_threads": count} for count in self.counts]


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> type[Libraries]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threadpoolctl, "ThreadpoolController", Libraries)
    monkeypatch.setattr(Libraries, "counts", ())
    return Libraries


@pytest.mark.parametrize("counts", [(), (2,), (1, 4)])
def test_threads_that_cannot_be_limited_are_warned_of(libraries: type[Libraries], counts: tuple[int, ...]) -> None:
    libraries.counts = counts
    with pytest.warns(RuntimeWarning, match="could not be set to 1"), one_thread():
        pass


@pytest.mark.parametrize("counts", [(1,), (1, 1)])
def test_libraries_of_one_thread_are_silent(libraries: type[Libraries], counts: tuple[int, ...]) -> None:
    libraries.counts = counts
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with one_thread():
            pass


def test_an_unknown_library_that_a_variable_limits_is_silent(
    libraries: type[Libraries], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VECLIB_MAXIMUM_THREADS", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with one_thread():
            pass
