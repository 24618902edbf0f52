from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from dtrain.checkpoint import TrainingState
from dtrain.checkpoint.errors import DamagedError, NewerFormatError
from dtrain.checkpoint.image import decode, encode


def plain(value: Any) -> Any:
    """Return a form that `==` compares bit for bit."""
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, dict):
        return [(name, plain(item)) for name, item in value.items()]
    if isinstance(value, list):
        return [plain(item) for item in value]
    return np.float64(value).tobytes() if isinstance(value, float) else value


def through_file(state: TrainingState) -> TrainingState:
    return TrainingState.from_arrays(decode(b"".join(encode(state.to_arrays()))))


def test_every_field_comes_back_bit_for_bit_and_in_order(make_state: Any) -> None:
    state = make_state()
    found = through_file(state)
    for field in fields(TrainingState):
        assert plain(getattr(found, field.name)) == plain(getattr(state, field.name)), field.name


def test_a_state_of_nothing_but_numbers_comes_back() -> None:
    found = through_file(TrainingState(weights={}, step=0, epoch=0, epoch_step=0, seed=0))
    assert (found.weights, found.history, found.batch_size, found.model_config) == ({}, {}, None, None)


def test_awkward_names_do_not_collide() -> None:
    weights = {"scale": np.ones(1), "scale/kernel": np.zeros(2), "a//b": np.ones(3), "%": np.ones(4)}
    slots = {"m/v": weights, "momentum": weights}
    history = {"out/a_loss": [1.0], "out": [2.0], "": [3.0, 4.0]}
    state = TrainingState(
        weights=weights, optimizer_slots=slots, history=history, step=1, epoch=0, epoch_step=1, seed=0
    )
    found = through_file(state)
    assert plain(found.weights) == plain(weights)
    assert plain(found.optimizer_slots) == plain(slots)
    assert found.history == history


def test_equal_states_give_equal_files(make_state: Any) -> None:
    assert encode(make_state(3).to_arrays()) == encode(make_state(3).to_arrays())
    assert encode(make_state(3).to_arrays()) != encode(make_state(4).to_arrays())


def test_a_newer_format_is_refused_before_anything_else_is_read() -> None:
    with pytest.raises(NewerFormatError, match=r"run/step-1\.h5 has format version 9; .* up to 1\. Update dtrain"):
        TrainingState.from_arrays({"format_version": np.array(9)}, "run/step-1.h5")


@pytest.mark.parametrize(
    "name",
    ["format_version", "progress", "history/epochs", "callbacks", "versions", "model_config", "callback_arrays/0"],
)
def test_a_file_that_lacks_a_part_is_no_training_state(make_state: Any, name: str) -> None:
    flat = make_state().to_arrays()
    del flat[name]
    with pytest.raises(DamagedError, match="holds no training state"):
        TrainingState.from_arrays(flat)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format_version", "1"),
        ("format_version", np.zeros(3)),
        ("progress", "[]"),
        ("progress", "{}"),
        ("progress", "not JSON"),
        ("history/epochs", "text"),
        ("weights/dense/kernel", "text"),
    ],
)
def test_a_part_of_the_wrong_kind_is_no_training_state(make_state: Any, name: str, value: Any) -> None:
    with pytest.raises(DamagedError, match=re.escape("run.h5 holds no training state")):
        TrainingState.from_arrays({**make_state().to_arrays(), name: value}, "run.h5")


def test_a_step_that_is_no_integer_is_refused(make_state: Any) -> None:
    flat = make_state().to_arrays()
    flat["progress"] = str(flat["progress"]).replace('"step": 7', '"step": "7"')
    with pytest.raises(DamagedError, match="something else than integers"):
        TrainingState.from_arrays(flat)
