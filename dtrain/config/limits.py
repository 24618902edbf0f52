"""Caps on epochs and steps, so that a long script can be tried quickly and unchanged."""

from __future__ import annotations

import os

_limits: dict[str, int | None] = {}


def max_epochs() -> int | None:
    """The most epochs that `fit` runs: what was set, else the environment's `KERAS_MAX_EPOCHS`, else None."""
    return _limit("KERAS_MAX_EPOCHS")


def set_max_epochs(max_epochs: int | None) -> None:
    """Cap the epochs of every `fit`; None for no cap."""
    _set("KERAS_MAX_EPOCHS", max_epochs)


def max_steps_per_epoch() -> int | None:
    """The most steps in an epoch of fit, evaluate and predict: what was set, else `KERAS_MAX_STEPS_PER_EPOCH`."""
    return _limit("KERAS_MAX_STEPS_PER_EPOCH")


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Cap the steps of every epoch; None for no cap."""
    _set("KERAS_MAX_STEPS_PER_EPOCH", max_steps_per_epoch)


def _limit(name: str) -> int | None:
    if name in _limits:
        return _limits[name]
    text = os.environ.get(name)
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"The environment variable {name} must be an integer >= 1. Received: {name}={text!r}")
    return int(text)


def _set(name: str, value: int | None) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        setter = f"set_{name.removeprefix('KERAS_').lower()}"
        raise ValueError(f"{setter}: expected an integer >= 1 or None. Received: {value!r}")
    _limits[name] = value
