"""An optimizer's state in files: numbered as Keras does, or by name."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from dtrain.graph import Array, Variable

from .state import OptimizerState


class StoredState(OptimizerState):
    """State that can be written and read."""

    def save_own_variables(self, store: Any) -> None:
        """Write all state into `store` under "0", "1", ... as Keras does."""
        for number, variable in enumerate(self.variables):
            store[str(number)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Read the state from `store`; if it does not fit, warn and leave the state as it is.

        State without a learning rate (a schedule's, or written by Keras 2) is read by an optimizer that has one, and
        the other way round.
        """
        saved = [store[str(number)] for number in range(len(store.keys()))]
        for targets, values in self._readings(saved):
            if [v.shape for v in targets] == [tuple(np.shape(value)) for value in values]:
                for variable, value in zip(targets, values, strict=True):
                    variable.array[...] = np.asarray(value)
                return
        built = "" if self.built else " The optimizer has not been built: call `build(variables)` first."
        warnings.warn(
            f"{self.name}: the saved state of an optimizer is skipped. Expected {len(self.variables)} arrays of shapes "
            f"{[v.shape for v in self.variables]}. Received {len(saved)}: {[np.shape(a) for a in saved]}.{built}",
            stacklevel=2,
        )

    def _readings(self, saved: list[Any]) -> Iterable[tuple[list[Variable], list[Any]]]:
        """Ways to read numbered state: as it is, without a learning rate here, without one there."""
        variables = self.variables
        yield variables, saved
        if self._rate.variable is not None:
            yield [v for v in variables if v is not self._rate.variable], saved
        else:
            yield variables, saved[:1] + saved[2:]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrite all state, in the order of `variables`.

        Raises:
            ValueError: when number or shapes differ.
        """
        shapes = [tuple(np.shape(w)) for w in weights]
        if shapes != [v.shape for v in self.variables]:
            raise ValueError(
                f"{self.name}: expected arrays of shapes {[v.shape for v in self.variables]}. Received: {shapes}"
            )
        for variable, value in zip(self.variables, weights, strict=True):
            variable.array[...] = value

    def state(self) -> dict[str, Array]:
        """All state by name, as a copy: "iteration", "learning_rate", "<slot>/<path of the variable>"."""
        return {name: variable.numpy() for name, variable in self._named().items()}

    def load_state(self, values: Mapping[str, Any]) -> None:
        """The inverse of `state`, for an optimizer that was built with the same variables.

        Raises:
            ValueError: when names or shapes differ; the message lists the differences. Nothing is changed then.
        """
        named = self._named()
        values = {scalar_name(name): value for name, value in values.items()}
        wrong = [f"missing {name}" for name in named if name not in values]
        wrong += [f"unexpected {name}" for name in values if name not in named]
        wrong += [
            f"{name}: expected shape {v.shape}, received {np.shape(values[name])}"
            for name, v in named.items()
            if name in values and v.shape != np.shape(values[name])
        ]
        if wrong:
            raise ValueError(f"{self.name}: the saved state is not that of this optimizer: {'; '.join(wrong)}")
        for name, variable in named.items():
            variable.array[...] = values[name]

    def scalar_state(self) -> dict[str, Array]:
        """All state that is not in slots, by name, as a copy: "iteration", "learning_rate", what a rule adds."""
        return {name: variable.numpy() for name, variable in self._beside_slots().items()}

    def load_scalar_state(self, values: Mapping[str, Any]) -> None:
        """The inverse of `scalar_state`."""
        values = {scalar_name(name): value for name, value in values.items()}
        for name, variable in self._beside_slots().items():
            variable.array[...] = values[name]

    def _named(self) -> dict[str, Variable]:
        paths = Counter(v.path for v in self._slots.variables)
        labels = [v.path if paths[v.path] == 1 else f"{v.path}#{k}" for k, v in enumerate(self._slots.variables)]
        named = self._beside_slots()
        for slot in self._slots.names:
            named.update((f"{slot}/{label}", part) for label, part in zip(labels, self._slots.parts(slot), strict=True))
        return named

    def _beside_slots(self) -> dict[str, Variable]:
        named = {"iteration": self._iterations}
        if self._rate.variable is not None:
            named["learning_rate"] = self._rate.variable
        named.update((f"added/{k}", v) for k, v in enumerate(self._added))
        return named


def scalar_name(name: str) -> str:
    """The name by which a value of `scalar_state` is known now: once it held names of layers, which may change."""
    return "/".join(name.split("/")[:2]) if name.startswith("added/") else name
