"""A selection of the cases of `scripts/torture.py`: faults in real jobs, and what must come of each."""

from __future__ import annotations

import pytest

from tests.mpi.launcher import needs_mpirun
from tests.torture.case import Case
from tests.torture.cases import ITEMS, all_cases
from tests.torture.rounds import torture_once
from tests.torture.table import attempt

QUICK = [case for case in all_cases() if case.quick]


def test_cases_have_names_of_their_own() -> None:
    names = [case.name for case in all_cases()]
    assert len(set(names)) == len(names)


def test_no_item_of_the_list_of_faults_is_without_a_case() -> None:
    assert {case.item for case in all_cases()} == set(ITEMS)


@needs_mpirun
@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_a_fault_is_survived(case: Case) -> None:
    if case.needs():
        pytest.skip(case.needs())
    result = attempt(case)
    assert result.problems == [], "\n".join(outcome.text for outcome in result.outcomes)


@needs_mpirun
def test_a_run_whose_ranks_are_killed_at_a_random_time_loses_nothing() -> None:
    assert torture_once(seed=10, most_ranks=2).problems == []
