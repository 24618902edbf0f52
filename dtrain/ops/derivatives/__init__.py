"""The gradients of ops as calls of ops: what `GradientTape.gradient` uses where another tape looks on."""

from __future__ import annotations

from . import classification, elements, normalization, shapes, sums

__all__ = ["classification", "elements", "normalization", "shapes", "sums"]
