"""Event files hold what the logs said, in the form that TensorBoard reads."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dtrain.callbacks import TensorBoard
from dtrain.callbacks.event_file import EventFile, _checksum, crc32c
from tests.training.models import linear, regression_data


def fields(message: bytes) -> list[tuple[int, Any]]:
    """The fields of a protocol buffer by number, in their order."""
    found: list[tuple[int, Any]] = []
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            value |= (byte & 0x7F) << shift
            place, shift = place + 1, shift + 7
            if byte < 0x80:
                return value

    while place < len(message):
        field, kind = divmod(varint(), 8)
        if kind == 0:
            found.append((field, varint()))
            continue
        length = {1: 8, 5: 4}.get(kind) or varint()
        found.append((field, message[place : place + length]))
        place += length
    return found


def events(path: Path) -> list[dict[int, Any]]:
    data, found = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        assert data[8:12] == _checksum(data[:8])
        event = data[12 : 12 + length]
        assert data[12 + length : 16 + length] == _checksum(event)
        found.append(dict(fields(event)))
        data = data[16 + length :]
    return found


def numbers(folder: Path) -> dict[tuple[str, int], float]:
    """(tag, step): value of all files of a folder."""
    found = {}
    for path in sorted(folder.iterdir()):
        first, *others = events(path)
        assert first[3] == b"brain.Event:2"
        for event in others:
            for _, value in fields(event[5]):
                parts = dict(fields(value))
                if 2 in parts:
                    found[parts[1].decode(), event.get(2, 0)] = struct.unpack("<f", parts[2])[0]
    return found


def test_the_checksum_is_that_of_the_standard() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"") == 0


def test_epochs_of_training_and_validation_are_in_files_of_their_own(tmp_path: Path) -> None:
    x, y = regression_data()
    model = linear(metrics=["mae"])
    history = model.fit(x, y, epochs=3, validation_split=0.25, verbose=0, callbacks=[TensorBoard(tmp_path)]).history
    own, held_out = numbers(tmp_path / "train"), numbers(tmp_path / "validation")
    for epoch in range(3):
        assert own["epoch_loss", epoch] == pytest.approx(history["loss"][epoch], rel=1e-6)
        assert own["epoch_mae", epoch] == pytest.approx(history["mae"][epoch], rel=1e-6)
        assert own["epoch_learning_rate", epoch] == pytest.approx(0.1)
        assert held_out["epoch_loss", epoch] == pytest.approx(history["val_loss"][epoch], rel=1e-6)
    assert {tag for tag, _ in own} == {"epoch_loss", "epoch_mae", "epoch_learning_rate"}
    assert {tag for tag, _ in held_out} == {"epoch_loss", "epoch_mae"}


def test_every_second_step_when_asked_for_and_evaluations_by_their_number(tmp_path: Path) -> None:
    x, y = regression_data()
    model, callback = linear(), TensorBoard(tmp_path, update_freq=2, write_steps_per_second=True)
    model.fit(x, y, epochs=2, batch_size=8, verbose=0, callbacks=[callback])  # 3 steps an epoch
    for _ in range(2):
        loss = model.evaluate(x, y, verbose=0, callbacks=[callback])
    own = numbers(tmp_path / "train")
    assert [step for tag, step in own if tag == "batch_loss"] == [2, 4, 6]
    assert own["epoch_steps_per_second", 1] > 0
    evaluated = numbers(tmp_path / "validation")
    assert list(evaluated) == [("evaluation_loss_vs_iterations", step) for step in (0, 1)]
    assert evaluated["evaluation_loss_vs_iterations", 1] == pytest.approx(loss, rel=1e-6)


def test_histograms_count_every_value_of_a_weight(tmp_path: Path) -> None:
    x, y = regression_data()
    model = linear()
    model.fit(x, y, verbose=0, callbacks=[TensorBoard(tmp_path, histogram_freq=1)])
    [path] = (tmp_path / "train").iterdir()
    summaries = [dict(fields(value)) for event in events(path)[1:] for _, value in fields(event[5])]
    kernel = next(dict(fields(s[5])) for s in summaries if s[1] == b"dense/kernel")
    values = model.get_weights()[0]
    assert struct.unpack("<d", kernel[1])[0] == pytest.approx(values.min())
    assert struct.unpack("<d", kernel[2])[0] == pytest.approx(values.max())
    assert struct.unpack("<d", kernel[4])[0] == pytest.approx(values.sum(dtype=float), rel=1e-6)
    ends, counts = (np.frombuffer(kernel[k], "<f8") for k in (6, 7))
    assert counts.sum() == values.size and len(ends) == len(counts) and (np.diff(ends) > 0).all()


def test_a_weight_that_is_not_finite_has_a_histogram_of_what_is(tmp_path: Path) -> None:
    file = EventFile(tmp_path)
    file.add_distributions(0, {"w": np.array([np.nan, 1.0, np.inf]), "none": np.array([np.nan])})
    file.close()
    [path] = tmp_path.iterdir()
    found = [dict(fields(dict(fields(value))[5])) for _, value in fields(events(path)[1][5])]
    assert [struct.unpack("<d", histogram[3])[0] for histogram in found] == [1.0, 1.0]


def test_arguments_that_do_nothing_are_told_and_a_wrong_frequency_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="profile_batch is not supported"):
        TensorBoard(tmp_path, profile_batch=2)
    with pytest.raises(ValueError, match="update_freq=0"):
        TensorBoard(tmp_path, update_freq=0)
