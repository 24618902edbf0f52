"""Trains small models with `reproducible=True` and prints the SHA-256 of what came of each, as one line of JSON.

python scripts_reproducible.py                      all models
python scripts_reproducible.py interrupted FOLDER   one model, stopped in the middle of an epoch after a checkpoint
python scripts_reproducible.py resumed FOLDER       the same one, from its checkpoint to its end
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

import dtrain
from dtrain import layers, ops
from dtrain.distributed import is_main, world
from dtrain.training.training_checkpoint import TrainingCheckpoint

numbers = np.random.default_rng(3)
IMAGES = numbers.normal(size=(61, 10, 10, 1)).astype(np.float32)
LABELS = numbers.integers(0, 5, 61)
WEIGHTS = numbers.uniform(0, 2, 61)
SENTENCES = numbers.integers(1, 30, (45, 7)) * (numbers.uniform(size=(45, 7)) > 0.3)


def digest(model: Any, history: dict[str, Any], *further: Any) -> str:
    content = hashlib.sha256(json.dumps(history, sort_keys=True).encode())
    optimizer = model.optimizer
    slots = [optimizer.slot(slot, v) for slot in optimizer.slot_names for v in optimizer.trained_variables]
    for array in [*model.get_weights(), *slots, *map(np.asarray, further)]:
        content.update(f"{array.dtype}{array.shape}".encode())
        content.update(np.ascontiguousarray(array).tobytes())
    return content.hexdigest()


def mlp() -> str:
    """Ragged batches, validation, weights of rows, metrics of several kinds, logs of single batches."""
    model = dtrain.Sequential(
        [
            dtrain.Input((10, 10, 1)),
            layers.Flatten(),
            layers.Dense(48, activation="relu", kernel_regularizer="l2"),
            layers.Dense(5, activation="softmax", activity_regularizer="l1"),
        ]
    )
    model.compile(
        dtrain.optimizers.Adam(global_clipnorm=0.5),
        "sparse_categorical_crossentropy",
        metrics=["accuracy", "sparse_top_k_categorical_accuracy"],
        weighted_metrics=["sparse_categorical_crossentropy"],
    )
    seen: list[float] = []
    batch_logs = dtrain.callbacks.LambdaCallback(on_train_batch_end=lambda step, logs: seen.append(logs["loss"]))
    history = model.fit(
        IMAGES, LABELS, sample_weight=WEIGHTS, batch_size=16, epochs=2, validation_split=0.2, callbacks=[batch_logs],
        verbose=0, reproducible=True,
    )  # fmt: skip
    evaluation = model.evaluate(IMAGES, LABELS, batch_size=50, verbose=0, reproducible=True)
    outputs = model.predict(IMAGES, batch_size=30, verbose=0, reproducible=True)
    return digest(model, history.history, seen, evaluation, outputs)


def cnn() -> str:
    model = dtrain.Sequential(
        [
            dtrain.Input((10, 10, 1)),
            layers.Conv2D(6, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(8, 3, strides=2, padding="same"),
            layers.Flatten(),
            layers.Dense(5),
        ]
    )
    model.compile("rmsprop", dtrain.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    history = model.fit(IMAGES, LABELS, batch_size=20, epochs=2, verbose=0, reproducible=True)
    return digest(model, history.history, model.predict(IMAGES, verbose=0, reproducible=True))


def residual() -> Any:
    """Batch normalization over the global batch, dropout, two paths."""
    entry = dtrain.Input((10, 10, 1))
    h = layers.Conv2D(4, 3, padding="same")(entry)
    for _ in range(2):
        branch = layers.Dropout(0.3)(layers.ReLU()(layers.BatchNormalization()(h)))
        h = layers.Add()([h, layers.Conv2D(4, 3, padding="same")(branch)])
    h = layers.Dropout(0.5)(layers.GlobalAveragePooling2D()(h))
    model = dtrain.Model(entry, layers.Dense(5, activation="softmax")(h))
    optimizer = dtrain.optimizers.SGD(0.05, momentum=0.9, nesterov=True)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained_residual(**arguments: Any) -> str:
    model = residual()
    validation = IMAGES[:9], LABELS[:9]
    history = model.fit(
        IMAGES, LABELS, batch_size=13, epochs=3, validation_data=validation, verbose=0, reproducible=True, **arguments
    )
    return digest(model, history.history)


def two_outputs() -> str:
    entry = dtrain.Input((10, 10, 1))
    h = layers.LayerNormalization()(layers.Dense(20, activation="gelu")(layers.Flatten()(entry)))
    outputs = [layers.Dense(5, activation="softmax", name="a")(h), layers.Dense(1, activation="sigmoid", name="b")(h)]
    model = dtrain.Model(entry, outputs)
    model.compile(
        "adamw",
        {"a": "sparse_categorical_crossentropy", "b": "binary_crossentropy"},
        loss_weights={"a": 1.0, "b": 0.3},
        metrics={"a": ["accuracy"], "b": [dtrain.metrics.AUC(name="auc"), dtrain.metrics.Precision(name="p")]},
    )

    def batches() -> Iterator[Any]:
        while True:
            for start in range(0, 61, 11):
                rows = slice(start, start + 11)
                yield IMAGES[rows], [LABELS[rows], (LABELS[rows, None] > 2).astype(np.float32)], WEIGHTS[rows]

    history = model.fit(batches(), steps_per_epoch=4, epochs=3, verbose=0, reproducible=True)
    return digest(model, history.history)


def words() -> str:
    """Embedding with a mask, LSTM, an auxiliary output."""
    entry = dtrain.Input((7,), dtype="int32")
    steps = layers.LSTM(7, return_sequences=True)(layers.Embedding(30, 6, mask_zero=True)(entry))
    auxiliary = layers.Dense(1, name="auxiliary")(steps)
    main = layers.Dense(1, activation="sigmoid", name="main")(layers.GRU(5)(steps))
    model = dtrain.Model(entry, [main, auxiliary])
    model.compile("adam", {"main": "binary_crossentropy", "auxiliary": "mse"}, loss_weights=[1.0, 0.2])
    targets = [(SENTENCES[:, :1] > 9).astype(np.float32), (SENTENCES[..., None] % 3).astype(np.float32)]
    history = model.fit(SENTENCES, targets, batch_size=10, epochs=2, verbose=0, reproducible=True)
    return digest(model, history.history, *model.predict(SENTENCES, batch_size=20, verbose=0, reproducible=True))


def few_rows() -> str:
    """Batches of fewer rows than micro-shards and processes, down to a single row."""
    entry = dtrain.Input((10, 10, 1))
    h = layers.BatchNormalization()(layers.Dense(4)(layers.Flatten()(entry)))
    model = dtrain.Model(entry, layers.Dense(1)(layers.Dropout(0.2)(h)))
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(IMAGES[:7], LABELS[:7, None], batch_size=3, epochs=2, verbose=0, reproducible=True)
    return digest(model, history.history, model.predict(IMAGES[:1], verbose=0, reproducible=True))


def other_count() -> str:
    """Eleven micro-shards: no power of two, no multiple of most numbers of processes."""
    entry = dtrain.Input((10, 10, 1))
    h = layers.Dense(9, activation="tanh")(layers.Flatten()(entry))
    model = dtrain.Model(entry, layers.Dense(5)(layers.BatchNormalization()(h)))
    loss = dtrain.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    history = model.fit(IMAGES, LABELS, batch_size=40, epochs=2, verbose=0, reproducible=11)
    return digest(model, history.history)


class Custom(dtrain.Model):
    """Steps of its own: noise for each row, a penalty for the gradient, a decision that hangs on a loss."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.distance = dtrain.metrics.Mean(name="distance")
        self.careful_steps = 0

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y, weight = data
        noise = dtrain.random.normal((x.shape[0], 10, 10, 1), stddev=0.1)
        with dtrain.GradientTape() as tape:
            y_pred = self(x + noise, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weight)
            rows = ops.sum(ops.square(y_pred), axis=1)
            loss = loss + 0.01 * ops.sum(rows) / x.shape[0] + 0.1 * ops.mean(ops.var(y_pred, axis=0))
        gradients = tape.gradient(loss, self.trainable_variables)
        if float(loss) < 1.7:
            self.careful_steps += 1
            gradients = [0.5 * g for g in gradients]
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.distance.update_state(rows, sample_weight=weight)
        logs = self.compute_metrics(x, y, y_pred, sample_weight=weight)
        return {**logs, "loss": loss, "distance": self.distance.result(), "careful": self.careful_steps}

    def test_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        y_pred = self(x, training=False)
        places = ops.cast(ops.arange(x.shape[0]), "float32")
        return {"place": ops.sum(places * y_pred[:, 0]), **self.compute_metrics(x, y, y_pred)}

    def predict_step(self, data: Any) -> Any:
        return {"doubled": self(data, training=False) * 2.0, "flat": ops.reshape(data, (data.shape[0], -1))[:, :3]}


def custom_steps() -> str:
    entry = dtrain.Input((10, 10, 1))
    h = layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2")(entry)
    h = layers.Dropout(0.3)(layers.BatchNormalization()(h))
    h = layers.Dense(6, activation="tanh")(layers.Flatten()(h))
    model = Custom(inputs=entry, outputs=layers.Dense(5, activation="softmax")(h))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy", "sparse_categorical_crossentropy"])
    history = model.fit(
        IMAGES, LABELS, sample_weight=WEIGHTS, batch_size=13, epochs=3, validation_data=(IMAGES[:9], LABELS[:9]),
        verbose=0, reproducible=True,
    )  # fmt: skip
    outputs = model.predict(IMAGES, batch_size=30, verbose=0, reproducible=True)
    return digest(model, history.history, outputs["doubled"], outputs["flat"])


def run_op_by_op() -> str:
    """Recurrent layers and masks with `run_eagerly`; batches of fewer rows than micro-shards."""
    entry = dtrain.Input((7,), dtype="int32")
    steps = layers.GRU(4, return_sequences=True)(layers.Embedding(30, 6, mask_zero=True)(entry))
    main = layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling1D()(steps))
    model = dtrain.Model(entry, main)
    model.compile("sgd", "binary_crossentropy", metrics=[dtrain.metrics.AUC(name="auc"), "mae"], run_eagerly=True)
    rows = SENTENCES[:15]
    history = model.fit(
        rows, (rows[:, :1] > 9).astype(np.float32), batch_size=6, epochs=2, verbose=0, reproducible=True
    )
    return digest(model, history.history, model.evaluate(rows, rows[:, :1] > 9, verbose=0, reproducible=True))


class Adversary(dtrain.Model):
    """Two models with an optimizer each, trained in turn; rows that are made and rows that are given, in one batch."""

    def __init__(self, generator: Any, critic: Any) -> None:
        super().__init__()
        self.generator, self.critic = generator, critic

    def compile(self, *optimizers: Any) -> None:
        super().compile()
        self.optimizers = optimizers

    def train_step(self, real: Any) -> dict[str, Any]:
        noise = dtrain.random.normal((real.shape[0], 4))
        with dtrain.GradientTape(persistent=True) as tape:
            fake = self.generator(noise, training=True)
            labels = ops.concatenate([ops.ones((real.shape[0], 1)), ops.zeros((real.shape[0], 1))], axis=0)
            labels += 0.05 * dtrain.random.uniform(ops.shape(labels))
            judged = self.critic(ops.concatenate([fake, real], axis=0), training=True)
            critic_loss = ops.mean(ops.square(judged - labels))
            generator_loss = ops.mean(ops.square(fake - real)) - ops.mean(judged[: real.shape[0]])
        for model, optimizer, loss in zip(
            (self.critic, self.generator), self.optimizers, (critic_loss, generator_loss), strict=True
        ):
            variables = model.trainable_variables
            optimizer.apply(tape.gradient(loss, variables), variables)
        return {"critic": critic_loss, "generator": generator_loss}


def adversary() -> str:
    generator = dtrain.Sequential([dtrain.Input((4,)), layers.Dense(7, "relu"), layers.Dense(10)])
    critic = dtrain.Sequential([dtrain.Input((10,)), layers.Dense(8, "relu"), layers.Dropout(0.3), layers.Dense(1)])
    model = Adversary(generator, critic)
    model.compile(dtrain.optimizers.Adam(0.01), dtrain.optimizers.RMSprop(0.01))
    history = model.fit(IMAGES[:, 0, :, 0], batch_size=21, epochs=2, verbose=0, reproducible=True)
    content = hashlib.sha256(json.dumps(history.history, sort_keys=True).encode())
    for array in [*generator.get_weights(), *critic.get_weights()]:
        content.update(array.tobytes())
    return content.hexdigest()


class Penalized(dtrain.Model):
    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with dtrain.GradientTape() as tape:
            with dtrain.GradientTape() as inner:
                judged = self(x + 0.1 * dtrain.random.normal(x.shape), training=True)
            slopes = inner.gradient(judged, self.trainable_variables[0])
            loss = ops.mean(ops.square(judged - y)) + 0.1 * ops.mean(ops.square(slopes))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def penalized() -> str:
    """Gradients of the gradient of a weight, to which all rows have added."""
    entry = dtrain.Input((10, 10, 1))
    h = layers.BatchNormalization()(layers.Conv2D(4, 3, strides=2, activation="tanh")(entry))
    model = Penalized(entry, layers.Dense(1)(layers.Dropout(0.2)(layers.Flatten()(layers.AveragePooling2D(2)(h)))))
    model.compile("adam")
    history = model.fit(IMAGES, LABELS[:, None] / 5, batch_size=13, epochs=2, verbose=0, reproducible=True)
    return digest(model, history.history)


def over_rows() -> str:
    """What is taken from all rows without being a sum."""
    entry = dtrain.Input((10,))
    h = layers.Dense(6, activation="tanh")(entry)[:, 1:]
    extremes = ops.max(ops.relu(h), axis=0) - ops.min(h) + ops.logsumexp(h, axis=0) + ops.prod(h, axis=0)
    h = h / (0.1 + ops.std(h, axis=0)) + 0.1 * extremes + 0.02 * ops.cast(ops.argmax(h, axis=0), "float32")
    model = dtrain.Model(entry, layers.Dense(1)(h))
    model.compile("sgd", "mse")
    history = model.fit(IMAGES[:, 0, :, 0], LABELS[:, None] / 5, batch_size=11, epochs=2, verbose=0, reproducible=True)
    return digest(model, history.history)


class Stop(Exception):
    """Ends a run."""


class StopAt(dtrain.callbacks.Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.model.optimizer.step_count == 8:
            raise Stop


def interrupted(folder: str) -> str:
    try:
        trained_residual(callbacks=[TrainingCheckpoint(folder, every_steps=1), StopAt()])
    except Stop:
        return "stopped"
    return "not stopped"


def resumed(folder: str) -> str:
    return trained_residual(resume=folder)


MODELS = {
    "mlp": mlp,
    "cnn": cnn,
    "residual": trained_residual,
    "two_outputs": two_outputs,
    "words": words,
    "few_rows": few_rows,
    "other_count": other_count,
    "custom_steps": custom_steps,
    "run_op_by_op": run_op_by_op,
    "adversary": adversary,
    "penalized": penalized,
    "over_rows": over_rows,
}


def seeded(function: Any, *arguments: str) -> str:
    dtrain.utils.set_random_seed(5)
    return str(function(*arguments))


def main() -> None:
    if len(sys.argv) > 1:
        found = {"residual": seeded({"interrupted": interrupted, "resumed": resumed}[sys.argv[1]], sys.argv[2])}
    else:
        found = {name: seeded(make) for name, make in MODELS.items()}
    everyone = world().allgather(found)
    if everyone.count(found) != world().size:
        raise SystemExit(f"The ranks hold different bits: {everyone}")
    if is_main():
        print(json.dumps(found))


main()
