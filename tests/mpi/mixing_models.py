"""Models whose losses, layers, steps and metrics mix the rows of a batch; each trained by `fit(**arguments)`."""

from __future__ import annotations

from typing import Any

import numpy as np

import dtrain
from dtrain import layers, losses, metrics, ops, optimizers

Trained = tuple[dtrain.Model, dict[str, Any], list[Any]]
numbers = np.random.default_rng(21)
IMAGES = numbers.normal(size=(47, 6, 6, 1)).astype(np.float32)
LABELS = numbers.integers(0, 4, 47).astype(np.int32)
IMAGES += LABELS[:, None, None, None] / 4
TABLE = IMAGES.reshape(47, 36)


def encoder(width: int = 8) -> Any:
    return dtrain.Sequential(
        [
            dtrain.Input((6, 6, 1)),
            layers.Conv2D(4, 3, strides=2, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(width),
        ]
    )


def perceptron(inputs: int, *units: int, **last: Any) -> Any:
    hidden = [layers.Dense(n, activation="tanh") for n in units[:-1]]
    return dtrain.Sequential([dtrain.Input((inputs,)), *hidden, layers.Dense(units[-1], **last)])


class Contrastive(dtrain.Model):
    """SimCLR with a linear probe: two views, their similarities, three metrics."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.projection, self.probe = encoder(), perceptron(8, 8, 6), perceptron(8, 4)
        self.temperature = 0.2

    def compile(self, contrastive_optimizer: Any, probe_optimizer: Any) -> None:
        super().compile()
        self.contrastive_optimizer, self.probe_optimizer = contrastive_optimizer, probe_optimizer
        self.probe_loss_of = losses.SparseCategoricalCrossentropy(from_logits=True)
        self.contrastive_loss_of_epoch = metrics.Mean(name="c_loss")
        self.contrastive_accuracy = metrics.SparseCategoricalAccuracy(name="c_acc")
        self.probe_accuracy = metrics.SparseCategoricalAccuracy(name="p_acc")

    @property
    def metrics(self) -> list[Any]:
        return [self.contrastive_loss_of_epoch, self.contrastive_accuracy, self.probe_accuracy]

    def contrastive_loss(self, first: Any, second: Any) -> Any:
        first, second = ops.normalize(first, axis=1), ops.normalize(second, axis=1)
        similarities = ops.matmul(first, ops.transpose(second)) / self.temperature
        labels = ops.arange(ops.shape(first)[0])
        both = ops.concatenate([labels, labels], axis=0)
        logits = ops.concatenate([similarities, ops.transpose(similarities)], axis=0)
        self.contrastive_accuracy.update_state(both, logits)
        one = losses.sparse_categorical_crossentropy(labels, similarities, from_logits=True)
        other = losses.sparse_categorical_crossentropy(labels, ops.transpose(similarities), from_logits=True)
        return ops.mean(one + other) / 2

    def train_step(self, data: Any) -> dict[str, Any]:
        images, labels = data
        views = [images + 0.3 * dtrain.random.normal(ops.shape(images)) for _ in range(2)]
        with dtrain.GradientTape() as tape:
            first, second = (self.projection(self.encoder(view, training=True)) for view in views)
            loss = self.contrastive_loss(first, second)
        weights = self.encoder.trainable_weights + self.projection.trainable_weights
        self.contrastive_optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        with dtrain.GradientTape() as tape:
            logits = self.probe(self.encoder(images, training=False))
            probe_loss = self.probe_loss_of(labels, logits)
        weights = self.probe.trainable_weights
        self.probe_optimizer.apply_gradients(zip(tape.gradient(probe_loss, weights), weights, strict=True))
        self.contrastive_loss_of_epoch.update_state(loss)
        self.probe_accuracy.update_state(labels, logits)
        return {metric.name: metric.result() for metric in self.metrics}

    def call(self, inputs: Any) -> Any:
        return self.encoder(inputs)


def simclr(**arguments: Any) -> Trained:
    model = Contrastive()
    model.compile(optimizers.Adam(0.01), optimizers.Adam(0.01))
    history = model.fit(IMAGES, LABELS, batch_size=10, epochs=2, verbose=0, **arguments)
    return model, history.history, [model.predict(IMAGES, batch_size=20, verbose=0, **arguments)]


class Adversaries(dtrain.Model):
    """A Wasserstein network: real and made rows in one batch, the deviation within groups of rows as a feature."""

    def __init__(self) -> None:
        super().__init__()
        self.generator, self.critic = perceptron(5, 8, 36), perceptron(37, 8, 1, use_bias=False)
        self.seed = dtrain.random.SeedGenerator(7)

    def compile(self, critic_optimizer: Any, generator_optimizer: Any) -> None:
        super().compile()
        self.critic_optimizer, self.generator_optimizer = critic_optimizer, generator_optimizer

    def judge(self, rows: Any) -> Any:
        deviation = ops.mean(ops.std(ops.reshape(rows, (2, -1, 36)), axis=0), axis=1, keepdims=True)
        return self.critic(ops.concatenate([rows, ops.tile(deviation, (2, 1))], axis=1), training=True)

    def train_step(self, real: Any) -> dict[str, Any]:
        count = ops.shape(real)[0]
        order = dtrain.random.shuffle(ops.arange(2 * count), seed=self.seed)
        made = self.generator(dtrain.random.normal((count, 5), seed=self.seed))
        rows = ops.take(ops.concatenate([made, real], axis=0), order, axis=0)
        signs = ops.take(ops.concatenate([ops.ones((count, 1)), -ops.ones((count, 1))], axis=0), order, axis=0)
        with dtrain.GradientTape() as tape:
            judged = self.judge(rows)
            critic_loss = ops.mean(signs * judged) + 0.01 * ops.mean(ops.square(judged - ops.median(judged)))
        weights = self.critic.trainable_weights
        self.critic_optimizer.apply(tape.gradient(critic_loss, weights), weights)
        for variable in weights:
            variable.assign(ops.clip(variable, -0.3, 0.3))
        noise = dtrain.random.normal((2 * count, 5), seed=self.seed)
        with dtrain.GradientTape() as tape:
            generator_loss = -ops.mean(self.judge(self.generator(noise, training=True)))
        weights = self.generator.trainable_weights
        self.generator_optimizer.apply(tape.gradient(generator_loss, weights), weights)
        return {"critic_loss": critic_loss, "generator_loss": generator_loss}


def adversaries(**arguments: Any) -> Trained:
    model = Adversaries()
    model.compile(optimizers.RMSprop(0.005), optimizers.RMSprop(0.005))
    return model, model.fit(TABLE, batch_size=10, epochs=2, verbose=0, **arguments).history, []


class SupervisedContrastive(losses.Loss):
    """Each row against all others of the batch, of which those of its class are to be near."""

    def call(self, labels: Any, features: Any) -> Any:
        z = ops.normalize(features, axis=1)
        logits = ops.matmul(z, ops.transpose(z)) / 0.3
        column = ops.reshape(labels, (-1, 1))
        others = 1.0 - ops.eye(ops.shape(z)[0])
        alike = ops.cast(ops.equal(column, ops.transpose(column)), "float32") * others
        log_shares = logits - ops.log(ops.sum(ops.exp(logits) * others, axis=1, keepdims=True))
        return -ops.sum(alike * log_shares, axis=1) / ops.maximum(ops.sum(alike, axis=1), 1.0)


class Neighbours(metrics.Metric):
    """The share of rows whose nearest row of the batch has their class."""

    def __init__(self) -> None:
        super().__init__(name="neighbours")
        self.hits, self.rows = self.add_variable((), "zeros", name="hits"), self.add_variable((), "zeros", name="rows")

    def update_state(self, labels: Any, features: Any, sample_weight: Any = None) -> None:
        labels = ops.reshape(labels, (-1,))
        nearest = ops.argmax(features @ ops.transpose(features) - 1e9 * ops.eye(features.shape[0]), axis=1)
        self.hits.assign_add(ops.sum(ops.cast(ops.equal(ops.take(labels, nearest, axis=0), labels), "float32")))
        self.rows.assign_add(float(features.shape[0]))

    def result(self) -> Any:
        return self.hits / self.rows


def supervised_contrastive(**arguments: Any) -> Trained:
    model = encoder()
    model.compile(optimizers.Adam(0.01), SupervisedContrastive(), metrics=[Neighbours()])
    history = model.fit(
        IMAGES, LABELS, batch_size=12, epochs=2, validation_data=(IMAGES[:9], LABELS[:9]), verbose=0, **arguments
    )
    return model, history.history, [np.array(model.evaluate(IMAGES, LABELS, batch_size=20, verbose=0, **arguments))]


def hard_triplets(labels: Any, features: Any) -> Any:
    squares = ops.sum(ops.square(features), axis=1)
    distances = ops.maximum(squares[:, None] - 2.0 * features @ ops.transpose(features) + squares[None, :], 0.0)
    labels = ops.reshape(labels, (-1,))
    alike = ops.equal(labels[:, None], labels[None, :])
    farthest = ops.max(ops.where(alike, distances, 0.0), axis=1)
    nearest = ops.min(ops.where(alike, 1e9, distances), axis=1)
    return ops.relu(farthest - nearest + 1.0)


def triplets(**arguments: Any) -> Trained:
    model = perceptron(36, 8, 4, use_bias=False)  # which changes no distance
    model.compile(optimizers.SGD(0.02, momentum=0.9), hard_triplets)
    weights = np.linspace(0.5, 1.5, 47)
    history = model.fit(TABLE, LABELS, sample_weight=weights, batch_size=23, epochs=4, verbose=0, **arguments)
    return model, history.history, []


class Decorrelated(layers.Layer):
    """Adds what VICReg does of two views, keeps a queue of the last rows, and mixes each row with its nearest in it."""

    def build(self, input_shape: Any) -> None:
        self.queue = self.add_weight(shape=(25, 6), initializer="glorot_uniform", trainable=False, name="queue")

    def call(self, inputs: Any, training: bool = False) -> Any:
        rows = ops.shape(inputs)[0]
        other = ops.roll(inputs, 1, axis=0)
        centred = inputs - ops.mean(inputs, axis=0)
        covariance = ops.transpose(centred) @ centred / (rows - 1)
        apart = ops.reshape(ops.ravel(covariance)[:-1], (5, 7))[:, 1:]
        self.add_loss(0.1 * ops.mean(ops.square(apart)) + 0.1 * ops.mean(ops.relu(1.0 - ops.std(inputs, axis=0))))
        self.add_loss(0.01 * ops.mean(inputs * other) + 0.1 * ops.logsumexp(inputs @ ops.transpose(other)))
        nearest = ops.take(self.queue, ops.argmax(inputs @ ops.transpose(self.queue), axis=1), axis=0)
        if training:
            self.queue.assign(ops.concatenate([inputs, self.queue[:-rows]], axis=0))
        return ops.softmax(inputs, axis=0) + 0.3 * nearest + ops.cumsum(ops.sort(inputs, axis=0), axis=0) / rows


def decorrelated(**arguments: Any) -> Trained:
    entry = dtrain.Input((36,))
    h = Decorrelated()(layers.Dense(6, activation="tanh")(entry))
    model = dtrain.Model(entry, [layers.Dense(2)(h), ops.flip(h, axis=0)])
    model.compile("adam", ["mse", None])
    history = model.fit(TABLE, [TABLE[:, :2], TABLE[:, :6]], batch_size=9, epochs=2, verbose=0, **arguments)
    return model, history.history, model.predict(TABLE, batch_size=9, verbose=0, **arguments)


MODELS = (simclr, adversaries, supervised_contrastive, triplets, decorrelated)
