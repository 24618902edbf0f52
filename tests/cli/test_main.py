from __future__ import annotations

import subprocess
import sys

from click.testing import CliRunner

from dtrain.cli.errors import UserError, suggest
from dtrain.cli.main import SUBCOMMANDS, main


def test_every_subcommand_exists_and_says_what_it_does():
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    for name in SUBCOMMANDS:
        assert name in result.output


def test_an_unknown_subcommand_is_a_usage_error():
    result = CliRunner().invoke(main, ["trian"])
    assert result.exit_code == 2 and "trian" in result.output and "Traceback" not in result.output


def test_a_user_error_is_one_line_and_status_2(monkeypatch):
    import dtrain.cli.doctor

    def refuse(*arguments: object) -> None:
        raise UserError("expected this. Received: that")

    monkeypatch.setattr(dtrain.cli.doctor.command, "callback", refuse)
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 2 and result.output == "Error: expected this. Received: that\n"


def test_the_command_starts_without_the_heavy_libraries():
    code = "import sys, dtrain.cli.main; print([m for m in ('numpy', 'h5py', 'mpi4py', 'rich') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60).stdout == "[]\n"


def test_suggestions_name_the_nearest_word_if_one_is_near():
    assert suggest("epoch", ["epochs", "seed"]) == "Did you mean 'epochs'? Valid: epochs, seed."
    assert suggest("zzz", ["epochs"]) == "Valid: epochs."
    assert suggest("x", []) == "None is valid here."
