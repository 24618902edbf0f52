"""Progress of a loop: a live bar on a terminal, one line at the end elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from dtrain.config import is_interactive_logging_enabled

from .messages import print_msg

Values = Iterable[tuple[str, Any]]


class Progbar:
    """Shows how far a loop is and the values it reports, by rank 0.

    Args:
        target: number of steps; None if unknown.
        width: columns of the bar.
        verbose: 0 nothing, 1 a bar on a terminal and the last line elsewhere, 2 the last line only.
        interval: seconds between two drawings of the bar.
        stateful_metrics: names shown as they are; other values are averaged over steps. Not with `stateless_metrics`.
        stateless_metrics: names that are averaged over steps; other values are shown as they are.
        unit_name: what a step is called.
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Progbar: only one of stateful_metrics and stateless_metrics can be given")
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self._averaged = set(stateless_metrics) if stateless_metrics is not None else None
        self._shown_as_is = set(stateful_metrics or ())
        self._sums: dict[str, tuple[float, float]] = {}
        self._seen = self._before = 0
        self._samples: tuple[int, float] | None = None
        self.note = ""  # shown behind the pace in the last line
        self._start = self._drawn = time.perf_counter()
        self._bar: Any = None

    def begin_at(self, steps: int) -> None:
        """Say, before the first `update`, that so many steps were done before this loop: they take none of its time."""
        self._seen = self._before = steps

    def update(
        self, current: int, values: Values | None = None, finalize: bool | None = None, samples: int | None = None
    ) -> None:
        """Report that `current` steps are done.

        Args:
            values: pairs of a name and its value in this step.
            finalize: whether this is the end; by default when `target` is reached.
            samples: rows that this loop has worked on so far, to show them per second.
        """
        if samples is not None:
            self._samples = samples, time.perf_counter() - self._start
        self._take(current, values or (), bool(finalize))
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        if not self.verbose:
            return
        if finalize:
            self.close()
            print_msg(self._last_line(current))
        elif self.verbose == 1 and time.perf_counter() - self._drawn >= self.interval and is_live():
            self._draw(current)

    def add(self, n: int, values: Values | None = None) -> None:
        """Report that `n` more steps are done."""
        self.update(self._seen + n, values)

    def close(self) -> None:
        """Take the bar off the screen. `update` does it at the end; call it when the loop fails before."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _take(self, current: int, values: Values, last: bool) -> None:
        for name, value in values:
            if not self._is_averaged(name) or last:
                self._sums[name] = float(value), 1.0
                continue
            weight = max(current - self._seen, 1)
            total, weights = self._sums.get(name, (0.0, 0.0))
            self._sums[name] = total + float(value) * weight, weights + weight
        self._seen = current

    def _is_averaged(self, name: str) -> bool:
        return name not in self._shown_as_is if self._averaged is None else name in self._averaged

    def _metrics(self) -> str:
        return "".join(f" - {name}: {_short(total / weights)}" for name, (total, weights) in self._sums.items())

    def _last_line(self, current: int) -> str:
        seconds = time.perf_counter() - self._start
        pace = " - ".join(filter(None, [self._pace(current, seconds), self.note]))
        return f"{current}/{self.target or current} - {seconds:.0f}s - {pace}{self._metrics()}"

    def _pace(self, current: int, seconds: float) -> str:
        """The time of a step and the samples of a second."""
        pace = f"{_duration(seconds / max(current - self._before, 1))}/{self.unit_name}"
        if self._samples is None:
            return pace
        samples, taken = self._samples
        return f"{pace} - {samples / max(taken, 1e-9):,.0f} samples/s"

    def _draw(self, current: int) -> None:
        if self._bar is None:
            self._bar = _live_bar(self.width, self.target)
        self._drawn = time.perf_counter()
        seconds = self._drawn - self._start
        each = seconds / max(current - self._before, 1)
        left = f"{each * (self.target - current):.0f}s left" if self.target else f"{seconds:.0f}s"
        text = f"{current}/{self.target or '?'}", f"{left} - {self._pace(current, seconds)}{self._metrics()}"
        self._bar.update(self._bar.task_ids[0], completed=current, count=text[0], text=text[1], refresh=True)


def is_live() -> bool:
    """Whether this process draws on a terminal."""
    from dtrain.distributed.console import is_main
    from dtrain.distributed.terminal import terminal_width

    return is_interactive_logging_enabled() and is_main() and terminal_width() is not None


def _live_bar(width: int, target: int | None) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from dtrain.distributed.terminal import terminal_width

    columns = TextColumn("{task.fields[count]}"), BarColumn(bar_width=width), TextColumn("{task.fields[text]}")
    console = Console(force_terminal=True, width=terminal_width())  # through a launcher, rich itself sees a pipe
    bar = Progress(*columns, console=console, auto_refresh=False, transient=True)
    bar.add_task("", total=target, count="", text="")
    bar.start()
    console.show_cursor(True)  # a loop that fails leaves the cursor as it is
    return bar


def _short(value: float) -> str:
    return f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}"


def _duration(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"
