"""C. Data: rows that cannot be divided evenly, numbers that are none, files that are damaged on one rank."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tests.torture.case import FAILED, Case
from tests.torture.checks import SMOOTH, as_one_process, one_traceback, rows_in_order, same_digest_on_all

READS = Path(__file__).with_name("reads.py")
_TRAIN = "train-images-idx3-ubyte.gz"


def cases() -> Iterator[Case]:
    """Every case of data."""
    yield from _sizes()
    yield from _orders()
    yield from _nans()
    for name, damage in _FILES.items():
        yield Case(
            f"file-{name}", "C17", program=READS, before=_on_rank_1(damage), says=["rank 1 of 2 failed", "train-"],
            check=one_traceback, resumed=False,
        )  # fmt: skip


def _sizes() -> Iterator[Case]:
    """Numbers of rows that leave ranks without, or with fewer than others."""
    for ranks in (2, 3, 4):
        for rows in dict.fromkeys((1, ranks - 1, ranks, ranks + 1, 46)):
            for mode in (SMOOTH, ("--reproducible",)):
                arguments = ("--rows", str(rows), *mode)
                yield Case(
                    f"{'numbers' if mode == SMOOTH else 'bits'}-of-{rows}-rows-on-{ranks}", "C14", arguments=arguments,
                    ranks=ranks, ends=(0,), resumed=False, check=as_one_process(*arguments),
                )  # fmt: skip
    for rows in (59_999, 60_000):
        for mode in (SMOOTH, ("--reproducible",)):
            arguments = ("--rows", str(rows), "--batch", "4096", "--epochs", "2", *mode)
            yield Case(
                f"{'numbers' if mode == SMOOTH else 'bits'}-of-{rows}-rows-on-3", "C14", arguments=arguments, ranks=3,
                ends=(0,), resumed=False, check=as_one_process(*arguments),
            )  # fmt: skip
    arguments = ("--batch", "64", "--reproducible")
    yield Case(
        "batch-beyond-the-rows", "C14", arguments=arguments, ranks=3, ends=(0,), resumed=False,
        check=as_one_process(*arguments),
    )  # fmt: skip


def _orders() -> Iterator[Case]:
    """Rows in the order of one process, each once, and after a restart too."""
    arguments = ("--data", "rows")
    for ranks in (1, 2, 3, 4):
        yield Case(
            f"order-on-{ranks}", "C15", arguments=arguments, ranks=ranks, ends=(0,), resumed=False,
            check=rows_in_order, quick=ranks == 3,
        )  # fmt: skip
    for first, again in ((2, 2), (2, 3), (3, 1), (4, 2)):
        yield Case(
            f"order-on-{first}-then-{again}", "C15", "kill:rank=1,step=15", (*arguments, "--reproducible"),
            ranks=first, ranks_again=again, check_again=rows_in_order,
        )  # fmt: skip


def _nans() -> Iterator[Case]:
    says = ["on rank 1 of 2 the loss is nan", "epoch 2, step 4"]
    yield Case("nan-raise", "C16", "nan:rank=1,step=9", says=says)
    for policy in ("skip", "stop"):
        yield Case(
            f"nan-{policy}", "C16", "nan:rank=1,step=9", ("--on-nan", policy), ends=(0,), resumed=False, says=says,
            check=same_digest_on_all,
        )  # fmt: skip
    for number in ("np.nan", "np.inf"):
        for policy, ends in (("raise", FAILED), ("skip", (0,)), ("stop", (0,))):
            yield Case(
                f"gradient-{number[3:]}-{policy}", "C16", ends=ends,
                arguments=("--model", "lstm", "--fail", f"gradient {number}", "--on-nan", policy), resumed=False,
                says=["on rank 1 of 2 the gradient of hidden/", "epoch 2, step 4"],
                check=same_digest_on_all if ends == (0,) else one_traceback,
            )  # fmt: skip


def _change(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        path = folder / _TRAIN
        path.write_bytes(change(path.read_bytes()))

    return act


def _recompress(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda content: gzip.compress(change(gzip.decompress(content)), mtime=0)


_FILES: dict[str, Callable[[Path], None]] = {
    "cut": _change(lambda content: content[: len(content) // 2]),
    "empty": _change(lambda content: b""),
    "wrong-magic": _change(_recompress(lambda content: b"\0\0\x0b" + content[3:])),
    "wrong-count": _change(_recompress(lambda content: content[:7] + bytes([content[7] + 1]) + content[8:])),
    "wrong-checksum": _change(lambda content: content[:-8] + bytes([content[-8] ^ 1]) + content[-7:]),
    "no-archive": _change(lambda content: b"<html>not found</html>"),
    "missing": lambda folder: (folder / _TRAIN).unlink(),
}
"""What is wrong with a file that one rank reads."""


def _on_rank_1(damage: Callable[[Path], None]) -> Callable[[Path], None]:
    """Data for two ranks that have disks of their own."""

    def act(folder: Path) -> None:
        for rank in range(2):
            _write_digits(folder / "run" / f"disk.{rank}")
        damage(folder / "run" / "disk.1")

    return act


def _write_digits(folder: Path) -> None:
    from dtrain.datasets.idx import write_idx

    folder.mkdir(parents=True)
    numbers = np.random.default_rng(0)
    for name, count in (("train", 30), ("t10k", 10)):
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", numbers.integers(0, 256, (count, 28, 28)).astype(np.uint8))
        write_idx(folder / f"{name}-labels-idx1-ubyte.gz", numbers.integers(0, 10, count).astype(np.uint8))
