import json

import numpy as np
import pytest

from dtrain import initializers, optimizers, regularizers
from dtrain.graph import as_tensor
from dtrain.saving import registration
from dtrain.saving.registration import register_keras_serializable
from dtrain.saving.serialization import deserialize_keras_object, safe_mode_scope, serialize_keras_object
from dtrain.saving.sharing import shared_objects


@pytest.fixture(autouse=True)
def clean_registry(monkeypatch):
    monkeypatch.setattr(registration, "_objects", {})
    monkeypatch.setattr(registration, "_names", {})


class Custom:
    def __init__(self, size):
        self.size = size

    def get_config(self):
        return {"size": self.size}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def through_json(obj):
    return deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(obj))))


@pytest.mark.parametrize("value", [None, 3, 2.5, True, "text", [1, [2, None]], {"a": {"b": 1}}, b"bytes"])
def test_plain_values_come_back(value):
    assert through_json(value) == value


def test_slices_and_ellipsis_come_back():
    assert through_json(slice(1, None, 2)) == slice(1, None, 2)
    assert through_json(...) is ...


def test_arrays_and_tensors_come_back_with_their_dtype():
    for value in (np.array([[1, 2]], np.int16), as_tensor(np.array([1.5], np.float32))):
        back = through_json(value)
        np.testing.assert_array_equal(np.asarray(back), np.asarray(value))
        assert np.dtype(back.dtype) == np.dtype(value.dtype)


def test_numpy_scalars_and_dtypes_become_plain():
    assert serialize_keras_object(np.float32(0.5)) == 0.5
    assert serialize_keras_object(np.dtype("int8")) == "int8"


def test_a_builtin_object_is_written_under_the_name_of_keras():
    config = serialize_keras_object(initializers.RandomNormal(stddev=0.5, seed=1))
    assert config == {
        "module": "keras.initializers",
        "class_name": "RandomNormal",
        "config": {"mean": 0.0, "stddev": 0.5, "seed": 1},
        "registered_name": None,
    }


@pytest.mark.parametrize(
    "module",
    [
        "keras.optimizers",
        "keras.src.optimizers.adam",
        "keras.src.backend.torch.optimizers.torch_adam",
        "tf_keras.src.optimizers.adam",
        "dtrain.optimizers",
    ],
)
def test_modules_of_every_generation_mean_the_same_class(module):
    found = deserialize_keras_object({"module": module, "class_name": "Adam", "config": {"learning_rate": 0.5}})
    assert type(found) is optimizers.Adam
    assert float(found.learning_rate) == 0.5


def test_the_short_form_of_keras_2_is_read():
    found = deserialize_keras_object({"class_name": "L2", "config": {"l2": 0.5}})
    assert isinstance(found, regularizers.L2)
    assert found.l2 == 0.5


def test_schedules_are_found_beside_optimizers():
    config = {"module": "keras.optimizers.schedules", "class_name": "ExponentialDecay"}
    inner = {"initial_learning_rate": 1.0, "decay_steps": 2, "decay_rate": 0.5}
    optimizer = deserialize_keras_object(
        {"module": "keras.optimizers", "class_name": "SGD", "config": {"learning_rate": {**config, "config": inner}}}
    )
    assert isinstance(optimizer.get_config()["learning_rate"]["config"], dict)
    assert serialize_keras_object(optimizer)["config"]["learning_rate"]["module"] == "keras.optimizers.schedules"


def test_registered_objects_come_back_and_hide_builtin_ones_of_their_name():
    cls = register_keras_serializable(name="Adam")(Custom)
    config = serialize_keras_object(cls(3))
    assert config["module"] is None
    assert config["registered_name"] == "Custom>Adam"
    assert through_json(cls(3)).size == 3


def test_an_unregistered_class_needs_custom_objects():
    config = serialize_keras_object(Custom(4))
    with pytest.raises(TypeError, match=r"custom_objects=\{'Custom'"):
        deserialize_keras_object(config)
    assert deserialize_keras_object(config, custom_objects={"Custom": Custom}).size == 4


def test_functions_are_written_by_name():
    @register_keras_serializable(package="my")
    def twice(x):
        return 2 * x

    config = serialize_keras_object(twice)
    assert config == {
        "module": "builtins",
        "class_name": "function",
        "config": "my>twice",
        "registered_name": "function",
    }
    assert deserialize_keras_object(config) is twice


@pytest.mark.parametrize("module", ["os", "subprocess", "keras.os", "dtrain.os"])
def test_a_file_can_neither_import_nor_name_what_is_not_a_class_of_dtrain(module):
    with pytest.raises(TypeError, match="Unknown class 'system'"):
        deserialize_keras_object({"module": module, "class_name": "system", "config": {}, "registered_name": None})


def test_a_users_class_does_not_turn_into_a_builtin_one_of_its_name():
    config = {"module": "their.code", "class_name": "Adam", "config": {}, "registered_name": "Adam"}
    with pytest.raises(TypeError, match="Unknown class"):
        deserialize_keras_object(config)


def test_an_unknown_class_is_answered_with_names_that_look_like_it():
    with pytest.raises(TypeError, match="Did you mean GlorotUniform"):
        deserialize_keras_object({"module": "keras.initializers", "class_name": "GlorotUnifrom", "config": {}})


def test_lambdas_are_refused_unless_the_author_is_trusted():
    factor = 3
    with pytest.warns(UserWarning, match="lambda"):
        config = json.loads(json.dumps(serialize_keras_object(lambda x, y=2: factor * x + y)))
    with pytest.raises(ValueError, match="safe_mode=False"):
        deserialize_keras_object(config)
    with safe_mode_scope(True), pytest.raises(ValueError, match="safe_mode=False"):
        deserialize_keras_object(config, safe_mode=False)
    assert deserialize_keras_object(config, safe_mode=False)(5) == 17


def test_an_object_written_twice_comes_back_as_one():
    one = initializers.Ones()
    with shared_objects():
        config = serialize_keras_object([one, one, initializers.Ones()])
    assert config[0]["shared_object_id"] == config[1]["shared_object_id"]
    assert "shared_object_id" not in config[2]
    with shared_objects():
        first, second, third = deserialize_keras_object(config)
    assert first is second
    assert first is not third


def test_an_object_without_get_config_is_named():
    with pytest.raises(TypeError, match="get_config"):
        serialize_keras_object(object())
