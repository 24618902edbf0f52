"""The articles' models learn, and both spellings of each are the same model."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import dtrain as keras
from dtrain.graph.nest import flatten

from .articles import ARTICLES

pytestmark = [pytest.mark.filterwarnings("ignore:.*older Keras"), pytest.mark.filterwarnings("ignore:.*is spelled")]


def _compiled(build: Any, loss: Any, weights: Any, **optimizer: Any) -> Any:
    keras.utils.clear_session()
    keras.utils.set_random_seed(5)
    model = build()
    model.compile(keras.optimizers.Adam(**optimizer), loss=loss, loss_weights=weights, metrics=["acc"])
    return model


@pytest.mark.parametrize("article", ARTICLES)
def test_todays_spelling_learns(article: str) -> None:
    today, _, data, loss, weights = ARTICLES[article]
    x, y = data()
    model = _compiled(today, loss, weights, learning_rate=0.01)
    history = model.fit(x, y, batch_size=16, epochs=6, verbose=0).history
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    assert np.isfinite(history["loss"]).all()
    assert any(name.endswith("acc") for name in history)
    shapes = [np.shape(a) for a in flatten(model.predict(x, verbose=0))]
    assert shapes == [np.shape(a) for a in flatten(y)]


@pytest.mark.parametrize("article", ARTICLES)
def test_the_articles_own_spelling_gives_the_same_model(article: str) -> None:
    today, then, data, loss, weights = ARTICLES[article]
    x, y = data()
    new, old = _compiled(today, loss, weights, learning_rate=0.01), _compiled(then, loss, weights, lr=0.01)
    assert [v.shape for v in old.weights] == [v.shape for v in new.weights]
    old.set_weights(new.get_weights())
    for a, b in zip(flatten(old.predict(x, verbose=0)), flatten(new.predict(x, verbose=0)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    history = old.fit(x, y, batch_size=16, nb_epoch=2, verbose=0).history
    assert history["loss"][1] < history["loss"][0] and len(history["loss"]) == 2


@pytest.mark.parametrize(
    ("old", "today"),
    [
        (lambda m, x, y: keras.Model(input=m.inputs, output=m.outputs), r"Model: .*\(input, output\).*Model\(inputs="),
        (lambda m, x, y: m.fit(x, y, nb_epoch=1, verbose=0), r"model.fit: .*\(nb_epoch\).*epochs=1"),
        (lambda m, x, y: m.predict_classes(x), r"argmax\(axis=-1\)"),
        (lambda m, x, y: m.predict_proba(x), r"model.predict\(x\)"),
        (
            lambda m, x, y: m.fit_generator(Batches(x, y), samples_per_epoch=32, nb_epoch=1, verbose=0),
            r"model.fit\(..., steps_per_epoch=2, epochs=1, verbose=0\)",
        ),
        (lambda m, x, y: m.evaluate_generator(Batches(x, y), val_samples=32, verbose=0), r"steps=2"),
        (lambda m, x, y: keras.optimizers.SGD(lr=0.1), "learning_rate="),
    ],
)
@pytest.mark.filterwarnings("default")
def test_one_warning_shows_todays_spelling(old: Any, today: str) -> None:
    build, _, data, loss, weights = ARTICLES["mlp"]
    x, y = data()
    model = _compiled(build, loss, weights, learning_rate=0.01)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        old(model, x, y)
    assert len(told) == 1, [str(w.message) for w in told]
    with pytest.warns(match=today):
        old(model, x, y)


class Batches(keras.utils.PyDataset):
    batch_size = 16

    def __init__(self, x: Any, y: Any) -> None:
        super().__init__()
        self._x, self._y = x, y

    def __len__(self) -> int:
        return len(self._x) // 16

    def __getitem__(self, index: int) -> Any:
        rows = slice(16 * index, 16 * index + 16)
        return self._x[rows], self._y[rows]


def test_rows_of_a_generator_that_does_not_tell_its_batch_size_cannot_be_steps() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="give steps_per_epoch instead"):
        model.fit_generator(iter([]), samples_per_epoch=100)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("module", "name", "today"),
    [
        ("layers.core", "Dense", "from dtrain.layers import Dense"),
        ("layers.convolutional", "Conv2D", "from dtrain.layers import Conv2D"),
        ("layers.recurrent", "LSTM", "from dtrain.layers import LSTM"),
        ("layers.normalization", "BatchNormalization", "from dtrain.layers import BatchNormalization"),
        ("layers.embeddings", "Embedding", "from dtrain.layers import Embedding"),
        ("layers.merge", "Concatenate", "from dtrain.layers import Concatenate"),
        ("layers.advanced_activations", "LeakyReLU", "from dtrain.layers import LeakyReLU"),
        ("utils.np_utils", "to_categorical", "from dtrain.utils import to_categorical"),
        ("utils.vis_utils", "plot_model", "from dtrain.utils import plot_model"),
    ],
)
def test_old_paths_show_todays(module: str, name: str, today: str) -> None:
    import importlib

    old = importlib.import_module(f"dtrain.{module}")
    with pytest.warns(match=today):
        found = getattr(old, name)
    assert found is getattr(importlib.import_module(today.split()[1]), name)
    assert not hasattr(old, "no_such_name")


def test_merge_is_a_function_whether_its_module_was_imported_or_not() -> None:
    from dtrain import layers

    assert layers.merge([keras.Input((2,)), keras.Input((3,))], mode="concat").shape == (None, 5)
