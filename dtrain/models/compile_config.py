"""What `compile` was told, as a configuration, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object

if TYPE_CHECKING:
    from .model import Model

Config = dict[str, Any]

_KEYS = ("loss", "loss_weights", "metrics", "weighted_metrics")


def compile_config(model: Model) -> Config | None:
    """The optimizer as an object, the rest as the user gave it; None for a model that is not compiled."""
    from dtrain.training.trainer import Trainer

    given = model._compile_arguments
    if given is None or type(model).compile is not Trainer.compile:
        return None
    plain = {key: serialize_keras_object(given.get(key)) for key in _KEYS}
    return {
        "optimizer": serialize_keras_object(model.optimizer),
        **plain,
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": False,
    }


def compile_from_config(model: Model, config: Config) -> None:
    """Compile a model as `compile_config` of dtrain or Keras says; a built one gets its optimizer's state too.

    Raises:
        ValueError, TypeError: for a loss, metric or optimizer that is not known.
    """
    from dtrain.training.trainer import Trainer

    if type(model).compile is not Trainer.compile:
        return  # an own `compile` takes arguments of its own
    try:
        known = {key: deserialize_keras_object(config.get(key)) for key in ("optimizer", *_KEYS)}
    except (TypeError, ValueError) as error:
        error.add_note("Pass compile=False to load the model without its optimizer, loss and metrics.")
        raise
    model.compile(**known)
    if model.built and model.optimizer is not None:
        model.optimizer.build(model.trainable_variables)
