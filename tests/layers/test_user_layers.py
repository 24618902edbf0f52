"""What classes of the user's own may rely on: building, configuration, masks, shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain import KerasTensor, layers
from dtrain.graph import as_tensor

X = np.arange(12, dtype=np.float32).reshape(4, 3)


@pytest.mark.parametrize(
    "base",
    [layers.Activation, layers.Dropout, layers.GlobalMaxPooling2D, layers.Identity, layers.MaxPooling1D, layers.ReLU],
    ids=lambda base: base.__name__,
)
def test_a_subclass_that_writes_build_is_built_by_its_first_call(base: Any) -> None:
    class Own(base):  # type: ignore[misc]
        def build(self, input_shape: Any) -> None:
            self.seen = input_shape

    arguments = {layers.Activation: ("relu",), layers.Dropout: (0.5,)}.get(base, ())
    assert base(*arguments).built
    assert not Own(*arguments).built


def test_the_build_of_a_subclass_makes_its_weights() -> None:
    class Scaled(layers.ReLU):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")

        def call(self, inputs: Any) -> Any:
            return super().call(inputs) * self.scale

    layer = Scaled()
    np.testing.assert_array_equal(layer(X).numpy(), X)
    assert [v.shape for v in layer.weights] == [(3,)]


class Plain(layers.Layer):
    def __init__(self, units: int, sizes: tuple[int, ...] = (1, 2), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.sizes = units, sizes

    def call(self, inputs: Any) -> Any:
        return inputs * self.units


class Closed(layers.Layer):
    def __init__(self, units: int) -> None:
        super().__init__()
        self.units = units

    def call(self, inputs: Any) -> Any:
        return inputs + self.units


def test_a_layer_without_get_config_comes_back_from_its_constructors_arguments(tmp_path: Any) -> None:
    config = Plain(3, sizes=(4, 5), name="mine", trainable=False).get_config()
    twin = Plain.from_config(config)
    assert (twin.units, twin.sizes, twin.name, twin.trainable) == (3, (4, 5), "mine", False)
    assert twin.get_config() == config
    x = dtrain.Input((3,))
    model = dtrain.Model(x, Plain(2)(Closed(7)(x)))
    model.save(tmp_path / "model.keras")
    loaded = dtrain.saving.load_model(tmp_path / "model.keras", custom_objects={"Plain": Plain, "Closed": Closed})
    np.testing.assert_array_equal(loaded(X).numpy(), 2 * (X + 7))


def test_a_layer_whose_arguments_are_no_plain_values_must_write_get_config() -> None:
    with pytest.raises(NotImplementedError, match=r"Plain: write a method `get_config.*units.*ndarray"):
        Plain(np.ones(2)).get_config()  # type: ignore[arg-type]

    class Many(layers.Layer):
        def __init__(self, *sizes: int) -> None:
            super().__init__()

    with pytest.raises(NotImplementedError, match="'sizes' by position alone"):
        Many(1, 2).get_config()


def test_masks_of_nested_inputs_keep_their_structure() -> None:
    seen: dict[str, Any] = {}

    class Two(layers.Layer):
        def call(self, x: Any, y: Any, x_mask: Any = None, y_mask: Any = None) -> Any:
            seen.update(x_mask=x_mask, y_mask=y_mask)
            return x[0] + x[1] + y

    first, second, third = (as_tensor(X.copy()) for _ in range(3))
    for number, tensor in enumerate((first, second)):
        tensor._keras_mask = as_tensor(np.full(4, bool(number)))
    Two()((first, second), third)
    assert isinstance(seen["x_mask"], tuple)
    assert [m.numpy().all() for m in seen["x_mask"]] == [False, True]
    assert seen["y_mask"] is None


class Unnamed(layers.Layer):
    def build(self, x_shape: Any, y: Any) -> None:  # type: ignore[override]
        pass

    def call(self, x: Any, y: Any) -> Any:
        return x + y


class Misnamed(Unnamed):
    def build(self, x_shape: Any, z_shape: Any) -> None:  # type: ignore[override]
        pass


@pytest.mark.parametrize(("make", "name"), [(Unnamed, "'y'"), (Misnamed, "'z_shape'")])
def test_a_build_of_several_inputs_must_name_them(make: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"Received: {name}; the parameters of call are"):
        make()(X, X)


def test_written_shapes_stand_for_the_call() -> None:
    class Fixed(layers.Layer):
        def call(self, inputs: Any) -> Any:
            raise AssertionError("not called")

        def compute_output_shape(self, input_shape: Any) -> Any:  # type: ignore[override]
            return [(*input_shape, 2), input_shape]

    first, second = Fixed().compute_output_spec(KerasTensor((None, 3)))
    assert (first.shape, second.shape) == ((None, 3, 2), (None, 3))


def test_shapes_may_be_named_or_missing() -> None:
    attention = layers.MultiHeadAttention(2, 3, output_shape=5)
    assert attention.compute_output_shape((2, 4, 8), (2, 6, 8), None) == (2, 4, 5)
    assert attention.compute_output_shape(query_shape=(2, 4, 8), value_shape=(2, 6, 8)) == (2, 4, 5)
    assert layers.Dense(2).compute_output_shape(input_shape=(None, 3)) == (None, 2)
    with pytest.raises(ValueError, match="Expected a shape"):
        layers.Dense(2).compute_output_shape(3)


def test_a_name_in_the_place_of_a_shape_is_told() -> None:
    with pytest.raises(ValueError, match="Give the name as name='kernel'"):
        layers.Layer().add_weight("kernel")


@pytest.mark.parametrize("trainable", ["yes", 1, None])
def test_trainable_is_true_or_false(trainable: Any) -> None:
    with pytest.raises(ValueError, match="trainable must be True or False"):
        layers.Dense(2, trainable=trainable)


def test_activity_of_a_batch_without_rows_costs_nothing() -> None:
    layer = layers.Activation("linear", activity_regularizer="l2")
    layer(np.zeros((0, 3), np.float32))
    assert float(layer.losses[0]) == 0.0


@pytest.mark.parametrize("make", [lambda: layers.Dense(3), lambda: layers.EinsumDense("ab,bc->ac", 3)])
def test_an_activation_may_be_taken_away(make: Any) -> None:
    layer = make()
    y = layer(X).numpy()
    layer.activation = None
    np.testing.assert_array_equal(layer(X).numpy(), y)
