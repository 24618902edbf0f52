"""What mixes the rows of a batch gives on several processes what it gives on one: values and gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from dtrain import ops, random
from dtrain.graph import Array, GradientTape, Spec, StepContext, Tensor, Trace, tracing
from dtrain.graph.nest import flatten
from dtrain.graph.pieces import Lanes, PiecedTensor
from dtrain.graph.trace import running
from dtrain.ops.gathering import Spread, all_rows
from dtrain.training.shard_sums import ShardSums
from tests.distributed.group import run_ranks
from tests.ops.gradcheck import check_divided

Function = Callable[..., Any]
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(6, 4)), RNG.normal(size=(6, 4))
V = RNG.normal(size=6)
LABELS = np.array([0, 2, 1, 0, 2, 2], np.int32)
TABLE = RNG.normal(size=(9, 4))
PLACES = np.array([4, 0, 5, 5, 2, 1], np.int32)


def unit(x: Any) -> Any:
    return x / ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True))


def simclr(x: Any, y: Any) -> Any:
    rows = ops.shape(x)[0]
    similarities = ops.matmul(unit(x), ops.transpose(unit(y))) / 0.1
    labels = ops.arange(rows)
    return ops.sparse_categorical_crossentropy(
        ops.concatenate([labels, labels], axis=0),
        ops.concatenate([similarities, ops.transpose(similarities)], axis=0),
        from_logits=True,
    )


def nt_xent(x: Any, y: Any) -> Any:
    """Both views in one batch, each row's own similarity hidden."""
    rows = x.shape[0]
    z = unit(ops.concatenate([x, y], axis=0))
    logits = z @ ops.transpose(z) / 0.5 - 1e9 * ops.eye(2 * rows, dtype="float64")
    partners = ops.concatenate([ops.arange(rows, 2 * rows), ops.arange(rows)], axis=0)
    return ops.mean(ops.sparse_categorical_crossentropy(partners, logits, from_logits=True))


def supervised_contrastive(x: Any, labels: Any) -> Any:
    z = unit(x)
    logits = ops.matmul(z, ops.transpose(z)) / 0.3
    logits -= ops.stop_gradient(ops.max(logits, axis=1, keepdims=True))
    others = 1 - ops.eye(x.shape[0], dtype="float64")
    column = ops.reshape(labels, (-1, 1))
    mask = ops.cast(ops.equal(column, ops.transpose(column)), "float64") * others
    log_shares = logits - ops.log(ops.sum(ops.exp(logits) * others, axis=1, keepdims=True))
    return ops.sum(mask * log_shares, axis=1) / ops.maximum(ops.sum(mask, axis=1), 1)


def clip(x: Any, y: Any) -> Any:
    """As in the dual encoder for texts and images: soft targets from both similarities."""
    logits = ops.matmul(x, ops.transpose(y)) / 2
    targets = ops.softmax((x @ ops.transpose(x) + y @ ops.transpose(y)) / 4)
    texts = ops.categorical_crossentropy(targets, logits, from_logits=True)
    images = ops.categorical_crossentropy(ops.transpose(targets), ops.transpose(logits), from_logits=True)
    return (texts + images) / 2


def distances(x: Any) -> Any:
    squares = ops.sum(ops.square(x), axis=1, keepdims=True)
    return ops.maximum(squares - 2 * x @ ops.transpose(x) + ops.transpose(squares), 0.0)


def batch_hard_triplets(x: Any, labels: Any) -> Any:
    d = distances(x)
    alike = ops.equal(labels[:, None], labels[None, :])
    farthest = ops.max(ops.where(alike, d, 0.0), axis=1)
    nearest = ops.min(ops.where(alike, 1e9, d), axis=1)
    return ops.mean(ops.maximum(farthest - nearest + 1.0, 0.0))


def semi_hard_triplets(x: Any, labels: Any) -> Any:
    """As in TensorFlow Addons: every pair of a class with the nearest negative beyond it."""
    d, rows = distances(x), ops.size(labels)
    column = ops.reshape(labels, (rows, 1))
    adjacency = ops.equal(column, ops.transpose(column))
    tiled = ops.tile(d, (rows, 1))
    far = ops.greater(tiled, ops.reshape(ops.transpose(d), (-1, 1)))
    mask = ops.logical_and(ops.tile(ops.logical_not(adjacency), (rows, 1)), far)
    found = ops.reshape(ops.any(mask, axis=1, keepdims=True), (rows, rows))
    outside = ops.transpose(ops.reshape(ops.min(ops.where(mask, tiled, 1e9), axis=1), (rows, rows)))
    inside = ops.tile(ops.max(ops.where(adjacency, -1e9, d), axis=1, keepdims=True), (1, rows))
    negatives = ops.where(ops.transpose(found), outside, inside)
    positives = ops.cast(adjacency, "float64") - ops.diag(ops.ones((rows,), "float64"))
    return ops.sum(ops.maximum((1.0 + d - negatives) * positives, 0.0)) / ops.sum(positives)


def vicreg(x: Any, y: Any) -> Any:
    rows, width = x.shape
    spread = ops.mean(ops.relu(1 - ops.sqrt(ops.var(x, axis=0) + 1e-4)))
    centred = x - ops.mean(x, axis=0)
    covariance = ops.transpose(centred) @ centred / (rows - 1)
    apart = ops.reshape(ops.ravel(covariance)[:-1], (width - 1, width + 1))[:, 1:]
    return ops.mean(ops.square(x - y)) + spread + ops.sum(ops.square(apart)) / width


def barlow_twins(x: Any, y: Any) -> Any:
    a, b = ((z - ops.mean(z, axis=0)) / ops.std(z, axis=0) for z in (x, y))
    c = ops.transpose(a) @ b / ops.cast(ops.shape(x)[0], "float64")
    return ops.sum(ops.square(c - ops.eye(4, dtype="float64")))


def nnclr(x: Any, table: Any) -> Any:
    """The nearest of a queue in place of each row, and the queue with the rows of the batch in front."""
    near = ops.take(table, ops.argmax(x @ ops.transpose(table), axis=1), axis=0)
    return near @ ops.transpose(x), ops.concatenate([x, table[: -x.shape[0]]], axis=0)


def centres(x: Any, labels: Any, table: Any) -> Any:
    apart = x - ops.take(table, labels, axis=0)
    counts = ops.segment_sum(ops.ones_like(x[:, :1]), labels, 9)
    return apart, table + ops.segment_sum(apart, labels, 9) / (1 + counts)


def experts(x: Any) -> Any:
    """Each row to the best of four experts, which takes two rows at most, the first of the batch."""
    choice = ops.one_hot(ops.argmax(x, axis=-1), 4, dtype="float64")
    place = ops.cumsum(choice, axis=0) * choice
    kept = choice * ops.cast(place <= 2, "float64")
    slots = kept[:, :, None] * ops.one_hot(ops.cast(place - 1, "int32"), 2, dtype="float64")
    inside = ops.einsum("nec,nd->ecd", slots, x)
    return ops.einsum("nec,ecd->nd", slots, inside * 2) + ops.mean(kept, axis=0)


def cox(x: Any, times: Any) -> Any:
    """Partial likelihood: every row against those that lived at least as long."""
    order = ops.argsort(-times)
    risk = ops.take(x[:, 0], order, axis=0)
    return ops.mean(risk - ops.log(ops.cumsum(ops.exp(risk))))


def sinkhorn(x: Any) -> Any:
    q = ops.transpose(ops.exp(x))
    for _ in range(3):
        q = q / ops.sum(q, axis=1, keepdims=True) / q.shape[0]
        q = q / ops.sum(q, axis=0, keepdims=True) / q.shape[1]
    return ops.transpose(q * q.shape[1])


def group_deviation(x: Any) -> Any:
    """The layer of progressive GANs: the mean deviation within groups of rows, as one more feature of each."""
    groups = ops.reshape(x, (3, -1, 4))
    deviation = ops.mean(ops.std(groups, axis=0), axis=1, keepdims=True)
    return ops.concatenate([x, ops.tile(deviation, (3, 1))], axis=1)


def discrepancy(x: Any, y: Any) -> Any:
    def kernel(a: Any, b: Any) -> Any:
        return ops.mean(ops.exp(-ops.sum(ops.square(a[:, None] - b[None]), axis=-1)))

    return kernel(x, x) + kernel(y, y) - 2 * kernel(x, y)


def by_hand(x: Any) -> Any:
    rows = []
    for k in range(x.shape[0]):
        rows.append(x[k] * (k + 1) + x[k - 1])
    return ops.stack(rows) / float(x.shape[0]) + len(x)


def queue(x: Any, y: Any) -> Any:
    both = ops.concatenate([x, y], axis=0)
    return both[3:-2] * 2, both[::-1], ops.split(both, 3)[1], ops.reshape(both, (3, 2, -1, 4))


PATTERNS: dict[str, tuple[Function, tuple[Array, ...], tuple[bool, ...]]] = {
    name: (function, arrays, tuple(a is not TABLE for a in arrays))
    for name, function, arrays in [
        ("similarity", lambda x: x @ ops.transpose(x), (X,)),
        ("similarity by einsum", lambda x, y: ops.einsum("id,jd->ij", x, y), (X, Y)),
        ("similarity of similarities", lambda x: ops.matmul(distances(x), distances(x)), (X,)),
        ("rows by similarity", lambda x: ops.softmax(x @ ops.transpose(x)) @ x, (X,)),
        ("simclr", simclr, (X, Y)),
        ("nt_xent", nt_xent, (X, Y)),
        ("supervised contrastive", supervised_contrastive, (X, LABELS)),
        ("clip", clip, (X, Y)),
        ("batch hard triplets", batch_hard_triplets, (X, LABELS)),
        ("semi-hard triplets", semi_hard_triplets, (X, LABELS)),
        ("vicreg", vicreg, (X, Y)),
        ("barlow twins", barlow_twins, (X, Y)),
        ("nnclr", nnclr, (X, TABLE)),
        ("centres", centres, (X, LABELS, TABLE)),
        ("experts", experts, (X,)),
        ("cox", cox, (X, V)),
        ("sinkhorn", sinkhorn, (X,)),
        ("group deviation", group_deviation, (X,)),
        ("discrepancy", discrepancy, (X, Y)),
        ("rows one by one", by_hand, (X,)),
        ("queue", queue, (X, Y)),
        ("map", lambda x: ops.map(lambda row: row * row[0], x), (X,)),
        (
            "scan",
            lambda x: ops.scan(lambda s, row: (s + row, s * row), ops.zeros((4,), "float64"), x),
            (X,),
        ),
        ("softmax over rows", lambda x: ops.softmax(x, axis=0) + ops.log_softmax(x, axis=(0, 1)), (X,)),
        ("order", lambda x: (ops.sort(x, axis=0), ops.argsort(x, axis=0), ops.top_k(ops.transpose(x), 3)), (X,)),
        ("running sums", lambda x: (ops.cumsum(x, axis=0), ops.cumprod(x, axis=0), ops.diff(x, axis=0)), (X,)),
        ("turned", lambda x: (ops.flip(x, 0) * x, ops.roll(x, 2, axis=0) - x, ops.roll(x, 5)), (X,)),
        ("mixed up", lambda x: 0.3 * x + 0.7 * random.shuffle(x, seed=4), (X,)),
        ("rows of rows", lambda x, p: (x[p], ops.take(x, p, axis=0), x[p, p % 4], x[:, p % 4]), (X, PLACES)),
        ("own elements", lambda x, p: x[ops.arange(x.shape[0]), p % 4], (X, PLACES)),
        ("pairs", lambda x, p: (x @ ops.transpose(x))[ops.arange(x.shape[0]), p], (X, PLACES)),
        ("along rows", lambda x, p: ops.take_along_axis(x, p[:, None], axis=0), (X, PLACES)),
        ("some rows", lambda x: (x[0], x[-1], x[1:4], x[::2], x[:-1] - x[1:], x[[5, 0]]), (X,)),
        ("half of the rows", lambda x: x[: x.shape[0] // 2] * x[x.shape[0] // 2 :], (X,)),
        ("statistics", lambda x: (ops.median(x, 0), ops.quantile(x, [0.1, 0.5], 0), ops.std(x, 0), ops.var(x)), (X,)),
        ("diagonal", lambda x: ops.diagonal(x @ ops.transpose(x)) + ops.trace(x @ ops.transpose(x)), (X,)),
        ("triangle", lambda x: ops.triu(x @ ops.transpose(x), 1), (X,)),
        ("determinant", lambda x: ops.logdet(x @ ops.transpose(x) + 9 * ops.eye(len(x), dtype="float64")), (X,)),
        ("whole values", lambda x: x * Y + ops.ones((x.shape[0], x.shape[0])) @ x + np.arange(6)[:, None], (X,)),
        ("numbers of rows", lambda x: x / (x.shape[0] - 1) + 1 / x.shape[0] + x.size / x.shape[0] ** 2, (X,)),
        ("two counts", lambda x: ops.ones((x.shape[0], x.shape[0], 4), "float64") * x[None], (X,)),
        ("merged", lambda x: ops.reshape(ops.reshape(x, (4, 6)) * 2, (6, 4)) + x, (X,)),
        ("padded", lambda x: (ops.pad(x, ((1, 2), (0, 0))), ops.pad(x, ((1, 1), (0, 0)), "reflect")), (X,)),
        ("condition", lambda x: ops.cond(ops.sum(x) > 0, lambda: x[:1] * x, lambda: x - ops.flip(x, 0)), (X,)),
        ("repeated", lambda x: ops.repeat(x, [1, 0, 2, 1, 1, 1], axis=0), (X,)),
        ("booleans", lambda x: ops.flip(x > 0, 0) * x, (X,)),
        ("one row more", lambda x, t: ops.concatenate([t[:1], x], axis=0)[:-1], (X, TABLE)),
    ]
}
CUTS = ((2, 4), (6, 0), (1, 0, 5))


@pytest.mark.parametrize("name", PATTERNS)
def test_a_traced_step_has_the_numbers_of_one_process(name: str) -> None:
    function, arrays, batched = PATTERNS[name]
    check_divided(function, *arrays, batched=batched, cuts=CUTS, rtol=1e-8)


@pytest.mark.parametrize("name", PATTERNS)
def test_ops_that_run_at_once_have_the_numbers_of_one_process(name: str) -> None:
    (expected,) = run_eagerly(name, (6,))
    for cut in CUTS:
        for found in run_eagerly(name, cut):
            compare(found, expected)


@pytest.mark.parametrize("name", PATTERNS)
def test_micro_shards_have_the_numbers_of_one_process(name: str) -> None:
    (expected,) = run_eagerly(name, (6,))
    compare(run_in_shards(name, (2, 0, 3, 1)), expected)


@pytest.mark.parametrize("name", ["simclr", "rows by similarity", "softmax over rows", "mixed up", "whole values"])
def test_gradients_of_gradients_are_those_of_one_process(name: str) -> None:
    (expected,) = run_eagerly(name, (6,), penalty)
    for found in run_eagerly(name, (1, 0, 5), penalty):
        compare(found, expected)
    compare(run_in_shards(name, (2, 0, 3, 1), penalty), expected)


def test_rows_are_gathered_once_however_many_ops_need_them() -> None:
    trace = Trace(rows=2, total_rows=5, pieces=2)
    with tracing(trace):
        x = trace.batch_input((3,), np.float32)
        ops.sort(x, axis=0) + ops.flip(x, axis=0) + ops.cumsum(x, axis=0)
        rows = [x[k] for k in range(x.shape[0])]
    assert len(rows) == 5
    assert sum(call.op is Spread for call in trace.calls) == 1


def test_gathered_rows_keep_every_bit_even_the_sign_of_zero() -> None:
    values = np.array([-0.0, 0.0, np.nan, -np.inf, 1e-45], np.float32)

    def gathered(ranks: Any) -> Array:
        own = np.array_split(values, 2)[ranks.rank]
        first = int(ranks.rank * 3)
        context = StepContext(first_row=first, rank=ranks.rank, size=2, rows=len(own), total_rows=5)
        context.all_sum = lambda array: np.copyto(array, np.add(*ranks.allgather(array.copy())))
        with running(context):
            return all_rows(Tensor(Spec(own.shape, own.dtype, 0, 5), own)).numpy()

    for found in run_ranks(2, gathered):
        assert found.tobytes() == values.tobytes()


def compare(found: list[Array | None], expected: list[Array | None]) -> None:
    for a, b in zip(found, expected, strict=True):
        if a is None or b is None:
            assert a is b
        else:
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-12)


Numbers = Callable[[str, Callable[[Array], Tensor]], list[Any]]


def run_eagerly(name: str, cut: Sequence[int], numbers: Numbers | None = None) -> list[list[Array | None]]:
    """What each process finds: by default its whole outputs, then the whole gradients of the arrays of floats."""
    numbers = numbers or outputs_and_gradients
    edges = np.cumsum([0, *cut])

    def body(ranks: Any) -> list[Array | None]:
        rows = slice(edges[ranks.rank], edges[ranks.rank + 1])
        context = StepContext(
            first_row=int(rows.start), rank=ranks.rank, size=ranks.size, rows=int(rows.stop - rows.start), total_rows=6
        )
        context.all_sum = ranks.Allreduce if ranks.size > 1 else context.all_sum

        def part(array: Array) -> Tensor:
            own = array[rows].copy()
            return Tensor(Spec(own.shape, own.dtype, 0, len(array)), own)

        with running(context):
            return numbers(name, part)

    return run_ranks(len(cut), body)


def run_in_shards(name: str, cut: Sequence[int], numbers: Numbers | None = None) -> list[Array | None]:
    """The same in one process that runs micro-shards."""
    numbers = numbers or outputs_and_gradients
    edges = np.cumsum([0, *cut])
    contexts = [
        StepContext(first_row=int(edges[k]), rank=k, size=len(cut), rows=n, total_rows=6) for k, n in enumerate(cut)
    ]
    lanes = Lanes(contexts, lambda arrays: np.sum(arrays, axis=0, dtype=arrays[0].dtype), ShardSums(len(cut)))

    def part(array: Array) -> Tensor:
        pieces = [array[a:b].copy() for a, b in pairwise(edges)]
        return PiecedTensor(Spec(pieces[0].shape, array.dtype, 0, len(array)), pieces)

    with running(lanes):
        return numbers(name, part)


def outputs_and_gradients(name: str, part: Callable[[Array], Tensor]) -> list[Array | None]:
    function, arrays, batched = PATTERNS[name]
    operands = [part(a) if b else Tensor(Spec(a.shape, a.dtype), a) for a, b in zip(arrays, batched, strict=True)]
    with GradientTape() as tape:
        outputs = [y for y in flatten(function(*operands)) if isinstance(y, Tensor)]
        floats = [y for y in outputs if y.spec.is_float]
        weights = [np.random.default_rng(k).normal(size=y.spec.global_shape) for k, y in enumerate(floats)]
        total = sum(ops.sum(y * w) for y, w in zip(floats, weights, strict=True))
    gradients = tape.gradient(total, [t for t in operands if t.spec.is_float])
    return [None if t is None else all_rows(t).numpy() for t in [*outputs, *gradients]]


def penalty(name: str, part: Callable[[Array], Tensor]) -> list[Any]:
    """A sum of squares of the first gradient, and its gradient."""
    function, arrays, _ = PATTERNS[name]
    x, *others = (part(a) for a in arrays)
    with GradientTape() as outer:
        with GradientTape() as inner:
            total = ops.sum(ops.square(function(x, *others)))
        (slope,) = inner.gradient(total, [x])
        square = ops.sum(ops.square(slope))
    return [square.numpy(), all_rows(outer.gradient(square, x)).numpy()]
