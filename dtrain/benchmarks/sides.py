"""What is measured beside what: dtrain with either kind of kernels, PyTorch, Keras with each of its backends."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from dtrain.distributed.threads import VARIABLES


@dataclass(frozen=True)
class Side:
    """A library as it is measured, in a process of its own.

    Attributes:
        packages: what must be installed, by the names that pip knows.
        modules: the same by the names of their modules.
        variables: of the environment.
    """

    name: str
    packages: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def installed(self) -> bool:
        return all(find_spec(module) is not None for module in self.modules)

    @property
    def described(self) -> str:
        """Name and versions."""
        return " ".join([self.name, *(_version(package) for package in self.packages)])

    def environment(self, threads: int) -> dict[str, str]:
        """The environment of a process of this side, with so many threads."""
        counts = dict.fromkeys((*VARIABLES, "TF_NUM_INTRAOP_THREADS"), str(threads))
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_NUM_INTEROP_THREADS": "1", "JAX_PLATFORMS": "cpu"}
        return {**os.environ, **counts, **quiet, **self.variables}


def _keras(backend: str, package: str, module: str) -> Side:
    return Side(f"keras-{backend}", ("keras", package), ("keras", module), {"KERAS_BACKEND": backend})


SIDES = {
    side.name: side
    for side in (
        Side("dtrain"),
        Side("dtrain-numpy", variables={"DTRAIN_KERNELS": "numpy"}),
        Side("pytorch", ("torch",), ("torch",)),
        _keras("tensorflow", "tensorflow", "tensorflow"),
        _keras("jax", "jax", "jax"),
        _keras("torch", "torch", "torch"),
    )
}


def package(side: str) -> Any:
    """The package that speaks Keras on this side: dtrain or Keras."""
    return import_module("keras" if side.startswith("keras") else "dtrain")


def _version(package: str) -> str:
    for name in (package, f"{package}-cpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "(unknown version)"
