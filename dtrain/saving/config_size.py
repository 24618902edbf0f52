"""How much work a configuration asks for: models within models that are called again and again grow exponentially."""

from __future__ import annotations

from typing import Any

_MOST = 500_000  # objects of the calls; the largest published models have some ten thousands


def check_size(config: Any) -> None:
    """Refuse a configuration of a few bytes that would be at work for years.

    Raises:
        ValueError: for one whose calls, with the calls within them, come to too many.
    """
    if (count := _objects(config)) > _MOST:
        raise ValueError(f"the configuration calls models within models: {count:,} objects, at most {_MOST:,} are read")


def _objects(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_objects, value))
    if not isinstance(value, dict):
        return 0
    inner = sum(_objects(item) for key, item in value.items() if key != "inbound_nodes")
    if "class_name" not in value:
        return inner
    calls = value.get("inbound_nodes")
    return (1 + inner) * max(1, len(calls) if isinstance(calls, list) else 1)
