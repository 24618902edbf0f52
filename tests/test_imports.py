"""Imports go one way, and `import dtrain` stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dtrain"

# What a package may not import, not even inside of a function.
FORBIDDEN = {
    "timeline": {path.stem for path in PACKAGE.iterdir()} - {"timeline"},
    "kernels": {"timeline", "graph", "ops", "layers", "models", "training", "checkpoint", "saving", "datasets", "cli"},
    "graph": {"timeline", "layers", "models", "training", "distributed", "checkpoint", "saving", "datasets", "cli"},
    "ops": {"timeline", "layers", "models", "training", "distributed", "checkpoint", "datasets", "cli"},
    "distributed": {"graph", "ops", "layers", "models", "training", "checkpoint", "saving", "cli"},
    "checkpoint": {"graph", "ops", "layers", "models", "training", "cli"},
    "datasets": {"graph", "ops", "layers", "models", "training", "cli"},
    "layers": {"training", "cli"},
    "training": {"benchmarks", "cli"},
    "benchmarks": {"cli"},
}


def imports(path: Path) -> Iterator[str]:
    """The absolute names of the modules that a file imports, anywhere in it."""
    package = ["dtrain", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_go_one_way(package: str) -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in sorted((PACKAGE / package).rglob("*.py"))
        for name in imports(path)
        if name.startswith("dtrain.") and name.split(".")[1] in FORBIDDEN[package]
    ]
    assert wrong == []


def test_mpi_is_imported_in_one_file() -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] == "mpi4py"
    }
    assert {path for path in found if not path.startswith("cli/")} == {"distributed/mpi.py"}


def test_importing_dtrain_and_its_layers_loads_no_optional_package() -> None:
    code = (
        "import sys, dtrain\n"
        "dtrain.layers.Dense, dtrain.Model, dtrain.optimizers.Adam, dtrain.callbacks.EarlyStopping, dtrain.ops\n"
        "heavy = {'mpi4py', 'h5py', 'rich', 'click', 'msgspec', 'pooch', 'PIL', 'scipy', 'torch', 'keras'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert done.stdout.strip() == "[]"
