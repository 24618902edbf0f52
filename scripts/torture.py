#!/usr/bin/env python3
"""Tortures real training jobs and prints what came of each fault; exits with 1 if one was not survived.

    python scripts/torture.py [--only NAME ...]    every case: processes, agreement, data, checkpoints, environment
    python scripts/torture.py --list
    python scripts/torture.py --rounds 100         ranks that are killed at random times; jobs are started again
    python scripts/torture.py --rounds 100 --elastic     the same, and the other ranks go on
    python scripts/torture.py --truncations 1000   checkpoints that are cut or changed at random places

Jobs are started by the mpirun of this Python. `--only` takes the beginnings of names.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.torture.case import Case
from tests.torture.cases import ITEMS, all_cases
from tests.torture.rounds import torture_at_random
from tests.torture.table import attempt
from tests.torture.truncations import damage_at_random

_LINES = 30  # of the output of a job that was not survived


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="name the cases only")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="cases whose names begin so")
    parser.add_argument("--quick", action="store_true", help="the selection of the test suite")
    parser.add_argument("--rounds", type=int, metavar="N", help="kill at random times, N times")
    parser.add_argument("--ranks", type=int, default=4, help="most processes of the rounds")
    parser.add_argument("--elastic", action="store_true", help="rounds in elastic mode (Open MPI)")
    parser.add_argument("--truncations", type=int, metavar="N", help="damage N checkpoints at random")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random")
    return parser.parse_args()


def chosen(options: argparse.Namespace) -> list[Case]:
    cases = all_cases()
    if options.only:
        cases = [case for case in cases if case.name.startswith(tuple(options.only))]
    return [case for case in cases if case.quick or not options.quick]


def show(cases: list[Case]) -> None:
    """Print the items of the list of faults, and the cases of each."""
    for item, meaning in ITEMS.items():
        names = [case.name for case in cases if case.item == item]
        if names:
            print(f"{item}: {meaning} ({len(names)})", *textwrap.wrap(", ".join(names), 110, initial_indent="    ",
                  subsequent_indent="    ", break_on_hyphens=False), sep="\n")  # fmt: skip
    print(f"{len(cases)} cases of {len({case.item for case in cases})} items")


def try_all(cases: list[Case]) -> int:
    """Try the cases one after the other; returns how many were not survived."""
    failed = 0
    print(f"{'case':34} {'item':5} {'after fault':>11} {'in all':>8}")
    for case in cases:
        missing = case.needs()
        if missing:
            print(f"{case.name:34} {case.item:5} skipped: {missing}")
            continue
        result = attempt(case)
        after = "" if result.after_fault_s is None else f"{result.after_fault_s:.2f} s"
        print(
            f"{case.name:34} {case.item:5} {after:>11} {result.elapsed_s:6.1f} s  {'; '.join(result.problems) or 'ok'}"
        )
        if result.problems:
            failed += 1
            print(*(f"    | {line}" for one in result.outcomes for line in one.text.splitlines()[-_LINES:]), sep="\n")
        sys.stdout.flush()
    print(f"{len(cases)} cases, {failed} not survived")
    return failed


def main() -> int:
    options = arguments()
    if options.list:
        show(chosen(options))
        return 0
    if options.rounds:
        return torture_at_random(options.rounds, options.ranks, options.seed, options.elastic)
    if options.truncations:
        return damage_at_random(options.truncations, options.seed)
    return 1 if try_all(chosen(options)) else 0


if __name__ == "__main__":
    sys.exit(main())
