"""Automatic names: `dense`, `dense_1`, ... counted per process, and class names in snake case."""

from __future__ import annotations

import re
from collections import Counter

_counts: Counter[str] = Counter()
_numbers: Counter[str] = Counter()


def auto_name(prefix: str) -> str:
    """`prefix`, then `prefix_1`, `prefix_2`, ...; names that a user gives are not counted."""
    prefix = to_snake_case(prefix)
    number = _counts[prefix]
    _counts[prefix] += 1
    return f"{prefix}_{number}" if number else prefix


def next_number(prefix: str) -> int:
    """1, 2, ... for a prefix, counted apart from the names of layers."""
    _numbers[prefix] += 1
    return _numbers[prefix]


def reset_names() -> None:
    """Begin to count anew."""
    _counts.clear()
    _numbers.clear()


def to_snake_case(name: str) -> str:
    """A class name as Keras writes it into files: `Conv2DTranspose` -> `conv2d_transpose`, `PReLU` -> `p_re_lu`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
