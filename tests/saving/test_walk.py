"""The paths of layers in weights files. What real Keras calls them is tested in `test_with_keras`."""

from __future__ import annotations

from typing import Any

import dtrain
from dtrain.saving.walk import walk
from tests.saving import builders


def paths(model: Any, **options: Any) -> dict[str, str]:
    return {path: owner.name for path, owner in walk(model, **options)}


def test_layers_of_a_sequential_model_are_called_by_their_class_not_by_their_name() -> None:
    model = builders.mlp(dtrain)
    assert list(paths(model)) == ["", "layers/dense", "layers/dense_1"]
    assert paths(model)["layers/dense_1"] == "out"


def test_a_functional_model_counts_its_inputs_and_a_nested_model_has_its_own_layers() -> None:
    found = list(paths(builders.nested(dtrain)))
    assert "layers/input_layer" in found
    assert "layers/functional/layers/dense_1" in found
    assert "layers/sequential/layers/dense" in found


def test_a_layer_has_the_first_path_that_leads_to_it() -> None:
    shared = dtrain.layers.Dense(2)
    x = dtrain.Input((2,))
    model = dtrain.Model(x, shared(shared(x)))
    model.another_way = shared
    assert [path for path, owner in walk(model) if owner is shared] == ["layers/dense"]


def test_attributes_come_in_alphabetical_order_with_private_ones_last() -> None:
    found = list(paths(builders.subclassed(dtrain)))
    assert found.index("block") < found.index("first") < found.index("layers/dense")
    assert "layers/dense_3" in found, "the private layer surfaces through model.layers, and counts the others"
    assert "block/alias" in found, "a property comes before the private attribute behind it"
    assert "block/_hidden" not in found
    assert "block/items/container/dense_1" in found


def test_lists_within_lists_are_left_out_for_files_of_keras_before_3_15() -> None:
    found = paths(builders.subclassed(dtrain), nested_containers=False)
    assert not any("container" in path for path in found)


def test_the_optimizer_lies_beside_the_layers() -> None:
    model, _, _ = builders.trained(builders.mlp(dtrain))
    assert list(paths(model))[-1] == "optimizer"


def test_lists_that_hold_themselves_end() -> None:
    class Odd(dtrain.layers.Layer):
        pass

    layer = Odd()
    layer.loop = [dtrain.layers.Dense(1, name="inside")]
    layer.loop.append(layer.loop)
    assert list(paths(layer)) == ["", "loop/dense"]
