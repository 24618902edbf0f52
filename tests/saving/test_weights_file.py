"""`save_weights` and `load_weights`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain.checkpoint.errors import CheckpointError, DamagedError
from dtrain.saving import weights_tree
from tests.saving import builders


@pytest.fixture
def model() -> Any:
    return builders.mlp(dtrain)


def zeroed(model: Any) -> Any:
    for variable in model.weights:
        variable.array[...] = 0
    return model


@pytest.mark.parametrize("ending", [".weights.h5", ".weights.json", ".h5", ".hdf5"])
@pytest.mark.parametrize("build", [*builders.BUILDERS, builders.subclassed], ids=lambda f: f.__name__)
def test_weights_come_back_to_the_last_bit(build: Any, ending: str, tmp_path: Path) -> None:
    model = build(dtrain)
    before = model.get_weights()
    model.save_weights(tmp_path / f"m{ending}")
    zeroed(model).load_weights(tmp_path / f"m{ending}")
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_the_optimizer_goes_on_where_it_was(model: Any, tmp_path: Path) -> None:
    model, x, y = builders.trained(model)
    model.save_weights(tmp_path / "m.weights.h5")
    other = builders.mlp(dtrain)
    other.compile("adam", "mean_squared_error")
    other.load_weights(tmp_path / "m.weights.h5")
    model.train_on_batch(x, y)
    other.train_on_batch(x, y)
    assert builders.same_weights(model, other)


def test_all_differences_are_listed_and_nothing_is_changed(model: Any, tmp_path: Path) -> None:
    model.save_weights(tmp_path / "m.weights.h5")
    other = dtrain.Sequential(
        [dtrain.Input((4,)), dtrain.layers.Dense(5), dtrain.layers.Dense(7), dtrain.layers.Dense(1)]
    )
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"m\.weights\.h5 does not fit the model .* in 4 places") as caught:
        other.load_weights(tmp_path / "m.weights.h5")
    text = str(caught.value)
    assert "layers/dense_1/vars/0" in text and "expected shape (5, 7) float32, found (5, 2) float32" in text
    assert "layers/dense_2/vars/1" in text and "expected shape (1,), found nothing" in text
    assert all(np.array_equal(a, b) for a, b in zip(before, other.get_weights(), strict=True))


def test_a_file_with_more_than_the_model_is_an_error(model: Any, tmp_path: Path) -> None:
    model.save_weights(tmp_path / "m.weights.h5")
    smaller = dtrain.Sequential([dtrain.Input((4,)), dtrain.layers.Dense(5)])
    with pytest.raises(ValueError, match=r"layers/dense_1/vars/0: found shape \(5, 2\), which the model does not have"):
        smaller.load_weights(tmp_path / "m.weights.h5")


def test_skip_mismatch_loads_what_fits_and_warns(model: Any, tmp_path: Path) -> None:
    model.save_weights(tmp_path / "m.weights.h5")
    other = dtrain.Sequential([dtrain.Input((4,)), dtrain.layers.Dense(5), dtrain.layers.Dense(3)])
    with pytest.warns(UserWarning, match=r"(?s)in 2 places.*The rest was loaded"):
        other.load_weights(tmp_path / "m.weights.h5", skip_mismatch=True)
    assert np.array_equal(other.layers[0].get_weights()[0], model.layers[0].get_weights()[0])


@pytest.mark.parametrize("ending", [".weights.h5", ".h5"])
def test_by_name_finds_layers_wherever_they_are(ending: str, tmp_path: Path) -> None:
    dense = dtrain.layers.Dense
    model = dtrain.Sequential([dtrain.Input((3,)), dense(3, name="a"), dense(3, name="b")])
    model.save_weights(tmp_path / f"m{ending}")
    other = dtrain.Sequential([dtrain.Input((3,)), dense(3, name="b"), dense(3, name="new"), dense(3, name="a")])
    kept = other.get_layer("new").get_weights()
    other.load_weights(tmp_path / f"m{ending}", by_name=True)
    for name in ("a", "b"):
        assert np.array_equal(other.get_layer(name).get_weights()[0], model.get_layer(name).get_weights()[0])
    assert np.array_equal(other.get_layer("new").get_weights()[0], kept[0])


def test_by_name_without_any_common_name_says_which_there_are(model: Any, tmp_path: Path) -> None:
    model.save_weights(tmp_path / "m.weights.h5")
    other = dtrain.Sequential([dtrain.Input((4,)), dtrain.layers.Dense(5, name="x")])
    with pytest.raises(ValueError, match=r"no layer with a name of this model.*'out'"):
        other.load_weights(tmp_path / "m.weights.h5", by_name=True)


def test_layers_to_skip_are_left_alone(model: Any, tmp_path: Path) -> None:
    model.save_weights(tmp_path / "m.weights.h5")
    zeroed(model).load_weights(tmp_path / "m.weights.h5", objects_to_skip=[model.layers[0]])
    assert not model.layers[0].get_weights()[0].any()
    assert model.layers[1].get_weights()[0].any()


def test_a_model_without_weights_is_refused(tmp_path: Path) -> None:
    model = dtrain.Sequential([dtrain.layers.Dense(2)])
    with pytest.raises(ValueError, match="has no weights yet: call it on data"):
        model.save_weights(tmp_path / "m.weights.h5")


def test_other_endings_are_refused(model: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected a name that ends in '\.weights\.h5'"):
        model.save_weights(tmp_path / "m.npz")


def test_a_file_is_not_overwritten_against_the_users_will(model: Any, tmp_path: Path) -> None:
    (tmp_path / "m.weights.h5").write_text("mine")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        model.save_weights(tmp_path / "m.weights.h5", overwrite=False)
    assert (tmp_path / "m.weights.h5").read_text() == "mine"


def test_a_missing_file_is_named(model: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no such file.*nowhere\.weights\.h5"):
        model.load_weights(tmp_path / "nowhere.weights.h5")
    with pytest.raises(ValueError, match=r"no such file.*nowhere\.weights\.h5"):
        model.load_weights(tmp_path / "nowhere.weights.h5")


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x89HDF\r\n\x1a\n" + b"\0" * 100])
def test_what_is_no_weights_file_is_an_error_that_names_it(content: bytes, model: Any, tmp_path: Path) -> None:
    (tmp_path / "m.weights.h5").write_bytes(content)
    with pytest.raises(DamagedError, match=r"m\.weights\.h5"):
        model.load_weights(tmp_path / "m.weights.h5")


def test_a_truncated_file_is_an_error(model: Any, tmp_path: Path) -> None:
    model.save_weights(tmp_path / "m.weights.h5")
    data = (tmp_path / "m.weights.h5").read_bytes()
    (tmp_path / "m.weights.h5").write_bytes(data[: len(data) // 2])
    with pytest.raises(DamagedError, match="is damaged or no HDF5 file"):
        model.load_weights(tmp_path / "m.weights.h5")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(model: Any, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(CheckpointError, match="Cannot write"):
        model.save_weights(tmp_path / "m.weights.h5")


def test_folders_are_made_and_equal_weights_give_equal_bytes(model: Any, tmp_path: Path) -> None:
    model.save_weights(tmp_path / "a" / "b" / "m.weights.h5")
    model.save_weights(tmp_path / "n.weights.h5")
    assert (tmp_path / "a" / "b" / "m.weights.h5").read_bytes() == (tmp_path / "n.weights.h5").read_bytes()


def test_layers_may_say_themselves_what_they_store(tmp_path: Path) -> None:
    class Counter(dtrain.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.count = 0

        def call(self, x: Any) -> Any:
            return x

        def save_own_variables(self, store: Any) -> None:
            store["count"] = np.array(self.count)

        def load_own_variables(self, store: Any) -> None:
            self.count = int(store["count"])

    model = dtrain.Sequential([dtrain.Input((2,)), Counter()])
    model.layers[0].count = 5
    model.save_weights(tmp_path / "m.weights.h5")
    model.layers[0].count = 0
    model.load_weights(tmp_path / "m.weights.h5")
    assert model.layers[0].count == 5


def test_shards_are_no_larger_than_asked_and_are_all_listed(tmp_path: Path) -> None:
    import json

    model = builders.mlp(dtrain)
    model.save_weights(tmp_path / "m.weights.json", max_shard_size=100 / 2**30)
    listing = json.loads((tmp_path / "m.weights.json").read_text())
    files = {name for names in listing["weight_map"].values() for name in names}
    assert files == {path.name for path in tmp_path.glob("*.weights.h5")}
    assert len(files) > 1 and listing["metadata"]["total_size"] == 4 * model.count_params()


def test_an_array_larger_than_a_shard_is_an_error(model: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"max_shard_size must be at least the largest array: layers/dense/vars/0"):
        model.save_weights(tmp_path / "m.weights.json", max_shard_size=8 / 2**30)


def test_long_lists_of_names_are_split_over_attributes(tmp_path: Path) -> None:
    import h5py

    from dtrain.saving.hdf5 import Hdf5, encode_hdf5, read_hdf5

    names = [f"layer_with_a_rather_long_name_{number}" for number in range(3000)]
    image = encode_hdf5(Hdf5(attributes={"": {"layer_names": names}}))
    assert read_hdf5(image, "image").texts("", "layer_names") == names
    with h5py.File(h5py.h5f.open_file_image(image)) as file:
        assert "layer_names0" in file.attrs and "layer_names" not in file.attrs


def test_weights_are_read_from_a_checkpoint_of_a_training_run(tmp_path: Path) -> None:
    from dtrain.checkpoint import CheckpointStore, TrainingState

    model = builders.mlp(dtrain)
    state = TrainingState(weights=weights_tree(model), step=1, epoch=0, epoch_step=1, seed=0)
    store = CheckpointStore(tmp_path)
    path = store.save(state)
    store.close()
    before = model.get_weights()
    zeroed(model).load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_arguments_that_nobody_knows_are_refused_as_keras_refuses_them(tmp_path: Path) -> None:
    model = builders.mlp(dtrain)
    for method, name in (("save", "m.keras"), ("save_weights", "m.weights.h5"), ("load_weights", "m.weights.h5")):
        with pytest.raises(ValueError, match=rf"{method}: unknown argument\(s\) speed"):
            getattr(model, method)(tmp_path / name, speed=1)
