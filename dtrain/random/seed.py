"""The process's global seed, and numbered keys drawn from it, so that one `set_random_seed` makes a script repeatable.

Nothing here generates numbers: a key says which random stream of `dtrain.random.keys` to use. Keys are counted per
purpose, so two processes that run the same script ask for the same keys.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from hashlib import blake2b
from typing import Any, NamedTuple

from dtrain.distributed.job import launch
from dtrain.distributed.job_id import job_id

_SEED_BITS = 63


class Key(NamedTuple):
    """The first arguments of `dtrain.random.keys.generator`: `generator(*key)`."""

    seed: int
    purpose: str
    name: str


class _State:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.seed: int | None = None
        self.chosen = False
        self.counts: Counter[str] = Counter()


_state = _State()


def global_seed() -> int:
    """The seed of this process: the one that was set, else a new one at the first call.

    All processes of a job get the same new one, where their launcher gives the job a name: models that are made before
    any training are the same on all of them then.
    """
    with _state.lock:
        if _state.seed is None:
            job = job_id(launch())
            _state.seed = secrets.randbits(_SEED_BITS) if job is None else _hash(f"job:{job}")
        return _state.seed


def seed_was_set() -> bool:
    """Whether `set_global_seed` was called: otherwise the seed is one of this run alone."""
    return _state.chosen


def set_global_seed(seed: int) -> None:
    """Set the seed and start counting keys anew."""
    with _state.lock:
        _state.seed = check_seed("set_random_seed", seed)
        _state.chosen = True
        _state.counts.clear()


def adopt_global_seed(seed: int) -> None:
    """Take over the seed of another process without counting anew, as all processes of a job do before training."""
    with _state.lock:
        _state.seed = check_seed("adopt_global_seed", seed)


def next_key(purpose: str) -> Key:
    """A key that was not given out before: number 0, 1, 2, ... among those of `purpose`."""
    seed = global_seed()
    with _state.lock:
        number = _state.counts[purpose]
        _state.counts[purpose] += 1
    return Key(seed, purpose, str(number))


def check_seed(caller: str, seed: Any) -> int:
    """`seed` as an `int`.

    Raises:
        ValueError: if it is not an integer >= 0.
    """
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or int(seed) < 0:
        raise ValueError(f"{caller}: expected seed to be an integer >= 0. Received: seed={seed!r}")
    return int(seed)


class SeedGenerator:
    """A sequence of seeds that depends on its first one only.

    Args:
        seed: an integer >= 0, or None to take the next key of the global seed.
        name: for messages.

    `seed number k = BLAKE2b-64("<seed>:<k>") >> 1`
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise ValueError(f"SeedGenerator: unknown arguments {sorted(kwargs)}")
        if seed is None:
            key = next_key("seed_generator")
            seed = _hash(f"{key.seed}:{key.purpose}:{key.name}")
        self.seed = check_seed("SeedGenerator", seed)
        self.name = name or "seed_generator"
        self.count = 0

    def next(self, ordered: bool = True) -> int:
        """The next seed, an integer in [0, 2**63). `ordered` is accepted for Keras's sake."""
        self.count += 1
        return _hash(f"{self.seed}:{self.count - 1}")

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        return cls(**config)


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") >> 1
