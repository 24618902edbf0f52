"""What the layers that draw random numbers have in common."""

from __future__ import annotations

from typing import Any

from dtrain.random.seed import SeedGenerator

from ..layer import Layer


class RandomLayer(Layer):
    """A layer whose numbers are a function of the seed, the step and the row's place in the global batch.

    On the same rows they are the same for any number of processes.

    Args:
        seed: an integer gives the layer a stream of its own; None takes that of the model's training.
    """

    def __init__(self, seed: int | SeedGenerator | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed.seed if isinstance(seed, SeedGenerator) else seed
        self.seed_generator = seed if isinstance(seed, SeedGenerator) else stream_for(seed)
        self.supports_masking = True
        self._build_at_init()


def stream_for(seed: int | None) -> SeedGenerator | None:
    """Where draws with this seed come from: other numbers in every step; None: the running step's own stream."""
    return None if seed is None else SeedGenerator(seed)
