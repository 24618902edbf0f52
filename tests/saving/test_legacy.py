"""Files of Keras 1 and 2 that nobody writes any more, made here as those versions wrote them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import dtrain
from dtrain.saving import load_model
from dtrain.saving.legacy.config import modernized
from dtrain.saving.legacy.conversion import converted

Arrays = dict[str, dict[str, Any]]


def numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(0, 0.5, shape).astype("float32")


def write(
    path: Path,
    config: Any,
    layers: Arrays,
    version: str = "1.2.2",
    training: Any = None,
    optimizer: dict[str, Any] | None = None,
) -> Path:
    """An `.h5` file; `layers` gives the arrays of each by name."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version.encode()
        file.attrs["model_config"] = json.dumps(config).encode()
        if training is not None:
            file.attrs["training_config"] = json.dumps(training).encode()
        write_layers(file.create_group("model_weights"), layers)
        if optimizer is not None:
            write_arrays(file.create_group("optimizer_weights"), optimizer)
    return path


def write_layers(group: Any, layers: Arrays) -> None:
    group.attrs["layer_names"] = [name.encode() for name in layers]
    for name, arrays in layers.items():
        write_arrays(group.create_group(name), arrays)


def write_arrays(group: Any, arrays: dict[str, Any]) -> None:
    group.attrs["weight_names"] = [name.encode() for name in arrays]
    for name, array in arrays.items():
        group.create_dataset(name, data=array)


def sequential(*layers: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": [{"class_name": name, "config": config} for name, config in layers]}


def dense1(name: str, units: int, **more: Any) -> tuple[str, dict[str, Any]]:
    """A Dense layer of Keras 1."""
    config = {
        "name": name, "trainable": True, "output_dim": units, "init": "glorot_uniform", "activation": "relu",
        "W_regularizer": None, "b_regularizer": None, "activity_regularizer": None, "W_constraint": None,
        "b_constraint": None, "bias": True, "input_dim": None, **more,
    }  # fmt: skip
    return "Dense", config


def test_a_functional_model_of_keras_1(tmp_path: Path) -> None:
    def entry(layer: tuple[str, dict[str, Any]], *inputs: list[Any]) -> dict[str, Any]:
        return {"class_name": layer[0], "config": layer[1], "name": layer[1]["name"], "inbound_nodes": list(inputs)}

    source = ("InputLayer", {"name": "in", "batch_input_shape": [None, 3], "input_dtype": "float32", "sparse": False})
    merge = {
        "name": "merge_1", "mode": "concat", "mode_type": "raw", "concat_axis": -1, "dot_axes": -1,
        "output_shape": None, "output_shape_type": "raw", "output_mask": None, "output_mask_type": "raw",
        "arguments": {}, "layers": [],
    }  # fmt: skip
    config = {
        "class_name": "Model",
        "config": {
            "name": "model_1",
            "layers": [
                entry(source),
                entry(dense1("a", 2), [["in", 0, 0]]),
                entry(
                    dense1("b", 2, W_regularizer={"name": "WeightRegularizer", "l1": 0.0, "l2": 0.5}), [["in", 0, 0]]
                ),
                entry(("Merge", merge), [["a", 0, 0], ["b", 0, 0]]),
            ],
            "input_layers": [["in", 0, 0]],
            "output_layers": [["merge_1", 0, 0]],
        },
    }
    a, b = numbers(3, 2), numbers(3, 2, seed=1)
    zeros = np.zeros(2, "float32")
    layers = {"in": {}, "a": {"a_W": a, "a_b": zeros}, "b": {"b_W": b, "b_b": zeros}, "merge_1": {}}
    model = load_model(write(tmp_path / "m.h5", config, layers))
    x = numbers(4, 3, seed=2)
    expected = np.concatenate([np.maximum(x @ a, 0), np.maximum(x @ b, 0)], axis=1)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-6)
    assert model.losses[0].numpy() == pytest.approx(0.5 * float((b**2).sum()), rel=1e-5)


def test_the_gates_of_a_keras_1_lstm_are_put_into_todays_order(tmp_path: Path) -> None:
    config = {
        "name": "lstm_1", "batch_input_shape": [None, 5, 3], "output_dim": 2, "init": "glorot_uniform",
        "inner_init": "orthogonal", "forget_bias_init": "one", "activation": "tanh", "inner_activation": "sigmoid",
        "return_sequences": False, "go_backwards": False, "stateful": False, "unroll": False, "consume_less": "cpu",
        "W_regularizer": None, "U_regularizer": None, "b_regularizer": None, "dropout_W": 0.0, "dropout_U": 0.0,
        "input_dim": 3, "input_length": 5,
    }  # fmt: skip
    shapes = {"W": (3, 2), "U": (2, 2), "b": (2,)}
    arrays = {
        f"lstm_1_{part}_{gate}": numbers(*shape, seed=ord(gate) * 3 + k)
        for gate in "icfo"
        for k, (part, shape) in enumerate(shapes.items())
    }
    model = load_model(write(tmp_path / "m.h5", sequential(("LSTM", config)), {"lstm_1": arrays}))

    def sigmoid(z: Any) -> Any:
        return 1 / (1 + np.exp(-z))

    x = numbers(4, 5, 3)
    h = c = np.zeros((4, 2))
    for t in range(5):
        z = {
            g: x[:, t] @ arrays[f"lstm_1_W_{g}"] + h @ arrays[f"lstm_1_U_{g}"] + arrays[f"lstm_1_b_{g}"] for g in "icfo"
        }
        c = sigmoid(z["f"]) * c + sigmoid(z["i"]) * np.tanh(z["c"])
        h = sigmoid(z["o"]) * np.tanh(c)
    np.testing.assert_allclose(model.predict(x, verbose=0), h, atol=1e-5)


def test_arguments_of_keras_1_have_todays_names(tmp_path: Path) -> None:
    convolution = {
        "name": "c", "batch_input_shape": [None, 6, 6, 2], "nb_filter": 3, "nb_row": 3, "nb_col": 2,
        "border_mode": "same", "subsample": [2, 1], "dim_ordering": "tf", "init": "uniform", "activation": "linear",
        "bias": False, "W_constraint": {"name": "MaxNorm", "m": 2, "axis": 0},
    }  # fmt: skip
    kernel = numbers(3, 2, 2, 3)
    config = sequential(("Convolution2D", convolution), ("Dropout", {"name": "d", "p": 0.25}))
    model = load_model(write(tmp_path / "m.h5", config, {"c": {"c_W": kernel}, "d": {}}))
    layer, dropout = model.layers
    assert (layer.filters, layer.kernel_size, layer.strides) == (3, (3, 2), (2, 1))
    assert (layer.padding, layer.use_bias, layer.kernel_constraint.max_value, dropout.rate) == ("same", False, 2, 0.25)
    assert np.array_equal(layer.get_weights()[0], kernel)


def test_layers_of_keras_0_files_have_numbers_for_names(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["nb_layers"] = 2
        for number, arrays in enumerate(([numbers(3, 2), numbers(2)], [])):
            group = file.create_group(f"layer_{number}")
            group.attrs["nb_params"] = len(arrays)
            for k, array in enumerate(arrays):
                group.create_dataset(f"param_{k}", data=array)
    model = dtrain.Sequential([dtrain.Input((3,)), dtrain.layers.Dense(2), dtrain.layers.Activation("relu")])
    model.load_weights(tmp_path / "m.h5")
    assert np.array_equal(model.get_weights()[0], numbers(3, 2))


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_cudnn_weights_are_those_of_the_plain_layer(kind: str) -> None:
    gates, units, inputs = {"LSTM": (4, 3, 2), "GRU": (3, 3, 2)}[kind]
    layer = getattr(dtrain.layers, kind)(units)
    kernel, recurrent, bias = numbers(inputs, gates * units), numbers(units, gates * units), numbers(2, gates * units)

    def each(matrix: Any, function: Any) -> Any:
        return np.hstack([function(part) for part in np.hsplit(matrix, gates)])

    # Keras stores cuDNN's (U, I) matrices, reshaped to (I, U).
    stored = [each(kernel, lambda k: k.reshape(k.shape[::-1], order="F").T.reshape(k.shape, order="C"))]
    stored = [each(kernel, lambda k: k.T.reshape(k.shape)), each(recurrent, np.transpose), bias.reshape(-1)]
    found = converted(layer, stored, "2.2.4", "tensorflow")
    assert np.array_equal(found[0], kernel) and np.array_equal(found[1], recurrent)
    assert np.allclose(found[2], bias.sum(axis=0) if kind == "LSTM" else bias)


@pytest.mark.parametrize(
    ("layer", "stored", "expected"),
    [
        (lambda: dtrain.layers.Conv1D(4, 3), (3, 1, 2, 4), lambda k: k[:, 0]),
        (lambda: dtrain.layers.Conv1D(4, 3), (4, 2, 3, 1), lambda k: k.transpose(2, 3, 1, 0)[:, 0]),
        (
            lambda: dtrain.layers.Conv2D(4, (3, 2), data_format="channels_first"),
            (4, 2, 3, 2),
            lambda k: k.transpose(2, 3, 1, 0),
        ),
        (lambda: dtrain.layers.Conv2DTranspose(4, (3, 2)), (3, 2, 2, 4), lambda k: k.transpose(0, 1, 3, 2)),
    ],
    ids=["conv1d", "conv1d-early", "conv2d-channels-first", "transpose"],
)
def test_kernels_of_keras_1_are_turned(layer: Any, stored: Any, expected: Any) -> None:
    kernel = numbers(*stored)
    assert np.array_equal(converted(layer(), [kernel], "1.2.2", None)[0], expected(kernel))


def test_kernels_of_theano_are_flipped() -> None:
    kernel = numbers(3, 3, 2, 4)
    found = converted(dtrain.layers.Conv2D(4, 3), [kernel], "2.2.4", "theano")[0]
    assert np.array_equal(found, kernel[::-1, ::-1])


def test_hard_sigmoid_of_old_files_keeps_its_old_slope(tmp_path: Path) -> None:
    config = sequential(("Activation", {"name": "a", "activation": "hard_sigmoid", "batch_input_shape": [None, 1]}))
    model = load_model(write(tmp_path / "m.h5", config, {"a": {}}, version="2.3.1"))
    x = np.array([[-3.0], [1.0], [2.0], [2.9]], "float32")
    np.testing.assert_allclose(model.predict(x, verbose=0), np.clip(0.2 * x + 0.5, 0, 1), atol=1e-6)
    model.save(tmp_path / "m.keras")
    np.testing.assert_allclose(load_model(tmp_path / "m.keras").predict(x, verbose=0), np.clip(0.2 * x + 0.5, 0, 1))


def test_gru_of_old_files_resets_before_the_product() -> None:
    entry = {"class_name": "GRU", "config": {"name": "g", "units": 2, "time_major": False}}
    assert modernized(entry, "2.1.0")["config"] == {"name": "g", "units": 2, "reset_after": False}
    assert modernized({**entry, "class_name": "CuDNNGRU"}, "2.1.0")["config"]["reset_after"] is True


def test_operators_of_tf_keras_become_operations(tmp_path: Path) -> None:
    def layer(kind: str, name: str, config: Any, nodes: Any) -> dict[str, Any]:
        return {"class_name": kind, "config": {"name": name, **config}, "name": name, "inbound_nodes": nodes}

    def function(name: str, of: str, nodes: Any, kind: str = "TFOpLambda") -> dict[str, Any]:
        return layer(kind, name, {"trainable": True, "dtype": "float32", "function": of}, nodes)

    none = {"start": None, "stop": None, "step": None}
    layers = [
        layer("InputLayer", "x", {"batch_input_shape": [None, 4], "dtype": "float32"}, []),
        function("add", "__operators__.add", [["x", 0, 0, {"y": 1.0, "name": None}]]),
        function("mul", "math.multiply", [["_CONSTANT_VALUE", -1, 2.0, {"y": ["add", 0, 0], "name": None}]]),
        function("sub", "math.subtract", [["mul", 0, 0, {"y": ["x", 0, 0], "name": None}]]),
        function(
            "cut", "__operators__.getitem",
            [["sub", 0, 0, {"slice_spec": [none, {"start": 1, "stop": 3, "step": None}]}]], "SlicingOpLambda",
        ),
        function("cat", "concat", [[["cut", 0, 0, {"axis": -1}], ["sub", 0, 0, {"axis": -1}]]]),
        function("mean", "math.reduce_mean", [["cat", 0, 0, {"axis": 1, "keepdims": True}]]),
    ]  # fmt: skip
    config = {"name": "m", "layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["mean", 0, 0]]}
    path = write(tmp_path / "m.h5", {"class_name": "Functional", "config": config}, {}, version="2.15.0")
    x = numbers(3, 4)
    y = 2 * (x + 1) - x
    expected = np.concatenate([y[:, 1:3], y], axis=1).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(load_model(path).predict(x, verbose=0), expected, atol=1e-6)


def test_a_function_of_tensorflow_that_is_not_known_is_named(tmp_path: Path) -> None:
    entry = {"class_name": "TFOpLambda", "config": {"name": "f", "function": "signal.stft"}, "inbound_nodes": []}
    with pytest.raises(ValueError, match=r"'f' is TensorFlow's function tf\.signal\.stft"):
        modernized(entry, "2.15.0")


def test_decay_of_old_optimizers_becomes_a_schedule(tmp_path: Path) -> None:
    training = {
        "optimizer_config": {"class_name": "SGD", "config": {"lr": 0.5, "decay": 0.1, "momentum": 0.0}},
        "loss": "mse", "metrics": [], "sample_weight_mode": None, "loss_weights": None,
    }  # fmt: skip
    config = sequential(dense1("d", 1, batch_input_shape=[None, 2]))
    layers = {"d": {"d_W": numbers(2, 1), "d_b": np.zeros(1, "float32")}}
    optimizer = {"SGD/iterations:0": np.int64(10), "training/SGD/Variable:0": np.zeros((2, 1), "float32")}
    optimizer["training/SGD/Variable_1:0"] = np.zeros(1, "float32")
    model = load_model(write(tmp_path / "m.h5", config, layers, "1.2.2", training, optimizer))
    assert float(model.optimizer.learning_rate) == pytest.approx(0.5 / (1 + 0.1 * 10))


def test_state_without_names_is_assigned_slot_after_slot(tmp_path: Path) -> None:
    training = {
        "optimizer_config": {"class_name": "RMSprop", "config": {"lr": 0.5, "rho": 0.9, "epsilon": None, "decay": 0.0}},
        "loss": "mse", "metrics": ["accuracy"], "sample_weight_mode": None, "loss_weights": None,
    }  # fmt: skip
    config = sequential(dense1("d", 2, batch_input_shape=[None, 2]))
    layers = {"d": {"d_W": numbers(2, 2), "d_b": np.zeros(2, "float32")}}
    state = {"training/RMSprop/Variable:0": np.full((2, 2), 3.0, "float32")}
    state["training/RMSprop/Variable_1:0"] = np.full(2, 4.0, "float32")
    model = load_model(write(tmp_path / "m.h5", config, layers, "1.2.2", training, state))
    kernel, bias = model.trainable_weights
    assert (model.optimizer.slot("velocity", kernel) == 3).all() and (model.optimizer.slot("velocity", bias) == 4).all()


def test_state_of_another_optimizer_is_left_out_with_a_warning(tmp_path: Path) -> None:
    training = {"optimizer_config": {"class_name": "Adam", "config": {"lr": 0.5}}, "loss": "mse", "loss_weights": None}
    config = sequential(dense1("d", 2, batch_input_shape=[None, 2]))
    layers = {"d": {"d_W": numbers(2, 2), "d_b": np.zeros(2, "float32")}}
    path = write(
        tmp_path / "m.h5", config, layers, "1.2.2", training, {"Adam/iterations:0": np.int64(3), "x": numbers(7)}
    )
    with pytest.warns(UserWarning, match=r"does not fit Adam and is left out: .*x \(7,\)"):
        load_model(path)


def test_weights_alone_are_assigned_in_order_when_names_differ(tmp_path: Path) -> None:
    kernel = numbers(3, 2)
    with h5py.File(tmp_path / "w.h5", "w") as file:
        write_layers(file, {"drop": {}, "other_name": {"k": kernel, "b": np.zeros(2, "float32")}})
    model = dtrain.Sequential([dtrain.Input((3,)), dtrain.layers.Dense(2, name="mine")])
    model.load_weights(tmp_path / "w.h5")
    assert np.array_equal(model.get_weights()[0], kernel)


def test_another_number_of_layers_is_an_error_that_lists_both(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        write_layers(file, {"a": {"k": numbers(3, 2)}, "b": {"k": numbers(3, 2)}})
    model = dtrain.Sequential([dtrain.Input((3,)), dtrain.layers.Dense(2, name="mine")])
    with pytest.raises(ValueError, match=r"expected 1 layers with weights: mine\. Found 2: a, b"):
        model.load_weights(tmp_path / "w.h5")


def test_differences_are_listed_and_nothing_is_changed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        write_layers(file, {"a": {"k": numbers(3, 5), "b": numbers(5)}, "b": {"k": numbers(2, 2)}})
    model = dtrain.Sequential([dtrain.Input((3,)), dtrain.layers.Dense(2, name="a"), dtrain.layers.Dense(2, name="b")])
    before = model.get_weights()
    with pytest.raises(ValueError, match="in 3 places") as caught:
        model.load_weights(tmp_path / "w.h5")
    assert "expected (3, 2), found (3, 5)" in str(caught.value) and "found k (2, 2)" in str(caught.value)
    assert all(np.array_equal(x, y) for x, y in zip(before, model.get_weights(), strict=True))


def test_an_embedding_keeps_the_shape_that_an_old_file_gives_it(tmp_path: Path) -> None:
    config = {"name": "e", "input_dim": 9, "output_dim": 2, "init": "uniform", "input_length": 4, "mask_zero": False}
    layers = {"e": {"e_W": numbers(9, 2)}, "f": {}}
    path = write(
        tmp_path / "m.h5",
        sequential(("Embedding", {**config, "batch_input_shape": [None, 4]}), ("Flatten", {"name": "f"})),
        layers,
    )
    assert load_model(path).predict(np.array([[1, 2, 3, 8]]), verbose=0).shape == (1, 8)


def test_first_states_of_a_recurrent_layer_come_as_further_inputs(tmp_path: Path) -> None:
    def source(name: str, *shape: int) -> dict[str, Any]:
        config = {"name": name, "batch_input_shape": [None, *shape], "dtype": "float32", "sparse": False}
        return {"class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []}

    lstm = {"class_name": "LSTM", "config": {"name": "lstm", "units": 2, "time_major": False}, "name": "lstm"}
    lstm["inbound_nodes"] = [[["x", 0, 0, {}], ["h", 0, 0, {}], ["c", 0, 0, {}]]]
    places = [["x", 0, 0], ["h", 0, 0], ["c", 0, 0]]
    layers = [source("x", 4, 3), source("h", 2), source("c", 2), lstm]
    config = {"name": "m", "layers": layers, "input_layers": places, "output_layers": [["lstm", 0, 0]]}
    weights = {"lstm": {"k": numbers(3, 8), "r": numbers(2, 8), "b": numbers(8)}}
    model = load_model(write(tmp_path / "m.h5", {"class_name": "Model", "config": config}, weights, "2.3.1"))
    x, h, c = numbers(5, 4, 3), numbers(5, 2, seed=1), numbers(5, 2, seed=2)
    layer = dtrain.layers.LSTM(2)
    layer.build((None, 4, 3))
    layer.set_weights(list(weights["lstm"].values()))
    np.testing.assert_allclose(model.predict([x, h, c], verbose=0), layer(x, initial_state=[h, c]).numpy(), atol=1e-6)
