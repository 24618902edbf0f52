"""What `compile` was told about losses, matched to the outputs of the model and traced into one number to minimise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dtrain import losses
from dtrain.graph import Tensor, apply
from dtrain.graph.nest import flatten
from dtrain.ops.collective import Once

from .output_groups import entries, has_groups


def match_outputs(what: str, given: Any, names: Sequence[str], outputs: Any = None) -> list[Any]:
    """`given` (one for all, list, or dict by output name) as one entry for each output.

    Args:
        outputs: the outputs as the model gives them: what is nested like them fits too.

    Raises:
        ValueError: naming the outputs and what does not fit.
    """
    if isinstance(given, (dict, list, tuple)) and has_groups(outputs):
        return entries(what, given, outputs)
    if isinstance(given, dict):
        unknown = [key for key in given if key not in names]
        if unknown:
            raise ValueError(f"{what}: no output named {unknown}. The outputs are: {list(names)}")
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)):
        if len(given) != len(names):
            raise ValueError(f"{what}: expected {len(names)} entries, one for each of {list(names)}. Got {len(given)}")
        return list(given)
    return [given] * len(names)


def _only(loss: Any) -> Any:
    """The loss in a list of one."""
    while isinstance(loss, (list, tuple)) and len(loss) == 1:
        loss = loss[0]
    return loss


@dataclass
class Part:
    """One output's loss: its log name, its weight in the sum, and this process's part of its value."""

    name: str
    weight: float
    value: Tensor


class Objective:
    """The weighted sum of the outputs' losses and of everything that layers add.

    Args:
        loss: identifier, callable, `Loss`, or a list or dict of them; None: only what layers add.
        loss_weights: number for each output.
    """

    def __init__(self, loss: Any, loss_weights: Any) -> None:
        self._loss, self._weights = loss, loss_weights
        self._resolved: list[tuple[str, Any, float]] | None = None

    @property
    def given(self) -> bool:
        """Whether `compile` was told a loss."""
        return self._loss is not None

    def resolve(self, names: Sequence[str], y_pred: Any) -> list[tuple[str, Any, float]]:
        """(output name, Loss or None, weight) for each output."""
        if self._resolved is None:
            found = [_only(loss) for loss in match_outputs("loss", self._loss, names, y_pred)]
            given = 1.0 if self._weights is None else self._weights
            weights = match_outputs("loss_weights", given, names, y_pred)
            self._resolved = [
                (name, None if loss is None else losses.get_loss(loss), 1.0 if weight is None else float(weight))
                for name, loss, weight in zip(names, found, weights, strict=True)
            ]
        return self._resolved

    def targets(self, names: Sequence[str], y: Any, y_pred: Any) -> Any:
        """`y`, where it has entries for the outputs with a loss alone, with None in the places of the others."""
        given, learning = flatten(y), [loss is not None for _, loss, _ in self.resolve(names, y_pred)]
        if isinstance(y, dict) or len(given) == len(names) or len(given) != sum(learning):
            return y
        left = iter(given)
        return [next(left) if learns else None for learns in learning]

    def trace(
        self, names: Sequence[str], y: Any, y_pred: Any, sample_weight: Any, added: Sequence[Any]
    ) -> tuple[Tensor, list[Part]]:
        """The value to minimise (this process's part of it) and the parts of the outputs."""
        outputs = flatten(y_pred)
        targets = per_output("y", self.targets(names, y, y_pred), names, y_pred)
        weights = per_output("sample_weight", sample_weight, names, y_pred)
        parts = []
        for (name, loss, factor), target, output, weight in zip(
            self.resolve(names, y_pred), targets, outputs, weights, strict=True
        ):
            if loss is None:
                continue
            if target is None:
                raise ValueError(f"The output {name!r} has a loss but no target: pass `y` (one entry for each output)")
            parts.append(Part(f"{name}_loss", factor, loss.partial(target, output, weight)))
        terms = [p.value if p.weight == 1.0 else p.value * p.weight for p in parts]
        # What layers add is known whole to every process: only the first one counts it.
        terms += [apply(Once, term) for term in added]
        if not terms:
            raise ValueError(
                "There is nothing to minimise: give `compile` a loss, or let a layer use `add_loss` or a regularizer"
            )
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total, parts


def per_output(what: str, given: Any, names: Sequence[str], outputs: Any = None) -> list[Any]:
    """Targets or weights in the order of the outputs; None where there is none.

    Args:
        outputs: the outputs as the model gives them, which may be nested.

    Raises:
        ValueError: when their number is not that of the outputs.
    """
    if given is None:
        return [None] * len(names)
    if isinstance(given, dict) and has_groups(outputs):
        return entries(what, given, outputs)
    if isinstance(given, dict):
        unknown = [key for key in given if key not in names]
        if unknown:
            raise ValueError(f"{what}: no output named {unknown}. The outputs are: {list(names)}")
        return [given.get(name) for name in names]
    leaves = flatten(given)
    if len(leaves) == 1 and what == "sample_weight":
        return leaves * len(names)
    if len(leaves) != len(names):
        raise ValueError(f"{what}: expected {len(names)} array(s), one for each of {list(names)}. Got {len(leaves)}")
    return leaves
