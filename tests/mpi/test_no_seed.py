"""A program that sets no seed: what it makes before any training is the same on all processes."""

from __future__ import annotations

from tests.mpi.launcher import mpirun, needs_mpirun

pytestmark = needs_mpirun

PROGRAM = """
import numpy as np
import dtrain
from dtrain import layers, ops
from dtrain.distributed import world

model = dtrain.Sequential([dtrain.Input((4,)), layers.Dense(3), layers.Dropout(0.5), layers.Dense(1)])
drawn = dtrain.random.normal((5,)).numpy()
optimizer = dtrain.optimizers.Adam(0.1)
before = [w.copy() for w in model.get_weights()]
x = np.ones((6, 4), "float32")
for step in range(3):
    with dtrain.GradientTape() as tape:
        loss = ops.mean(ops.square(model(x, training=True)))
    optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
found = [a.tobytes() for a in (*before, drawn, *model.get_weights())]
assert world().allgather(found) == [found] * world().size
print("one start", before[0][0, 0], flush=True)
"""


def test_weights_draws_and_a_loop_of_the_users_are_the_same_everywhere() -> None:
    runs = [mpirun(2, PROGRAM, timeout_s=60) for _ in range(2)]
    for result in runs:
        assert result.rc == 0, result
    starts = [set(line for line in result.stdout.splitlines() if line.startswith("one start")) for result in runs]
    assert [len(found) for found in starts] == [1, 1]
    assert starts[0] != starts[1]  # and another one in every run
