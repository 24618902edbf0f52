from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from dtrain.cli.config import Config, Data, Train
from dtrain.cli.main import main
from dtrain.cli.train import _prepare_folder, _steps_per_epoch


@pytest.mark.parametrize(
    ("rows", "validation", "steps"), [(100, "test", 4), (96, "test", 3), (100, 0.5, 2), (1, "none", 1), (97, "none", 4)]
)
def test_steps_count_the_rows_that_are_trained_on(rows, validation, steps):
    config = Config(data=Data(validation=validation), train=Train(batch_size=32))
    assert _steps_per_epoch(config, rows) == steps


def test_a_run_starts_with_its_resolved_configuration_in_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder, resumed = _prepare_folder(Config(), "quickstart", resume=False)
    assert (folder, resumed) == (Path("runs/quickstart-001"), False)
    assert 'name = "Adam"' in (folder / "config.toml").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.toml"], "none.toml: no such configuration file"),
        (["a.toml", "train.epoch=3"], "unknown key 'train.epoch'. Did you mean 'epochs'?"),
        (["a.toml", "--resume"], "--resume: no run of 'a' with checkpoints"),
        (["a.toml", "--trace-steps", "1:2"], "--trace-steps needs --trace FILE"),
        (["a.toml", "--trace", "missing/trace.json"], "trace.json cannot be written: No such file or directory"),
        (["a.toml", "run.folder=a.toml"], "cannot write the run's folder a.toml"),
    ],
)
def test_what_cannot_be_trained_is_one_line_and_status_2(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    Path("a.toml").write_text("")
    result = CliRunner().invoke(main, ["train", *arguments])
    assert result.exit_code == 2
    assert result.output.startswith("Error: ") and message in result.output and len(result.output.splitlines()) == 1
