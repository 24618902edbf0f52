from __future__ import annotations

from pathlib import Path

import pytest

from dtrain.cli.errors import UserError
from dtrain.cli.load_config import load_config
from dtrain.cli.overrides import parse_overrides


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 1e-3),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ("{a = 1}", {"a": 1}),
        ('"3"', "3"),
        ("mnist", "mnist"),
        ("a=b", "a=b"),
        ("", ""),
        ("2024-01-01", "2024-01-01"),
        ("1\nother = 2", "1\nother = 2"),
    ],
)
def test_values_are_toml_or_else_text(text, value):
    assert parse_overrides([f"a.b={text}"])["a.b"].value == value


@pytest.mark.parametrize("argument", ["", "train.epochs", "epochs=3", "=3", "a..b=1", "a b.c=1"])
def test_what_is_no_override_is_refused(argument):
    with pytest.raises(UserError, match="expected section.key=value"):
        parse_overrides([argument])


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    path = tmp_path / "a.toml"
    path.write_text("")
    return path


def test_text_that_reads_as_a_number_serves_where_text_is_wanted(empty):
    assert load_config(empty, ["run.name=7"]).run.name == "7"


def test_the_last_of_several_overrides_counts(empty):
    assert load_config(empty, ["train.epochs=2", "train.epochs=3"]).train.epochs == 3


def test_overrides_reach_into_tables_that_the_file_lacks(empty):
    config = load_config(empty, ["callbacks.EarlyStopping.patience=4"])
    assert config.callbacks == {"EarlyStopping": {"patience": 4}}


def test_a_value_has_no_keys(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text("[train]\nepochs = 3")
    with pytest.raises(UserError, match="'epochs' is a value and has no keys"):
        load_config(path, ["train.epochs.x=1"])
