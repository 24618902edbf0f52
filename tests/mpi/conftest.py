"""Keeps apart, in this folder, tests that run inside ranks (marked `mpi`) and tests that start jobs (not marked).

pytest-mpi looks for `mpi` among the keywords of a test, where it finds the name of this folder too.
"""

from collections.abc import Generator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    unmarked = [item for item in items if FOLDER in item.path.parents and item.get_closest_marker("mpi") is None]
    before = [list(item.own_markers) for item in unmarked]
    yield
    in_ranks = config.getoption("--with-mpi") or config.getoption("--only-mpi")
    for item, markers in zip(unmarked, before, strict=True):
        item.own_markers = markers
        if in_ranks:
            item.add_marker(pytest.mark.skip(reason="starts jobs of its own"))
