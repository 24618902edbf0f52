"""Random models, data lengths and ways to train them: what a case says follows from its fields alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import dtrain
from dtrain import layers
from tests.random_models import EVERYWHERE, HEADS, Builder, grow, make_optimizer, make_targets, start

Results = dict[str, Any]
CLASSES = 3
METRICS: dict[str, list[Any]] = {
    "numbers": ["mae", lambda: dtrain.metrics.R2Score(name="r2")],
    "flags": [
        "binary_accuracy", lambda: dtrain.metrics.AUC(name="auc"),
        lambda: dtrain.metrics.SensitivityAtSpecificity(0.5, name="sensitivity"),
        lambda: dtrain.metrics.F1Score(average="macro", threshold=0.5, name="f1"),
    ],
    "one_hot": ["categorical_accuracy", lambda: dtrain.metrics.TopKCategoricalAccuracy(2, name="top")],
    "classes": ["accuracy", "sparse_categorical_crossentropy"],
    "positive": ["mse", "poisson"],
    "signs": ["hinge"],
}  # fmt: skip


@dataclass(frozen=True)
class RandomCase:
    """One training: `seed` decides on layers, losses and numbers."""

    seed: int
    rows: int
    batch_size: int
    validation_rows: int
    weights: str  # "none", "random" or "zeros": some rows count nothing
    class_weight: bool
    shuffle: bool
    normalized: bool  # batch normalization and dropout before the outputs
    eager: bool
    reproducible: bool | int
    further: int  # rows of an evaluation and a prediction afterwards


def train(case: RandomCase) -> Results:
    """Everything that comes of the case, by name."""
    dtrain.utils.clear_session()
    dtrain.utils.set_random_seed(case.seed)
    b = Builder(dtrain, np.random.default_rng(case.seed))
    kinds = [str(b.pick("rows", "words", "sequences", "images")) for _ in range(b.pick(1, 1, 1, 2))]
    ends = [start(b, kind) for kind in kinds]
    h = ends[0][1] if len(ends) == 1 else b.layer("Concatenate")([end for _, end in ends])
    b.tensors.clear()
    if case.normalized:
        h = layers.Dropout(0.3)(layers.BatchNormalization(epsilon=0.1)(h))
    h = grow(b, h, EVERYWHERE, int(b.rng.integers(1, 4)))
    heads = [HEADS[int(b.rng.integers(len(HEADS)))] for _ in range(b.pick(1, 1, 2))]
    outputs = [layers.Dense(CLASSES, activation, name=f"head{k}")(h) for k, (activation, _, _) in enumerate(heads)]
    model = dtrain.Model([entry for entry, _ in ends], outputs)
    model.compile(
        make_optimizer(b),
        loss=[str(b.pick(*losses)) for _, losses, _ in heads],
        metrics=[[m() if callable(m) else m for m in METRICS[form]] for _, _, form in heads],
        weighted_metrics=[["mse"] if form != "classes" else [] for _, _, form in heads],
        run_eagerly=case.eager,
    )
    forms = [form for _, _, form in heads]
    return _trained(case, model, b.rng, [(kind, entry) for (entry, _), kind in zip(ends, kinds, strict=True)], forms)


def _trained(
    case: RandomCase, model: Any, rng: np.random.Generator, entries: list[tuple[str, Any]], forms: list[str]
) -> Results:
    def data(rows: int) -> tuple[list[Any], list[Any]]:
        x = [
            rng.integers(0, 9, (rows, 6)) if kind == "words" else rng.normal(size=(rows, *entry.shape[1:]))
            for kind, entry in entries
        ]
        return x, [make_targets(rng, form, rows) for form in forms]

    x, y = data(case.rows)
    weight = None
    if case.weights != "none":
        weight = rng.uniform(0.2, 2, case.rows)
        weight[rng.random(case.rows) < (0.5 if case.weights == "zeros" else 0)] = 0
    by_class = case.class_weight and forms == ["classes"] and weight is None
    history = model.fit(
        x, y, sample_weight=weight, class_weight=dict(enumerate((0.5, 1.0, 2.0))) if by_class else None,
        batch_size=case.batch_size, epochs=2, shuffle=case.shuffle, verbose=0, reproducible=case.reproducible,
        validation_data=data(case.validation_rows) if case.validation_rows else None, on_nan="skip",
    ).history  # fmt: skip
    x, y = data(case.further)
    evaluated = model.evaluate(x, y, batch_size=4, verbose=0, reproducible=case.reproducible)
    outputs = model.predict(x, batch_size=5, verbose=0, reproducible=case.reproducible)
    found: Results = {f"history {name}": np.array(values) for name, values in history.items()}
    found |= {f"weight {k} {v.path}": v.numpy() for k, v in enumerate(model.weights)}
    found |= {f"output {k}": a for k, a in enumerate(outputs if isinstance(outputs, list) else [outputs])}
    return found | {"evaluation": np.array(evaluated)}
