"""Measures what a step of a configured model costs besides communication."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from dtrain.cli.config import Config
from dtrain.distributed.cost_model import Work

if TYPE_CHECKING:
    from dtrain.training.session import Session

_WARM_UP, _STEPS, _TURNS = 3, 5, 10


class Measured(msgspec.Struct):
    """What was measured on the ranks of this job: the work of a step, and whole steps of `rows` rows a rank.

    `slowed` is the median of these steps in relation to the fastest one: about 1 on an idle machine.
    """

    work: Work
    rows: int
    step_s: float
    slowed: float = 1.0


def measure_work(config: Config, rows: int) -> Measured:
    """Return the cost of steps of `rows` rows on each rank, all ranks at once. Every rank of the job must call it."""
    from dtrain.distributed import world

    ranks = world()
    model, arrays = _prepare(config, rows * ranks.workers)
    few = max(1, rows // 4)
    session = model._get_session()
    many_s, few_s = _times(session, arrays, [rows * ranks.workers, few * ranks.workers])
    per_row = max(0.0, (many_s["compute"] - few_s["compute"]) / max(1, rows - few))
    fixed = max(0.0, many_s["compute"] - per_row * rows)
    region = session.synchronizer.region
    share = 1.0 if region is None else (region.stop - region.start) / session.synchronizer.gradients.size
    trained = sum(v.array.size for v in model.trainable_variables)
    # Of the slowest rank: the others wait for it.
    fixed, per_row, update, step = (
        max(ranks.allgather(value)) for value in (fixed, per_row, many_s["update"] / share, many_s["step"])
    )
    return Measured(Work(trained, fixed, per_row, update, session.optimizer.shardable), rows, step, many_s["slowed"])


def _prepare(config: Config, rows: int) -> tuple[Any, Any]:
    """The compiled model, and data of at least so many rows: those of the configuration, again and again."""
    import numpy as np

    from dtrain.cli.build import build_model, compile_model
    from dtrain.cli.data import load_rows
    from dtrain.graph.nest import map_structure
    from dtrain.training.data import to_triple
    from dtrain.utils import set_random_seed

    set_random_seed(config.train.seed)
    data = config.data
    if data.file is None:
        data = msgspec.structs.replace(data, train_size=min(rows, 2048), test_size=1)
    train, _ = load_rows(data)
    model = build_model(config.model)
    compile_model(model, config, 1)
    x, y, _ = to_triple(train.x, train.y)
    order = np.arange(rows) % len(train.x)
    return model, tuple(None if part is None else map_structure(lambda a: a[order], part) for part in (x, y, None))


def _times(session: Session, arrays: Any, sizes: Sequence[int]) -> list[dict[str, float]]:
    """For global batches of so many rows each, seconds of a step and of its parts, and how much slower the median is.

    They take turns, and of each the least counts: other programs only make times longer.
    """
    from dtrain.graph.nest import map_structure
    from dtrain.training.data import rank_batch

    ranks = session.communicator
    batches = []
    for rows in sizes:
        first = partial(_first_rows, rows)
        x, y, weight = (None if part is None else map_structure(first, part) for part in arrays)
        batches.append(rank_batch((x, y, weight), ranks.rank, ranks.workers))
        for _ in range(_WARM_UP):
            session.train_step(batches[-1])
    parts = {"reduce": 0.0, "update": 0.0}
    undo = [
        *(_watch(session.reduction, method, "reduce", parts) for method in ("begin", "poll", "complete", "publish")),
        _watch(session.optimizer, "step", "update", parts),
    ]
    found: list[dict[str, list[float]]] = [{"step": [], "compute": [], "update": []} for _ in sizes]
    for _ in range(_TURNS):
        for batch, times in zip(batches, found, strict=True):
            for _ in range(_STEPS):
                parts.update(reduce=0.0, update=0.0)
                ranks.Barrier()
                start = time.perf_counter()
                session.train_step(batch)
                whole = time.perf_counter() - start
                times["step"].append(whole)
                times["compute"].append(whole - parts["reduce"] - parts["update"])
                times["update"].append(parts["update"])
    for put_back in undo:
        put_back()
    middle = [sorted(times["step"])[len(times["step"]) // 2] for times in found]
    least = [{name: min(values) for name, values in times.items()} for times in found]
    return [times | {"slowed": median / times["step"]} for times, median in zip(least, middle, strict=True)]


def _first_rows(count: int, array: Any) -> Any:
    return array[:count]


def _watch(owner: Any, method: str, part: str, parts: dict[str, float]) -> Callable[[], None]:
    """Add the time of each call of a method to a part; returns what ends that."""
    call = getattr(owner, method)

    def timed(*arguments: Any) -> None:
        start = time.perf_counter()
        call(*arguments)
        parts[part] += time.perf_counter() - start

    setattr(owner, method, timed)
    return lambda: delattr(owner, method)
