"""Default float type, the small constant of divisions, and where the channels of an image lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_FLOATS = ("float32", "float64")
_FORMATS = ("channels_last", "channels_first")


@dataclass
class _Settings:
    floatx: str = "float32"
    epsilon: float = 1e-7
    image_data_format: str = "channels_last"
    policy: str | None = None


_settings = _Settings()


def floatx() -> str:
    """The dtype of weights and computation where none is given: `"float32"` unless changed."""
    return _settings.floatx


def set_floatx(value: str) -> None:
    """Change `floatx()` for layers made from now on."""
    if value not in _FLOATS:
        raise ValueError(f"set_floatx: expected one of {', '.join(_FLOATS)}. Received: value={value!r}")
    _settings.floatx = value


def dtype_policy_name() -> str:
    """The dtype of layers that are given none: what `set_dtype_policy` was told, else `floatx()`."""
    return _settings.policy or _settings.floatx


def set_dtype_policy(policy: Any) -> None:
    """Change the dtype of layers made from now on: the name "float32" or "float64", or a `DTypePolicy`.

    Raises:
        ValueError: for another one, such as "mixed_float16": dtrain has no mixed precision.
    """
    name = getattr(policy, "name", policy)
    if name not in _FLOATS:
        raise ValueError(
            f"set_dtype_policy: expected one of {', '.join(_FLOATS)}: dtrain computes in one of these. "
            f"Received: policy={policy!r}"
        )
    _settings.policy = name


def epsilon() -> float:
    """The small constant that keeps divisions and logarithms finite: 1e-7 unless changed."""
    return _settings.epsilon


def set_epsilon(value: float) -> None:
    """Change `epsilon()`."""
    if not isinstance(value, (int, float)) or value <= 0:
        raise ValueError(f"set_epsilon: expected a number > 0. Received: value={value!r}")
    _settings.epsilon = float(value)


def image_data_format() -> str:
    """`"channels_last"` (rows, columns, channels) unless changed to `"channels_first"`."""
    return _settings.image_data_format


def set_image_data_format(data_format: str) -> None:
    """Change `image_data_format()` for layers made from now on."""
    _settings.image_data_format = standardize_data_format(data_format)


def standardize_data_format(data_format: str | None) -> str:
    """`data_format` checked and in lower case; the default for None."""
    if data_format is None:
        return _settings.image_data_format
    result = str(data_format).lower()
    if result not in _FORMATS:
        raise ValueError(f"Expected data_format to be one of {', '.join(_FORMATS)}. Received: {data_format!r}")
    return result
