"""Files that real Keras wrote: the same outputs, losses and training as there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dtrain.saving import load_model
from tests.saving.builders import leaves

ROOT = Path(os.environ.get("DTRAIN_KERAS_FILES") or Path(__file__).parents[3] / "shared" / "keras_files")
INFO = {folder.name: json.loads((folder / "case.json").read_text()) for folder in sorted(ROOT.glob("*/"))}
WEIGHTS_ONLY = ("weights_only.h5", "model.weights.h5")
MODELS = [(name, file) for name, info in INFO.items() for file in info["files"] if file not in WEIGHTS_ONLY]
WEIGHTS = [(name, file) for name, info in INFO.items() for file in info["files"] if file in WEIGHTS_ONLY]
# TensorFlow's moving variance is the unbiased one.
TOLERANCES = {"tk_residual_batchnorm": 5e-3}

pytestmark = pytest.mark.skipif(not INFO, reason=f"no files of Keras in {ROOT} (set DTRAIN_KERAS_FILES)")


class Case:
    """One folder of files with what is expected of them."""

    def __init__(self, name: str) -> None:
        self.info = INFO[name]
        with np.load(ROOT / name / "io.npz") as arrays:
            self.arrays = dict(arrays)
        x = [self.arrays[item["key"]] for item in self.info["inputs"]]
        self.x: Any = x[0] if len(x) == 1 else x
        self.rows = len(x[0])

    @property
    def targets(self) -> Any:
        y = [self.arrays[item["target"]] for item in self.info["outputs"]]
        return y[0] if len(y) == 1 else y

    def numbered(self, prefix: str) -> list[Any]:
        return [self.arrays[f"{prefix}/{k}"] for k in range(sum(key.startswith(prefix + "/") for key in self.arrays))]

    def check_outputs(self, model: Any) -> None:
        found = leaves(model.predict(self.x, verbose=0))
        for item, array in zip(self.info["outputs"], found, strict=True):
            np.testing.assert_allclose(array, self.arrays[item["key"]], atol=1e-5)


def load(name: str, file: str) -> Any:
    return load_model(ROOT / name / file)


@pytest.mark.parametrize(("name", "file"), MODELS, ids=[f"{n}-{f}" for n, f in MODELS])
def test_a_model_predicts_evaluates_and_goes_on_training_as_in_keras(name: str, file: str) -> None:
    case = Case(name)
    model = load(name, file)
    case.check_outputs(model)
    if not case.info["compiled"] or "no_compile" in file:
        assert not model.compiled
        return
    logs = model.evaluate(case.x, case.targets, batch_size=case.rows, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(float(case.arrays["loss"]), abs=1e-5)
    for key, value in case.info["evaluate"].items():
        assert logs[key] == pytest.approx(value, abs=1e-5), key
    after = case.numbered("w_after")
    if after:
        for _ in range(2):
            model.train_on_batch(case.x, case.targets)
        for expected, found in zip(after, model.get_weights(), strict=True):
            np.testing.assert_allclose(found, expected, atol=TOLERANCES.get(name, 1e-4))


@pytest.mark.parametrize(("name", "file"), WEIGHTS, ids=[f"{n}-{f}" for n, f in WEIGHTS])
def test_weights_alone_fit_into_the_model(name: str, file: str) -> None:
    model = load(name, next(f for n, f in MODELS if n == name))
    for variable in model.weights:
        variable.array[...] = 0
    model.load_weights(ROOT / name / file)
    Case(name).check_outputs(model)


def test_the_architecture_alone_is_read_from_json() -> None:
    import zipfile

    from dtrain.models import model_from_json

    with zipfile.ZipFile(ROOT / "k3_siamese" / "model.keras") as archive:
        model = model_from_json(archive.read("config.json").decode())
    assert [layer.name for layer in model.layers][-1] == "same"
    assert model.count_params() == sum(w.size for w in Case("k3_siamese").numbered("w"))
