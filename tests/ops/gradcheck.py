"""Gradients against central differences in float64, by random projection, and processes that share a batch.

`check(f, *arrays)` compares `<v, J^T u>` (the plan's gradient) with `(<u, f(x + eps v)> - <u, f(x - eps v)>) / 2 eps`.
The plan runs in an arena full of NaN, twice, so an output that is not overwritten is found; operands and results pass
through copies, so that they lie in the arena and may be overwritten in place. `check_divided` runs the same function
on batches cut into the rows of several processes (threads that add as MPI would) and compares with one process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dtrain.graph import (
    Arena,
    Array,
    Op,
    Parameters,
    Program,
    Spec,
    StepContext,
    Tensor,
    Trace,
    Variable,
    apply,
    as_tensor,
    make_plan,
    tracing,
)  # fmt: skip
from dtrain.graph.nest import flatten

Function = Callable[..., Any]


class _Copy(Op):
    @staticmethod
    def spec(x: Spec) -> Spec:
        return x

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.copyto(y, x)

    @staticmethod
    def dx(dy: Array, dx: Array) -> None:
        np.copyto(dx, dy)


class _Project(Op):
    """y = factor * <u, x>; u has the global shape, of which `context.first_row` selects this process's rows."""

    @staticmethod
    def spec(x: Spec, *, key: int, factor: float) -> dict[str, Spec]:
        return {"y": Spec((), np.dtype(np.float64)), "u": Spec(x.shape, np.dtype(np.float64))}

    @staticmethod
    def forward(x: Array, y: Array, u: Array, *, key: int, factor: float, rows: Any, context: StepContext) -> None:
        axis, parts, shape = rows
        whole = np.random.default_rng(key).normal(size=shape)
        if axis is not None:
            places: list[int] = []
            end = 0
            for length in parts:
                first = end + (context.first_row * length // context.total_rows if context.total_rows else 0)
                own = x.shape[axis] * length // sum(parts) if sum(parts) else 0
                places += range(first, first + own)
                end += length
            whole = np.take(whole, np.array(places, int), axis)
        np.multiply(whole, factor, out=u)
        y[...] = np.sum(u * x)

    @staticmethod
    def dx(dy: Array, u: Array, dx: Array) -> None:
        np.multiply(dy, u, out=dx)


class _Total(Op):
    """y = x1 + x2 for two numbers."""

    @staticmethod
    def spec(x1: Spec, x2: Spec) -> Spec:
        return x1

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.add(x1, x2, out=y)

    @staticmethod
    def dx1(dy: Array, dx1: Array) -> None:
        np.copyto(dx1, dy)

    @staticmethod
    def dx2(dy: Array, dx2: Array) -> None:
        np.copyto(dx2, dy)


def _project(outputs: Sequence[Tensor], processes: int) -> Tensor:
    total = None
    for number, y in enumerate(outputs):
        if not y.spec.is_float:
            continue
        rows = (y.spec.batch, y.spec.parts, y.spec.global_shape)
        factor = 1.0 if y.spec.batch is not None else 1 / processes
        term = apply(_Project, y, key=number, factor=factor, rows=rows)
        total = term if total is None else apply(_Total, total, term)
    assert total is not None, "no float output to check"
    return total


class Run:
    """One traced, planned and executed call: `outputs`, `loss`, and `gradients` of the float arguments."""

    def __init__(
        self,
        function: Function,
        arrays: Sequence[Any],
        batched: Sequence[bool],
        rows: int = 0,
        total: int = 0,
        context: StepContext | None = None,
        processes: int = 1,
    ) -> None:
        context = context or StepContext()
        context.total_rows = total
        values = [np.asarray(a) for a in arrays]
        floats = [k for k, a in enumerate(values) if a.dtype.kind == "f"]
        variables = {k: Variable(values[k], dtype=values[k].dtype, name=f"x{k}") for k in floats}
        trace = Trace(rows=rows, total_rows=total, pieces=processes)
        with tracing(trace):
            operands = []
            for k, value in enumerate(values):
                tensor = variables[k].value if k in variables else trace.constant(value)
                if batched[k]:  # from here on, its first axis holds rows
                    tensor = apply(_AsRows, tensor, total=total)
                operands.append(apply(_Copy, tensor) if k in variables or batched[k] else tensor)
            outputs = [apply(_Copy, y) for y in flatten(function(*operands)) if isinstance(y, Tensor)]
            loss = _project(outputs, processes) if floats else None
        self.specs = [y.spec for y in outputs]
        plan = make_plan(
            trace,
            [*(y.index for y in outputs), *([] if loss is None else [loss.index])],
            root=None if loss is None else loss.index,
            trainable=list(variables.values()),
            alone=processes == 1,
        )
        parameters = Parameters([variables[k] for k in floats])
        parameters.gradients[...] = 0
        program = Program(plan, Arena(), context, parameters)
        program.run()
        first = [np.array(a) for a in program.results] + [parameters.gradients.copy()]
        program.run()
        for a, b in zip(first, [*program.results, parameters.gradients], strict=True):
            np.testing.assert_array_equal(a, b, err_msg="a second run differs: a buffer is read before it is written")
        results = [np.array(a) for a in program.results]
        self.outputs = results[: len(outputs)]
        self.loss = float(results[-1]) if loss is not None else 0.0
        self.gradients = {k: parameters.gradient(variables[k]).copy() for k in floats}


class _AsRows(Op):
    """y = x, whose first axis holds this process's rows."""

    @staticmethod
    def spec(x: Spec, *, total: int) -> Spec:
        return Spec(x.shape, x.dtype, 0, total)

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.copyto(y, x)

    @staticmethod
    def dx(dy: Array, dx: Array) -> None:
        np.copyto(dx, dy)


def check(
    function: Function, *arrays: Any, wrt: Sequence[int] | None = None, eps: float = 1e-6, rtol: float = 1e-6
) -> list[Array]:
    """Check the gradients of `function` with respect to its float arguments (those numbered in `wrt`); its outputs.

    Float arguments are taken as float64. Integer and boolean arguments are constants.
    """
    values = [np.asarray(a, np.float64) if np.asarray(a).dtype.kind == "f" else np.asarray(a) for a in arrays]
    run = Run(function, values, [False] * len(values))
    eager = [y.numpy() for y in flatten(function(*(as_tensor(np.array(v)) for v in values))) if isinstance(y, Tensor)]
    assert len(eager) == len(run.outputs)
    for a, b, spec in zip(eager, run.outputs, run.specs, strict=True):
        assert a.shape == spec.shape and a.dtype == spec.dtype
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12, err_msg="eager and traced values differ")
    rng = np.random.default_rng(7)
    for k in run.gradients if wrt is None else wrt:
        v = rng.normal(size=values[k].shape)
        analytic = float(np.sum(v * run.gradients[k]))
        losses = []
        for sign in (1, -1):
            moved = list(values)
            moved[k] = values[k] + sign * eps * v
            losses.append(Run(function, moved, [False] * len(values)).loss)
        numeric = (losses[0] - losses[1]) / (2 * eps)
        scale = max(abs(analytic), abs(numeric), 1.0)
        assert abs(analytic - numeric) <= rtol * scale, f"operand {k}: gradient {analytic}, by differences {numeric}"
    return run.outputs


class _Processes:
    """Threads that add arrays as processes would."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.barrier = threading.Barrier(size, timeout=20)
        self.arrays: dict[int, Array] = {}

    def all_sum(self, rank: int, array: Array) -> None:
        self.arrays[rank] = array
        self.barrier.wait()
        total = sum(self.arrays[r] for r in range(self.size))
        self.barrier.wait()
        array[...] = total
        self.barrier.wait()


def check_divided(
    function: Function,
    *arrays: Any,
    batched: Sequence[bool],
    cuts: Sequence[Sequence[int]] = ((2, 3), (5, 0), (1, 2, 2)),
    rtol: float = 1e-10,
) -> None:
    """Check that values and gradients do not depend on how many processes share the rows of the batched arguments."""
    values = [np.asarray(a, np.float64) if np.asarray(a).dtype.kind == "f" else np.asarray(a) for a in arrays]
    total = next(len(a) for a, b in zip(values, batched, strict=True) if b)
    whole = Run(function, values, batched, total, total)
    for cut in cuts:
        assert sum(cut) == total
        runs = _run_divided(function, values, batched, cut)
        for number, spec in enumerate(runs[0].specs):  # rows that were gathered are whole everywhere
            parts = [r.outputs[number] for r in runs]
            got = parts if spec.batch is None else [_in_order(parts, spec, cut)]
            for g in got:
                np.testing.assert_allclose(g, whole.outputs[number], rtol=rtol, atol=1e-12, err_msg=f"output, {cut}")
        for k, expected in whole.gradients.items():
            parts = [r.gradients[k] for r in runs]
            gradient = np.concatenate(parts) if batched[k] else np.sum(parts, axis=0)
            np.testing.assert_allclose(gradient, expected, rtol=rtol, atol=1e-12, err_msg=f"gradient {k}, {cut}")


def _in_order(parts: Sequence[Array], spec: Spec, cut: Sequence[int]) -> Array:
    """The rows of all processes in the order of one; each has its own of every value that lies behind another."""
    own = [[length * rows // sum(cut) for length in spec.parts] for rows in cut]
    runs = [np.split(part, np.cumsum(lengths)[:-1], spec.batch) for part, lengths in zip(parts, own, strict=True)]
    return np.concatenate([run[k] for k in range(len(spec.parts)) for run in runs], spec.batch)


def _run_divided(function: Function, values: list[Any], batched: Sequence[bool], cut: Sequence[int]) -> list[Run]:
    processes = _Processes(len(cut))
    starts = np.cumsum([0, *cut])
    runs: list[Any] = [None] * len(cut)

    def work(rank: int) -> None:
        rows = slice(starts[rank], starts[rank + 1])
        mine = [np.array(v[rows]) if b else v for v, b in zip(values, batched, strict=True)]
        context = StepContext(first_row=int(starts[rank]), rank=rank, size=len(cut))
        context.all_sum = lambda array: processes.all_sum(rank, array)
        try:
            runs[rank] = Run(function, mine, batched, int(cut[rank]), int(starts[-1]), context, len(cut))
        except BaseException as error:
            runs[rank] = error
            processes.barrier.abort()

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(len(cut))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    errors = [r for r in runs if isinstance(r, BaseException)]
    for error in errors:
        if not isinstance(error, threading.BrokenBarrierError):
            raise error
    assert not errors
    return runs
