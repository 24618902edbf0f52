"""The dtype that layers compute in and keep their variables in: one of float32 and float64."""

from __future__ import annotations

from typing import Any

from dtrain import config

_NAMES = ("float32", "float64")


class DTypePolicy:
    """A dtype for layers' variables and computation, as `Layer(dtype=policy)` takes it.

    Args:
        name: "float32" or "float64"; the default policy's if None.

    Raises:
        ValueError: for another name: dtrain has no computation in mixed or lower precision.
    """

    _keras_module = "keras"

    def __init__(self, name: str | None = None) -> None:
        wanted = config.dtype_policy_name() if name is None else name
        if wanted not in _NAMES:
            raise ValueError(
                f"DTypePolicy: expected one of {', '.join(_NAMES)}: dtrain computes in one of these. "
                f"Received: name={name!r}"
            )
        self._name = wanted

    @property
    def name(self) -> str:
        return self._name

    @property
    def compute_dtype(self) -> str:
        return self._name

    @property
    def variable_dtype(self) -> str:
        return self._name

    def get_config(self) -> dict[str, Any]:
        """The name."""
        return {"name": self._name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """The policy that `get_config` describes."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self._name

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'


def get(identifier: Any) -> DTypePolicy:
    """The policy meant by a name, a configuration or a policy; the default one for None."""
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return DTypePolicy.from_config(identifier.get("config", identifier))
    return DTypePolicy(identifier)


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """A policy as plain values."""
    from dtrain.saving.serialization import serialize_keras_object

    config: dict[str, Any] = serialize_keras_object(dtype_policy)
    return config


def deserialize(config: Any, custom_objects: Any = None) -> DTypePolicy:
    """The policy that `serialize` describes."""
    return get(config)
