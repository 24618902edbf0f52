"""The four models of the articles, in today's spelling and as the articles of Keras 1 and 2 print them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import dtrain as keras
from dtrain import layers
from dtrain.layers import Activation, Convolution2D, Dense, Dropout, Embedding, Flatten, Input, MaxPooling2D, merge
from dtrain.models import Model, Sequential

RNG = np.random.default_rng(17)
Build = Callable[[], Any]


def mlp_today() -> Any:
    return keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(512, activation="relu", kernel_initializer="uniform"),
            layers.Dropout(0.2),
            layers.Dense(256, activation="relu", kernel_initializer="uniform"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def mlp_then() -> Any:
    model = Sequential()
    model.add(Dense(output_dim=512, init="uniform", input_dim=784))
    model.add(Activation("relu"))
    model.add(Dropout(p=0.2))
    model.add(Dense(256, init="uniform", activation="relu"))
    model.add(Dense(10, activation="softmax"))
    return model


def cnn_today() -> Any:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def cnn_then() -> Any:
    model = Sequential()
    model.add(Convolution2D(32, 3, 3, border_mode="same", input_shape=(28, 28, 1), activation="relu"))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Flatten())
    model.add(Dense(64, activation="relu"))
    model.add(Dense(32, activation="relu"))
    model.add(Dense(10, activation="softmax"))
    return model


def two_outputs_today() -> Any:
    inputs = keras.Input((784,))
    x = layers.Dense(64, activation="relu")(inputs)
    x = layers.Dense(32, activation="relu")(x)
    classes = layers.Dense(5, activation="softmax", name="classes")(x)
    value = layers.Dense(1, activation="sigmoid", name="value")(x)
    return keras.Model(inputs=inputs, outputs=[classes, value])


def two_outputs_then() -> Any:
    inputs = Input(shape=(784,))
    x = Dense(64, activation="relu")(inputs)
    x = Dense(32, activation="relu")(x)
    classes = Dense(5, activation="softmax", name="classes")(x)
    value = Dense(1, activation="sigmoid", name="value")(x)
    return Model(input=inputs, output=[classes, value])


def headlines_today() -> Any:
    main_input = keras.Input(shape=(20,), dtype="int32", name="main_input")
    x = layers.Embedding(input_dim=100, output_dim=16)(main_input)
    lstm_out = layers.LSTM(8)(x)
    auxiliary_output = layers.Dense(1, activation="sigmoid", name="aux_output")(lstm_out)
    auxiliary_input = keras.Input(shape=(5,), name="aux_input")
    x = layers.concatenate([lstm_out, auxiliary_input])
    x = layers.Dense(16, activation="relu")(x)
    x = layers.Dense(16, activation="relu")(x)
    main_output = layers.Dense(1, activation="sigmoid", name="main_output")(x)
    return keras.Model(inputs=[main_input, auxiliary_input], outputs=[main_output, auxiliary_output])


def headlines_then() -> Any:
    from dtrain.layers.recurrent import LSTM

    main_input = Input(shape=(20,), dtype="int32", name="main_input")
    x = Embedding(output_dim=16, input_dim=100, input_length=20)(main_input)
    lstm_out = LSTM(8)(x)
    auxiliary_loss = Dense(1, activation="sigmoid", name="aux_output")(lstm_out)
    auxiliary_input = Input(shape=(5,), name="aux_input")
    x = merge([lstm_out, auxiliary_input], mode="concat")
    x = Dense(16, activation="relu")(x)
    x = Dense(16, activation="relu")(x)
    main_loss = Dense(1, activation="sigmoid", name="main_output")(x)
    return Model(input=[main_input, auxiliary_input], output=[main_loss, auxiliary_loss])


def _digits(shape: tuple[int, ...]) -> tuple[Any, Any]:
    labels = RNG.integers(0, 10, 48)
    x = RNG.normal(0, 0.1, (48, *shape))
    x.reshape(48, -1)[np.arange(48), labels * 7] += 3
    return x.astype("float32"), keras.utils.to_categorical(labels, 10)


def _two_targets() -> tuple[Any, Any]:
    x, y = _digits((784,))
    labels = y.argmax(axis=1)
    return x, [keras.utils.to_categorical(labels // 2, 5), (labels % 2).astype("float32")[:, None]]


def _headlines() -> tuple[Any, Any]:
    words, other = RNG.integers(1, 100, (48, 20)), RNG.normal(size=(48, 5)).astype("float32")
    target = (other[:, :1] > 0).astype("float32")
    return [words, other], [target, target]


ARTICLES: dict[str, tuple[Build, Build, Callable[[], tuple[Any, Any]], Any, list[float] | None]] = {
    "mlp": (mlp_today, mlp_then, lambda: _digits((784,)), "categorical_crossentropy", None),
    "cnn": (cnn_today, cnn_then, lambda: _digits((28, 28, 1)), "categorical_crossentropy", None),
    "two outputs": (
        two_outputs_today, two_outputs_then, _two_targets, ["categorical_crossentropy", "binary_crossentropy"],
        [1.0, 0.5],
    ),
    "headlines": (headlines_today, headlines_then, _headlines, "binary_crossentropy", [1.0, 0.2]),
}  # fmt: skip
