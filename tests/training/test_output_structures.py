"""Losses, targets and metrics of several outputs: lists, dicts, groups within them, and outputs that do not learn."""

from collections import namedtuple

import numpy as np
import pytest

import dtrain
from dtrain import layers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(8, 3)).astype(np.float32)
Y = RNG.normal(size=(8, 1)).astype(np.float32)
Pair = namedtuple("Pair", "low high")


def model_of(structure, loss, **arguments):
    """Its outputs, one Dense for each of a, b, c, put into a structure."""
    dtrain.utils.set_random_seed(0)
    inputs = dtrain.Input((3,))
    model = dtrain.Model(inputs, structure(*(layers.Dense(1, name=name)(inputs) for name in "abc")))
    model.compile("sgd", loss, **arguments)
    return model


def flat_logs(losses, weights=(1, 1, 1)):
    model = model_of(lambda *outputs: list(outputs), list(losses), loss_weights=list(weights))
    return model.evaluate(X, [Y, Y + 1, Y + 2], verbose=0, return_dict=True)


GROUPS = {
    "a dict with a group": (
        lambda a, b, c: {"ends": (a, b), "middle": c},
        {"ends": ("mse", "mae"), "middle": "mse"},
        {"ends": (Y, Y + 1), "middle": Y + 2},
        ("ends/a_loss", "ends/b_loss", "middle_loss"),
    ),
    "a list with a group": (
        lambda a, b, c: [a, [b, c]],
        ["mse", ["mae", "mse"]],
        [Y, [Y + 1, Y + 2]],
        ("a_loss", "1/b_loss", "1/c_loss"),
    ),
    "a named tuple as a group": (
        lambda a, b, c: {"pair": Pair(a, b), "rest": c},
        {"pair": Pair("mse", "mae"), "rest": "mse"},
        {"pair": Pair(Y, Y + 1), "rest": Y + 2},
        ("pair/a_loss", "pair/b_loss", "rest_loss"),
    ),
}


@pytest.mark.parametrize("case", GROUPS.values(), ids=GROUPS)
def test_losses_and_targets_may_be_nested_as_the_outputs_are(case):
    structure, loss, targets, names = case
    logs = model_of(structure, loss).evaluate(X, targets, verbose=0, return_dict=True)
    flat = flat_logs(("mse", "mae", "mse"))
    assert [logs[name] for name in names] == [flat[f"{name}_loss"] for name in "abc"]
    assert logs["loss"] == flat["loss"]


def test_loss_weights_and_metrics_may_be_nested_too_and_one_entry_counts_for_a_whole_group():
    model = model_of(
        lambda a, b, c: [a, [b, c]],
        ["mse", "mae"],
        loss_weights=[1, [2, 3]],
        metrics=["mse", [["mae", "mse"], None]],
    )
    logs = model.fit(X, [Y, [Y + 1, Y + 2]], verbose=0).history
    assert {name for name in logs if not name.endswith("_loss")} == {"loss", "a_mse", "1/b_mae", "1/b_mse"}
    assert logs["loss"][0] == pytest.approx(flat_logs(("mse", "mae", "mae"), (1, 2, 3))["loss"], rel=1e-6)


def test_a_structure_that_is_not_that_of_the_outputs_is_refused():
    model = model_of(lambda a, b, c: [a, [b, c]], ["mse", ["mae"]])
    with pytest.raises(ValueError, match="list of 2 entries"):
        model.evaluate(X, [Y, [Y, Y]], verbose=0)
    model = model_of(lambda a, b, c: {"ends": [a, b], "middle": c}, {"ends": "mse", "center": "mse"})
    with pytest.raises(ValueError, match="middle"):
        model.evaluate(X, {"ends": [Y, Y], "middle": Y}, verbose=0)


@pytest.mark.parametrize("loss", [["mse"], [["mse"]], {"a": ["mse"]}])
def test_a_loss_in_a_list_of_one_is_that_loss(loss):
    inputs = dtrain.Input((3,))
    model = dtrain.Model(inputs, layers.Dense(1, name="a", kernel_initializer="zeros")(inputs))
    model.compile("sgd", loss)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(float(np.mean(Y**2)), rel=1e-6)


@pytest.mark.parametrize("loss", [["mse", None, None], {"a": "mse"}])
def test_targets_may_be_left_out_for_outputs_without_a_loss(loss):
    model = model_of(lambda *outputs: list(outputs), loss)
    whole = model.evaluate(X, [Y, Y, Y], verbose=0)
    assert model.evaluate(X, Y, verbose=0) == whole
    assert isinstance(whole, float)  # one loss of several outputs is the whole loss: it is not told twice
    assert list(model.fit(X, Y, verbose=0).history) == ["loss"]


def test_compute_loss_may_be_written_without_the_argument_training():
    class Doubled(dtrain.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            return 2 * super().compute_loss(x, y, y_pred, sample_weight)

    inputs = dtrain.Input((3,))
    model = Doubled(inputs, layers.Dense(1, kernel_initializer="zeros")(inputs))
    for eager in (False, True):
        model.compile("sgd", "mse", run_eagerly=eager)
        assert model.evaluate(X, Y, verbose=0) == pytest.approx(2 * float(np.mean(Y**2)), rel=1e-6)
    model.fit(X, Y, verbose=0)
