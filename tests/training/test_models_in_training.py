"""Frozen layers, shared layers, custom layers, losses, metrics and models in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain import layers, ops
from dtrain.utils import set_random_seed
from tests.training.models import INPUTS, ROWS, linear, reference_of, regression_data


def changed(model: Any, action: Any) -> list[bool]:
    before = model.get_weights()
    action()
    return [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]


def mlp() -> Any:
    set_random_seed(1)
    return dtrain.Sequential(
        [dtrain.Input((INPUTS,)), layers.Dense(5, activation="tanh", name="first"), layers.Dense(2, name="second")]
    )


# -- freezing ------------------------------------------------------------------------------------------------------


def test_a_frozen_layer_keeps_its_weights() -> None:
    x, y = regression_data()
    model = mlp()
    model.get_layer("first").trainable = False
    model.compile("adam", "mse")
    assert changed(model, lambda: model.fit(x, y, verbose=0)) == [False, False, True, True]
    assert len(model.optimizer.trained_variables) == 2


def test_compile_after_training_freezes_and_thaws() -> None:
    x, y = regression_data()
    model = mlp()
    model.compile("adam", "mse")
    assert all(changed(model, lambda: model.fit(x, y, verbose=0)))
    model.get_layer("first").trainable = False
    model.compile("adam", "mse")
    assert changed(model, lambda: model.fit(x, y, verbose=0)) == [False, False, True, True]
    model.get_layer("first").trainable = True
    model.compile("adam", "mse")
    assert all(changed(model, lambda: model.fit(x, y, verbose=0)))


def test_a_frozen_batch_normalization_uses_its_statistics() -> None:
    x, y = regression_data()
    norm = layers.BatchNormalization()
    model = dtrain.Sequential([dtrain.Input((INPUTS,)), norm, layers.Dense(2)])
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    norm.trainable = False
    model.compile(dtrain.optimizers.SGD(0.0), "mse")
    frozen = norm.get_weights()
    loss = model.fit(x, y, batch_size=5, verbose=0).history["loss"][0]
    assert loss == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-5)
    for a, b in zip(frozen, norm.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_is_trained_is_settled_by_compile() -> None:
    x, y = regression_data()
    model = mlp()
    model.compile("sgd", "mse")
    model.trainable = False
    with pytest.warns(UserWarning, match="first, second.*compile"):
        assert all(changed(model, lambda: model.fit(x, y, verbose=0)))
    assert model.trainable_variables == []
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="no trainable weights"):
        assert not any(changed(model, lambda: model.fit(x, y, verbose=0)))


def test_a_change_of_trainable_takes_effect_with_compile_only() -> None:
    x, y = regression_data()
    model = mlp()
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    model.get_layer("first").trainable = False
    with pytest.warns(UserWarning, match="compile"):
        assert all(changed(model, lambda: model.fit(x[:7], y[:7], verbose=0)))


# -- sharing -------------------------------------------------------------------------------------------------------


def test_two_networks_play_against_each_other() -> None:
    set_random_seed(2)
    generator = dtrain.Sequential([dtrain.Input((3,)), layers.Dense(INPUTS)])
    discriminator = dtrain.Sequential([dtrain.Input((INPUTS,)), layers.Dense(4, activation="relu"), layers.Dense(1)])
    bce = dtrain.losses.BinaryCrossentropy(from_logits=True)
    discriminator.compile("sgd", bce)
    discriminator.trainable = False
    noise = dtrain.Input((3,))
    gan = dtrain.Model(noise, discriminator(generator(noise)))
    gan.compile("sgd", bce)
    numbers = np.random.default_rng(0)
    real, ones, zeros = numbers.normal(size=(8, INPUTS)), np.ones((8, 1)), np.zeros((8, 1))
    with pytest.warns(UserWarning, match="compile"):
        discriminator.train_on_batch(real, ones)
    for _ in range(3):
        z = numbers.normal(size=(8, 3))
        fake = generator.predict(z, verbose=0)
        w, b = (a.astype(np.float64) for a in generator.get_weights())
        np.testing.assert_allclose(fake, z @ w + b, rtol=1e-4, atol=1e-5)
        assert not any(changed(generator, lambda fake=fake: discriminator.train_on_batch(fake, zeros)))
        assert all(changed(discriminator, lambda: discriminator.train_on_batch(real, ones)))
        assert not any(changed(discriminator, lambda z=z: gan.train_on_batch(z, ones)))
        assert all(changed(generator, lambda z=z: gan.train_on_batch(z, ones)))


def shared_pair() -> tuple[Any, Any]:
    body = layers.Dense(3, activation="tanh", name="body")
    models = []
    for head in ("one", "two"):
        x = dtrain.Input((INPUTS,))
        model = dtrain.Model(x, layers.Dense(2, name=head)(body(x)))
        model.compile(dtrain.optimizers.SGD(0.1, momentum=0.9), "mse")
        models.append(model)
    return models[0], models[1]


def test_models_that_share_a_layer_are_trained_in_turns() -> None:
    x, y = regression_data()
    set_random_seed(4)
    one, two = shared_pair()
    start = {v.path: v.numpy() for m in (one, two) for v in m.weights}
    velocity: dict[Any, Any] = {}

    def reference_step(values: dict[str, Any], head: str) -> None:
        w1, b1, w2, b2 = (values[k] for k in ("body/kernel", "body/bias", f"{head}/kernel", f"{head}/bias"))
        hidden = np.tanh(x @ w1 + b1)
        slope = 2 * (hidden @ w2 + b2 - y) / y.size
        inner = (slope @ w2.T) * (1 - hidden**2)
        gradients = {
            "body/kernel": x.T @ inner,
            "body/bias": inner.sum(axis=0),
            f"{head}/kernel": hidden.T @ slope,
            f"{head}/bias": slope.sum(axis=0),
        }
        for name, gradient in gradients.items():
            velocity[head, name] = 0.9 * velocity.get((head, name), 0) - 0.1 * gradient
            values[name] = values[name] + velocity[head, name]

    values = {name: array.astype(np.float64) for name, array in start.items()}
    for _ in range(4):
        for model, head in ((one, "one"), (two, "two"), (two, "two")):
            model.train_on_batch(x, y)
            reference_step(values, head)
            for variable in (*one.weights, *two.weights):
                np.testing.assert_allclose(variable.numpy(), values[variable.path], rtol=1e-4, atol=1e-5)
    hidden = np.tanh(x @ values["body/kernel"] + values["body/bias"])
    np.testing.assert_allclose(
        one.predict(x, verbose=0), hidden @ values["one/kernel"] + values["one/bias"], rtol=1e-4, atol=1e-5
    )


def test_taking_turns_plans_no_step_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    from dtrain.training import program_cache

    x, y = regression_data()
    one, two = shared_pair()
    plans: list[int] = []
    make_plan = program_cache.make_plan
    monkeypatch.setattr(program_cache, "make_plan", lambda *a, **k: plans.append(1) or make_plan(*a, **k))
    for _ in range(3):
        one.train_on_batch(x, y)
        two.train_on_batch(x, y)
    known = len(plans)
    for _ in range(5):
        one.train_on_batch(x, y)
        two.train_on_batch(x, y)
    assert len(plans) == known


def test_a_part_of_a_trained_model_predicts_with_the_new_weights() -> None:
    x, y = regression_data()
    entry = dtrain.Input((INPUTS,))
    hidden = layers.Dense(3, activation="relu")(entry)
    model, part = dtrain.Model(entry, layers.Dense(2)(hidden)), dtrain.Model(entry, hidden)
    model.compile("sgd", "mse")
    for _ in range(3):
        model.fit(x, y, verbose=0)
        w, b = part.get_weights()
        np.testing.assert_allclose(part.predict(x, verbose=0), np.maximum(x @ w + b, 0), rtol=1e-5, atol=1e-6)


def test_a_layer_used_twice_gets_both_gradients() -> None:
    x, y = regression_data()
    dense = layers.Dense(INPUTS, use_bias=False)
    entry = dtrain.Input((INPUTS,))
    model = dtrain.Model(entry, dense(dense(entry)))
    model.compile(dtrain.optimizers.SGD(0.1), "mse")
    w = dense.get_weights()[0].astype(np.float64)
    target = np.concatenate([y, y], axis=1)
    slope = 2 * (x @ w @ w - target) / target.size
    model.train_on_batch(x, target)
    expected = w - 0.1 * (x.T @ slope @ w.T + (x @ w).T @ slope)
    np.testing.assert_allclose(dense.get_weights()[0], expected, rtol=1e-4, atol=1e-6)


def test_set_weights_takes_effect_in_planned_steps() -> None:
    x, y = regression_data()
    model = linear()
    start = model.get_weights()
    first = model.fit(x, y, batch_size=5, shuffle=False, verbose=0).history
    model.set_weights(start)
    assert model.fit(x, y, batch_size=5, shuffle=False, verbose=0).history == first


# -- what users write ----------------------------------------------------------------------------------------------


class Scale(layers.Layer):
    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
        self.steps = self.add_weight(shape=(), initializer="zeros", trainable=False, name="steps")

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training:
            self.steps.assign_add(1.0)
        return inputs * self.factor


def test_a_layer_with_its_own_weights_is_trained() -> None:
    x, _ = regression_data()
    target = x * np.array([1, 2, 3, 4], np.float32)
    scale = Scale()
    model = dtrain.Sequential([dtrain.Input((INPUTS,)), scale])
    model.compile(dtrain.optimizers.SGD(1.0), "mse")
    model.fit(x, target, batch_size=8, epochs=60, verbose=0)
    np.testing.assert_allclose(scale.factor.numpy(), [1, 2, 3, 4], atol=1e-2)
    assert float(scale.steps) == 180
    model.evaluate(x, target, verbose=0)
    assert float(scale.steps) == 180


class Noisy(dtrain.Model):
    """Adds 1 to its outputs in training."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Dense(3, activation="tanh")
        self.heads = [layers.Dense(2), layers.Dense(2)]

    def call(self, inputs: Any, training: bool = False) -> Any:
        hidden = self.hidden(inputs)
        total = sum(head(hidden) for head in self.heads)
        if training:
            total = total + 1.0
        return total


def test_a_model_that_is_a_class_is_trained_and_knows_when() -> None:
    x, y = regression_data()
    model = Noisy()
    model.compile(dtrain.optimizers.SGD(0.0), "mse", metrics=["mae"])
    in_training = model.fit(x, y, batch_size=6, verbose=0).history["loss"][0]
    pred = model.predict(x, verbose=0)
    assert in_training == pytest.approx(((pred + 1 - y) ** 2).mean(), rel=1e-5)
    assert model.evaluate(x, y, verbose=0)[0] == pytest.approx(((pred - y) ** 2).mean(), rel=1e-5)
    assert len(model.weights) == 6
    model.compile(dtrain.optimizers.SGD(0.1), "mse")
    assert all(changed(model, lambda: model.fit(x, y, verbose=0)))


def test_a_loss_may_be_a_function_of_ops() -> None:
    def loss(y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_true - y_pred), axis=-1)

    x, y = regression_data()
    one, two = linear(loss=loss), linear()
    first = one.fit(x, y, batch_size=5, epochs=2, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(first, two.fit(x, y, batch_size=5, epochs=2, shuffle=False, verbose=0).history["loss"])
    np.testing.assert_allclose(one.get_weights()[0], two.get_weights()[0], rtol=1e-5)


def test_a_loss_may_be_a_class() -> None:
    class Cubed(dtrain.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)

    x, y = regression_data()
    model = linear(loss=Cubed())
    error = reference_of(model).predict(x) - y
    assert model.evaluate(x, y, batch_size=5, verbose=0) == pytest.approx((np.abs(error) ** 3).mean(), rel=1e-5)


class Largest(dtrain.Metric):
    def __init__(self, name: str = "largest") -> None:
        super().__init__(name=name)
        self.value = self.add_variable((), "zeros", name="value")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        error = ops.max(ops.abs(y_true - y_pred))
        self.value.assign(ops.maximum(self.value, error))

    def result(self) -> Any:
        return self.value


def test_a_metric_may_be_a_class_with_its_own_variables() -> None:
    x, y = regression_data()
    model = linear(metrics=[Largest()], optimizer=dtrain.optimizers.SGD(0.0))
    expected = np.abs(reference_of(model).predict(x) - y).max()
    assert model.evaluate(x, y, batch_size=4, verbose=0)[1] == pytest.approx(expected, rel=1e-5)
    assert model.fit(x, y, batch_size=4, epochs=2, verbose=0).history["largest"] == pytest.approx([expected] * 2)


# -- predict -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 5, 22, 23, 100, None])
def test_predict_gives_every_row_whatever_the_batch(batch_size: int | None) -> None:
    x, _ = regression_data()
    model = linear()
    found = model.predict(x, batch_size=batch_size, verbose=0)
    assert found.shape == (ROWS, 2)
    np.testing.assert_allclose(found, reference_of(model).predict(x), rtol=1e-4, atol=1e-5)


def test_predictions_stay_when_the_model_goes_on() -> None:
    x, y = regression_data()
    model = linear()
    first, batch = model.predict(x, verbose=0), model.predict_on_batch(x)
    kept = first.copy()
    model.fit(x, y, verbose=0)
    model.predict(x + 1, verbose=0)
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(batch, kept)


@pytest.mark.parametrize("form", ["list", "tuple", "dict"])
def test_predictions_have_the_structure_of_the_outputs(form: str) -> None:
    class Several(dtrain.Model):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = layers.Dense(2), layers.Dense(3)

        def call(self, inputs: Any) -> Any:
            a, b = self.a(inputs), self.b(inputs)
            return {"list": [a, b], "tuple": (a, b), "dict": {"a": a, "b": b}}[form]

    x, _ = regression_data()
    model = Several()
    for found in (model.predict(x, batch_size=6, verbose=0), model.predict_on_batch(x)):
        assert type(found).__name__ == form
        leaves = list(found.values()) if isinstance(found, dict) else list(found)
        assert [leaf.shape for leaf in leaves] == [(ROWS, 2), (ROWS, 3)]


def test_predict_needs_no_compile() -> None:
    x, _ = regression_data()
    assert mlp().predict(x, verbose=0).shape == (ROWS, 2)
    with pytest.raises(ValueError, match="compile"):
        mlp().fit(x, x, verbose=0)


def test_dropout_is_silent_in_prediction_and_repeatable_in_training() -> None:
    x, y = regression_data()

    def run(seed: int, by_batch: bool) -> Any:
        set_random_seed(0)
        model = dtrain.Sequential([dtrain.Input((INPUTS,)), layers.Dense(20), layers.Dropout(0.5), layers.Dense(2)])
        model.compile("sgd", "mse")
        set_random_seed(seed)
        np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))
        losses = [model.train_on_batch(x, y)] if by_batch else model.fit(x, y, verbose=0, shuffle=False).history["loss"]
        return losses[0]

    for by_batch in (False, True):
        assert run(1, by_batch) == run(1, by_batch) != run(2, by_batch)


class _Adding(layers.Layer):
    def call(self, inputs: Any) -> Any:
        self.add_loss(ops.sum(inputs) * 0.0 + 2.0)
        return inputs


class _WithAddedLoss(dtrain.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense, self.adding = layers.Dense(2), _Adding()

    def call(self, inputs: Any) -> Any:
        return self.adding(self.dense(inputs))


def test_what_layers_of_a_class_add_counts_once_from_the_first_step_on() -> None:
    x, y = regression_data()
    inner = _WithAddedLoss()
    for model in (_WithAddedLoss(), dtrain.Sequential([inner])):
        model.compile(dtrain.optimizers.SGD(0.0), "mse", metrics=["mse"])
        for _ in range(2):
            model.reset_metrics()
            logs = model.train_on_batch(x, y, return_dict=True)
            assert logs["loss"] - logs["mse"] == pytest.approx(2.0, rel=1e-5)


def test_a_sequential_takes_other_lengths_where_its_layers_do() -> None:
    for model in (
        dtrain.Sequential([layers.Dense(2)]),
        dtrain.Sequential([dtrain.Input((9, 3)), layers.Dense(2)]),
    ):
        assert model(np.ones((2, 9, 3))).shape == (2, 9, 2)
        assert model.predict(np.ones((2, 13, 3)), verbose=0).shape == (2, 13, 2)
        with pytest.raises(ValueError, match="expects shape"):
            model(np.ones((2, 13, 4)))


def test_a_layer_may_hold_a_sequential_for_sequences_of_any_length() -> None:
    class Block(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = dtrain.Sequential([layers.Dense(4, activation="relu"), layers.Dense(2)])

        def call(self, inputs: Any) -> Any:
            return inputs + self.inner(inputs)

    sequence = dtrain.Input((None, 2))
    model = dtrain.Model(sequence, Block()(sequence))
    for length in (5, 8):
        assert model.predict(np.ones((3, length, 2)), verbose=0).shape == (3, length, 2)
