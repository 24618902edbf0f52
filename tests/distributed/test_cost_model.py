"""Predicted times follow from the measured numbers by the formulas that are documented."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrain.distributed.cost_model import (
    Machine,
    Work,
    alone,
    network_messages,
    pays_up_to,
    predict,
    reduce_seconds,
    same_batch,
    same_rows,
)
from dtrain.distributed.probe import SIZES, fit_line

MACHINE = Machine(4, 1e-6, 2e-10, 2e-5, 1e-9, 1e-10)
WORK = Work(1_000_000, 1e-4, 1e-5, 1e-3)
COUNTS = [1 << k for k in range(13)]


@given(start=st.floats(0, 1e-3), slope=st.floats(1e-12, 1e-8))
def test_a_line_is_found_again(start: float, slope: float) -> None:
    found = fit_line(SIZES, [start + slope * 4 * n for n in SIZES])
    assert found == (pytest.approx(start, abs=1e-9), pytest.approx(slope, rel=1e-4))


def test_latency_and_bandwidth_are_never_negative() -> None:
    assert min(*fit_line(SIZES, [1e-9, 1e-5, 2e-4, 1e-3, 4e-3]), *fit_line(SIZES, [5e-3, 4e-3, 3e-3, 2e-3, 1e-3])) >= 0


def test_one_rank_sums_nothing_and_one_host_uses_no_network() -> None:
    slow = replace(MACHINE, network_latency_s=1.0, network_s_per_byte=1.0)
    assert reduce_seconds(slow, 4e6, 1) == 0
    assert reduce_seconds(slow, 4e6, 4) == reduce_seconds(MACHINE, 4e6, 4) == pytest.approx(6e-6 + 1.25 * 4e6 * 2e-10)
    assert reduce_seconds(slow, 4e6, 8) > 1


def test_between_hosts_each_link_carries_twice_the_gradients_at_most() -> None:
    between = reduce_seconds(MACHINE, 4e6, 4096) - reduce_seconds(MACHINE, 4e6, 4)
    share = 1023 / 1024 * 4e6
    assert between == pytest.approx(network_messages(1024) * 2e-5 + 2 * share * 1e-9 + share / 4 * 1e-10)


def test_more_ranks_never_raise_efficiency() -> None:
    for found in (same_batch(MACHINE, WORK, WORK, 8192, COUNTS), same_rows(MACHINE, WORK, WORK, 512, COUNTS)):
        beyond = [p.efficiency for p in found if p.ranks >= 4]  # within a host a divided update may outweigh the sum
        assert beyond == sorted(beyond, reverse=True)
        assert found[0].efficiency == 1


def test_efficiency_is_throughput_in_relation_to_one_rank() -> None:
    for p in same_batch(MACHINE, WORK, WORK, 4096, COUNTS):
        assert p.efficiency == pytest.approx(alone(WORK, 4096) / (p.ranks * p.step_s))
    for p in same_rows(MACHINE, WORK, WORK, 64, COUNTS):
        assert p.efficiency == pytest.approx(alone(WORK, 64) / p.step_s)


def test_a_divided_update_costs_less() -> None:
    whole = replace(WORK, sharded=False)
    divided, undivided = (predict(MACHINE, w, w, 64, 4, 64).update_s for w in (WORK, whole))
    assert divided == pytest.approx(undivided / 4)


def test_the_limit_is_the_last_number_before_efficiency_falls_below_a_half() -> None:
    found = same_batch(MACHINE, WORK, WORK, 4096, COUNTS)
    limit = pays_up_to(found)
    assert next(p.efficiency for p in found if p.ranks == limit) >= 0.5
    assert next(p.efficiency for p in found if p.ranks == 2 * limit) < 0.5


def test_few_hosts_send_one_another_messages_and_many_go_by_halves() -> None:
    assert [network_messages(hosts) for hosts in (2, 3, 4, 1024)] == [2, 4, 6, 40]
