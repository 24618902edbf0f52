"""How a round trains: drawn at random from all that can have a state."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.torture.checks import SMOOTH
from tests.torture.ends import REPRODUCIBLE
from tests.torture.variants import CALLBACKS, MODELS, OPTIMIZERS, SOURCES

PACE_S = 0.02
EPOCHS, STEPS_OF_EPOCH = 4, 6


@dataclass(frozen=True)
class Setting:
    """What a round trains, and on how many processes.

    Attributes:
        arguments: of the program.
        ranks: number of processes.
        every: steps from one state that is saved to the next.
        varies: whether jobs that are started again have other numbers of processes.
    """

    arguments: tuple[str, ...]
    ranks: int
    every: int
    varies: bool

    @property
    def exact(self) -> bool:
        """Whether it must end with the bits of a run that is left alone."""
        return REPRODUCIBLE in self.arguments or not self.varies

    def __str__(self) -> str:
        words = " ".join(self.arguments).replace("--", "")
        return f"{self.ranks} ranks{' and others' * self.varies}, {words}"


def draw(numbers: random.Random, most_ranks: int, elastic: bool) -> Setting:
    """Return a setting for 2 to `most_ranks` processes."""
    every = numbers.choice([0, 1, 2, 5])
    reproducible = elastic or numbers.random() < 0.5
    varies = reproducible or numbers.random() < 0.3
    optimizer = numbers.choice([*OPTIMIZERS]) if reproducible or not varies else SMOOTH[1]
    callbacks = [kind for kind in CALLBACKS if numbers.random() < 0.5]
    if optimizer == "schedule" and "plateau" in callbacks:
        callbacks.remove("plateau")  # which wants a rate that is a number
    arguments = [
        "--model", numbers.choice([*MODELS]), "--optimizer", optimizer, "--data", numbers.choice(SOURCES),
        "--callbacks", ",".join(callbacks), "--every-steps", str(every),
    ]  # fmt: skip
    if not elastic and numbers.random() < 0.2:
        arguments += ["--saver", "backup"]
    else:
        arguments += ["--keep", *numbers.choice(["3 0 0", "1 0 0", "1 2 0", "2 0 7", "1 1 4"]).split()]
    if reproducible:
        arguments.append(REPRODUCIBLE)
    least = 3 if elastic else 2
    ranks = min(numbers.randint(least, most_ranks), numbers.randint(least, most_ranks))  # few: cores are fewer still
    return Setting(tuple(arguments), ranks, every or STEPS_OF_EPOCH, varies and not elastic)
