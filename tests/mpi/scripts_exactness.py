"""Trains one model after the other and writes what came of it: run by `test_exactness` on 1 to 6 processes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import dtrain
from dtrain import layers, ops
from dtrain.distributed import world

Results = dict[str, Any]
numbers = np.random.default_rng(11)


def images(rows: int) -> tuple[Any, Any]:
    labels = numbers.integers(0, 10, rows)
    x = numbers.normal(size=(rows, 12, 12, 1)).astype(np.float32) + labels[:, None, None, None] / 5
    return x, labels


def record(model: Any, history: dict[str, Any], *predictions: Any) -> Results:
    found: Results = {f"history/{name}": np.array(values) for name, values in history.items()}
    found.update((f"weight/{k}/{v.path}", v.numpy()) for k, v in enumerate(model.weights))
    slots = model.optimizer.slot_names
    for slot in slots:
        for k, variable in enumerate(model.optimizer.trained_variables):
            found[f"slot/{slot}/{k}"] = model.optimizer.slot(slot, variable).copy()
    found.update((f"prediction/{k}", array) for k, array in enumerate(predictions))
    return found


def mlp() -> Results:
    """Ragged last batch, validation, metrics as curves."""
    x, y = images(203)
    model = dtrain.Sequential(
        [
            dtrain.Input((12, 12, 1)),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="tanh", kernel_regularizer="l2"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy", "sparse_top_k_categorical_accuracy"])
    history = model.fit(x, y, batch_size=16, validation_split=0.2, verbose=0)
    evaluation = model.evaluate(x, y, batch_size=50, verbose=0)
    return record(model, history.history, model.predict(x, batch_size=30, verbose=0), np.array(evaluation))


def cnn() -> Results:
    x, y = images(70)
    model = dtrain.Sequential(
        [
            dtrain.Input((12, 12, 1)),
            layers.Conv2D(6, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Conv2D(8, 3, strides=2),
            layers.AveragePooling2D(2, padding="same"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, np.eye(10, dtype=np.float32)[y], batch_size=16, verbose=0)
    return record(model, history.history, model.predict(x, verbose=0))


def residual() -> Results:
    """Batch normalization over the global batch, dropout, two paths."""
    x, y = images(70)
    entry = dtrain.Input((12, 12, 1))
    h = layers.Conv2D(4, 3, padding="same")(entry)
    for _ in range(2):
        branch = layers.BatchNormalization()(h)
        branch = layers.ReLU()(branch)
        branch = layers.Dropout(0.3)(branch)
        h = layers.Add()([h, layers.Conv2D(4, 3, padding="same")(branch)])
    h = layers.Dropout(0.5)(layers.GlobalAveragePooling2D()(h))
    model = dtrain.Model(entry, layers.Dense(10)(h))
    loss = dtrain.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(dtrain.optimizers.SGD(0.05, momentum=0.9, nesterov=True), loss, metrics=["accuracy"])
    history = model.fit(x, y, batch_size=17, epochs=2, validation_data=(x[:9], y[:9]), verbose=0)
    return record(model, history.history, model.predict(x, batch_size=13, verbose=0))


def two_outputs() -> Results:
    """Sample weights, loss weights, weighted and unweighted metrics, clipping by the norm of the summed gradients."""
    x, y = images(61)
    entry = dtrain.Input((12, 12, 1))
    h = layers.Dense(20, activation="relu")(layers.Flatten()(entry))
    classes = layers.Dense(5, activation="softmax", name="classes")(h)
    high = layers.Dense(1, activation="sigmoid", name="high")(h)
    model = dtrain.Model(entry, [classes, high])
    model.compile(
        dtrain.optimizers.Adam(global_clipnorm=0.5),
        loss={"classes": "sparse_categorical_crossentropy", "high": "binary_crossentropy"},
        loss_weights={"classes": 1.0, "high": 0.3},
        metrics={"classes": ["accuracy"], "high": [dtrain.metrics.AUC(name="auc"), dtrain.metrics.Precision(name="p")]},
        weighted_metrics={"high": ["mae"]},
    )
    weight = numbers.uniform(0, 2, 61)
    weight[:9] = 0
    target = [y % 5, (y > 4).astype(np.float32)[:, None]]
    history = model.fit(x, target, sample_weight=[weight, weight[::-1].copy()], batch_size=9, epochs=2, verbose=0)
    return record(model, history.history, *model.predict(x, verbose=0))


def words() -> Results:
    """Embedding with a mask, LSTM, an auxiliary output and a second input; rows with nothing but padding."""
    rows = 45
    tokens = numbers.integers(1, 50, (rows, 8))
    for row, length in enumerate(numbers.integers(0, 9, rows)):
        tokens[row, length:] = 0
    other = numbers.normal(size=(rows, 3))
    target = (numbers.uniform(size=(rows, 1)) > 0.5).astype(np.float32)
    sentence, extra = dtrain.Input((8,), dtype="int32", name="sentence"), dtrain.Input((3,), name="extra")
    h = layers.Embedding(50, 6, mask_zero=True)(sentence)
    steps = layers.LSTM(7, return_sequences=True)(h)
    auxiliary = layers.Dense(1, name="auxiliary")(steps)  # its loss counts valid time steps only
    h = layers.Concatenate()([layers.LSTM(5)(steps), extra])
    main = layers.Dense(1, activation="sigmoid", name="main")(h)
    model = dtrain.Model([sentence, extra], [main, auxiliary])
    model.compile(
        "adam",
        {"main": "binary_crossentropy", "auxiliary": "mse"},
        loss_weights=[1.0, 0.2],
        metrics={"main": "accuracy"},
    )
    steps_target = numbers.normal(size=(rows, 8, 1)).astype(np.float32)
    x = {"extra": other, "sentence": tokens}
    history = model.fit(x, [target, steps_target], batch_size=10, epochs=2, verbose=0)
    return record(model, history.history, *model.predict(x, batch_size=20, verbose=0))


def few_rows() -> Results:
    """Batches with fewer rows than there are processes, down to one row in all."""
    x = numbers.normal(size=(7, 3)).astype(np.float32)
    y = numbers.normal(size=(7, 2)).astype(np.float32)
    entry = dtrain.Input((3,))
    # A large epsilon: the deviation of two rows from their mean may be tiny, and dividing by it would magnify rounding.
    h = layers.BatchNormalization(epsilon=0.1)(layers.Dense(4, activity_regularizer="l2")(entry))
    model = dtrain.Model(entry, layers.Dense(2)(layers.Dropout(0.2)(h)))
    model.compile(dtrain.optimizers.SGD(0.1), "mse", metrics=["mae"])
    history = model.fit(x, y, batch_size=2, epochs=3, validation_data=(x[:1], y[:1]), verbose=0)
    one_row = model.fit(x[:1], y[:1], batch_size=1, verbose=0).history["loss"]
    step = model.train_on_batch(x[:3], y[:3])
    tested = model.test_on_batch(x[:1], y[:1])
    return record(
        model, history.history | {"one row": one_row, "step": step, "tested": tested},
        model.predict(x[:1], verbose=0), model.predict(x, batch_size=2, verbose=0), model.predict_on_batch(x),
    )  # fmt: skip


class Spread(layers.Layer):
    """Keeps a running mean over the batch and adds a loss made of the batch's mean."""

    def build(self, input_shape: Any) -> None:
        self.mean = self.add_weight(shape=(input_shape[-1],), initializer="zeros", trainable=False, name="mean")

    def call(self, inputs: Any, training: bool = False) -> Any:
        center = ops.mean(inputs, axis=0)
        self.add_loss(0.1 * ops.sum(ops.square(center)))
        if training:
            self.mean.assign(0.9 * self.mean + 0.1 * center)
        return inputs - center


class Farthest(dtrain.Metric):
    def __init__(self) -> None:
        super().__init__(name="farthest")
        self.value = self.add_variable((), "zeros", name="value")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.value.assign_add(ops.sum(ops.max(ops.abs(y_true - y_pred), axis=-1)))

    def result(self) -> Any:
        return self.value


class Own(dtrain.Model):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.spread, self.last = layers.Dense(6, activation="tanh"), Spread(), layers.Dense(2)

    def call(self, inputs: Any, training: bool = False) -> Any:
        h = self.spread(self.first(inputs))
        return self.last(h) * 2.0 if training else self.last(h)


def by_hand() -> Results:
    """A model, layer, loss and metric that are written by the user, from a generator."""

    def loss(y_true: Any, y_pred: Any) -> Any:
        return ops.log(1.0 + ops.sum(ops.square(y_true - y_pred), axis=-1))

    x = numbers.normal(size=(29, 3)).astype(np.float32)
    y = numbers.normal(size=(29, 2)).astype(np.float32)

    def batches() -> Any:
        while True:
            for start in range(0, 29, 6):
                yield x[start : start + 6], y[start : start + 6]

    model = Own()
    model.compile("rmsprop", loss, metrics=[Farthest(), "mse"])
    history = model.fit(batches(), steps_per_epoch=5, epochs=2, validation_data=(x, y), verbose=0)
    return record(model, history.history, model.predict(x, verbose=0))


class OverRows(layers.Layer):
    """Takes from all rows of the batch what is no sum: extremes with ties, products, places, spread."""

    def call(self, inputs: Any) -> Any:
        places = ops.cast(ops.argmax(inputs, axis=0), "float32") - ops.cast(ops.argmin(inputs), "float32")
        largest = ops.max(ops.relu(inputs), axis=0) + 0.1 * ops.min(ops.relu(inputs))
        scale = ops.logsumexp(inputs, axis=0) + ops.logsumexp(inputs) + ops.prod(1.0 + 0.1 * inputs, axis=0)
        some = ops.cast(ops.any(inputs > 0.9, axis=0), "float32") + ops.cast(ops.max(inputs > 0.5), "float32")
        return inputs[:, ::-1] / (1.0 + ops.std(inputs, axis=0)) + largest + 0.1 * scale + 0.02 * places + some


def over_rows() -> Results:
    x = numbers.normal(size=(31, 3)).astype(np.float32)
    y = numbers.normal(size=(31, 2)).astype(np.float32)
    entry = dtrain.Input((3,))
    parts = layers.Dense(4, activation="tanh")(entry)[:, 1:]
    model = dtrain.Model(entry, layers.Dense(2)(OverRows()(parts)))
    model.compile(dtrain.optimizers.SGD(0.05), "mse")
    history = model.fit(x, y, batch_size=7, epochs=2, validation_data=(x[:4], y[:4]), verbose=0)
    return record(model, history.history, model.predict(x, batch_size=9, verbose=0))


class OwnStep(dtrain.Model):
    """A train step of its own, with noise for each row and a metric that it updates."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.norm = dtrain.metrics.Mean(name="norm")

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        noise = dtrain.random.normal((x.shape[0], 3), stddev=0.1) + 0.01 * ops.ones((x.shape[0], 3))
        with dtrain.GradientTape() as tape:
            y_pred = self(x + noise, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred) + 0.1 * ops.mean(ops.max(y_pred, axis=0))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.norm.update_state(ops.norm(y_pred, axis=1))
        return {**self.compute_metrics(x, y, y_pred), "loss": loss}


def own_step() -> Results:
    x = numbers.normal(size=(43, 3)).astype(np.float32)
    y = numbers.normal(size=(43, 2)).astype(np.float32)
    entry = dtrain.Input((3,))
    hidden = layers.Dense(6, use_bias=False, kernel_regularizer="l2")(entry)
    h = layers.Dropout(0.3)(layers.BatchNormalization()(hidden))
    model = OwnStep(inputs=entry, outputs=layers.Dense(2)(h))
    model.compile("adam", "mse", metrics=["mae"])
    history = model.fit(x, y, batch_size=10, epochs=2, validation_data=(x[:9], y[:9]), verbose=0)
    return record(model, history.history, model.predict(x, batch_size=20, verbose=0))


class Adversary(dtrain.Model):
    """The steps of a generative adversarial network: two optimizers, rows that are made before rows that are given."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = dtrain.Sequential([dtrain.Input((4,)), layers.Dense(6, activation="relu"), layers.Dense(3)])
        self.critic = dtrain.Sequential([dtrain.Input((3,)), layers.Dense(6), layers.Dropout(0.3), layers.Dense(1)])
        self.seed = dtrain.random.SeedGenerator(3)
        self.critic_loss = dtrain.metrics.Mean(name="critic_loss")

    def compile(self, critic_optimizer: Any, generator_optimizer: Any, loss: Any) -> None:
        super().compile()
        self.critic_optimizer, self.generator_optimizer, self.judge = critic_optimizer, generator_optimizer, loss

    def train_step(self, real: Any) -> dict[str, Any]:
        rows = ops.shape(real)[0]
        both = ops.concatenate([self.generator(dtrain.random.normal((rows, 4), seed=self.seed)), real], axis=0)
        labels = ops.concatenate([ops.ones((rows, 1)), ops.zeros((rows, 1))], axis=0)
        labels += 0.05 * dtrain.random.uniform(ops.shape(labels), seed=self.seed)
        with dtrain.GradientTape() as tape:
            found = self.critic(both, training=True)
            loss = self.judge(labels, found) + 0.1 * ops.mean(found[:rows]) * ops.max(found)
        weights = self.critic.trainable_weights
        self.critic_optimizer.apply(tape.gradient(loss, weights), weights)
        noise = dtrain.random.normal((rows, 4), seed=self.seed)
        with dtrain.GradientTape() as tape:
            generator_loss = self.judge(ops.zeros((rows, 1)), self.critic(self.generator(noise, training=True)))
        weights = self.generator.trainable_weights
        self.generator_optimizer.apply(tape.gradient(generator_loss, weights), weights)
        self.critic_loss.update_state(loss)
        return {"critic_loss": self.critic_loss.result(), "generator_loss": generator_loss}


def adversary() -> Results:
    model = Adversary()
    loss = dtrain.losses.BinaryCrossentropy(from_logits=True)
    model.compile(dtrain.optimizers.Adam(0.01), dtrain.optimizers.Adam(0.01), loss)
    history = model.fit(numbers.normal(size=(41, 3)).astype(np.float32), batch_size=10, epochs=2, verbose=0)
    return record(model, history.history)


class Penalized(dtrain.Model):
    """Steps with gradients of gradients: by the images, of a critic with convolutions, and by a coordinate, twice."""

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        mixed = x + 0.1 * dtrain.random.normal(x.shape)
        place = ops.mean(x, axis=(1, 2))
        with dtrain.GradientTape() as tape:
            with dtrain.GradientTape() as inner:
                judged = self(mixed, training=True)
            slopes = inner.gradient(judged, mixed)
            penalty = ops.mean(ops.square(ops.sqrt(ops.sum(ops.square(slopes), axis=(1, 2, 3)) + 1e-4) - 1.0))
            with dtrain.GradientTape() as second:
                with dtrain.GradientTape() as first:
                    u = ops.sin(place) * self.layers[-1](ops.tile(place, (1, 6)))
                slope = first.gradient(u, place)
            curve = second.gradient(slope, place)
            loss = self.compute_loss(x=x, y=y, y_pred=judged) + penalty + 0.1 * ops.mean(ops.square(curve + u))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {**self.compute_metrics(x, y, judged), "penalty": penalty, "loss": loss}


def penalized() -> Results:
    x, y = images(43)
    entry = dtrain.Input((12, 12, 1))
    h = layers.Conv2D(4, 3, strides=2, activation="tanh")(entry)
    h = layers.MaxPooling2D()(layers.BatchNormalization()(h))
    h = layers.LayerNormalization()(layers.Dense(6, activation="gelu")(layers.Flatten()(h)))
    model = Penalized(inputs=entry, outputs=layers.Dense(1)(layers.Dropout(0.2)(h)))
    model.compile("adam", "mse", metrics=["mae"])
    history = model.fit(x, y.astype(np.float32)[:, None] / 10, batch_size=10, epochs=2, verbose=0)
    return record(model, history.history)


def windows() -> Results:
    """Data that makes its rows itself, in batches of a size of its own."""
    series = numbers.normal(size=(61, 3)).astype(np.float32)
    given = dtrain.utils.timeseries_dataset_from_array(series[:-5], series[5:, 0], 5, batch_size=8, shuffle=True)
    checked = dtrain.utils.timeseries_dataset_from_array(series[:-5], series[5:, 0], 5, batch_size=32)
    model = dtrain.Sequential([dtrain.Input((5, 3)), layers.Flatten(), layers.Dense(1)])
    model.compile("adam", "mse")
    history = model.fit(given, epochs=2, validation_data=checked, verbose=0)
    return record(model, history.history, model.predict(checked, verbose=0))


class Views(layers.Layer):
    """Two views of each row in one batch; their rows and their numbers come apart again where they meet."""

    def __init__(self) -> None:
        super().__init__()
        self.dense, self.drop = layers.Dense(4, activation="tanh"), layers.Dropout(0.4)
        self.normalize = layers.BatchNormalization(epsilon=0.1)

    def call(self, inputs: Any) -> Any:
        rows = ops.shape(inputs)[0]
        views = self.normalize(self.drop(self.dense(ops.concatenate([inputs, inputs[:, ::-1]], axis=0))))
        first, second = ops.split(views, 2, axis=0)
        self.add_loss(0.1 * ops.mean(ops.square(first - second)))
        return first + 2.0 * ops.reshape(views, (2, rows, -1))[1] - views[rows:]


def two_views() -> Results:
    x = numbers.normal(size=(31, 3)).astype(np.float32)
    entry = dtrain.Input((3,))
    model = dtrain.Model(entry, [layers.Dense(2)(Views()(entry)), ops.concatenate([entry, -entry], axis=0)])
    model.compile("adam", ["mse", None])
    history = model.fit(x, [x[:, :2], x], batch_size=7, epochs=2, verbose=0)
    return record(model, history.history, *model.predict(x[:9], batch_size=9, verbose=0))


RUNS: list[Callable[[], Results]] = [
    mlp, cnn, residual, two_outputs, words, few_rows, by_hand, over_rows, own_step, adversary, two_views, penalized,
    windows,
]  # fmt: skip


def main(folder: Path) -> None:
    dtrain.utils.set_random_seed(5)
    found: Results = {}
    for run in RUNS:
        found.update((f"{run.__name__}/{name}", np.asarray(value)) for name, value in run().items())
    rank = world().rank
    np.savez(folder / f"{rank}.npz", **{name.replace("/", "|"): array for name, array in found.items()})


main(Path(sys.argv[1]))
