"""`dtrain convert` and `dtrain inspect` on files of every generation of Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import dtrain
from dtrain import layers
from dtrain.cli.main import main

X = np.random.default_rng(1).normal(size=(6, 4)).astype("float32")


def _run(*arguments: Any, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def model() -> Any:
    dtrain.utils.set_random_seed(3)
    model = dtrain.Sequential(
        [dtrain.Input((4,)), layers.Dense(5, activation="relu", name="hidden"), layers.Dense(2, name="out")], name="net"
    )
    model.compile(dtrain.optimizers.Adam(0.01), "mse", metrics=["mae"])
    model.fit(X, np.ones((6, 2)), epochs=2, verbose=0)
    return model


@pytest.mark.parametrize("first", ["model.keras", "model.h5", "folder"])
@pytest.mark.parametrize("second", ["other.keras", "other.h5", "other_folder"])
def test_whole_models_keep_outputs_and_training(tmp_path: Path, model: Any, first: str, second: str) -> None:
    model.save(tmp_path / first)
    _run("convert", tmp_path / first, tmp_path / second)
    found = dtrain.models.load_model(tmp_path / second)
    np.testing.assert_array_equal(found.predict(X, verbose=0), model.predict(X, verbose=0))
    for trained in (found, model):
        trained.train_on_batch(X, np.zeros((6, 2)))
    for a, b in zip(found.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("weights", ["w.weights.h5", "w.weights.json", "w.h5"])
def test_weights_go_out_and_come_in_with_a_model(tmp_path: Path, model: Any, weights: str) -> None:
    model.save(tmp_path / "model.keras")
    _run("convert", tmp_path / "model.keras", tmp_path / weights, "--weights-only")
    _run("convert", tmp_path / "model.keras", tmp_path / "architecture.json")
    _run("convert", tmp_path / weights, tmp_path / "again.keras", "--model", tmp_path / "architecture.json")
    found = dtrain.models.load_model(tmp_path / "again.keras")
    np.testing.assert_array_equal(found.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_python_file_says_the_model_that_weights_belong_to(tmp_path: Path, model: Any) -> None:
    model.save_weights(tmp_path / "w.weights.h5")
    code = (
        "from dtrain import Input, Sequential, layers\n\n\ndef make():\n    return Sequential([Input((4,)), "
        "layers.Dense(5, 'relu', name='hidden'), layers.Dense(2, name='out')])\n"
    )
    (tmp_path / "nets.py").write_text(code)
    for extra in ([], ["--by-name", "--force"]):
        _run("convert", tmp_path / "w.weights.h5", tmp_path / "m.h5", "--model", f"{tmp_path / 'nets.py'}:make", *extra)
        found = dtrain.models.load_model(tmp_path / "m.h5")
        np.testing.assert_array_equal(found.predict(X, verbose=0), model.predict(X, verbose=0))


def test_what_cannot_be_converted_is_said_in_one_line(tmp_path: Path, model: Any) -> None:
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "w.weights.h5")
    cases = [
        (["nothing.keras", "out.keras"], "there is nothing"),
        (["w.weights.h5", "out.keras"], "--model FILE"),
        (["model.keras", "out.onnx"], "expected a name that ends in"),
        (["model.keras", "w.weights.h5"], "is there already. Give --force"),
        (["w.weights.h5", "out.keras", "--model", "none.keras"], "no such file: none.keras"),
    ]
    for arguments, message in cases:
        places = [tmp_path / a for a in arguments[:2]]
        output = _run("convert", *places, *arguments[2:], code=2).output
        assert message in output and "Traceback" not in output


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "folder"])
def test_inspect_shows_architecture_weights_and_training(tmp_path: Path, model: Any, name: str) -> None:
    model.save(tmp_path / name)
    output = _run("inspect", tmp_path / name).output
    for text in ("whole model", 'Model: "net"', "hidden (Dense)", "(None, 5)", "Weights: 4 arrays, 37 values"):
        assert text in output, output
    for text in ("Optimizer: Adam(", "learning_rate=0.01", "Loss: ", "Metrics: ", "Optimizer's state:"):
        assert text in output, output
    assert '"class_name": "Sequential"' in _run("inspect", tmp_path / name, "--texts").output


def test_inspect_tells_weights_and_architecture_apart(tmp_path: Path, model: Any) -> None:
    model.save_weights(tmp_path / "w.weights.h5")
    output = _run("inspect", tmp_path / "w.weights.h5").output
    assert "weights in the layout of Keras 3" in output and "layers/dense/vars/0" in output and "(hidden)" in output
    model.save_weights(tmp_path / "w.h5")
    assert "weights in the layout of Keras 1 and 2" in _run("inspect", tmp_path / "w.h5").output
    (tmp_path / "model.json").write_text(model.to_json())
    assert "architecture as JSON" in _run("inspect", tmp_path / "model.json").output


def test_inspect_names_the_layers_of_a_model_that_cannot_be_made_here(tmp_path: Path) -> None:
    @dtrain.saving.register_keras_serializable("test")
    class Unknown(layers.Layer):
        def call(self, x: Any) -> Any:
            return x

    model = dtrain.Sequential([dtrain.Input((4,)), Unknown(name="strange"), layers.Dense(1)])
    model.save(tmp_path / "model.keras")
    dtrain.saving.get_custom_objects().pop("test>Unknown")
    output = _run("inspect", tmp_path / "model.keras").output
    assert "strange" in output and "cannot be made here" in output and "Weights: 2 arrays" in output
