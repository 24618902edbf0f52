"""Compare dtrain's public names and signatures with those of an installed Keras.

    KERAS_BACKEND=torch python scripts/keras_parity.py [--group GROUP] [--tier T1|T2|T3]

Prints `N of M` for each group of names and each tier, and what is missing or differs. Arguments are compared in name,
order and default; dtrain may take more of them, after Keras's. Ends with 1 when something of T1 or T2 is amiss.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from keras_tiers import TIERS, tier

_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
# Of methods that dtrain does not have: low-precision weights, and arguments that only mean something elsewhere.
_WITHOUT_MEANING = {"lora_rank", "lora_alpha", "quantization_config", "gptq_unpacked_column_size", "layout"}
# Names that are no part of Keras's interface to users' scripts.
_NOT_COMPARED = {"src", "legacy", "applications", "tf_keras"}
_GROUPS = {
    "keras": "", "layers": "layers", "losses": "losses", "metrics": "metrics", "optimizers": "optimizers",
    "schedules": "optimizers.schedules", "initializers": "initializers", "regularizers": "regularizers",
    "constraints": "constraints", "callbacks": "callbacks", "activations": "activations", "ops": "ops",
    "ops.nn": "ops.nn", "ops.linalg": "ops.linalg", "ops.numpy": "ops.numpy", "ops.image": "ops.image",
    "utils": "utils", "models": "models", "model methods": "Model", "layer methods": "Layer",
    "sequential methods": "Sequential", "random": "random", "saving": "saving", "config": "config",
    "backend": "backend", "tree": "tree", "datasets": "datasets",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One public name of Keras; `problem` is empty when dtrain has it with the same signature."""

    group: str
    name: str
    tier: str
    problem: str


def parameters_of(thing: Any) -> dict[str, inspect.Parameter] | None:
    """The parameters of a callable, of a class those of its constructor; None for what is none."""
    if not callable(thing):
        return None
    function: Callable[..., Any] = thing.__init__ if inspect.isclass(thing) else thing
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    if found and found[0].name in ("self", "cls"):
        found = found[1:]
    return {p.name: p for p in found}


def _same_default(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, (list, tuple)) and isinstance(theirs, (list, tuple)):
        return list(ours) == list(theirs)
    return bool(ours == theirs) or repr(ours) == repr(theirs)


def difference(ours: Any, theirs: Any) -> str:
    """In words, how the signature of `ours` falls short of `theirs`; empty when it does not."""
    mine, wanted = parameters_of(ours), parameters_of(theirs)
    if mine is None or wanted is None:
        return "" if (mine is None) == (wanted is None) or inspect.ismodule(ours) else "is no callable"
    free = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in mine.values())
    wanted = {n: p for n, p in wanted.items() if p.kind not in _ANY and n not in _WITHOUT_MEANING}
    named = {n: p for n, p in mine.items() if p.kind not in _ANY}
    problems = [f"no {n}" for n in wanted if n not in named and not (free and wanted[n].default is not p_empty)]
    common = [n for n in wanted if n in named and wanted[n].kind is not inspect.Parameter.KEYWORD_ONLY]
    order = [n for n in named if n in common]
    if order != common or (common and list(named)[: len(common)] != common and not problems):
        problems.append(f"order ({', '.join(named)})")
    problems += [
        f"{n}={_shown(named[n].default)} is {_shown(p.default)} in Keras"
        for n, p in wanted.items()
        if n in named and not _same_default(named[n].default, p.default)
    ]
    return "; ".join(problems)


p_empty = inspect.Parameter.empty


def _shown(default: Any) -> str:
    return "(required)" if default is p_empty else repr(default)


def _resolve(root: Any, path: str) -> Any:
    for part in filter(None, path.split(".")):
        root = getattr(root, part, None)
    return root


def public_names(group: str, owner: Any) -> list[str]:
    """The names of a group that are compared: of classes the methods of the tiers, of modules all."""
    if inspect.isclass(owner):
        return sorted({name for t in TIERS.values() for name in t.get(group, ())})
    return [n for n in dir(owner) if not n.startswith("_") and n not in _NOT_COMPARED]


def compare(dtrain: Any, keras: Any, group: str) -> Iterator[Finding]:
    """One finding for each name of a group."""
    ours, theirs = _resolve(dtrain, _GROUPS[group]), _resolve(keras, _GROUPS[group])
    for name in public_names(group, theirs):
        known = getattr(theirs, name, None)
        if inspect.isclass(theirs) and known is None:
            continue
        there = ours is not None and hasattr(ours, name)
        problem = difference(getattr(ours, name), known) if there else "missing"
        yield Finding(group, name, tier(group, name), problem)


def report(findings: list[Finding], tiers: list[str]) -> None:
    """Print `N of M` for each group and tier, with what is amiss."""
    for group in dict.fromkeys(f.group for f in findings):
        own = [f for f in findings if f.group == group]
        total, good = Counter(f.tier for f in own), Counter(f.tier for f in own if not f.problem)
        print(f"{group}: {good.total()} of {total.total()}  ({_by_tier(good, total)})")
        for f in own:
            if f.problem and f.tier in tiers:
                print(f"  {f.tier} {f.name}: {f.problem}")
    total, good = Counter(f.tier for f in findings), Counter(f.tier for f in findings if not f.problem)
    print(f"\nall: {good.total()} of {total.total()}  ({_by_tier(good, total)})")


def _by_tier(good: Counter[str], total: Counter[str]) -> str:
    return ", ".join(f"{t}: {good[t]} of {total[t]}" for t in ("T1", "T2", "T3") if total[t])


def main() -> int:
    """Compare what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--group", action="append", choices=_GROUPS, help="this group only (may be repeated)")
    parser.add_argument("--tier", action="append", choices=("T1", "T2", "T3"), help="show what is amiss in this tier")
    arguments = parser.parse_args()
    try:
        import keras
    except ImportError as error:
        print(f"keras_parity needs Keras and one of its backends: pip install keras torch ({error})", file=sys.stderr)
        return 2
    import dtrain

    findings = [f for group in arguments.group or _GROUPS for f in compare(dtrain, keras, group)]
    report(findings, arguments.tier or ["T1", "T2", "T3"])
    return int(any(f.problem for f in findings if f.tier != "T3"))


if __name__ == "__main__":
    sys.exit(main())
