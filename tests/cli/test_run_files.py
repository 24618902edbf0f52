from __future__ import annotations

from dtrain.cli.run_files import ConfigFile, HistoryFile


def test_each_epoch_is_a_row_in_the_names_of_the_logs(tmp_path):
    path = tmp_path / "history.csv"
    for epoch, loss in enumerate((0.5, 0.25)):
        HistoryFile(path).on_epoch_end(epoch, {"loss": loss, "val_loss": 2 * loss})
    assert path.read_text() == "epoch,loss,val_loss\n0,0.5,1.0\n1,0.25,0.5\n"


def test_an_epoch_trained_again_replaces_its_row_and_those_after_it(tmp_path):
    path = tmp_path / "history.csv"
    for epoch in (0, 1, 2):
        HistoryFile(path).on_epoch_end(epoch, {"loss": float(epoch)})
    HistoryFile(path).on_epoch_end(1, {"loss": 9.0})
    assert path.read_text() == "epoch,loss\n0,0.0\n1,9.0\n"


def test_logs_that_come_and_go_leave_empty_fields(tmp_path):
    path = tmp_path / "history.csv"
    HistoryFile(path).on_epoch_end(0, {"loss": 1.0})
    HistoryFile(path).on_epoch_end(1, {"loss": 2.0, "val_loss": 3.0})
    assert path.read_text() == "epoch,loss,val_loss\n0,1.0,\n1,2.0,3.0\n"


def test_nothing_else_is_left_beside_the_file(tmp_path):
    HistoryFile(tmp_path / "history.csv").on_epoch_end(0, {"loss": 1.0})
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]


def test_the_configuration_is_written_when_training_begins_and_then_left_alone(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("earlier")
    file = ConfigFile(path, "new")
    file.on_train_begin()
    assert path.read_text() == "earlier"
    file.on_epoch_begin(3)
    assert path.read_text() == "new"
    path.write_text("changed by hand")
    file.on_epoch_begin(4)
    assert path.read_text() == "changed by hand"
