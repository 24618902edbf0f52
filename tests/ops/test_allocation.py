"""A step allocates no array of the size of a batch."""

import tracemalloc

import numpy as np
import pytest

from dtrain.graph import Arena, Parameters, Program, StepContext, Trace, Variable, make_plan, tracing
from dtrain.ops import add, multiply, relu, sum
from dtrain.ops.convolution import conv, depthwise_conv
from dtrain.ops.convolution_transpose import conv_transpose
from dtrain.ops.dropout import dropout
from dtrain.ops.embedding import embedding_lookup
from dtrain.ops.fusion import rewrites
from dtrain.ops.gru import gru
from dtrain.ops.lstm import lstm
from dtrain.ops.normalization import batch_normalize, layer_normalization
from dtrain.ops.pooling import average_pool, max_pool
from dtrain.ops.simple_rnn import simple_rnn

IMAGES, SEQUENCES = (512, 32, 32, 8), (2048, 16, 128)  # 16 MiB each
LIMIT = 2 << 20

CASES = {
    "conv": (lambda x, v: conv(multiply(x, v(8)), v(3, 3, 8, 8)), IMAGES),
    "conv with strides": (lambda x, v: conv(multiply(x, v(8)), v(3, 3, 8, 16), 2, "same"), IMAGES),
    "fused": (lambda x, v: max_pool(relu(add(conv(multiply(x, v(8)), v(3, 3, 8, 8)), v(8))), 2), IMAGES),
    "depthwise_conv": (lambda x, v: depthwise_conv(multiply(x, v(8)), v(3, 3, 8, 1)), IMAGES),
    "conv_transpose": (lambda x, v: conv_transpose(multiply(x, v(8)), v(2, 2, 4, 8), 2), IMAGES),
    "max_pool": (lambda x, v: max_pool(multiply(x, v(8)), 3, 2, "same"), IMAGES),
    "average_pool": (lambda x, v: average_pool(multiply(x, v(8)), 2), IMAGES),
    "batch_normalize": (lambda x, v: batch_normalize(multiply(x, v(8)), v(8), v(8))[0], IMAGES),
    "layer_normalization": (lambda x, v: layer_normalization(multiply(x, v(8)), v(8), v(8)), IMAGES),
    "dropout": (lambda x, v: dropout(multiply(x, v(8)), 0.3), IMAGES),
    "lstm": (lambda x, v: lstm(multiply(x, v(128)), None, v(128, 64), v(16, 64), v(64))[0], SEQUENCES),
    "gru": (lambda x, v: gru(multiply(x, v(128)), None, v(128, 48), v(16, 48), v(2, 48))[0], SEQUENCES),
    "simple_rnn": (lambda x, v: simple_rnn(multiply(x, v(128)), None, v(128, 16), v(16, 16), v(16))[0], SEQUENCES),
    "embedding": (lambda x, v: embedding_lookup(x, v(50, 64)), (4096, 16)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_step_allocates_no_batch(name):
    function, shape = CASES[name]
    variables = []

    def variable(*lengths):
        values = np.random.default_rng(len(variables)).normal(size=lengths) * 0.1
        variables.append(Variable(values.astype(np.float32)))
        return variables[-1].value

    trace = Trace(rows=shape[0], total_rows=shape[0])
    with tracing(trace):
        loss = sum(function(trace.batch_input(shape[1:], "int32" if name == "embedding" else "float32"), variable))
    plan = make_plan(trace, [loss.index], loss.index, variables, rewrites)
    program = Program(plan, Arena(), StepContext(), Parameters(variables))
    program.run()
    tracemalloc.start()
    try:
        program.run()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < LIMIT, f"{name}: {peak} bytes"
