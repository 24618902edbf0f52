"""The same weights give the same outputs as in Keras 3, and constructors have the same signatures."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest

import dtrain
from dtrain import layers
from dtrain.graph.nest import flatten
from tests.layers import battery
from tests.layers.cases import CASES

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras 3 is not installed")

# Where Keras's backends differ from one another, and torch is the one that is not as the others: padding of averages
# repeats the edge there instead of being left out, and bicubic weights have another parameter.
# Keras's RandomCrop does not change images in inference, against what it says of itself.
DIFFERENT = {
    "AveragePooling2D(pool_size=(2,3),strides=2,padding=same)", "RandomCrop(height=3,width=4)",
    "UpSampling2D(interpolation=bicubic)",
}  # fmt: skip
COMPARED = [c for c in CASES if c.name not in DIFFERENT]


def _keras_layer(case, layer):
    """Keras's layer from the configuration of ours."""
    config = layer.get_config()
    if case.make is layers.Lambda:
        config = {"function": case.arguments["function"], "arguments": case.arguments.get("arguments")}
        return keras.layers.Lambda(**config)
    return _named(case.make.__name__).from_config(config)


def _named(name):
    """The class of Keras; one is exported under another name than its own."""
    return getattr(keras.layers, {"GroupedQueryAttention": "GroupQueryAttention"}.get(name, name))


@pytest.mark.parametrize("case", COMPARED, ids=lambda case: case.name)
def test_same_weights_give_the_outputs_of_keras(case):
    ours = battery.built(case, "float32")
    arrays = [a.astype(np.float32) if a.dtype.kind == "f" else a for a in case.arrays()]
    theirs = _keras_layer(case, ours)
    case.run(theirs, arrays)
    theirs.set_weights(ours.get_weights())
    expected = [
        np.asarray(keras.ops.convert_to_numpy(y))
        for y in flatten(case.run(theirs, arrays, **case.still))
        if y is not None
    ]
    found = [y.numpy() for y in flatten(case.run(ours, arrays, **case.still)) if y is not None]
    assert [y.shape for y in found] == [y.shape for y in expected]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


LEFT_OUT = {
    "lora_rank", "lora_alpha", "quantization_config", "gptq_unpacked_column_size", "kwargs", "self",
    "unroll", "sparse", "ragged",
}  # fmt: skip
SHARED = sorted(
    name
    for name in layers.__all__
    if isinstance(getattr(keras.layers, name, None), type) and name not in ("Layer", "InputSpec", "InputLayer")
)


def _parameters(cls):
    return [
        (p.name, p.default)
        for p in inspect.signature(cls.__init__).parameters.values()
        if p.kind is not p.VAR_KEYWORD and p.name not in LEFT_OUT
    ]


@pytest.mark.parametrize("name", SHARED)
def test_constructors_have_the_arguments_of_keras(name):
    assert _parameters(getattr(layers, name)) == _parameters(getattr(keras.layers, name))


TOKENS = np.array([[3, 1, 2, 0, 0], [4, 0, 2, 0, 1], [1, 2, 3, 4, 2]], np.int32)
MASKED = {
    "lstm": lambda k: [k.LSTM(3)],
    "lstm sequences": lambda k: [k.LSTM(3, return_sequences=True)],
    "lstm loop": lambda k: [k.LSTM(3, recurrent_activation="tanh", return_sequences=True)],
    "gru backwards": lambda k: [k.GRU(3, go_backwards=True, return_sequences=True)],
    "simple": lambda k: [k.SimpleRNN(3), k.Dense(2)],
    "stacked cells": lambda k: [k.RNN([k.GRUCell(3), k.LSTMCell(2)], return_sequences=True)],
    "bidirectional": lambda k: [k.Bidirectional(k.LSTM(3))],
    "bidirectional sequences": lambda k: [k.Bidirectional(k.GRU(3, return_sequences=True), merge_mode="sum")],
    "stacked layers": lambda k: [k.LSTM(3, return_sequences=True), k.Dropout(0.2), k.GRU(2)],
    "pooling": lambda k: [k.TimeDistributed(k.Dense(3)), k.GlobalAveragePooling1D()],
    "normalized": lambda k: [k.BatchNormalization(), k.LayerNormalization(), k.LSTM(2)],
}


@pytest.mark.parametrize("name", MASKED)
def test_masks_act_as_in_keras(name):
    ours, theirs = (
        module.Sequential([module.Input((5,), dtype="int32"), module.layers.Embedding(5, 4, mask_zero=True), *made])
        for module, made in ((dtrain, MASKED[name](layers)), (keras, MASKED[name](keras.layers)))
    )
    theirs.set_weights(ours.get_weights())
    found, expected = ours.predict(TOKENS, verbose=0), theirs.predict(TOKENS, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_attention_masks_act_as_in_keras():
    def model(module):
        x = module.Input((5,), dtype="int32")
        y = module.layers.Embedding(5, 4, mask_zero=True)(x)
        z = module.layers.Attention(use_scale=True)([y, y])
        w = module.layers.MultiHeadAttention(2, 3)(y, y, use_causal_mask=True)
        return module.Model(x, module.layers.Concatenate()([z, w]))

    ours, theirs = model(dtrain), model(keras)
    theirs.set_weights(ours.get_weights())
    found, expected = ours.predict(TOKENS, verbose=0), theirs.predict(TOKENS, verbose=0)
    np.testing.assert_allclose(found[TOKENS != 0], expected[TOKENS != 0], rtol=1e-5, atol=1e-6)


def test_batch_statistics_follow_as_in_keras():
    x = np.random.default_rng(2).normal(1.0, 2.0, size=(6, 4, 3)).astype(np.float32)
    mask = np.random.default_rng(3).random((6, 4)) < 0.6
    for given in (None, mask):
        ours, theirs = layers.BatchNormalization(momentum=0.8), keras.layers.BatchNormalization(momentum=0.8)
        found = ours(x, training=True, mask=given).numpy()
        expected = keras.ops.convert_to_numpy(theirs(x, training=True, mask=given))
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def _model_of_many_layers(module):
    la = module.layers
    x = module.Input((6, 4))
    y = la.Bidirectional(la.LSTM(3, return_sequences=True))(x)
    y = la.TimeDistributed(la.Dense(4))(y)
    y = la.MultiHeadAttention(2, 3, use_gate=True)(y, y)
    y = la.GroupQueryAttention(3, 4, 2)(y, y)
    y = la.PReLU()(la.RMSNormalization()(la.LayerNormalization()(la.GroupNormalization(2)(y))))
    y = la.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d")(y)
    y = la.SpectralNormalization(la.Dense(4))(y)
    y = la.Attention(use_scale=True, score_mode="concat")([y, la.AdditiveAttention()([y, y])])
    y = la.RNN([la.GRUCell(3), la.LSTMCell(2)], return_sequences=True)(y)
    y = la.Normalization()(la.Conv1DTranspose(2, 3)(la.SeparableConv1D(3, 2)(la.BatchNormalization()(y))))
    z = la.Flatten()(la.ConvLSTM1D(2, 2)(la.Reshape((7, 2, 1))(y)))
    return module.Model(x, [la.Dense(2)(z), la.Dense(1)(la.GRU(2)(y))])


def _change(model, seed):
    rng = np.random.default_rng(seed)
    floats = [w.dtype.kind == "f" for w in model.get_weights()]
    model.set_weights(
        [
            (w + rng.uniform(0.1, 0.3, w.shape)).astype(w.dtype) if f else w
            for w, f in zip(model.get_weights(), floats, strict=True)
        ]
    )


def test_weights_files_go_both_ways(tmp_path):
    ours, theirs = _model_of_many_layers(dtrain), _model_of_many_layers(keras)
    x = np.random.default_rng(0).normal(size=(3, 6, 4)).astype(np.float32)
    for number, (writer, reader) in enumerate(((ours, theirs), (theirs, ours))):
        _change(writer, number)
        path = str(tmp_path / f"{number}.weights.h5")
        writer.save_weights(path)
        reader.load_weights(path)
        for a, b in zip(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
