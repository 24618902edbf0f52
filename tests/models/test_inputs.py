"""What is passed to a model, matched to its inputs; and models of several inputs."""

import numpy as np
import pytest

import dtrain
from dtrain import layers


def rows(width):
    return np.arange(2 * width, dtype=np.float32).reshape(2, width)


def test_inputs_in_dicts_within_dicts_are_matched_by_name():
    x, y, z = (dtrain.Input((width,)) for width in (1, 2, 3))
    model = dtrain.Model({"one": x, "others": {"two": y, "three": z}}, {"one": x * 1, "others": {"two": y * 2}})
    found = model({"others": {"three": rows(3), "two": rows(2)}, "one": rows(1)})
    np.testing.assert_array_equal(found["one"], rows(1))
    np.testing.assert_array_equal(found["others"]["two"], 2 * rows(2))
    with pytest.raises(ValueError, match="three"):
        model({"one": rows(1), "others": {"two": rows(2)}})


def test_a_list_for_inputs_that_were_declared_in_a_dict_out_of_order_is_refused():
    x, y = dtrain.Input((2,)), dtrain.Input((2,))
    model = dtrain.Model({"right": x, "left": y}, layers.subtract([x, y]))
    np.testing.assert_array_equal(model({"left": rows(2), "right": 3 * rows(2)}), 2 * rows(2))
    with pytest.raises(ValueError, match="Expected a dict"):
        model([rows(2), rows(2)])


def test_none_is_refused_for_an_input_that_is_not_optional():
    class Plus(layers.Layer):
        def call(self, x, y=None):
            return x if y is None else x + y

    def model(optional):
        x, y = dtrain.Input((2,), name="x"), dtrain.Input((2,), name="y", optional=optional)
        return dtrain.Model({"x": x, "y": y}, Plus()(x, y))

    np.testing.assert_array_equal(model(True)({"x": rows(2), "y": None}), rows(2))
    with pytest.raises(ValueError, match="'y' is not optional"):
        model(False)({"x": rows(2), "y": None})


def test_an_input_that_nothing_uses_keeps_its_name_in_the_configuration():
    x, unused = dtrain.Input((2,), name="x"), dtrain.Input((3,), name="unused")
    model = dtrain.Model([x, unused], layers.Dense(1)(x))
    config = model.get_config()
    copy = dtrain.Model.from_config(config)
    assert copy.get_config() == config
    assert [layer.name for layer in copy.layers][:2] == [layer.name for layer in model.layers][:2]


def test_a_sequential_model_hands_several_inputs_to_its_first_layer():
    class Swap(layers.Layer):
        def call(self, inputs):
            return {"a": inputs["b"], "b": inputs["a"]} if isinstance(inputs, dict) else list(reversed(inputs))

    found = dtrain.Sequential([Swap()])({"a": rows(2), "b": rows(3)})
    np.testing.assert_array_equal(found["a"], rows(3))
    found = dtrain.Sequential([Swap(), layers.Concatenate()])([rows(2), rows(2) + 9])
    np.testing.assert_array_equal(found, np.concatenate([rows(2) + 9, rows(2)], axis=1))


def test_building_a_sequential_model_for_another_shape_is_refused():
    model = dtrain.Sequential([dtrain.Input((2,), batch_size=3), layers.Dense(2)])
    model.build((3, 2))
    model.build((None, 2))
    for shape in ((3, 4), (5, 2), (3, 2, 1)):
        with pytest.raises(ValueError, match="has been built for inputs of shape"):
            model.build(shape)
