"""Activations whose definition has changed since Keras 2."""

from __future__ import annotations

from typing import Any

from dtrain.saving.registration import register_keras_serializable


@register_keras_serializable(package="dtrain", name="hard_sigmoid_of_keras2")
def hard_sigmoid_of_keras2(x: Any) -> Any:
    """`clip(0.2 * x + 0.5, 0, 1)`: what `hard_sigmoid` was in Keras 1 and 2 (in Keras 3 the slope is 1 / 6)."""
    from dtrain import ops

    return ops.minimum(ops.maximum(x * 0.2 + 0.5, 0.0), 1.0)


OLD_HARD_SIGMOID = {
    "module": "builtins",
    "class_name": "function",
    "config": "dtrain>hard_sigmoid_of_keras2",
    "registered_name": "function",
}
