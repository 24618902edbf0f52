"""Random numbers of steps that do not train: every pass over data has its own, and so has every batch of it."""

from __future__ import annotations

from dtrain.graph import StepContext


class Passes:
    """Gives the steps of `evaluate` and `predict` places in the streams of random numbers that no training step has.

    A validation is known by its epoch, so that it draws the same after a resume; any other pass by its number.
    """

    def __init__(self, context: StepContext) -> None:
        self._context = context
        self._number = 0
        self._epoch, self._step = -1, 0
        self._trained = context.epoch, context.step

    def one(self, epoch: int | None = None) -> _Pass:
        """A pass, as a block: the validation of an epoch, or one of its own. A callback may begin another one in it."""
        self._number += epoch is None
        return _Pass(self, -2 * self._number - 1 if epoch is None else -2 * epoch - 2)

    def exchange(self, epoch: int, step: int) -> tuple[int, int]:
        """Go to another place, and return the one before."""
        before = self._epoch, self._step
        self._epoch, self._step = epoch, step
        return before

    def begin_batch(self, number: int) -> None:
        """Come to a batch of the pass. A step on it that is repeated, since a rank was lost, draws the same again."""
        self._step = number

    def step(self) -> Passes:
        """A step on the batch that was come to, as a block."""
        return self

    def __enter__(self) -> None:
        context = self._context
        self._trained = context.epoch, context.step
        context.epoch, context.step = self._epoch, self._step

    def __exit__(self, *_: object) -> None:
        self._context.epoch, self._context.step = self._trained


class _Pass:
    """A block within which passes are at another place. A generator would take as long as a small step."""

    def __init__(self, passes: Passes, epoch: int) -> None:
        self._passes, self._epoch = passes, epoch

    def __enter__(self) -> None:
        self._outer = self._passes.exchange(self._epoch, 0)

    def __exit__(self, *_: object) -> None:
        self._passes.exchange(*self._outer)
