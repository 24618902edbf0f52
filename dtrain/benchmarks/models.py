"""The models that are measured, written once for dtrain and for Keras: `keras` is either of the two packages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = list[NDArray[Any]]

VOCABULARY, WORDS = 10_000, 100


@dataclass(frozen=True)
class Benchmark:
    """A model with random data that fits it.

    Attributes:
        batch: rows of a step.
        build: `build(keras)` returns the model, compiled.
        data: `data(rows)` returns its inputs and its targets.
    """

    batch: int
    build: Callable[[Any], Any]
    data: Callable[[int], tuple[Arrays, Arrays]]


def _classifier(keras: Any, shape: tuple[int, ...], layers: list[Any]) -> Any:
    net = keras.Sequential([keras.Input(shape), *layers, keras.layers.Dense(10, "softmax")])
    net.compile("adam", "sparse_categorical_crossentropy")
    return net


def _mlp(keras: Any) -> Any:
    dense = keras.layers.Dense
    return _classifier(keras, (784,), [dense(512, "relu"), dense(256, "relu")])


def _small(keras: Any) -> Any:
    return _classifier(keras, (64,), [keras.layers.Dense(32, "relu")])


def _cnn(keras: Any) -> Any:
    layers = keras.layers
    convolution = [layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten()]
    return _classifier(keras, (28, 28, 1), [*convolution, layers.Dense(64, "relu"), layers.Dense(32, "relu")])


def _lstm(keras: Any) -> Any:
    layers = keras.layers
    words = keras.Input((WORDS,), dtype="int32", name="main_input")
    state = layers.LSTM(32)(layers.Embedding(VOCABULARY, 512)(words))
    early = layers.Dense(1, "sigmoid", name="aux_output")(state)
    extra = keras.Input((5,), name="aux_input")
    hidden = layers.concatenate([state, extra])
    for _ in range(3):
        hidden = layers.Dense(64, "relu")(hidden)
    late = layers.Dense(1, "sigmoid", name="main_output")(hidden)
    net = keras.Model([words, extra], [late, early])
    net.compile("adam", ["binary_crossentropy", "binary_crossentropy"], loss_weights=[1.0, 0.2])
    return net


def _resnet8(keras: Any) -> Any:
    """He et al. 2016 (arXiv:1512.03385), section 4.2, with n = 1 and a projection where the shape changes."""
    layers = keras.layers

    def normalized(x: Any, filters: int, size: int, strides: int) -> Any:
        x = layers.Conv2D(filters, size, strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    image = keras.Input((32, 32, 3))
    x = layers.ReLU()(normalized(image, 16, 3, 1))
    for filters, strides in ((16, 1), (32, 2), (64, 2)):
        y = layers.ReLU()(normalized(x, filters, 3, strides))
        y = normalized(y, filters, 3, 1)
        shortcut = x if strides == 1 else normalized(x, filters, 1, strides)
        x = layers.ReLU()(layers.add([y, shortcut]))
    outputs = layers.Dense(10, "softmax")(layers.GlobalAveragePooling2D()(x))
    net = keras.Model(image, outputs)
    net.compile("adam", "sparse_categorical_crossentropy")
    return net


def _labelled(*shape: int) -> Callable[[int], tuple[Arrays, Arrays]]:
    def data(rows: int) -> tuple[Arrays, Arrays]:
        random = np.random.default_rng(0)
        return [random.random((rows, *shape), np.float32)], [random.integers(0, 10, rows)]

    return data


def _texts(rows: int) -> tuple[Arrays, Arrays]:
    random = np.random.default_rng(0)
    words = random.integers(0, VOCABULARY, (rows, WORDS)).astype(np.int32)
    target = random.integers(0, 2, (rows, 1)).astype(np.float32)
    return [words, random.random((rows, 5), np.float32)], [target, target]


MODELS = {
    "mlp": Benchmark(128, _mlp, _labelled(784)),
    "cnn": Benchmark(128, _cnn, _labelled(28, 28, 1)),
    "lstm": Benchmark(128, _lstm, _texts),
    "resnet8": Benchmark(64, _resnet8, _labelled(32, 32, 3)),
    "small": Benchmark(32, _small, _labelled(64)),
}
"""MLP 784-512-256-10; CNN of one convolution; Embedding and LSTM, two inputs and outputs; ResNet-8; MLP 64-32-10."""


def one_or_list(arrays: Arrays) -> Any:
    """A single array by itself, several as a list: as `fit` takes them."""
    return arrays[0] if len(arrays) == 1 else arrays
