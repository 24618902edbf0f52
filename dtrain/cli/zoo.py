"""The models that a configuration can name: they take images (N, 28, 28) of bytes, in 10 classes. N batch."""

from __future__ import annotations

from collections.abc import Callable

from dtrain import Input, Model, Sequential, layers

IMAGE = (28, 28)
CLASSES = 10


def mlp(hidden_units: tuple[int, ...] = (512, 256), dropout: float = 0.0) -> Model:
    """Return a multilayer perceptron: Dense relu layers, each followed by dropout where its rate is positive."""
    model = Sequential([Input(IMAGE), layers.Rescaling(1 / 255), layers.Flatten()], name="mlp")
    for units in hidden_units:
        model.add(layers.Dense(units, activation="relu"))
        if dropout:
            model.add(layers.Dropout(dropout))
    model.add(layers.Dense(CLASSES, activation="softmax"))
    return model


def cnn(filters: int = 32, hidden_units: tuple[int, ...] = (64, 32)) -> Model:
    """Return a small convolutional network: one 3×3 convolution, 2×2 max-pooling, Dense relu layers."""
    return Sequential(
        [
            Input(IMAGE),
            layers.Rescaling(1 / 255),
            layers.Reshape((*IMAGE, 1)),
            layers.Conv2D(filters, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            *(layers.Dense(units, activation="relu") for units in hidden_units),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="cnn",
    )


def best(filters: tuple[int, ...] = (16, 32, 64), units: int = 128, dropout: float = 0.4) -> Model:
    """Return a network for few errors: 3×3 convolutions with batch normalization, pooling between them, and dropout."""
    model = Sequential([Input(IMAGE), layers.Rescaling(1 / 255), layers.Reshape((*IMAGE, 1))], name="best")
    for index, count in enumerate(filters):
        model.add(layers.Conv2D(count, 3, use_bias=False))
        model.add(layers.BatchNormalization())
        model.add(layers.Activation("relu"))
        if index < len(filters) - 1:
            model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dropout(dropout))
    model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dropout(dropout))
    model.add(layers.Dense(CLASSES, activation="softmax"))
    return model


def two_outputs(hidden_units: tuple[int, ...] = (512, 256)) -> Model:
    """Return a perceptron with two outputs: `group`, 5 classes (digit // 2), beside `parity`, the digit's last bit."""
    inputs = Input(IMAGE)
    x = layers.Flatten()(layers.Rescaling(1 / 255)(inputs))
    for units in hidden_units:
        x = layers.Dense(units, activation="relu")(x)
    group = layers.Dense(CLASSES // 2, activation="softmax", name="group")(x)
    parity = layers.Dense(1, activation="sigmoid", name="parity")(x)
    return Model(inputs, [group, parity], name="two_outputs")


MODELS: dict[str, Callable[..., Model]] = {"mlp": mlp, "cnn": cnn, "best": best, "two_outputs": two_outputs}
