"""What is random in a model that does not train: other numbers in each batch and each pass, the same after a resume."""

import numpy as np
import pytest

import dtrain
from dtrain import layers, ops
from dtrain.callbacks import LambdaCallback


class Noise(layers.Layer):
    def call(self, x):
        return x + dtrain.random.normal(ops.shape(x))


class Stepping(dtrain.Model):
    """A model with steps of its own, which run op by op."""

    def test_step(self, data):
        return super().test_step(data)

    def predict_step(self, data):
        return super().predict_step(data)


ROWS = np.zeros((64, 4), np.float32)


def noisy_model(kind=dtrain.Model):
    dtrain.utils.set_random_seed(3)
    inputs = dtrain.Input((4,))
    model = kind(inputs=inputs, outputs=Noise()(layers.Dense(4)(inputs)))
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("kind", [dtrain.Model, Stepping])
def test_each_batch_and_each_pass_draws_other_numbers(kind):
    model = noisy_model(kind)
    first, second = (model.predict(ROWS, batch_size=32, verbose=0) for _ in range(2))
    assert np.abs(first[:32] - first[32:]).min() > 0
    assert np.abs(first - second).min() > 0
    assert np.abs(model.predict_on_batch(ROWS) - model.predict_on_batch(ROWS)).min() > 0
    assert model.evaluate(ROWS, ROWS, verbose=0) != model.evaluate(ROWS, ROWS, verbose=0)
    assert model.test_on_batch(ROWS, ROWS) != model.test_on_batch(ROWS, ROWS)


def test_a_new_run_draws_the_same_numbers():
    runs = [[model.predict(ROWS, verbose=0) for _ in range(2)] for model in (noisy_model(), noisy_model())]
    np.testing.assert_array_equal(runs[0], runs[1])


def test_what_callbacks_predict_changes_neither_training_nor_validation():
    def history(callbacks):
        model = noisy_model()
        data = (ROWS, ROWS + 1)
        return model.fit(*data, 16, epochs=2, validation_data=data, verbose=0, callbacks=callbacks(model)).history

    def asking(model):
        def ask(*_args, **_kwargs):
            model.predict(ROWS, verbose=0)

        return [LambdaCallback(on_train_batch_end=ask, on_test_batch_end=ask)]

    assert history(asking) == history(lambda _: [])


def test_the_validation_of_an_epoch_draws_the_same_after_a_resume(tmp_path):
    def history(epochs):
        model = noisy_model()
        return model.fit(
            ROWS, ROWS + 1, 16, epochs, validation_data=(ROWS, ROWS), verbose=0, resume=tmp_path / "run"
        ).history

    history(2)
    resumed = history(4)
    whole = noisy_model().fit(ROWS, ROWS + 1, 16, 4, validation_data=(ROWS, ROWS), verbose=0).history
    assert resumed == whole
