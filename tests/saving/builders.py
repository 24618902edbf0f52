"""The same models in dtrain and in Keras: `k` is either package."""

from __future__ import annotations

from typing import Any

import numpy as np


def mlp(k: Any) -> Any:
    return k.Sequential([k.layers.Input((4,)), k.layers.Dense(5, activation="relu"), k.layers.Dense(2, name="out")])


def cnn(k: Any) -> Any:
    layers = k.layers
    model = k.Sequential(
        [
            layers.Input((6, 6, 2)),
            layers.Conv2D(3, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(2, kernel_regularizer="l2"),
        ]
    )
    model.layers[0].trainable = False
    return model


def two_outputs(k: Any) -> Any:
    x = k.Input((4,), name="features")
    h = k.layers.Dense(6, activation="tanh")(x)
    return k.Model(x, {"category": k.layers.Dense(3)(h), "flag": k.layers.Dense(1)(h)})


def siamese(k: Any) -> Any:
    left, right = k.Input((4,), name="left"), k.Input((4,), name="right")
    shared = k.layers.Dense(3, name="shared")
    a, b = shared(left), shared(right)
    joined = k.layers.Concatenate()([k.layers.Subtract()([a, b]), k.layers.Multiply()([a, b])])
    return k.Model([left, right], k.layers.Dense(1)(joined))


def nested(k: Any) -> Any:
    i = k.Input((5,))
    inner = k.Model(i, [k.layers.Dense(3, activation="relu")(i), k.layers.Dense(2)(i)], name="inner")
    stack = k.Sequential([k.layers.Input((3,)), k.layers.Dense(4)], name="stack")
    x = k.Input((5,))
    a, b = inner(x)
    c, d = inner(x * 2.0)
    return k.Model(x, [stack(a), k.layers.Concatenate()([b, c, d])])


def nested_outputs(k: Any) -> Any:
    i = k.Input((5,))
    inner = k.Model(i, k.layers.Dense(3)(i), name="inner")
    stack = k.Sequential([k.layers.Input((5,)), k.layers.Dense(2)], name="stack")
    x = k.Input((5,))
    return k.Model(x, [inner(x), stack(x)])


def operations(k: Any) -> Any:
    ops = k.ops
    x = k.Input((4, 3))
    y = 2.0 * (ops.mean(x, axis=1) + 1.0)
    z = ops.reshape(y[:, 0:2], (-1, 2, 1))
    z = ops.concatenate([z, ops.absolute(z)], axis=1)
    z = ops.where(z > 0, z, 0.0)
    return k.Model(x, k.layers.Dense(2)(k.layers.Flatten()(z)))


def embedding_lstm(k: Any) -> Any:
    words = k.Input((6,), dtype="int32", name="words")
    other = k.Input((2,), name="other")
    h = k.layers.LSTM(4)(k.layers.Embedding(9, 3, mask_zero=True)(words))
    joined = k.layers.Concatenate()([h, other])
    return k.Model([words, other], [k.layers.Dense(1)(joined), k.layers.Dense(1, name="aux")(h)])


def from_the_middle(k: Any) -> Any:
    x = k.Input((5,))
    h = k.layers.Dense(4, activation="relu")(x)
    y = k.layers.Dense(3)(h)
    return k.Model(h, k.layers.Dense(2)(y))


def subclassed(k: Any) -> Any:
    """Attributes before and behind "layers" in the alphabet, private ones, lists in lists, dicts, a property."""

    class Block(k.layers.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.items = [k.layers.Dense(2), [k.layers.Dense(2), k.layers.Dense(2)]]
            self._hidden = k.layers.Dense(2)
            self.zero = k.layers.Dense(2)

        @property
        def alias(self) -> Any:
            return self._hidden

        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight((2,), name="w")
            self.n = self.add_weight((2,), trainable=False, name="n")
            self.v = self.add_weight((2,), name="v")

        def call(self, x: Any) -> Any:
            x = self.items[1][1](self.items[1][0](self.items[0](x)))
            return self._hidden(self.zero(x)) * self.w + self.v + self.n

    class Whole(k.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.stack = [k.layers.Dense(2), k.layers.Dense(2)]
            self.first = k.layers.Dense(2)
            self._private = k.layers.Dense(2)
            self.output_layer = k.layers.Dense(1)
            self.block = Block()
            self.table = {"b": k.layers.Dense(2), "a": k.layers.Dense(2)}
            self.recurrent = k.layers.LSTM(2)

        def call(self, x: Any) -> Any:
            x = self.first(x)
            for layer in self.stack:
                x = layer(x)
            x = self.block(self._private(x))
            x = self.table["a"](self.table["b"](x))
            return self.output_layer(x) + self.recurrent(k.ops.expand_dims(x, 1))

    model = Whole()
    model(np.zeros((1, 3), "float32"))
    return model


BUILDERS = [
    mlp, cnn, two_outputs, siamese, nested, nested_outputs, operations, embedding_lstm, from_the_middle,
]  # fmt: skip


def inputs_of(model: Any, rows: int = 4) -> Any:
    """Random inputs of a model that was built from Inputs: one array, or a list."""
    rng = np.random.default_rng(7)
    arrays = [
        rng.integers(0, 9, (rows, *t.shape[1:]), dtype=np.int32)
        if "int" in str(t.dtype)
        else rng.standard_normal((rows, *t.shape[1:])).astype("float32")
        for t in model.inputs
    ]
    return arrays[0] if len(arrays) == 1 else arrays


def leaves(structure: Any) -> list[Any]:
    if isinstance(structure, dict):
        return [leaf for value in structure.values() for leaf in leaves(value)]
    return [leaf for value in structure for leaf in leaves(value)] if isinstance(structure, list) else [structure]


def targets_of(model: Any, x: Any) -> Any:
    """Random targets in the structure of the outputs."""
    rng = np.random.default_rng(8)

    def target(array: Any) -> Any:
        return rng.random(array.shape, dtype=np.float32)

    outputs = model.predict(x, verbose=0)
    if isinstance(outputs, dict):
        return {key: target(outputs[key]) for key in outputs}
    return [target(a) for a in outputs] if isinstance(outputs, list) else target(outputs)


def trained(model: Any, optimizer: Any = "adam", steps: int = 2) -> tuple[Any, Any, Any]:
    """A compiled model after some steps, with its inputs and targets."""
    x = inputs_of(model)
    y = targets_of(model, x)
    model.compile(optimizer, "mean_squared_error")
    for _ in range(steps):
        model.train_on_batch(x, y)
    return model, x, y


def same_outputs(first: Any, second: Any, x: Any, tolerance: float = 0.0) -> bool:
    pairs = zip(leaves(first.predict(x, verbose=0)), leaves(second.predict(x, verbose=0)), strict=True)
    return all(np.abs(a - b).max() <= tolerance for a, b in pairs)


def same_weights(first: Any, second: Any, tolerance: float = 0.0) -> bool:
    pairs = zip(first.get_weights(), second.get_weights(), strict=True)
    return all(a.shape == b.shape and np.abs(a - b).max(initial=0) <= tolerance for a, b in pairs)
