"""`.keras` archives and folders, and `.h5` whole models, written and read by dtrain itself."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain.checkpoint.errors import DamagedError
from dtrain.saving import load_model, register_keras_serializable, save_model
from tests.saving import builders

ENDINGS = [".keras", ".h5", ""]


@register_keras_serializable(package="tests")
class Scale(dtrain.layers.Layer):
    """A layer of the user's own."""

    def __init__(self, factor: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x: Any) -> Any:
        return x * self.factor

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class Tower(dtrain.Model):
    """A subclassed model without `get_config`."""

    def __init__(self, units: int, depth: int = 2, name: str | None = None) -> None:
        super().__init__(name=name)
        self.stack = [dtrain.layers.Dense(units, activation="relu") for _ in range(depth)]
        self.head = dtrain.layers.Dense(1)

    def call(self, x: Any) -> Any:
        for layer in self.stack:
            x = layer(x)
        return self.head(x)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("build", builders.BUILDERS, ids=lambda f: f.__name__)
def test_a_loaded_model_predicts_and_trains_on_to_the_last_bit(build: Any, ending: str, tmp_path: Path) -> None:
    model, x, y = builders.trained(build(dtrain))
    model.save(tmp_path / f"m{ending}")
    loaded = load_model(tmp_path / f"m{ending}")
    assert builders.same_outputs(model, loaded, x)
    model.train_on_batch(x, y)
    loaded.train_on_batch(x, y)
    assert builders.same_weights(model, loaded)


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_compile_was_told_comes_back(ending: str, tmp_path: Path) -> None:
    model = builders.two_outputs(dtrain)
    model.compile(
        dtrain.optimizers.SGD(dtrain.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5), momentum=0.9),
        loss={"category": dtrain.losses.CategoricalCrossentropy(from_logits=True), "flag": "mse"},
        loss_weights={"category": 1.0, "flag": 0.5},
        metrics={"category": ["accuracy"], "flag": ["mae"]},
    )
    x = builders.inputs_of(model)
    y = builders.targets_of(model, x)
    model.train_on_batch(x, y)
    model.save(tmp_path / f"m{ending}")
    loaded = load_model(tmp_path / f"m{ending}")
    expected = model.evaluate(x, y, verbose=0, return_dict=True)
    assert loaded.evaluate(x, y, verbose=0, return_dict=True) == expected
    assert isinstance(loaded.optimizer, dtrain.optimizers.SGD)
    model.train_on_batch(x, y)
    loaded.train_on_batch(x, y)
    assert builders.same_weights(model, loaded)


@pytest.mark.parametrize("ending", ENDINGS)
def test_compile_can_be_left_out(ending: str, tmp_path: Path) -> None:
    model, _, _ = builders.trained(builders.mlp(dtrain))
    model.save(tmp_path / f"m{ending}")
    assert not load_model(tmp_path / f"m{ending}", compile=False).compiled


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_shared_layer_stays_one_layer(ending: str, tmp_path: Path) -> None:
    shared = dtrain.layers.Dense(4, name="shared")
    stack = dtrain.Sequential([dtrain.Input((4,)), shared, dtrain.layers.Dense(3)], name="stack")
    x = dtrain.Input((4,))
    model = dtrain.Model(x, [stack(x), shared(x)])
    model.save(tmp_path / f"m{ending}")
    loaded = load_model(tmp_path / f"m{ending}")
    assert loaded.get_layer("stack").layers[0] is loaded.get_layer("shared")
    assert loaded.count_params() == model.count_params()


@pytest.mark.parametrize("ending", ENDINGS)
def test_registered_classes_are_found_and_others_are_given(ending: str, tmp_path: Path) -> None:
    model = dtrain.Sequential([dtrain.Input((2,)), Scale(3.0), dtrain.layers.Dense(1)])
    model.save(tmp_path / f"m{ending}")
    assert load_model(tmp_path / f"m{ending}").layers[0].factor == 3.0


def test_a_subclassed_model_is_made_again_from_its_constructors_arguments(tmp_path: Path) -> None:
    model = Tower(3, depth=3, name="tower")
    x = np.ones((2, 5), "float32")
    before = model(x).numpy()
    model.save(tmp_path / "m.keras")
    with pytest.raises(TypeError, match="Tower"):
        load_model(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras", custom_objects={"Tower": Tower})
    assert loaded.name == "tower" and len(loaded.stack) == 3
    assert np.array_equal(loaded(x).numpy(), before)


def test_a_constructors_argument_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    class Odd(dtrain.Model):
        def __init__(self, thing: Any) -> None:
            super().__init__()

    with pytest.raises(NotImplementedError, match=r"Odd: write a method `get_config.*'thing' cannot be written"):
        Odd(object()).save(tmp_path / "m.keras")


def test_a_model_that_has_not_been_built_is_saved_without_weights(tmp_path: Path) -> None:
    dtrain.Sequential([dtrain.layers.Dense(2)]).save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert not loaded.built and loaded(np.ones((1, 3), "float32")).shape == (1, 2)


def test_the_archive_holds_what_keras_expects(tmp_path: Path) -> None:
    builders.mlp(dtrain).save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        config = json.loads(archive.read("config.json"))
    assert (config["module"], config["class_name"]) == ("keras", "Sequential")
    assert config["config"]["layers"][1]["module"] == "keras.layers"


def test_unknown_entries_of_a_configuration_are_left_out(tmp_path: Path) -> None:
    builders.mlp(dtrain).save(tmp_path / "m", zipped=False)
    path = tmp_path / "m" / "config.json"
    config = json.loads(path.read_text())
    config["config"]["layers"][1]["config"] |= {"quantization_config": None, "of_the_future": 7}
    config["of_the_future"] = True
    path.write_text(json.dumps(config))
    with pytest.warns(UserWarning, match="of_the_future=7 is not known and is ignored"):
        load_model(tmp_path / "m")


@pytest.mark.parametrize(
    ("name", "zipped"), [("m.keras", False), ("m", True), ("m.txt", None), ("m.weights.h5", None), ("m.pb", None)]
)
def test_paths_that_do_not_say_the_format_are_refused(name: str, zipped: bool | None, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="save: "):
        save_model(builders.mlp(dtrain), tmp_path / name, zipped=zipped)


@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_is_overwritten_against_the_users_will(ending: str, tmp_path: Path) -> None:
    model = builders.mlp(dtrain)
    model.save(tmp_path / f"m{ending}")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        model.save(tmp_path / f"m{ending}", overwrite=False)
    model.save(tmp_path / f"m{ending}")
    assert [path.name for path in tmp_path.iterdir()] == [f"m{ending}"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = builders.mlp(dtrain)
    model.save(tmp_path / "m.keras")
    before = (tmp_path / "m.keras").read_bytes()
    monkeypatch.setattr("os.fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(Exception, match="No space left on device"):
        model.save(tmp_path / "m.keras")
    assert (tmp_path / "m.keras").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_a_folder_without_a_model_says_what_it_may_be(tmp_path: Path) -> None:
    with pytest.raises(DamagedError, match="SavedModel of TensorFlow"):
        load_model(tmp_path)


def test_a_weights_file_is_not_taken_for_a_model(tmp_path: Path) -> None:
    builders.mlp(dtrain).save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ValueError, match=r"holds no model's configuration.*load_weights"):
        load_model(tmp_path / "m.weights.h5")


def test_the_optimizer_can_be_left_out_of_an_h5_file(tmp_path: Path) -> None:
    model, _, _ = builders.trained(builders.mlp(dtrain))
    model.save(tmp_path / "m.h5", include_optimizer=False)
    assert not load_model(tmp_path / "m.h5").compiled


def test_layers_may_keep_files_beside_their_weights(tmp_path: Path) -> None:
    @register_keras_serializable(package="tests")
    class Vocabulary(dtrain.layers.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.words: list[str] = []

        def call(self, x: Any) -> Any:
            return x

        def save_assets(self, folder: str) -> None:
            Path(folder, "words.txt").write_text("\n".join(self.words))

        def load_assets(self, folder: str) -> None:
            self.words = Path(folder, "words.txt").read_text().split("\n")

    model = dtrain.Sequential([dtrain.Input((2,)), Vocabulary()])
    model.layers[0].words = ["a", "b"]
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert "assets/layers/vocabulary/words.txt" in archive.namelist()
    assert load_model(tmp_path / "m.keras").layers[0].words == ["a", "b"]


def test_a_folder_with_other_files_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match=r"one of a model alone\. Found: thesis\.tex"):
        builders.mlp(dtrain).save(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize("change", [{"config": {}}, {"config": {"name": "m", "layers": [{}]}}, {"class_name": 3}])
def test_a_configuration_that_makes_no_sense_is_an_error(change: dict[str, Any], tmp_path: Path) -> None:
    builders.mlp(dtrain).save(tmp_path / "m", zipped=False)
    path = tmp_path / "m" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises((ValueError, TypeError)):
        load_model(tmp_path / "m")


def test_a_configuration_nested_without_end_is_an_error(tmp_path: Path) -> None:
    builders.mlp(dtrain).save(tmp_path / "m", zipped=False)
    depth = 900
    text = '{"class_name": "Sequential", "config": {"name": "s", "layers": [' * depth + "]}}" * depth
    (tmp_path / "m" / "config.json").write_text(text)
    with pytest.raises((ValueError, DamagedError)):
        load_model(tmp_path / "m")
