"""Small runs of the `dtrain` command: a few steps on synthetic digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner, Result

from dtrain.cli.main import main

# 13 steps an epoch, the last with 8 rows; a checkpoint every 3 steps is never due at the end of an epoch.
CONFIG = """
[data]
train_size = 200
test_size = 50

[model]
hidden_units = [16]
dropout = 0.3

[train]
epochs = 3
batch_size = 16

[checkpoint]
every_steps = 3

[run]
name = "run"
"""

PROGRAM = "from dtrain.cli.main import main; main()"

# The command, in a process that is killed before a step of its own choosing: DIE_AT is STEP:RANK.
KILLED = """
import os, signal
from dtrain.cli.main import main
from dtrain.training.checkpointing import StateSaver
from dtrain.training.session import Session

step, rank = map(int, os.environ["DIE_AT"].split(":"))
real, real_save = Session.train_step, StateSaver.save

def save(self, fit, metric=None):
    real_save(self, fit, metric)
    self.wait(fit)  # files are written in the background; the test counts on those before the kill

def train_step(self, batch):
    if self.optimizer.step_count == step and self.communicator.rank == rank:
        os.kill(os.getpid(), signal.SIGKILL)
    real(self, batch)

StateSaver.save = save
Session.train_step = train_step
main()
"""


def write_config(folder: Path, text: str = CONFIG) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "small.toml"
    path.write_text(text)
    return path


def dtrain(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def trained(folder: Path, *overrides: str) -> Path:
    """Return the folder of a run that was trained in `folder`."""
    result = dtrain("train", write_config(folder), f"run.folder={folder}", *overrides)
    assert result.exit_code == 0, result.output
    return folder / "run"


def ending(run: Path) -> tuple[dict[str, bytes], str]:
    """Return the bits of all weights and optimizer slots at the end of a run, and its history.csv."""
    from dtrain.checkpoint import newest_good

    _, state = newest_good(run / "checkpoints")
    arrays: dict[str, Any] = {f"weights/{name}": a for name, a in state.weights.items()}
    for slot, values in state.optimizer_slots.items():
        arrays |= {f"{slot}/{name}": a for name, a in values.items()}
    assert state.epoch == 3 and state.step == 39
    return {name: np.asarray(a).tobytes() for name, a in arrays.items()}, (run / "history.csv").read_text()
