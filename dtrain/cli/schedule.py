"""Learning-rate schedules of a configuration: their steps may be given in epochs."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

from dtrain.cli.arguments import call, class_of


def in_steps(
    options: Mapping[str, Any],
    parameters: Mapping[str, object],
    steps_per_epoch: int,
    epochs: int,
    left: int | None = None,
) -> Any:
    """Return the options with each `x_epochs` turned into `x_steps`, for parameters of that name.

    Where the schedule takes `decay_steps` and neither it nor `decay_epochs` is given, it ends with the run, after the
    warm-up: `decay_steps = epochs · steps_per_epoch − warmup_steps`, or `left − warmup_steps`.
    """
    turned = {}
    for key, value in options.items():
        steps_key = f"{key.removesuffix('_epochs')}_steps"
        if key.endswith("_epochs") and steps_key in parameters:
            turned[steps_key] = round(value * steps_per_epoch)
        else:
            turned[key] = value
    if "decay_steps" in parameters and "decay_steps" not in turned:
        run = epochs * steps_per_epoch if left is None else left
        turned["decay_steps"] = max(1, run - turned.get("warmup_steps", 0))
    return turned


def build_schedule(options: Mapping[str, Any], steps_per_epoch: int, epochs: int, left: int | None = None) -> Any:
    """Return the schedule that `[optimizer.learning_rate]` describes: `name` is its class, the rest its arguments.

    A schedule that follows another one (`WarmUp`) has `left` steps until the end of the run.
    """
    from dtrain.optimizers import schedules

    section = "optimizer.learning_rate"
    schedule = class_of(f"{section}.name", schedules, options.get("name"), schedules.LearningRateSchedule)
    rest = {key: value for key, value in options.items() if key != "name"}
    steps = in_steps(rest, signature(schedule).parameters, steps_per_epoch, epochs, left)
    if isinstance(steps.get("learning_rate"), dict):  # a schedule that follows another one
        follows = dict(steps["learning_rate"])
        left = max(1, epochs * steps_per_epoch - steps.get("warmup_steps", 0))
        steps["learning_rate"] = build_schedule(follows, steps_per_epoch, epochs, left)
    return call(section, schedule, steps)
