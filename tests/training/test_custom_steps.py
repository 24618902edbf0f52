"""Steps that a model writes anew: the same numbers as the planned ones."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain as keras
from dtrain import layers, ops

RANDOM = np.random.default_rng(0)
X = RANDOM.random((90, 8)).astype("float32")
Y = (X.sum(axis=1) > 4).astype("int32")


class Custom(keras.Model):
    """The train and test steps of Keras's guide."""

    def train_step(self, data):
        x, y = data
        with keras.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss, sample_weight=x.shape[0].total)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data):
        x, y = data
        y_pred = self(x, training=False)
        return {"half_loss": self.compute_loss(y=y, y_pred=y_pred) / 2}

    def predict_step(self, data):
        return self(data, training=False) * 2


def build(model=keras.Model, **options):
    keras.utils.set_random_seed(3)
    inputs = keras.Input((8,))
    h = layers.Dense(16, activation="relu", kernel_regularizer="l2")(inputs)
    h = layers.Dropout(0.3)(layers.BatchNormalization()(h))
    made = model(inputs, layers.Dense(2, activation="softmax")(h))
    made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return made


@pytest.mark.parametrize(("model", "options"), [(Custom, {}), (keras.Model, {"run_eagerly": True})])
def test_steps_run_op_by_op_train_as_the_planned_ones(model, options):
    planned, eager = build(), build(model, **options)
    first = planned.fit(X, Y, batch_size=32, epochs=3, verbose=0).history
    second = eager.fit(X, Y, batch_size=32, epochs=3, verbose=0).history
    assert list(first) == list(second)
    for name in first:
        np.testing.assert_allclose(first[name], second[name], rtol=1e-5)
    for a, b in zip(planned.get_weights(), eager.get_weights(), strict=True):
        # The bias before batch normalization has gradient 0 but for rounding, which Adam divides by its own size.
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_logs_of_a_custom_test_step_are_what_evaluate_returns():
    model, plain = build(Custom), build()
    whole = plain.evaluate(X, Y, batch_size=90, verbose=0, return_dict=True)
    found = model.evaluate(X, Y, batch_size=90, verbose=0, return_dict=True)
    assert found == {"half_loss": pytest.approx(whole["loss"] / 2, rel=1e-5)}


def test_a_custom_predict_step_makes_the_predictions():
    np.testing.assert_allclose(build(Custom).predict(X, verbose=0), 2 * build().predict(X, verbose=0), rtol=1e-6)


class OwnLoss(keras.Model):
    """A loss and a metric of its own, in a planned step."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.tracker = keras.metrics.Mean(name="my_loss")

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = ops.mean(ops.square(y_pred - ops.cast(y, "float32")))
        self.tracker.update_state(loss)
        return loss


def test_an_own_loss_is_minimised_and_an_own_metric_logged():
    def linear(model):
        keras.utils.set_random_seed(1)
        inputs = keras.Input((8,))
        return model(inputs, layers.Dense(1)(inputs))

    own, plain = linear(OwnLoss), linear(keras.Model)
    own.compile("sgd")
    plain.compile("sgd", "mse")
    target = Y.reshape(-1, 1)
    first = own.fit(X, target, batch_size=30, epochs=2, verbose=0).history
    second = plain.fit(X, target, batch_size=30, epochs=2, verbose=0).history
    np.testing.assert_allclose(first["loss"], second["loss"], rtol=1e-5)
    np.testing.assert_allclose(first["my_loss"], second["loss"], rtol=1e-5)
    np.testing.assert_allclose(own.get_weights()[0], plain.get_weights()[0], rtol=1e-4)


class Endpoint(layers.Layer):
    """A layer that adds the loss and updates a metric in its call."""

    def __init__(self):
        super().__init__()
        self.loss_function = keras.losses.MeanSquaredError()
        self.error = keras.metrics.MeanAbsoluteError(name="error")

    def call(self, targets, outputs):
        self.add_loss(self.loss_function(targets, outputs))
        self.error.update_state(targets, outputs)
        return outputs


def test_a_layer_can_add_the_loss_and_update_a_metric():
    x, y = keras.Input((8,)), keras.Input((1,))
    model = keras.Model([x, y], Endpoint()(y, layers.Dense(1)(x)))
    model.compile("adam")
    history = model.fit([X, Y.reshape(-1, 1)], batch_size=30, epochs=3, verbose=0).history
    assert set(history) == {"loss", "error"}
    assert history["loss"][-1] < history["loss"][0]
    assert 0 < history["error"][-1] < 2


class Adversary(keras.Model):
    """Two models with an optimizer each, no `call`."""

    def __init__(self, generator, critic):
        super().__init__()
        self.generator, self.critic = generator, critic

    def compile(self, g_optimizer, c_optimizer):
        super().compile()
        self.g_optimizer, self.c_optimizer = g_optimizer, c_optimizer

    def train_step(self, real):
        noise = keras.random.normal((real.shape[0], 4))
        with keras.GradientTape() as tape:
            scores = self.critic(ops.concatenate([real, self.generator(noise)], axis=1)[:, :8], training=True)
            c_loss = ops.mean(ops.square(scores - 1.0))
        variables = self.critic.trainable_variables
        self.c_optimizer.apply(tape.gradient(c_loss, variables), variables)
        with keras.GradientTape() as tape:
            g_loss = ops.mean(ops.square(self.critic(self.generator(noise, training=True)) - 1.0))
        variables = self.generator.trainable_variables
        self.g_optimizer.apply(tape.gradient(g_loss, variables), variables)
        return {"c_loss": c_loss, "g_loss": g_loss}


def test_two_models_with_two_optimizers_train_in_turn():
    keras.utils.set_random_seed(5)
    generator = keras.Sequential([keras.Input((4,)), layers.Dense(8)])
    critic = keras.Sequential([keras.Input((8,)), layers.Dense(8, "relu"), layers.Dense(1)])
    before = [w.copy() for w in [*generator.get_weights(), *critic.get_weights()]]
    model = Adversary(generator, critic)
    model.compile(keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.01))
    history = model.fit(X, batch_size=30, epochs=10, verbose=0).history
    assert history["g_loss"][-1] < history["g_loss"][0]
    after = [*generator.get_weights(), *critic.get_weights()]
    assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
