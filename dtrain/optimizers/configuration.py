"""Arguments that all optimizers share: checks, spellings of Keras 1 and 2, configurations."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from typing import Any

from . import learning_rate

_COMMON = (
    "weight_decay",
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)


def common(optimizer: Any) -> dict[str, Any]:
    """The shared arguments of an optimizer, in the order in which Keras writes them."""
    return {name: getattr(optimizer, name) for name in _COMMON}


def check(optimizer: Any) -> None:
    """Raise ValueError for shared arguments that contradict each other or make no sense."""
    owner = type(optimizer).__name__
    limits = {name: getattr(optimizer, name) for name in ("clipnorm", "clipvalue", "global_clipnorm")}
    given = {name: value for name, value in limits.items() if value is not None}
    if len(given) > 1:
        raise ValueError(f"{owner}: only one of clipnorm, clipvalue and global_clipnorm can be set. Received: {given}")
    for name, value in given.items():
        if value < 0:
            raise ValueError(f"{owner}: {name} must be >= 0. Received: {name}={value!r}")
    steps = optimizer.gradient_accumulation_steps
    if steps is not None and (not isinstance(steps, int) or steps < 2):
        raise ValueError(
            f"{owner}: gradient_accumulation_steps must be an integer >= 2 or None. "
            f"Received: gradient_accumulation_steps={steps!r}"
        )
    if not optimizer.use_ema:
        return
    if not 0 <= optimizer.ema_momentum <= 1:
        raise ValueError(f"{owner}: ema_momentum must be in [0, 1]. Received: ema_momentum={optimizer.ema_momentum!r}")
    every = optimizer.ema_overwrite_frequency
    if every is not None and (not isinstance(every, int) or every < 1):
        raise ValueError(
            f"{owner}: ema_overwrite_frequency must be an integer >= 1 or None. "
            f"Received: ema_overwrite_frequency={every!r}"
        )


def take_legacy_arguments(owner: str, rate: Any, kwargs: dict[str, Any]) -> Any:
    """The learning rate, with `lr` and `decay` of Keras 1 and 2 understood; raises ValueError for other arguments."""
    if "lr" in kwargs:
        rate = kwargs.pop("lr")
        warnings.warn(f"{owner}: `lr=` is spelled `learning_rate=` today", DeprecationWarning, stacklevel=4)
    if kwargs.pop("decay", None):
        warnings.warn(
            f"{owner}: `decay=` is ignored; use `learning_rate=schedules.InverseTimeDecay(...)`",
            DeprecationWarning,
            stacklevel=4,
        )
    if kwargs:
        raise ValueError(f"{owner}: unknown arguments {', '.join(sorted(kwargs))}")
    return rate


def arguments(cls: type, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None) -> dict[str, Any]:
    """The constructor's arguments in a configuration of any version; unknown entries are dropped, with a warning."""
    config = dict(config)
    if "learning_rate" in config:
        config["learning_rate"] = learning_rate.from_config(config["learning_rate"], custom_objects)
    known = {"lr", "decay"}
    for base in cls.__mro__[:-1]:
        if "__init__" in vars(base):
            known |= set(inspect.signature(base).parameters)
    dropped = [key for key in config if key not in known]
    told = [key for key in dropped if config[key] and key not in ("jit_compile", "is_legacy_optimizer")]
    if told:
        warnings.warn(f"{cls.__name__}: unknown entries of the configuration: {', '.join(told)}", stacklevel=3)
    return {key: value for key, value in config.items() if key in known}
