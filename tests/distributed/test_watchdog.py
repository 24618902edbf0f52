"""The times after which a wait is reported, and ends the job."""

from __future__ import annotations

import math

import pytest

from dtrain.distributed.watchdog import seconds


def test_a_time_is_that_of_the_variable_and_0_means_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DTRAIN_STALL_S", raising=False)
    assert seconds("DTRAIN_STALL_S", 60.0) == 60.0
    monkeypatch.setenv("DTRAIN_STALL_S", "2.5")
    assert seconds("DTRAIN_STALL_S", 60.0) == 2.5
    monkeypatch.setenv("DTRAIN_STALL_S", "0")
    assert seconds("DTRAIN_STALL_S", 60.0) == math.inf


@pytest.mark.parametrize("text", ["-1", "soon", "nan", "inf", ""])
def test_a_time_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("DTRAIN_STALL_S", text)
    with pytest.raises(ValueError, match=r"DTRAIN_STALL_S must be a number of seconds, or 0 for never\. Received"):
        seconds("DTRAIN_STALL_S", 60.0)
