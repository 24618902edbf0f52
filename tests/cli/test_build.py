from __future__ import annotations

import pytest

from dtrain import optimizers
from dtrain.cli.build import build_optimizer
from dtrain.cli.errors import UserError


def test_an_optimizer_takes_its_own_arguments():
    optimizer = build_optimizer({"name": "sgd", "learning_rate": 0.5, "momentum": 0.9}, 10, 2)
    assert isinstance(optimizer, optimizers.SGD)
    assert optimizer.get_config()["momentum"] == 0.9


def test_a_schedule_counts_in_epochs_and_ends_with_the_run():
    rate = {"name": "CosineDecay", "initial_learning_rate": 0.1, "warmup_target": 1, "warmup_epochs": 1}
    config = build_optimizer({"name": "Adam", "learning_rate": rate}, 10, 5).get_config()["learning_rate"]["config"]
    assert (config["warmup_steps"], config["decay_steps"], config["warmup_target"]) == (10, 40, 1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "Adma"}, "optimizer.name: no Optimizer is called 'Adma'. Did you mean 'Ada"),
        ({"name": "Adam", "momentum": 1}, "optimizer: Adam takes no 'momentum'"),
        ({"name": "SGD", "momentum": 7}, "momentum must be in"),
        ({"name": "SGD", "nesterov": "x"}, "optimizer.nesterov: expected true or false. Received: 'x'"),
        ({"name": "Adam", "learning_rate": {"name": "Cosine"}}, "optimizer.learning_rate.name: .*'CosineDecay'"),
        ({"name": "Adam", "learning_rate": {"name": "CosineDecay"}}, "CosineDecay needs initial_learning_rate"),
    ],
)
def test_what_an_optimizer_refuses_is_a_user_error(options, message):
    with pytest.raises(UserError, match=message):
        build_optimizer(options, 10, 2)
