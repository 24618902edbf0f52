"""How gradients are added is chosen in `compile`, in the configuration, or by an environment variable."""

from pathlib import Path

import pytest

import dtrain
from dtrain import layers
from dtrain.cli.build import build_model, compile_model
from dtrain.cli.load_config import load_config


def make() -> dtrain.Model:
    return dtrain.Sequential([dtrain.Input((3,)), layers.Dense(2)])


def test_a_wrong_name_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="reduction must be one of auto, allreduce, shared, bf16"):
        make().compile("sgd", "mse", reduction="ring")


def test_compile_chooses_and_a_later_compile_chooses_anew() -> None:
    model = make()
    for wanted in ("allreduce", "bf16"):
        model.compile("sgd", "mse", reduction=wanted)
        assert model._get_session().wanted_reduction == wanted


def test_the_variable_counts_where_nothing_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DTRAIN_REDUCTION", "shared")
    model = make()
    model.compile("sgd", "mse")
    assert model._get_session().wanted_reduction == "shared"


def test_the_configuration_chooses(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('[train]\nreduction = "bf16"\n', encoding="utf-8")
    config = load_config(file, ["train.batch_size=8"])
    model = build_model(config.model)
    compile_model(model, config, 1)
    assert model._get_session().wanted_reduction == "bf16"
