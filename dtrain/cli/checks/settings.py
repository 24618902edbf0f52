"""The environment variables that dtrain reads."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from dtrain.cli.checks.check import Check

SETTINGS = {
    "DTRAIN_CACHE_DIR": "folder for downloaded data (default: the user's cache folder)",
    "DTRAIN_CHECK_STEPS": "steps between comparisons of the weights of all ranks (100; 0: never)",
    "DTRAIN_DATA_DIR": "folder in which data sets are looked for first",
    "DTRAIN_ELASTIC": "1: go on without ranks that are lost (Open MPI, mpirun --with-ft ulfm)",
    "DTRAIN_FAULT": "faults on request, to test recovery (see dtrain.timeline.faults)",
    "DTRAIN_HUNG_S": "in elastic mode: seconds after which a rank that hangs counts as lost (60; 0: never)",
    "DTRAIN_KERNELS": "native or numpy: the arithmetic kernels (default: native where they are built)",
    "DTRAIN_MIN_RANKS": "in elastic mode: with fewer ranks that have rows the job ends",
    "DTRAIN_REDUCTION": "auto, shared or allreduce: how gradients are added over ranks (auto)",
    "DTRAIN_STALL_ABORT_S": "seconds of waiting for a rank after which the job is ended (1800; 0: never)",
    "DTRAIN_STALL_S": "seconds of waiting for a rank after which it is named (60; 0: never)",
    "DTRAIN_TRACE": "file for a trace of all ranks",
    "DTRAIN_TRACE_STEPS": "steps of the trace",
    "DTRAIN_WORKERS": "in elastic mode: ranks that have rows; those beyond are spares (default: all have rows)",
}
"""Name and meaning of each that a user may set, with its default."""

OF_SCRIPTS = {
    "DTRAIN_JOB",
    "DTRAIN_KERAS_FILES",
    "DTRAIN_MPI",
    "DTRAIN_OTHER_PYTHON",
    "DTRAIN_PYTHON",
    "DTRAIN_RESTART",
    "DTRAIN_ROOT",
    "DTRAIN_TEST_LIMIT_S",
    "DTRAIN_VENV",
}
"""Those that the scripts beside the package, or dtrain itself, set or read."""


def check_settings(environment: Mapping[str, str]) -> list[Check]:
    """Return a row of the settings that are set and, for each name that means nothing, one that says so."""
    given = {name: value for name, value in environment.items() if name.startswith("DTRAIN_")}
    known = [f"{name}={value}" for name, value in sorted(given.items()) if name in SETTINGS]
    rows = [Check("Settings", ", ".join(known) or "none")]
    for name in sorted(set(given) - set(SETTINGS) - OF_SCRIPTS):
        near = get_close_matches(name, SETTINGS, n=1)
        advice = f"did you mean {near[0]}?" if near else "dtrain doctor --help lists those that there are"
        rows.append(Check("Settings", f"{name} is no variable of dtrain: it changes nothing", "warn", advice))
    return rows


def table() -> str:
    """Return all settings with their meanings, one a line."""
    return "\n".join(f"{name:<21} {meaning}" for name, meaning in SETTINGS.items())
