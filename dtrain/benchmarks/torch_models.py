"""The same models in PyTorch, written as its documentation does: channels first, loss on logits where it has one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from .models import VOCABULARY, Arrays


class _Text(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 512)
        self.lstm = nn.LSTM(512, 32, batch_first=True)
        self.early = nn.Linear(32, 1)
        sizes = [nn.Linear(37, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU()]
        self.hidden = nn.Sequential(*sizes)
        self.late = nn.Linear(64, 1)

    def forward(self, words: Any, extra: Any) -> Any:
        state = self.lstm(self.embedding(words))[0][:, -1]
        hidden = self.hidden(torch.cat([state, extra], dim=1))
        return torch.sigmoid(self.late(hidden)), torch.sigmoid(self.early(state))


def _normalized(inputs: int, filters: int, size: int, strides: int) -> Any:
    convolution = nn.Conv2d(inputs, filters, size, strides, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(filters))


class _Block(nn.Module):
    def __init__(self, inputs: int, filters: int, strides: int) -> None:
        super().__init__()
        self.first = _normalized(inputs, filters, 3, strides)
        self.second = _normalized(filters, filters, 3, 1)
        self.shortcut = nn.Identity() if strides == 1 else _normalized(inputs, filters, 1, strides)

    def forward(self, x: Any) -> Any:
        y = self.second(functional.relu(self.first(x)))
        return functional.relu(y + self.shortcut(x))


def _resnet8() -> Any:
    blocks = [_Block(16, 16, 1), _Block(16, 32, 2), _Block(32, 64, 2)]
    end = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)]
    return nn.Sequential(_normalized(3, 16, 3, 1), nn.ReLU(), *blocks, *end)


def _dense(*sizes: int) -> list[Any]:
    layers: list[Any] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return layers[:-1]


def _cnn() -> Any:
    return nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), *_dense(5408, 64, 32, 10))


_NETS: dict[str, Callable[[], Any]] = {
    "mlp": lambda: nn.Sequential(*_dense(784, 512, 256, 10)),
    "cnn": _cnn,
    "lstm": _Text,
    "resnet8": _resnet8,
    "small": lambda: nn.Sequential(*_dense(64, 32, 10)),
}


def build(name: str) -> Any:
    """The model of this name, with the same first weights in every process."""
    torch.manual_seed(0)
    return _NETS[name]()


def tensors(arrays: Arrays) -> list[Any]:
    """Arrays as PyTorch wants them: images channels first, integers of 64 bits."""
    moved = [np.ascontiguousarray(a.transpose(0, 3, 1, 2)) if a.ndim == 4 else a for a in arrays]
    return [torch.from_numpy(a.astype("int64") if a.dtype.kind == "i" else a) for a in moved]


def loss(net: Any, inputs: list[Any], targets: list[Any]) -> Any:
    """The loss that `compile` names for the model."""
    if len(targets) == 1:
        return functional.cross_entropy(net(*inputs), targets[0])
    late, early = net(*inputs)
    whole = functional.binary_cross_entropy(late, targets[0])
    return whole + 0.2 * functional.binary_cross_entropy(early, targets[1])
