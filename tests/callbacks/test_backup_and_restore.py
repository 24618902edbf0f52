"""An interrupted run that goes on when the same script is started again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dtrain.callbacks import BackupAndRestore
from tests.training.runs import Broken, differences, train


@pytest.mark.parametrize(("save_freq", "break_after"), [("epoch", 17), (2, 17)])
def test_a_run_started_again_ends_as_if_it_had_never_stopped(tmp_path: Path, save_freq: Any, break_after: int) -> None:
    expected = train("adam", epochs=5)
    folder = tmp_path / "backup"
    with pytest.raises(Broken):
        train("adam", epochs=5, extra=[BackupAndRestore(folder, save_freq)], break_after=break_after)
    assert list(folder.glob("step-*.h5"))
    again = train("adam", epochs=5, extra=[BackupAndRestore(folder, save_freq)])
    assert differences(again, expected) == []
    assert not folder.exists()


def test_files_stay_when_asked_for(tmp_path: Path) -> None:
    train("adam", epochs=2, extra=[BackupAndRestore(tmp_path, delete_checkpoint=False, double_checkpoint=True)])
    assert len(list(tmp_path.glob("step-*.h5"))) == 2


def test_a_wrong_save_freq_is_refused() -> None:
    with pytest.raises(ValueError, match="save_freq must be 'epoch' or a number"):
        BackupAndRestore("backup", save_freq="batch")
