"""The error function, vectorised."""

from __future__ import annotations

from dtrain.kernels.numpy import erf as reference
from dtrain.kernels.numpy.erf import Array

from . import _native


def erf(x: Array, y: Array) -> None:
    if not _native.errors(x, y):
        reference.erf(x, y)


def erfc(x: Array, y: Array) -> None:
    if not _native.error_complements(x, y):
        reference.erfc(x, y)
