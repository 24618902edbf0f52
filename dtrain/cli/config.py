"""The run configuration: its sections, their keys and defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Positive = Annotated[int, Meta(ge=1)]
NonNegative = Annotated[int, Meta(ge=0)]
Fraction = Annotated[float, Meta(gt=0.0, lt=1.0)]
Names = str | list[str] | dict[str, str]
MetricNames = str | list[str | list[str]] | dict[str, str | list[str]]
Options = dict[str, Any]

DEFAULT_MODEL = "mlp"
DEFAULT_OPTIMIZER = "Adam"


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=False):
    """A table of the configuration file; keys it does not declare are errors."""


class Data(Section, frozen=True):
    """`[data]`: where the rows come from.

    `file = "path.py:function"`, in place of `name`, has a function that returns `(x_train, y_train), (x_test, y_test)`.
    `validation` is "test" (the test rows, each epoch), "none", or the fraction of the training rows to hold out.
    `targets` is "class", or "group_and_parity": the pair (class // 2, class % 2), for a model of two outputs.
    """

    name: Literal["digits", "mnist"] = "digits"
    file: str | None = None
    train_size: Positive | None = None
    test_size: Positive | None = None
    seed: NonNegative = 0
    validation: Literal["test", "none"] | Fraction = "test"
    targets: Literal["class", "group_and_parity"] = "class"


class Train(Section, frozen=True):
    """`[train]`: how long, in what portions. `batch_size` counts the rows of one step over all processes.

    `reproducible`: whether the bits of the result are the same for every number of processes; a number: that of the
    micro-shards of a batch (see `Model.fit`). `on_nan`: what is done when a loss or gradient is NaN or infinite.
    `reduction`: how gradients are added over processes (see `Model.compile`).
    """

    epochs: Positive = 1
    batch_size: Positive = 32
    seed: NonNegative = 0
    shuffle: bool = True
    reproducible: bool | Positive = False
    on_nan: Literal["raise", "skip", "stop"] = "raise"
    reduction: Literal["auto", "allreduce", "shared", "bf16"] = "auto"


class Compile(Section, frozen=True):
    """`[compile]`: loss and metrics by name, for one output, or for several as a list or by the outputs' names."""

    loss: Names = "sparse_categorical_crossentropy"
    loss_weights: list[float] | dict[str, float] | None = None
    metrics: MetricNames = "accuracy"


class Checkpoint(Section, frozen=True):
    """`[checkpoint]`: training state is saved every so many epochs (0: never) and steps; the last `keep_last` stay.

    Besides these, `keep_best` epochs with the best `monitor` stay, and the steps that are multiples of `keep_every`.
    `on_error`: what is done when a file cannot be written later on (see `TrainingCheckpoint`).
    """

    every_epochs: NonNegative = 1
    every_steps: Positive | None = None
    keep_last: Positive = 3
    keep_best: NonNegative = 0
    keep_every: Positive | None = None
    monitor: str = "val_loss"
    mode: Literal["auto", "min", "max"] = "auto"
    on_error: Literal["raise", "warn"] = "raise"


class Run(Section, frozen=True):
    """`[run]`: the run's files lie in `folder/name`; without a name, in `folder/<config>-001` and counting."""

    folder: str = "runs"
    name: str | None = None


class Config(Section, frozen=True):
    """A whole run.

    `model`, `optimizer` and each table of `callbacks` are open: `name` (or `file`) says what is made, the other keys
    are its keyword arguments and are checked against its signature.
    """

    data: Data = msgspec.field(default_factory=Data)
    model: Options = msgspec.field(default_factory=lambda: {"name": DEFAULT_MODEL})
    optimizer: Options = msgspec.field(default_factory=lambda: {"name": DEFAULT_OPTIMIZER})
    compile: Compile = msgspec.field(default_factory=Compile)
    train: Train = msgspec.field(default_factory=Train)
    checkpoint: Checkpoint = msgspec.field(default_factory=Checkpoint)
    run: Run = msgspec.field(default_factory=Run)
    callbacks: dict[str, Options] = msgspec.field(default_factory=dict)


def resolved(config: Config) -> str:
    """Return the configuration as TOML text with every default written out; loading it gives an equal configuration."""
    import tomli_w

    return tomli_w.dumps(without_none(msgspec.to_builtins(config)))


def without_none(table: dict[str, Any]) -> dict[str, Any]:
    """Drop keys without a value: TOML has no null, and for every such key absence means the same."""
    return {
        key: without_none(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value is not None
    }


def run_stem(path: Path) -> str:
    """Return the name that a run takes from its configuration file."""
    return path.resolve().parent.name if path.name == "config.toml" else path.stem
