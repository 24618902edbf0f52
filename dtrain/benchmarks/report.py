"""Tables of measurements, printed row by row as they are made."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterator, Sequence

import numpy as np

from dtrain.checkpoint.versions import current_versions

from .models import MODELS
from .sides import SIDES, Side
from .tasks import TASKS
from .turns import Case, measure, median, ratio
from .whole_runs import RUNS, measure_run

Ratios = dict[str, float]
"""By the name of a measurement, such as `train cnn 1 thread, pytorch / dtrain`, how many times as long others take."""


def choose_sides(names: Sequence[str]) -> list[Side]:
    """Return dtrain and, of the sides named, those that are installed; "all" names every one."""
    wanted = list(SIDES) if "all" in names else ["dtrain", *names]
    return [side for name, side in SIDES.items() if name in wanted and side.installed]


def describe(sides: Sequence[Side]) -> str:
    """The machine and what is measured on it, in two lines."""
    versions = current_versions()
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    core_type = os.environ.get("OPENBLAS_CORETYPE")
    told = f" (OPENBLAS_CORETYPE={core_type})" if core_type else ""
    return (
        f"{versions['cpu']}, {usable} cores usable, {platform.system()} {platform.machine()}; "
        f"Python {versions['python']}, NumPy {np.__version__}, {versions['blas']}{told}\n"
        f"{', '.join(side.described for side in sides)}; medians of rounds in which all take turns"
    )


def run(
    tasks: Sequence[str],
    models: Sequence[str],
    threads: Sequence[int],
    sides: Sequence[Side],
    rounds: int,
    steps: int,
    batch: int | None = None,
) -> Iterator[tuple[str, Ratios]]:
    """Measure every combination; give for each a printed row and, by measurement, dtrain's ratios."""
    for task in tasks:
        for model in models:
            for count in threads:
                case = Case(task, model, batch or MODELS[model].batch, count)
                taking_part = [side for side in sides if not (task == "fit" and side.name == "pytorch")]
                found = _measure(case, taking_part, rounds, steps)
                if task in TASKS:
                    yield _row(case, found, 1e3, "ms a batch")
                else:
                    yield _row(case, found, 1, "s" if task == "start" else "MiB")


def _measure(case: Case, sides: Sequence[Side], rounds: int, steps: int) -> list[dict[str, float]]:
    if case.task in RUNS:
        return [
            {side.name: measure_run(case.task, side, case.model, case.threads) for side in sides} for _ in range(rounds)
        ]
    return measure(case, sides, rounds, steps)


def _row(case: Case, rounds: list[dict[str, float]], scale: float, unit: str) -> tuple[str, Ratios]:
    name = f"{case.task} {case.model} {case.threads} thread{'s' if case.threads > 1 else ''}"
    cells, ratios = [f"{name:24}"], {}
    for side in rounds[0]:
        cell = f"{side} {scale * median(rounds, side):8.3f} {unit}"
        if side != "dtrain":
            cell += f" ({ratio(rounds, 'dtrain', side):.2f} x)"
        if not side.startswith("dtrain"):
            for own in (own for own in rounds[0] if own.startswith("dtrain")):
                ratios[f"{name}, {side} / {own}"] = ratio(rounds, own, side)
        cells.append(cell)
    best = _best_backend(rounds)
    if best is not None:
        ratios[f"{name}, best Keras backend / dtrain"] = best
        cells.append(f"best Keras backend {best:.2f} x")
    return "   ".join(cells), ratios


def _best_backend(rounds: list[dict[str, float]]) -> float | None:
    backends = [side for side in rounds[0] if side.startswith("keras-")]
    if not backends:
        return None
    return statistics.median(min(r[b] for b in backends) / r["dtrain"] for r in rounds)
