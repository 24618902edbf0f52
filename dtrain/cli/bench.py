"""`dtrain bench`: measurements that say what to expect of a machine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from dtrain.cli.errors import UserError, one_line_errors
from dtrain.distributed import launch


@click.group(name="bench")
def command() -> None:
    """Measure this machine."""


@command.command(name="models")
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option("--tasks", default="train", help="Some of train, predict, fit, start, memory; by commas.")
@click.option("--threads", default="1", help="Numbers of threads, by commas.")
@click.option(
    "--beside", default="all", help="Some of dtrain-numpy, pytorch, keras-jax, keras-..., by commas; or none."
)
@click.option("--rounds", default=5, type=click.IntRange(min=1), help="Rounds of turns.")
@click.option("--steps", default=20, type=click.IntRange(min=1), help="Steps of one turn; batches of an epoch.")
@click.option("--batch", type=click.IntRange(min=1), help="Rows of a step (default: the model's).")
def models(
    names: tuple[str, ...], tasks: str, threads: str, beside: str, rounds: int, steps: int, batch: int | None
) -> None:
    """Time models of known kinds here, beside the libraries that are installed: mlp, cnn, lstm, resnet8, small.

    All take turns in one run. train, predict: single batches; fit: whole epochs; start: from the start of the process
    to the end of the first step; memory: the most that an epoch over 60,000 rows takes.
    """
    from dtrain.benchmarks.models import MODELS
    from dtrain.benchmarks.report import choose_sides, describe, run
    from dtrain.benchmarks.sides import SIDES
    from dtrain.benchmarks.tasks import TASKS
    from dtrain.benchmarks.whole_runs import RUNS

    chosen = names or ("mlp", "cnn", "lstm")
    sides = choose_sides([] if beside == "none" else _named("--beside", beside, ("all", *SIDES)))
    counts = [int(count) for count in _named("--threads", threads, [str(n) for n in range(1, 1025)])]
    with one_line_errors():
        click.echo(describe(sides))
        rows = run(
            _named("--tasks", tasks, (*TASKS, *RUNS)),
            _named("MODEL", ",".join(chosen), MODELS),
            counts,
            sides,
            rounds,
            steps,
            batch,
        )
        for row, _ in rows:
            click.echo(row)


def _named(option: str, text: str, known: Iterable[str]) -> list[str]:
    """The names in a list by commas, each of which must be known."""
    names, valid = text.split(","), list(known)
    for name in names:
        if name not in valid:
            shown = ", ".join(valid) if len(valid) < 20 else f"{valid[0]} to {valid[-1]}"
            raise UserError(f"{option} must be of {shown}. Received: {name!r}")
    return names


@command.command(name="comm")
@click.argument("path", metavar="[CONFIG]", required=False, type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[SECTION.KEY=VALUE]...")
@click.option("-n", "ranks", type=click.IntRange(min=2), help="Processes to start (default: physical cores, 2 to 8).")
@click.option("--parameters", type=click.IntRange(min=1), help="In place of CONFIG: trained values of the model.")
@click.option("--step-ms", type=click.FloatRange(min=0, min_open=True), help="With it: a step on one process, ms.")
@click.option("--rows", type=click.IntRange(min=1), help="Rows of a step (default: train.batch_size, else 128).")
@click.option("--ranks-per-host", type=click.IntRange(min=1), help="Processes that a host takes (default: its cores).")
@click.option("--network-latency-us", type=float, help="Of a message between hosts, where only one host is measured.")
@click.option("--network-gbit", type=click.FloatRange(min=0, min_open=True), help="Of a host's link, as above.")
@click.option("--alone", hidden=True, help="What one process measured, as JSON.")
def comm(
    path: Path | None,
    overrides: tuple[str, ...],
    ranks: int | None,
    parameters: int | None,
    step_ms: float | None,
    rows: int | None,
    ranks_per_host: int | None,
    network_latency_us: float | None,
    network_gbit: float | None,
    alone: str | None,
) -> None:
    """Measure what sums over processes cost, and predict steps of a model on 2 to 4096 processes.

    The model is that of CONFIG, whose steps are measured too, or one of --parameters values whose step takes --step-ms.
    Under mpirun the processes of the job are measured, on all their hosts; else some are started on this one.
    """
    from dtrain.cli.bench_comm import Settings, report, start
    from dtrain.cli.load_config import load_config

    if (parameters is None) != (step_ms is None):
        raise UserError("--parameters and --step-ms go together: the size of the model, and how long its step takes")
    if parameters is not None and path is not None:
        raise UserError("give either CONFIG or --parameters and --step-ms")
    config = load_config(path, overrides) if path is not None else None
    batch = rows or (config.train.batch_size if config is not None else 128)
    settings = Settings(
        config, batch, parameters, step_ms, ranks_per_host, network_latency_us, network_gbit, ranks, alone
    )
    with one_line_errors():
        if launch().parallel:
            report(settings)
        else:
            raise SystemExit(start(settings))
