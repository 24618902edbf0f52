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
    # No bias: before batch normalization its gradient is rounding, which Adam divides by its own size.
    h = layers.Dense(16, activation="relu", use_bias=False, kernel_regularizer="l2")(inputs)
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
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


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


def hits(name="hits"):
    return keras.metrics.SparseCategoricalAccuracy(name=name)


def test_a_model_within_another_keeps_its_compiled_metrics_to_itself():
    def classifier():
        return keras.Sequential([keras.Input((8,)), layers.Dense(2, kernel_initializer="zeros")])

    teacher = classifier()
    teacher.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=[hits()])
    teacher.fit(X, 0 * Y, verbose=0)

    class Distiller(keras.Model):
        def __init__(self):
            super().__init__()
            self.teacher, self.student = teacher, classifier()

        def call(self, inputs):
            return self.student(inputs)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return ops.mean(ops.square(self.teacher(x, training=False) - y_pred))

    model = Distiller()
    model.compile("sgd", metrics=[hits()])
    found = model.fit(X, 0 * Y, epochs=2, verbose=0).history["hits"]
    assert found[1] == np.mean(model.predict(X, verbose=0).argmax(axis=1) == 0) == 1.0


def test_metrics_given_to_compile_are_updated_once_by_a_train_step_that_goes_through_all():
    model = build(Custom)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=[hits("a"), hits("b")])
    assert [metric.name for metric in model.metrics] == ["loss", "compile_metrics"]


class Noisy(keras.Model):
    """Notes the random numbers that each step draws; steps an optimizer of its own, or none."""

    def __init__(self, optimizer):
        super().__init__()
        self.own, self.seen, self.head = optimizer, [], keras.Sequential([keras.Input((8,)), layers.Dense(1)])

    def train_step(self, data):
        noise = keras.random.normal((ops.shape(data)[0], 8))
        self.seen.append(float(ops.sum(noise)))
        with keras.GradientTape() as tape:
            loss = ops.mean(self.head(data + noise))
        if self.own is not None:
            variables = self.head.trainable_variables
            self.own.apply(tape.gradient(loss, variables), variables)
        return {"loss": loss}


@pytest.mark.parametrize("optimizer", [lambda: None, keras.optimizers.SGD, keras.optimizers.Nadam])
def test_every_step_draws_new_numbers_and_goes_on_whatever_optimizer_it_steps(tmp_path, optimizer):
    keras.utils.set_random_seed(3)
    model = Noisy(optimizer())
    model.compile()
    saver = keras.callbacks.TrainingCheckpoint(tmp_path, every_steps=4)
    model.fit(X, batch_size=30, epochs=3, verbose=0, callbacks=[saver])
    assert len(set(model.seen)) == 9
    assert {path.name for path in tmp_path.glob("step-*")} >= {"step-0000000008.h5", "step-0000000009.h5"}
    keras.utils.set_random_seed(3)
    again = Noisy(optimizer())
    again.compile()
    (tmp_path / "step-0000000009.h5").unlink()
    again.fit(X, batch_size=30, epochs=3, verbose=0, resume=tmp_path)
    assert again.seen == model.seen[8:]
    for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_state_of_other_optimizers_is_refused(tmp_path):
    def fit(optimizer, **arguments):
        model = Noisy(optimizer)
        model.compile()
        model.fit(X, batch_size=30, verbose=0, **arguments)

    fit(keras.optimizers.Adam(), epochs=1, callbacks=[keras.callbacks.TrainingCheckpoint(tmp_path)])
    with pytest.raises(ValueError, match=r"optimizers \['own'\].*holds \[\]"):
        fit(None, epochs=2, resume=tmp_path)
    with pytest.raises(ValueError, match="'own' is not that of RMSprop"):
        fit(keras.optimizers.RMSprop(), epochs=2, resume=tmp_path)


class Doubled(keras.Model):
    """Predicts two rows for each one, one behind the other; its rows as columns; and what has no rows."""

    def call(self, inputs):
        both = ops.concatenate([inputs, -inputs], axis=0)
        return {"both": both, "across": ops.transpose(inputs), "none": ops.sum(inputs, axis=0)}


class DoubledByHand(Doubled):
    def predict_step(self, data):
        return {**self(data), "array": np.asarray(data)}


@pytest.mark.parametrize("reproducible", [False, True])
@pytest.mark.parametrize("cls", [Doubled, DoubledByHand])
def test_outputs_come_in_the_order_of_one_process(cls, reproducible):
    found = cls().predict(X[:7], batch_size=7, verbose=0, reproducible=reproducible)
    np.testing.assert_array_equal(found["both"], np.concatenate([X[:7], -X[:7]]))
    np.testing.assert_array_equal(found["across"], X[:7].T)
    np.testing.assert_allclose(found["none"], X[:7].sum(axis=0), rtol=1e-6)
    np.testing.assert_array_equal(found.get("array", X[:7]), X[:7])


class OwnTraining(keras.Model):
    """A train step of its own beside the test step of all models, and a metric that it updates."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seen = keras.metrics.Sum(name="seen")

    def train_step(self, data):
        x, y = data
        with keras.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        self.seen.update_state(ops.ones((x.shape[0],)))
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred)


def test_an_own_train_step_goes_with_the_test_step_of_all_models():
    own, plain = build(OwnTraining), build()
    arguments = {"batch_size": 32, "epochs": 3, "validation_data": (X[:40], Y[:40]), "verbose": 0}
    found, expected = (model.fit(X, Y, **arguments).history for model in (own, plain))
    assert found.pop("seen") == [90.0] * 3  # metrics that the model holds begin anew with each epoch
    assert found.pop("val_seen") == [0.0] * 3
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, err_msg=name)
    loss, *_ = own.evaluate(X, Y, verbose=0)
    assert loss == pytest.approx(plain.evaluate(X, Y, verbose=0)[0], rel=1e-5)


@pytest.mark.parametrize("reproducible", [False, True])
def test_a_run_that_stopped_within_an_epoch_goes_on_with_the_same_numbers(tmp_path, reproducible):
    class Stop(Exception):
        pass

    def stop(step, logs):
        if step == 1:
            raise Stop

    arguments = {"batch_size": 32, "epochs": 2, "verbose": 0, "reproducible": reproducible}
    whole = build(OwnTraining)
    expected = whole.fit(X, Y, **arguments).history
    saver = keras.callbacks.TrainingCheckpoint(tmp_path, every_steps=1)
    with pytest.raises(Stop):
        stopping = keras.callbacks.LambdaCallback(on_train_batch_end=stop)
        build(OwnTraining).fit(X, Y, callbacks=[saver, stopping], **arguments)
    model = build(OwnTraining)
    assert model.fit(X, Y, resume=tmp_path, **arguments).history == expected
    for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("cls", [OwnTraining, Custom])
def test_reproducible_mode_gives_the_numbers_of_the_ordinary_mode(cls):
    found = []
    for reproducible in (False, True, 3):
        model = build(cls)
        fit = model.fit(X, Y, batch_size=32, epochs=2, verbose=0, reproducible=reproducible)
        outputs = model.predict(X, verbose=0, reproducible=reproducible)
        found.append([*fit.history.values(), *model.get_weights(), outputs])
    for other in found[1:]:
        for one, another in zip(found[0], other, strict=True):
            np.testing.assert_allclose(another, one, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("reproducible", [False, True])
def test_a_number_of_rows_taken_as_an_integer_is_that_of_the_global_batch(reproducible):
    class Fixed(OwnTraining):
        def train_step(self, data):
            return {"total": ops.sum(ops.ones((int(data[0].shape[0]), 8)) * data[0])}

    found = build(Fixed).fit(X[:30], Y[:30], batch_size=30, verbose=0, reproducible=reproducible)
    np.testing.assert_allclose(found.history["total"], [X[:30].sum()], rtol=1e-5)


class Squares(keras.Model):
    """A train step that needs no loss of `compile`."""

    def train_step(self, data):
        x, y = data
        with keras.GradientTape() as tape:
            loss = ops.mean(ops.square(self(x, training=True)[:, 0] - ops.cast(y, "float32")))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def test_a_run_without_a_compiled_loss_goes_on_from_its_checkpoint(tmp_path):
    def trained(epochs, **arguments):
        keras.utils.set_random_seed(3)
        inputs = keras.Input((8,))
        model = Squares(inputs, layers.Dense(1)(inputs))
        model.compile("adam")
        history = model.fit(X, Y, batch_size=32, epochs=epochs, verbose=0, **arguments).history
        return history["loss"], model.get_weights()

    whole, weights = trained(3)
    trained(2, callbacks=[keras.callbacks.TrainingCheckpoint(tmp_path)])
    losses, found = trained(3, resume=tmp_path)
    assert losses == whole
    for a, b in zip(found, weights, strict=True):
        np.testing.assert_array_equal(a, b)
