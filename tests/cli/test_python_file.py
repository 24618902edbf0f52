from __future__ import annotations

import sys

import pytest

from dtrain.cli.errors import UserError
from dtrain.cli.python_file import load_function


@pytest.fixture(autouse=True)
def _clean_imports(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_the_function_is_found_and_may_import_its_neighbours(tmp_path):
    (tmp_path / "dtrain_test_neighbour.py").write_text("VALUE = 5")
    path = tmp_path / "dtrain_test_model.py"
    path.write_text("from dtrain_test_neighbour import VALUE\ndef build(): return VALUE")
    assert load_function("model.file", f"{path}:build")() == 5


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="model.file: no such file: .*none.py"):
        load_function("model.file", f"{tmp_path / 'none.py'}:build")


def test_a_missing_function_names_the_nearest(tmp_path):
    path = tmp_path / "dtrain_test_model.py"
    path.write_text("def build(): pass")
    with pytest.raises(UserError, match="has no function 'biuld'. Did you mean 'build'"):
        load_function("model.file", f"{path}:biuld")


def test_an_error_within_the_file_keeps_its_own_traceback(tmp_path):
    path = tmp_path / "dtrain_test_model.py"
    path.write_text("1 / 0")
    with pytest.raises(ZeroDivisionError):
        load_function("model.file", f"{path}:build")
