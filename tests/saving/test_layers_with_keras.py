"""Every layer in files between dtrain and real Keras 3, both ways, where it is installed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain.saving import load_model
from dtrain.saving.weights import weights_tree

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed")
pytest.importorskip("torch", reason="PyTorch, Keras's backend here, is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")

INTEGERS, QUERY, PAIR = "integers", "query and value", "two inputs"

# Layer, arguments (functions of the package make inner layers), shape or kind of the inputs.
LAYERS: list[tuple[str, dict[str, Any], Any]] = [
    ("Dense", {"units": 3, "use_bias": False}, (4,)),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 3), "bias_axes": "d"}, (4, 5)),
    ("Embedding", {"input_dim": 5, "output_dim": 3}, INTEGERS),
    ("Conv1D", {"filters": 3, "kernel_size": 3, "padding": "causal"}, (6, 4)),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "groups": 2}, (6, 6, 4)),
    ("Conv3D", {"filters": 3, "kernel_size": 2}, (4, 4, 4, 2)),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3}, (6, 4)),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}, (6, 6, 4)),
    ("Conv3DTranspose", {"filters": 3, "kernel_size": 2}, (4, 4, 4, 2)),
    ("DepthwiseConv1D", {"kernel_size": 3}, (6, 4)),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2}, (6, 6, 4)),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 3}, (6, 4)),
    ("SeparableConv2D", {"filters": 3, "kernel_size": 3}, (6, 6, 4)),
    ("BatchNormalization", {}, (4,)),
    ("BatchNormalization", {"scale": False}, (4, 4, 3)),
    ("LayerNormalization", {"axis": [1, 2]}, (4, 3)),
    ("GroupNormalization", {"groups": 2}, (4, 4)),
    ("RMSNormalization", {}, (4,)),
    ("UnitNormalization", {}, (4,)),
    ("SpectralNormalization", {"layer": lambda k: k.layers.Dense(3)}, (4,)),
    ("SimpleRNN", {"units": 3}, (5, 4)),
    ("LSTM", {"units": 3, "return_sequences": True, "go_backwards": True}, (5, 4)),
    ("LSTM", {"units": 3, "zero_output_for_mask": True, "dropout": 0.2, "recurrent_dropout": 0.1}, (5, 4)),
    ("GRU", {"units": 3}, (5, 4)),
    ("GRU", {"units": 3, "reset_after": False}, (5, 4)),
    ("RNN", {"cell": lambda k: k.layers.SimpleRNNCell(3)}, (5, 4)),
    ("RNN", {"cell": lambda k: k.layers.StackedRNNCells([k.layers.LSTMCell(3), k.layers.GRUCell(2)])}, (5, 4)),
    ("Bidirectional", {"layer": lambda k: k.layers.LSTM(3, return_sequences=True)}, (5, 4)),
    ("Bidirectional", {"layer": lambda k: k.layers.GRU(3), "merge_mode": "sum"}, (5, 4)),
    ("TimeDistributed", {"layer": lambda k: k.layers.Dense(3)}, (5, 4)),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}, QUERY),
    ("Attention", {"use_scale": True}, PAIR),
    ("AdditiveAttention", {}, PAIR),
    ("Dot", {"axes": 1}, PAIR),
    ("Concatenate", {"axis": 1}, PAIR),
    ("Average", {}, PAIR),
    ("PReLU", {"shared_axes": [1]}, (4, 3)),
    ("LeakyReLU", {"negative_slope": 0.1}, (4,)),
    ("ELU", {"alpha": 0.5}, (4,)),
    ("ReLU", {"max_value": 1.0, "negative_slope": 0.1}, (4,)),
    ("Softmax", {"axis": 1}, (4, 3)),
    ("Activation", {"activation": "gelu"}, (4,)),
    ("Dropout", {"rate": 0.5}, (4,)),
    ("GaussianNoise", {"stddev": 0.5}, (4,)),
    ("GaussianDropout", {"rate": 0.5}, (4,)),
    ("AlphaDropout", {"rate": 0.5}, (4,)),
    ("SpatialDropout1D", {"rate": 0.5}, (4, 3)),
    ("RandomFlip", {}, (4, 4, 2)),
    ("RandomRotation", {"factor": 0.1}, (4, 4, 2)),
    ("ActivityRegularization", {"l2": 0.1}, (4,)),
    ("Masking", {"mask_value": 1.0}, (5, 4)),
    ("Flatten", {}, (5, 4)),
    ("Reshape", {"target_shape": (4, 5)}, (5, 4)),
    ("Permute", {"dims": (2, 1)}, (5, 4)),
    ("RepeatVector", {"n": 2}, (4,)),
    ("Cropping2D", {"cropping": ((1, 0), (1, 2))}, (5, 5, 2)),
    ("ZeroPadding2D", {"padding": ((1, 0), (1, 2))}, (5, 5, 2)),
    ("UpSampling2D", {"size": (2, 3)}, (5, 5, 2)),
    ("MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, (6, 6, 2)),
    ("AveragePooling2D", {"pool_size": 2}, (6, 6, 2)),
    ("GlobalAveragePooling1D", {}, (6, 2)),
    ("GlobalMaxPooling2D", {"keepdims": True}, (6, 6, 2)),
    ("CategoryEncoding", {"num_tokens": 5, "output_mode": "multi_hot"}, INTEGERS),
    ("Discretization", {"bin_boundaries": [0.0, 1.0]}, (4,)),
    ("CenterCrop", {"height": 2, "width": 2}, (4, 4, 2)),
    ("Resizing", {"height": 2, "width": 2}, (4, 4, 2)),
    ("Rescaling", {"scale": 2.0, "offset": 1.0}, (4,)),
    ("Identity", {}, (4,)),
]
IDS = [f"{name}-{number}" for number, (name, _, _) in enumerate(LAYERS)]


def build(k: Any, name: str, arguments: dict[str, Any], inputs: Any) -> Any:
    made = {key: value(k) if isinstance(value, Callable) else value for key, value in arguments.items()}  # type: ignore[arg-type]
    layer = getattr(k.layers, name)(**made)
    if inputs == INTEGERS:
        x = k.Input((4,), dtype="int32")
        return k.Model(x, layer(x))
    if inputs == QUERY:
        x = k.Input((5, 4))
        return k.Model(x, layer(x, x))
    if inputs == PAIR:
        x, y = k.Input((5, 4)), k.Input((5, 4))
        return k.Model([x, y], layer([x, y]))
    x = k.Input(inputs)
    return k.Model(x, layer(x))


def random_inputs(model: Any) -> Any:
    rng = np.random.default_rng(3)
    arrays = [
        rng.integers(0, 5, (3, *t.shape[1:]), dtype=np.int32)
        if "int" in str(t.dtype)
        else rng.standard_normal((3, *t.shape[1:])).astype("float32")
        for t in model.inputs
    ]
    return arrays if len(arrays) > 1 else arrays[0]


def assert_same(first: Any, second: Any) -> None:
    x = random_inputs(first)
    np.testing.assert_allclose(first.predict(x, verbose=0), second.predict(x, verbose=0), atol=1e-5)


@pytest.mark.parametrize(("name", "arguments", "inputs"), LAYERS, ids=IDS)
def test_what_dtrain_writes_keras_computes_alike(name: str, arguments: Any, inputs: Any, tmp_path: Path) -> None:
    model = build(dtrain, name, arguments, inputs)
    model.save(tmp_path / "m.keras")
    assert_same(model, keras.models.load_model(tmp_path / "m.keras"))


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize(("name", "arguments", "inputs"), LAYERS, ids=IDS)
def test_what_keras_writes_dtrain_computes_alike(
    name: str, arguments: Any, inputs: Any, ending: str, tmp_path: Path
) -> None:
    build(dtrain, name, arguments, inputs)
    model = build(keras, name, arguments, inputs)
    rng = np.random.default_rng(4)
    if name != "BatchNormalization":  # whose variances are not negative
        model.set_weights([rng.normal(0.3, 0.5, w.shape).astype(w.dtype) for w in model.get_weights()])
    model.save(tmp_path / f"m{ending}")
    assert_same(model, load_model(tmp_path / f"m{ending}"))


@pytest.mark.parametrize(("name", "arguments", "inputs"), LAYERS, ids=IDS)
def test_paths_and_shapes_are_those_of_keras(name: str, arguments: Any, inputs: Any, tmp_path: Path) -> None:
    import h5py

    ours = build(dtrain, name, arguments, inputs)
    build(keras, name, arguments, inputs).save_weights(tmp_path / "k.weights.h5")
    arrays: dict[str, Any] = {}
    with h5py.File(tmp_path / "k.weights.h5") as file:
        file.visititems(lambda path, item: arrays.update({path: item.shape}) if hasattr(item, "shape") else None)
    assert {path: array.shape for path, array in weights_tree(ours).items()} == arrays
