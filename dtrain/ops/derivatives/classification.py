"""Crossentropies, by the ops that they are made of."""

from __future__ import annotations

from dtrain.graph import Tensor
from dtrain.kernels.numpy.crossentropy import EPSILON

from ..activation import clip, softplus
from ..elementwise import log
from ..indexing import take_along_axis
from ..loss import BinaryLogits, BinaryProbabilities, CategoricalCrossentropy, SparseLogits, SparseProbabilities
from ..probabilities import log_softmax
from ..reduction import sum
from ..shaping import expand_dims, squeeze
from .rules import composed


def _inside(p: Tensor) -> Tensor:
    return clip(p, EPSILON, 1 - EPSILON)


def _shares(output: Tensor) -> Tensor:
    return output / sum(output, -1, keepdims=True)  # type: ignore[no-any-return]


def _categorical(target: Tensor, output: Tensor, from_logits: bool) -> Tensor:
    logs = log_softmax(output) if from_logits else log(_inside(_shares(output)))
    return -sum(target * logs, -1)  # type: ignore[no-any-return]


def _of_label(values: Tensor, target: Tensor) -> Tensor:
    return squeeze(take_along_axis(values, expand_dims(target, -1), -1), -1)


def _binary(target: Tensor, output: Tensor) -> Tensor:
    p = _inside(output)
    return -(target * log(p) + (1 - target) * log(1 - p))  # type: ignore[no-any-return]


composed(CategoricalCrossentropy, _categorical)
composed(SparseLogits, lambda target, output: -_of_label(log_softmax(output), target))
composed(SparseProbabilities, lambda target, output: -log(_inside(_of_label(_shares(output), target))))
composed(BinaryLogits, lambda target, output: softplus(output) - target * output)
composed(BinaryProbabilities, _binary)
