"""Makes what the open sections of a configuration name: model, optimizer, callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dtrain.cli.arguments import call, class_of
from dtrain.cli.config import Config, Options
from dtrain.cli.errors import UserError, suggest
from dtrain.cli.python_file import load_function

if TYPE_CHECKING:
    from dtrain import Model
    from dtrain.callbacks import Callback
    from dtrain.optimizers import Optimizer


def build_model(options: Options) -> Model:
    """Return the model that `[model]` describes; the keys beside `name` or `file` are the arguments of its function."""
    from dtrain import Model
    from dtrain.cli.zoo import MODELS

    rest = _without(options, "name", "file")
    if "file" in options:
        model = call("model", load_function("model.file", options["file"]), rest)
        if not isinstance(model, Model):
            raise UserError(
                f"model.file: {options['file']} must return a dtrain Model. Received: {type(model).__name__}"
            )
        return model
    name = options["name"]
    if name not in MODELS:
        raise UserError(f"model.name: unknown model {name!r}. {suggest(str(name), MODELS)}")
    return call("model", MODELS[name], rest)


def build_optimizer(options: Options, steps_per_epoch: int, epochs: int) -> Optimizer:
    """Return the optimizer that `[optimizer]` describes; `learning_rate` is a number or the table of a schedule."""
    from dtrain import optimizers

    kind = class_of("optimizer.name", optimizers, options["name"], optimizers.Optimizer)
    rest = _without(options, "name")
    if isinstance(rest.get("learning_rate"), dict):
        from dtrain.cli.schedule import build_schedule

        rest["learning_rate"] = build_schedule(rest["learning_rate"], steps_per_epoch, epochs)
    return call("optimizer", kind, rest)  # type: ignore[no-any-return]


def build_callbacks(tables: Mapping[str, Options]) -> list[Callback]:
    """Return a callback for each `[callbacks.X]`, in the order of the file; the keys are the arguments of class X."""
    from dtrain import callbacks

    return [
        call(f"callbacks.{name}", class_of(f"callbacks.{name}", callbacks, name, callbacks.Callback), options)
        for name, options in tables.items()
    ]


def compile_model(model: Model, config: Config, steps_per_epoch: int) -> None:
    """Compile the model with the optimizer, loss and metrics of the configuration."""
    optimizer = build_optimizer(config.optimizer, steps_per_epoch, config.train.epochs)
    chosen = config.compile
    try:
        model.compile(
            optimizer=optimizer,
            loss=chosen.loss,
            loss_weights=chosen.loss_weights,
            metrics=chosen.metrics,
            reduction=config.train.reduction,
        )
    except ValueError as error:
        raise UserError(f"compile: {error}") from error


def _without(options: Options, *keys: str) -> Options:
    return {key: value for key, value in options.items() if key not in keys}
