"""Files between dtrain and real Keras 3, both ways, where it is installed."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain.saving import load_model
from dtrain.saving.weights import weights_tree
from tests.saving import builders

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed")
pytest.importorskip("torch", reason="PyTorch, Keras's backend for training, is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")


def random_weights(model: Any) -> Any:
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(0.1, 0.3, w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


@pytest.mark.parametrize("build", builders.BUILDERS, ids=lambda f: f.__name__)
def test_keras_reads_what_dtrain_writes_and_trains_on_alike(build: Any, tmp_path: Path) -> None:
    model, x, y = builders.trained(build(dtrain))
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert builders.same_outputs(model, loaded, x, 1e-5)
    model.train_on_batch(x, y)
    loaded.train_on_batch(x, y)
    assert builders.same_weights(model, loaded, 1e-4)


@pytest.mark.parametrize("build", builders.BUILDERS, ids=lambda f: f.__name__)
def test_dtrain_reads_what_keras_writes_and_trains_on_alike(build: Any, tmp_path: Path) -> None:
    model, x, y = builders.trained(random_weights(build(keras)))
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert builders.same_outputs(model, loaded, x, 1e-5)
    model.train_on_batch(x, y)
    loaded.train_on_batch(x, y)
    assert builders.same_weights(model, loaded, 1e-4)


# Keras 3 cannot read operations (`x * 2.0`) from .h5 files, its own included.
PLAIN = [b for b in builders.BUILDERS if b not in (builders.nested, builders.operations, builders.embedding_lstm)]


@pytest.mark.parametrize("build", PLAIN, ids=lambda f: f.__name__)
def test_keras_reads_h5_files_of_dtrain(build: Any, tmp_path: Path) -> None:
    model, x, _ = builders.trained(build(dtrain))
    model.save(tmp_path / "m.h5")
    loaded = keras.models.load_model(tmp_path / "m.h5")
    assert builders.same_outputs(model, loaded, x, 1e-5)
    assert loaded.optimizer.iterations == 2


def test_keras_reads_short_names_of_losses_and_metrics_in_h5_files_of_dtrain(tmp_path: Path) -> None:
    model = builders.two_outputs(dtrain)
    model.compile("sgd", {"category": "mse", "flag": "mae"}, metrics={"category": ["mae", "accuracy"], "flag": ["mse"]})
    x = builders.inputs_of(model)
    y = builders.targets_of(model, x)
    expected = model.evaluate(x, y, verbose=0, return_dict=True)
    model.save(tmp_path / "m.h5")
    found = keras.models.load_model(tmp_path / "m.h5").evaluate(x, y, verbose=0, return_dict=True)
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("build", builders.BUILDERS, ids=lambda f: f.__name__)
def test_dtrain_reads_h5_files_of_keras_also_with_operations(build: Any, tmp_path: Path) -> None:
    model, x, y = builders.trained(random_weights(build(keras)))
    model.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    assert builders.same_outputs(model, loaded, x, 1e-5)
    model.train_on_batch(x, y)
    loaded.train_on_batch(x, y)
    assert builders.same_weights(model, loaded, 1e-4)


@pytest.mark.parametrize("ending", [".weights.h5", ".weights.json"])
@pytest.mark.parametrize("build", [*builders.BUILDERS, builders.subclassed], ids=lambda f: f.__name__)
def test_weights_files_go_both_ways(build: Any, ending: str, tmp_path: Path) -> None:
    ours, theirs = build(dtrain), random_weights(build(keras))
    size = 1e-6 if ending == ".weights.json" else None
    theirs.save_weights(tmp_path / f"k{ending}", max_shard_size=size)
    ours.load_weights(tmp_path / f"k{ending}")
    assert builders.same_weights(ours, theirs)
    random_weights(theirs)
    ours.save_weights(tmp_path / f"d{ending}", max_shard_size=size)
    for variable in theirs.weights:
        variable.assign(np.zeros(variable.shape))
    theirs.load_weights(tmp_path / f"d{ending}")
    assert builders.same_weights(ours, theirs)


@pytest.mark.parametrize("build", [*builders.BUILDERS, builders.subclassed], ids=lambda f: f.__name__)
def test_paths_and_names_in_files_are_those_of_keras(build: Any, tmp_path: Path) -> None:
    import h5py

    build(keras).save_weights(tmp_path / "k.weights.h5")
    arrays: dict[str, Any] = {}
    with h5py.File(tmp_path / "k.weights.h5") as file:
        file.visititems(lambda name, item: arrays.update({name: item.shape}) if hasattr(item, "shape") else None)
    assert {path: array.shape for path, array in weights_tree(build(dtrain)).items()} == arrays


def test_a_layer_that_keras_shares_with_a_nested_model_is_read_as_one(tmp_path: Path) -> None:
    shared = keras.layers.Dense(4, name="shared")
    stack = keras.Sequential([keras.Input((4,)), shared, keras.layers.Dense(3)], name="stack")
    x = keras.Input((4,))
    model = random_weights(keras.Model(x, [stack(x), shared(x)]))
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert loaded.get_layer("stack").layers[0] is loaded.get_layer("shared")
    assert builders.same_outputs(model, loaded, np.ones((2, 4), "float32"), 1e-5)


@pytest.mark.parametrize(
    "optimizer",
    [
        ("SGD", {"learning_rate": 0.1}),
        ("SGD", {"momentum": 0.9, "nesterov": True}),
        ("RMSprop", {"momentum": 0.5, "centered": True}),
        ("Adam", {"amsgrad": True}),
        ("AdamW", {"weight_decay": 0.01}),
        ("Adagrad", {}),
        ("Adadelta", {}),
        ("Adamax", {}),
        ("Nadam", {}),
        ("Ftrl", {}),
        ("Lion", {}),
        ("Adam", {"use_ema": True, "ema_momentum": 0.9}),
    ],
    ids=lambda item: f"{item[0]}-{'-'.join(item[1])}",
)
@pytest.mark.parametrize("writer", ["dtrain", "keras"])
def test_the_state_of_every_optimizer_goes_both_ways(writer: str, optimizer: Any, tmp_path: Path) -> None:
    name, arguments = optimizer
    k, read = (dtrain, keras.models.load_model) if writer == "dtrain" else (keras, load_model)
    model, x, y = builders.trained(random_weights(builders.mlp(k)), getattr(k.optimizers, name)(**arguments))
    model.save(tmp_path / "m.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # state that is skipped
        warnings.filterwarnings("ignore", module="torch")
        loaded = read(tmp_path / "m.keras")
    model.train_on_batch(x, y)
    loaded.train_on_batch(x, y)
    assert builders.same_weights(model, loaded, 1e-4)


def test_json_goes_both_ways() -> None:
    ours = dtrain.models.model_from_json(builders.siamese(keras).to_json())
    theirs = keras.models.model_from_json(builders.siamese(dtrain).to_json())
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]
