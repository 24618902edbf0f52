"""A step allocates no array of batch size: everything lies in the arena, save NumPy's buffers of 8192 elements."""

import tracemalloc

import numpy as np
import pytest

from dtrain import ops
from dtrain.graph import Arena, Parameters, Program, StepContext, Trace, Variable, make_plan, tracing

ROWS, WIDTH = 4096, 64
BYTES = ROWS * WIDTH * 4


def _loss(x, labels, w):
    return ops.mean(ops.sparse_categorical_crossentropy(labels, ops.softmax(x @ w)))


STEPS = {
    "add": lambda x, labels, w: ops.sum(x + w[0]),
    "multiply": lambda x, labels, w: ops.sum(x * w[0]),
    "divide": lambda x, labels, w: ops.sum(x / (w[0] + 3)),
    "maximum": lambda x, labels, w: ops.sum(ops.maximum(x, w[0])),
    "power": lambda x, labels, w: ops.sum((x + 9) ** w[0]),
    "square": lambda x, labels, w: ops.mean(ops.square(x * w[0])),
    "var": lambda x, labels, w: ops.sum(ops.var(x * w[0], 0)),
    "max": lambda x, labels, w: ops.sum(ops.max(x * w[0], 1)),
    "logsumexp": lambda x, labels, w: ops.sum(ops.logsumexp(x * w[0], 1)),
    "where": lambda x, labels, w: ops.sum(ops.where(x > 0, x * w[0], w[1])),
    "concatenate": lambda x, labels, w: ops.sum(ops.concatenate([x, x * w[0]], 1)),
    "slice": lambda x, labels, w: ops.sum((x * w[0])[:, 1:]),
    "transpose": lambda x, labels, w: ops.sum(ops.transpose(x * w[0]) * 2.0),
    "matmul": lambda x, labels, w: ops.sum(x @ w @ w),
    "einsum": lambda x, labels, w: ops.sum(ops.einsum("ni,ij->nj", x, w) * 2.0),
    "argmax": lambda x, labels, w: ops.sum(ops.cast(ops.argmax(x * w[0], 1), "float32")) + ops.sum(w),
    "one_hot": lambda x, labels, w: ops.sum(ops.one_hot(labels, WIDTH) * w[0]),
    "sparse": _loss,
    "sparse logits": lambda x, labels, w: ops.mean(ops.sparse_categorical_crossentropy(labels, x @ w, True)),
    "categorical": lambda x, labels, w: ops.mean(
        ops.categorical_crossentropy(ops.one_hot(labels, WIDTH), ops.sigmoid(x @ w))
    ),
    "binary": lambda x, labels, w: ops.mean(ops.binary_crossentropy(ops.one_hot(labels, WIDTH), ops.sigmoid(x * w[0]))),
    **{
        name: lambda x, labels, w, name=name: ops.sum(getattr(ops, name)(x * w[0]))
        for name in (
            "relu", "sigmoid", "tanh", "silu", "softplus", "elu", "leaky_relu", "gelu", "softmax", "log_softmax",
            "hard_sigmoid", "exp", "sqrt", "abs",
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_a_step_allocates_no_array_of_batch_size(name):
    w = Variable(np.random.default_rng(0).normal(size=(WIDTH, WIDTH)).astype(np.float32), name="w")
    trace = Trace(rows=ROWS, total_rows=ROWS)
    with tracing(trace):
        x, labels = trace.batch_input((WIDTH,), "float32"), trace.batch_input((), "int32")
        loss = STEPS[name](x, labels, w)
    plan = make_plan(trace, [loss.index], root=loss.index, trainable=[w])
    program = Program(plan, Arena(), StepContext(), Parameters([w]))
    program.inputs[0][...] = np.random.default_rng(1).normal(size=(ROWS, WIDTH))
    program.inputs[1][...] = 3
    program.run()
    tracemalloc.start()
    program.run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < BYTES / 4, f"{peak} bytes, while a value of the batch has {BYTES}"
