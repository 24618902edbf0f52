"""All cases, in the order of the list of faults, and what its items are."""

from __future__ import annotations

from tests.torture import agreement, checkpoints, data_faults, elastic_cases, environment, processes
from tests.torture.case import Case

ITEMS = {
    "A1": "an error on one rank, anywhere",
    "A2": "one rank exits",
    "A3": "one rank dies, anywhere; or all do",
    "A4": "one rank is stopped",
    "A5": "one rank is slow",
    "A6": "signals to ranks and launchers",
    "A7": "two ranks die; too few are left",
    "A8": "ranks die and the others go on",
    "A9": "one rank dies within a sum",
    "B10": "ranks with different settings",
    "B11": "calls that not all ranks make",
    "B12": "a weight that drifts away",
    "B13": "a launcher of another MPI",
    "C14": "rows that cannot be divided evenly",
    "C15": "the order of rows",
    "C16": "NaN and infinity on one rank",
    "C17": "damaged files on one rank",
    "D18": "deaths while a state is saved",
    "D19": "damaged states",
    "D20": "disks that cannot be written",
    "D21": "errors at one stage of one rank",
    "D22": "folders of two jobs, of dead ones, of later versions",
    "D23": "exact resume",
    "D24": "writing in the background",
    "D25": "other numbers of ranks after a restart",
    "D26": "reading while it is written, and locks",
    "E27": "threads, cores, shared memory",
    "E28": "no MPI; programs that are no plain script",
    "E29": "launchers, hosts, more ranks than cores",
    "E30": "ways to add gradients",
    "E31": "many cycles in one process",
}


def all_cases() -> list[Case]:
    """Every case, in the order of `ITEMS`."""
    modules = (processes, agreement, data_faults, checkpoints, environment, elastic_cases)
    order = list(ITEMS)
    return sorted((case for module in modules for case in module.cases()), key=lambda case: order.index(case.item))
