"""Read damaged and hostile files of every kind for as long as you like, and report what is not refused cleanly.

    python scripts/fuzz.py [--minutes M | --cases N] [--seed S] [--target NAME ...] [--keep FOLDER]
    python scripts/fuzz.py --coverage TARGET [--minutes M]      guided by coverage; needs `pip install atheris`

The files are read in forked processes with limits of memory and time, so that a crash, a hang and a file that asks for
all memory are seen; the file is kept in FOLDER. Every case follows from its seed and number, which are printed.
Crashes in "hdf5.h5" are those of libhdf5, which reads there without a process of its own: they are counted only.
Ends with 0 if all other files were read or refused with one of the reader's own errors, else with 1.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works without being installed

from tests.fuzz.targets import TARGETS, Target, case, outcome

BATCH = 200
FINE = ("read", "refused")


def main() -> int:
    """Fuzz as the command line says and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--cases", type=int, help="of each target, instead of a time")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--target", action="append", choices=TARGETS)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--seconds", type=int, default=20, help="for one file")
    parser.add_argument("--memory", type=int, default=4096, help="address space in MiB")
    parser.add_argument("--coverage", choices=TARGETS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.coverage:
        _guided(TARGETS[options.coverage], options.minutes, options.keep)
    targets = [TARGETS[name] for name in options.target or TARGETS]
    print(f"seed {options.seed}")
    counts = {target.name: _fuzz(target, options, 60 * options.minutes / len(targets)) for target in targets}
    return _report(counts)


def _fuzz(target: Target, options: argparse.Namespace, seconds: float) -> Counter[str]:
    counts: Counter[str] = Counter()
    case(target, 0)  # the good files are made before the processes are forked
    end, first = time.monotonic() + seconds, 0
    while first < options.cases if options.cases else time.monotonic() < end:
        most = min(BATCH, options.cases - first) if options.cases else BATCH
        first = _batch(target, options, range(first, first + most), end if not options.cases else None, counts)
    return counts


def _batch(target: Target, options: argparse.Namespace, numbers: range, end: float | None, counts: Counter[str]) -> int:
    """Run cases in a forked process until one kills it; return the number to go on with."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    process = os.fork()
    if not process:
        os.close(reading)
        _work(target, options, numbers, end, writing)
    os.close(writing)
    with os.fdopen(reading) as lines:
        results = [line.rstrip("\n").partition(" ")[::2] for line in lines]
    _, status = os.waitpid(process, 0)
    for number, verdict in results:
        counts[verdict] += 1
        if verdict not in FINE:
            _keep(target, options, int(number), verdict)
    following = int(results[-1][0]) + 1 if results else numbers[0]
    if status:
        name = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"status {status >> 8}"
        verdict = f"no end in {options.seconds} s" if name == "SIGALRM" else f"killed by {name}"
        counts[verdict] += 1
        _keep(target, options, following, verdict)
        following += 1
    return following


def _work(target: Target, options: argparse.Namespace, numbers: range, end: float | None, writing: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (options.memory << 20, resource.getrlimit(resource.RLIMIT_AS)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            if end is not None and time.monotonic() > end:
                break
            data = case(target, f"{options.seed}/{number}")
            patience = 6 if target.isolated else 1  # its seconds are of the processor, which may be busy
            signal.alarm(patience * options.seconds)  # its default action ends the process, wherever it is
            try:
                verdict = outcome(target, data, Path(folder))
            except BaseException as error:
                last = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{Path(last.filename).name}:{last.lineno}"
                verdict = f"{type(error).__name__} at {place}: {error}".replace("\n", " ")[:150]
            signal.alarm(0)
            os.write(writing, f"{number} {verdict}\n".encode("utf-8", "replace"))
    os._exit(0)


def _keep(target: Target, options: argparse.Namespace, number: int, verdict: str) -> None:
    options.keep.mkdir(parents=True, exist_ok=True)
    path = options.keep / f"{options.seed}-{number}.{target.name}"
    path.write_bytes(case(target, f"{options.seed}/{number}"))
    print(f"{path}: {verdict}", flush=True)


def _report(counts: dict[str, Counter[str]]) -> int:
    print(f"\n{'target':<15} {'cases':>9} {'read':>9} {'refused':>9} {'other':>7}")
    for name, found in counts.items():
        others = sum(count for verdict, count in found.items() if verdict not in FINE)
        print(f"{name:<15} {found.total():>9,} {found['read']:>9,} {found['refused']:>9,} {others:>7,}")
    return int(any(_is_failure(TARGETS[name], verdict) for name, found in counts.items() for verdict in found))


def _is_failure(target: Target, verdict: str) -> bool:
    return verdict not in FINE and not (target.in_library and verdict.startswith(("killed", "no end")))


def _guided(target: Target, minutes: float, keep: Path) -> None:
    """Let atheris look for bytes that reach new code; it ends the process."""
    import atheris

    keep.mkdir(parents=True, exist_ok=True)
    corpus, folder = tempfile.mkdtemp(), tempfile.mkdtemp()
    with atheris.instrument_imports():  # the readers import what they need when they first read
        for number, data in enumerate(target.seeds()):
            Path(corpus, str(number)).write_bytes(data)
            outcome(target, data, Path(folder))
    limits = [f"-max_total_time={int(60 * minutes)}", "-rss_limit_mb=4096", "-timeout=20", f"-artifact_prefix={keep}/"]
    atheris.Setup([sys.argv[0], *limits, corpus], lambda data: outcome(target, data, Path(folder)))
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
