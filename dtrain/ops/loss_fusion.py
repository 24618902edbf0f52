"""The rewrite of a last activation and the crossentropy of its output."""

from __future__ import annotations

from collections.abc import Iterator

from dtrain.graph import Op, Trace
from dtrain.graph.trace import Call

from .activation import Sigmoid
from .chains import fused_call, replace
from .fused_losses import SigmoidCrossentropy, SoftmaxCrossentropy, SoftmaxOfLabels
from .loss import BinaryProbabilities, CategoricalCrossentropy, SparseProbabilities
from .probabilities import Softmax

_LOSSES: dict[type[Op], dict[type[Op], type[Op]]] = {
    Softmax: {SparseProbabilities: SoftmaxOfLabels, CategoricalCrossentropy: SoftmaxCrossentropy},
    Sigmoid: {BinaryProbabilities: SigmoidCrossentropy},
}


def fuse_losses(calls: list[Call], trace: Trace, wanted: frozenset[int]) -> list[Call]:
    """Softmax or Sigmoid and the crossentropy of its output become one call, which still gives that output."""
    order = {id(call): place for place, call in enumerate(calls)}

    def found() -> Iterator[tuple[list[Call], Call]]:
        for call in calls:
            kinds = _LOSSES.get(call.op)
            if kinds is None:
                continue
            readers = [(other, k) for other in calls for k, i in enumerate(other.inputs) if i == call.outputs[0]]
            losses = [other for other, k in readers if k == 1 and other.op in kinds]
            if len(losses) != 1 or not _is_last(call, trace) or losses[0].attributes.get("from_logits"):
                continue
            loss = losses[0]
            others = [(other, k) for other, k in readers if other is not loss or k != 1]
            # The output is there from the loss on, and has no gradient of its own.
            if any(order[id(o)] < order[id(loss)] or o.op.differentiable(k) for o, k in others):
                continue
            inputs = (loss.inputs[0], call.inputs[0])
            if _fits(kinds[loss.op], inputs, trace):
                fused = fused_call([call, loss], kinds[loss.op], inputs, trace)
                fused.outputs = (call.outputs[0], loss.outputs[0])
                yield [call, loss], fused

    return replace(calls, found())


def _is_last(call: Call, trace: Trace) -> bool:
    """Whether the axis, if there is one, is the last."""
    return call.attributes.get("axis", -1) in (-1, len(trace.specs[call.inputs[0]].shape) - 1)


def _fits(op: type[Op], inputs: tuple[int, ...], trace: Trace) -> bool:
    """Whether logits are floating-point numbers and, except for labels, of the targets' shape and dtype."""
    t, x = (trace.specs[i] for i in inputs)
    return x.is_float and (op is SoftmaxOfLabels or (t.shape == x.shape and t.dtype == x.dtype))
