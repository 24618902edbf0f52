"""Weights of classes for models of several outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain import layers

RNG = np.random.default_rng(4)
X = RNG.normal(size=(20, 3)).astype("float32")
KINDS, FLAGS = RNG.integers(0, 3, 20), RNG.integers(0, 2, (20, 1)).astype("float32")
CLASSES: dict[int, float] = {0: 2.0, 2: 0.5}


class OneBatch(dtrain.utils.PyDataset):
    def __init__(self, y: Any) -> None:
        super().__init__()
        self._y = y

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Any:
        return X, self._y


def _model() -> Any:
    dtrain.utils.set_random_seed(1)
    inputs = dtrain.Input((3,))
    kind = layers.Dense(3, activation="softmax", name="kind")(inputs)
    flag = layers.Dense(1, activation="sigmoid", name="flag")(inputs)
    model = dtrain.Model(inputs, [kind, flag])
    model.compile("sgd", ["sparse_categorical_crossentropy", "binary_crossentropy"])
    return model


def _fitted(y: Any, batches: bool = False, **weights: Any) -> list[Any]:
    model = _model()
    if batches:
        model.fit(OneBatch(y), epochs=2, verbose=0, **weights)
    else:
        model.fit(X, y, batch_size=20, epochs=2, shuffle=False, verbose=0, **weights)
    return list(model.get_weights())


@pytest.mark.parametrize("batches", [False, True])
@pytest.mark.parametrize("class_weight", [{"kind": CLASSES}, [CLASSES, None]], ids=["dict", "list"])
@pytest.mark.parametrize("as_dict", [False, True])
def test_weights_of_classes_of_one_output_are_weights_of_its_rows(
    class_weight: Any, as_dict: bool, batches: bool
) -> None:
    y: Any = {"kind": KINDS, "flag": FLAGS} if as_dict else [KINDS, FLAGS]
    rows = np.array([CLASSES.get(k, 1.0) for k in KINDS.tolist()], "float32")
    expected = _fitted(y, sample_weight={"kind": rows})
    for a, b in zip(_fitted(y, batches, class_weight=class_weight), expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_of_classes_multiply_those_of_rows() -> None:
    own = RNG.uniform(0.5, 2, 20).astype("float32")
    rows = np.array([CLASSES.get(k, 1.0) for k in KINDS.tolist()], "float32")
    flags = np.where(FLAGS[:, 0] == 1, 3.0, 1.0).astype("float32")
    expected = _fitted([KINDS, FLAGS], sample_weight={"kind": rows * own, "flag": flags * own})
    found = _fitted([KINDS, FLAGS], sample_weight=own, class_weight={"kind": CLASSES, "flag": {1: 3.0}})
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_output_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"class_weight: no output named \['sort'\].*'kind', 'flag'"):
        _fitted([KINDS, FLAGS], class_weight={"sort": CLASSES})
    with pytest.raises(ValueError, match="give it by output"):
        _fitted([KINDS, FLAGS], class_weight=CLASSES)
