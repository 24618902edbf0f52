"""The way back from vectors to scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain import layers

TOKENS = np.array([[1, 2, 0], [3, 0, 0]], np.int32)
VECTORS = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32)


@pytest.mark.parametrize("tie_weights", [True, False])
def test_scores_are_products_with_the_embeddings(tie_weights: bool) -> None:
    layer = layers.ReversibleEmbedding(4, 5, tie_weights=tie_weights)
    np.testing.assert_array_equal(layer(TOKENS).numpy(), layer.embeddings.numpy()[TOKENS])
    kernel = layer.embeddings.numpy().T if tie_weights else layer.reverse_embeddings.numpy()
    np.testing.assert_allclose(layer(VECTORS, reverse=True).numpy(), VECTORS @ kernel, rtol=1e-5, atol=1e-6)
    assert len(layer.weights) == (1 if tie_weights else 2)


def test_scores_stay_below_the_cap() -> None:
    layer = layers.ReversibleEmbedding(4, 5, logit_soft_cap=0.01, reverse_dtype="float64")
    y = layer(VECTORS * 1000, reverse=True)
    assert y.dtype == "float64"
    assert 0.009 < np.abs(y.numpy()).max() <= 0.01


def test_vectors_carry_the_mask_and_scores_do_not() -> None:
    layer = layers.ReversibleEmbedding(4, 5, mask_zero=True)
    vectors = layer(TOKENS)
    np.testing.assert_array_equal(vectors._keras_mask.numpy(), TOKENS != 0)
    assert layer(vectors, reverse=True)._keras_mask is None


def test_a_language_model_with_shared_embeddings_trains_and_comes_back(tmp_path: Any) -> None:
    tokens = dtrain.Input((3,), dtype="int32")
    layer = layers.ReversibleEmbedding(4, 5)
    model = dtrain.Model(tokens, layers.Softmax()(layer(layer(tokens), reverse=True)))
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = layer.embeddings.numpy()
    model.fit(TOKENS, TOKENS, verbose=0)
    assert np.abs(layer.embeddings.numpy() - before).max() > 0
    model.save(tmp_path / "model.keras")
    loaded = dtrain.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(TOKENS).numpy(), model(TOKENS).numpy())
