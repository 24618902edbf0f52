"""How `dtrain bench comm` shows what it found."""

from __future__ import annotations

from collections.abc import Sequence

from dtrain.cli.bench_comm import COUNTS
from dtrain.cli.bench_work import Measured
from dtrain.distributed.cost_model import Machine, Prediction, Work, alone, pays_up_to, same_batch, same_rows
from dtrain.distributed.probe import Line, Probe

_BUSY = 1.5


def show_machine(found: Probe, machine: Machine, library: str, assumed: bool) -> None:
    """Print what was measured."""
    hosts = "1 host" if found.hosts == 1 else f"{found.hosts} hosts"
    print(f"Measured on {found.ranks} ranks on {hosts}, {library}:")
    print(f"  barrier of a host      {1e6 * found.barrier_s:8.1f} µs")
    print(f"  MPI's Allreduce        {_line(found.allreduce)}")
    print(f"  sum in shared memory   {_line(found.shared) if found.shared else 'none'}")
    print(f"  adding two arrays      {1e9 * found.add_s_per_byte:8.3f} ms a MB")
    gbit = 8e-9 / machine.network_s_per_byte
    between = f"{1e6 * machine.network_latency_s:.1f} µs a message, {gbit:.1f} Gbit/s a host"
    how = "assumed, not measured; see --network-latency-us, --network-gbit" if assumed else "measured"
    print(f"  between hosts          {between} ({how})")


def _line(line: Line) -> str:
    start, slope = line
    return f"{1e6 * start:8.1f} µs + {1e9 * slope:.3f} ms a MB"


def show_predictions(machine: Machine, measured: Measured, single: Work, rows: int, ranks: int) -> None:
    """Print the table of predictions, what of it was measured, and up to how many ranks it pays."""
    work = measured.work
    print(
        f"Model: {work.parameters:,} parameters, {work.gradient_bytes / 1e6:.2f} MB of gradients; on one rank "
        f"{1e3 * single.fixed_s:.2f} ms + {1e6 * single.row_s:.1f} µs a row, update {1e3 * single.update_s:.2f} ms"
    )
    strong, weak = same_batch(machine, work, single, rows, COUNTS), same_rows(machine, work, single, rows, COUNTS)
    print(f"Predicted, {machine.ranks_per_host} ranks on a host:")
    print(f"  {'':12}   batch of {rows} rows for all    {rows} rows on each rank")
    print("  ranks  hosts   ms a step    efficiency     ms a step    efficiency")
    for s, w in zip(strong, weak, strict=True):
        if s.ranks > rows:
            print(f"  {s.ranks:5}  {s.hosts:5}   {'fewer rows than ranks':<24} {_cells(w)}")
        else:
            print(f"  {s.ranks:5}  {s.hosts:5} {_cells(s)}  {_cells(w)}")
    if measured.step_s:
        expected = same_rows(machine, work, single, rows, [1, ranks])
        print(
            f"Measured: {ranks} ranks with {rows} rows each take {1e3 * measured.step_s:.2f} ms a step; "
            f"predicted {1e3 * expected[1].step_s:.2f} ms (one rank: {1e3 * alone(single, rows):.2f} ms)"
        )
        slowed = max(measured.slowed, measured.step_s / expected[1].step_s)
        if slowed > _BUSY:
            print(f"This machine is busy: steps took {slowed:.1f} times as long as they need. Measure when it is idle.")
    _show_verdict([p for p in strong if p.ranks <= rows], weak, rows)


def _cells(p: Prediction) -> str:
    return f"{1e3 * p.step_s:11.3f} {p.efficiency:13.2f} "


def _show_verdict(strong: Sequence[Prediction], weak: Sequence[Prediction], rows: int) -> None:
    fastest = min(strong, key=lambda p: p.step_s)
    print(
        f"With a batch of {rows} rows for all: past {pays_up_to(strong)} ranks it does not pay (efficiency below 0.5); "
        f"no number is faster than {fastest.ranks} ({1e3 * fastest.step_s:.3f} ms a step)."
    )
    last = pays_up_to(weak)
    limit = f"past {last} ranks it does not pay" if last < weak[-1].ranks else f"it pays up to {last} ranks at least"
    print(f"With {rows} rows on each rank: {limit}.")
