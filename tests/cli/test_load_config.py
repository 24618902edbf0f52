from __future__ import annotations

from pathlib import Path

import pytest

from dtrain.cli.config import Config, resolved
from dtrain.cli.errors import UserError
from dtrain.cli.load_config import load_config

ROOT = Path(__file__).parents[2]


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "a.toml"
        path.write_text(text)
        return path

    return write


def message_of(path: Path, *overrides: str) -> str:
    with pytest.raises(UserError) as caught:
        load_config(path, overrides)
    return caught.value.message


def test_an_empty_file_gives_the_defaults(write):
    assert load_config(write("")) == Config()


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_configurations_are_valid(path):
    assert load_config(path).train.epochs >= 1


def test_every_value_survives_writing_and_reading(write, tmp_path):
    config = load_config(
        write('[compile]\nloss = {a = "mse"}\n[callbacks.EarlyStopping]\npatience = 2\n[data]\nvalidation = 0.25'),
        ["optimizer.learning_rate=0.01", 'run.name=a "b" \\ c', "model.hidden_units=[1, 2]"],
    )
    written = tmp_path / "config.toml"
    written.write_text(resolved(config), encoding="utf-8")
    assert load_config(written) == config


def test_an_unknown_key_names_file_key_and_nearest(write):
    path = write("[train]\nepoch = 3")
    message = message_of(path)
    assert message.startswith(f"{path}: unknown key 'train.epoch'. Did you mean 'epochs'?")
    assert "batch_size" in message


def test_an_unknown_section_names_the_nearest(write):
    assert "unknown section 'trian'. Did you mean 'train'?" in message_of(write("[trian]\nepochs = 3"))


@pytest.mark.parametrize(
    ("text", "key", "expected", "received"),
    [
        ("[train]\nepochs = 'x'", "train.epochs", "an integer", "'x'"),
        ("[train]\nepochs = 2.5", "train.epochs", "an integer", "2.5"),
        ("[train]\nepochs = true", "train.epochs", "an integer", "True"),
        ("[train]\nbatch_size = 0", "train.batch_size", "an integer >= 1", "0"),
        ("[train]\nshuffle = 1", "train.shuffle", "true or false", "1"),
        ("train = 3", "train", "a table", "3"),
        ("[data]\nname = 'mnits'", "data.name", "one of 'digits', 'mnist'", "'mnits'"),
        ("[data]\nvalidation = 'x'", "data.validation", "one of 'test', 'none', a number between 0 and 1", "'x'"),
        ("[data]\nvalidation = 1.5", "data.validation", "one of 'test', 'none', a number between 0 and 1", "1.5"),
        ("[compile]\nmetrics = [1]", "compile.metrics", "a string or a list", "[1]"),
        ("[checkpoint]\nkeep_last = 0", "checkpoint.keep_last", "an integer >= 1", "0"),
        ("[callbacks]\nEarlyStopping = 3", "callbacks", "a table", "{'EarlyStopping': 3}"),
    ],
)
def test_a_wrong_value_says_what_was_expected_and_what_came(write, text, key, expected, received):
    path = write(text)
    assert message_of(path) == f"{path}: {key}: expected {expected}. Received: {received}"


def test_the_override_at_fault_is_named_instead_of_the_file(write):
    assert message_of(write(""), "train.epochs=x").startswith("override 'train.epochs=x': train.epochs: expected")
    assert message_of(write(""), "train.epoch=3").startswith("override 'train.epoch=3': unknown key")


def test_a_file_that_is_missing_is_named(tmp_path):
    assert message_of(tmp_path / "no.toml").startswith(f"{tmp_path / 'no.toml'}: no such configuration file")


@pytest.mark.parametrize("content", [b"[train", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_one_message(tmp_path, content):
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    assert str(path) in message_of(path)


def test_a_folder_instead_of_a_file_is_one_message(tmp_path):
    assert "cannot be read as a configuration" in message_of(tmp_path)


def test_python_files_are_relative_to_the_configuration(write, tmp_path):
    config = load_config(write('[model]\nfile = "m.py:build"\n[data]\nfile = "d.py:load"'))
    assert config.model["file"] == f"{tmp_path.resolve() / 'm.py'}:build"
    assert config.data.file == f"{tmp_path.resolve() / 'd.py'}:load"


def test_python_files_in_an_override_are_relative_to_the_current_folder(write, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    config = load_config(write(""), ["model.file=m.py:build"])
    assert config.model["file"] == f"{elsewhere.resolve() / 'm.py'}:build"


@pytest.mark.parametrize("reference", ["'m.py'", "':f'", "'m.py:'", "'m.py:a-b'", "3"])
def test_a_reference_without_path_or_function_is_refused(write, reference):
    assert 'model.file: expected "path.py:function"' in message_of(write(f"[model]\nfile = {reference}"))


def test_open_sections_get_the_default_name(write):
    config = load_config(write("[model]\nhidden_units = [3]\n[optimizer]\nlearning_rate = 0.1"))
    assert config.model == {"name": "mlp", "hidden_units": [3]}
    assert config.optimizer == {"name": "Adam", "learning_rate": 0.1}
