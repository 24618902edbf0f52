"""Where the time of a training step goes, node by node, beside the least that the machine needs for it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .arithmetic import flops, traffic_bytes
from .limits import Limits, measure_limits
from .models import MODELS, one_or_list

if TYPE_CHECKING:
    from dtrain.training.session import Session

_RUNS = 50
_SHOWN = 0.005  # of the step: what takes less is shown together


@dataclass(frozen=True)
class Row:
    """One line of the table; seconds. `arithmetic_s` and `memory_s` are 0 where nothing is known of them."""

    name: str
    seconds: float
    arithmetic_s: float = 0.0
    memory_s: float = 0.0

    @property
    def limit_s(self) -> float:
        return max(self.arithmetic_s, self.memory_s)


def show_profile(model: str, batch: int | None = None) -> None:
    """Print the table of one of the known models."""
    import dtrain

    benchmark = MODELS[model]
    dtrain.utils.set_random_seed(0)
    net = benchmark.build(dtrain)
    x, y = (one_or_list(arrays) for arrays in benchmark.data(batch or benchmark.batch))
    profile_step(net, x, y, model)


def profile_step(net: Any, x: Any, y: Any, name: str) -> None:
    """Print the table of `net.train_on_batch(x, y)`.

    Raises:
        ValueError: the model has a `train_step` of its own, which is not planned.
    """
    for _ in range(3):
        net.train_on_batch(x, y)
    if net._overrides("train_step"):
        raise ValueError("Only planned steps can be shown: this model has a train_step of its own")
    limits = measure_limits()
    rows = _step_rows(net._get_session(), x, y, limits)
    cheapest = min(row.seconds for row in rows)
    whole = _median(lambda: net.train_on_batch(x, y))
    inside = sum(row.seconds for row in rows)
    rows.append(Row("all else: data, metrics, checks", max(0.0, whole - inside)))
    print(
        f"{name}: {1e3 * whole:.3f} ms a step. Limits: {limits.flops_s / 1e9:.0f} GFLOP/s, "
        f"{limits.bytes_s[max(limits.bytes_s)] / 1e9:.1f} GB/s in memory, "
        f"{max(limits.bytes_s.values()) / 1e9:.0f} GB/s in the cache"
    )
    print(f"{'ms':>9} {'%':>5} {'arithmetic':>10} {'memory':>8} {'x limit':>8}   node")
    for row in _shown(rows, whole):
        times = f"{row.seconds / row.limit_s:8.1f}" if row.limit_s > 1e-6 else f"{'':8}"  # below: only the call
        print(
            f"{1e3 * row.seconds:9.3f} {100 * row.seconds / whole:5.1f} {1e3 * row.arithmetic_s:10.3f} "
            f"{1e3 * row.memory_s:8.3f} {times}   {row.name}"
        )
    print(f"A call of a node takes {1e6 * cheapest:.2f} us at least; that much of each row is Python and NumPy.")


def _step_rows(session: Session, x: Any, y: Any, limits: Limits) -> list[Row]:
    """A row for each instruction and one for the optimizer, which take turns as in training."""
    from dtrain.graph.profile import node_times
    from dtrain.training.data import rank_batch, to_triple
    from dtrain.training.program_cache import Step

    ranks = session.communicator
    batch = rank_batch(to_triple(x, y), ranks.rank, ranks.workers)
    step = session.cache.train(batch, session.objective, session.board)
    assert isinstance(step, Step)  # noqa: S101 - reproducible mode is not on
    plan = step.program.plan
    updates: list[float] = []

    def update() -> None:
        start = time.perf_counter()
        session.optimizer.step(session.cache.parameters, session.synchronizer.region)
        updates.append(time.perf_counter() - start)

    times = node_times(step.program, _RUNS, update)
    rows = [
        Row(
            f"{found.node.label}  {' '.join(str(s.shape) for s in found.node.reads[:3])}",
            found.median_s,
            limits.arithmetic_s(flops(plan, instruction)),
            limits.memory_s(traffic_bytes(plan, instruction)),
        )
        for found, instruction in zip(times, plan.instructions, strict=True)
    ]
    return [*rows, _update_row(session, statistics.median(updates), limits)]


def _update_row(session: Session, seconds: float, limits: Limits) -> Row:
    """The optimizer: it reads weights, gradients and its slots, and writes all but the gradients."""
    parameters = session.cache.parameters
    assert parameters is not None  # noqa: S101 - a training step has been made
    nbytes = (3 + 2 * len(session.optimizer.slot_names)) * parameters.values.nbytes
    return Row(f"update of {parameters.values.size:,} weights", seconds, memory_s=limits.memory_s(nbytes))


def _median(call: Callable[[], object]) -> float:
    times = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _shown(rows: list[Row], whole: float) -> list[Row]:
    """The rows that matter, the longest first, and the others as one."""
    large = [row for row in rows if row.seconds >= _SHOWN * whole]
    small = [row for row in rows if row.seconds < _SHOWN * whole]
    rest = Row(
        f"{len(small)} others",
        sum(r.seconds for r in small),
        sum(r.arithmetic_s for r in small),
        sum(r.memory_s for r in small),
    )
    ordered = sorted(large, key=lambda row: -row.seconds)
    return [*ordered, rest] if small else ordered
