"""Passes over many values that belong to no one family of ops, in one pass each."""

from __future__ import annotations

from dtrain.kernels.numpy import rows as reference
from dtrain.kernels.numpy.rows import Array

from . import _native


def add_terms(terms: list[Array], y: Array) -> None:
    if not _native.add(y, *terms):
        reference.add_terms(terms, y)


def apply_mask(x: Array, mask: Array, scale: float, y: Array) -> None:
    if not _native.mask(x, mask, scale, y):
        reference.apply_mask(x, mask, scale, y)


def scaled(x: Array, scale: float, y: Array) -> None:
    if not _native.scale_bytes(x, scale, y):
        reference.scaled(x, scale, y)


def all_finite(x: Array) -> bool:
    return _native.all_finite(x) or reference.all_finite(x)
