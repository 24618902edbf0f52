"""D. Checkpoints: deaths while one is written, damaged files, disks that are full, and folders of several jobs."""

from __future__ import annotations

from collections.abc import Iterator

from tests.torture.acts import begin_another, read_always, remove_states
from tests.torture.case import DONE, FAILED, Case, open_mpi
from tests.torture.checks import newest_is_refused, no_temporary, one_traceback, states_are_whole
from tests.torture.damages import (
    DAMAGES,
    a_file_for_a_folder,
    damaged,
    left_by_the_dead,
    locked,
    newer,
    replaced_by_folders,
)
from tests.torture.jobs import can_mount

POINTS = ("open", "half", "fsync", "rename", "renamed", "remove", "removed")
"""The moments of a save: before its file is made, half of it is written, and so on to the removal of an old one."""

DISKS = {
    "diskfull": "No space left on device",
    "quota": "quota",
    "ioerror": "Input/output error",
    "readonly": "Read-only file system",
}
_OF_TWO = ("cut-to-half", "bit-in-the-data")
_STATES = '"FOLDER/run/states"'
SMALL_DISK = (
    f"mkdir -p {_STATES} && mount -t tmpfs -o size=48k none {_STATES} || exit 9; "
    f'"$@"; s=$?; cp -a {_STATES} "FOLDER/kept"; umount {_STATES}; cp -a "FOLDER/kept/." {_STATES}; exit $s'
)
READ_ONLY = f'mkdir -p {_STATES} && mount -t tmpfs -o ro none {_STATES} || exit 9; exec "$@"'


def cases() -> Iterator[Case]:
    """Every case of checkpoints."""
    yield from _deaths()
    yield from _damages()
    yield from _disks()
    yield from _errors()
    yield from _folders()
    yield from _resumed()
    yield from _background()
    yield Case(
        "read-while-written", "D26", arguments=("--pace", "0.05", "--every-steps", "1"), ends=DONE, resumed=False,
        act=read_always, quick=True,
    )  # fmt: skip
    yield Case("locked-by-others", "D26", "kill:rank=1,step=15", between=locked, says_again=["Going on from"])


def _deaths() -> Iterator[Case]:
    for point in POINTS:
        for nth in (1, 3):
            yield Case(
                f"kill-in-save-{point}-{nth}", "D18", f"kill:rank=0,at={point},nth={nth}",
                check=states_are_whole, quick=(point, nth) == ("half", 3),
            )  # fmt: skip
    for keep in (("1", "0", "0"), ("1", "2", "0"), ("1", "0", "5"), ("2", "1", "3")):
        yield Case(
            f"kill-in-removal-keeping-{'-'.join(keep)}", "D18", "kill:rank=0,at=removed,nth=4",
            ("--keep", *keep), check=states_are_whole,
        )  # fmt: skip
    yield Case("kill-before-a-save", "D18", "kill:rank=0,at=checkpoint,nth=3")
    yield Case("kill-in-the-writing-thread", "D18", "kill:rank=0,at=write,nth=3")
    yield Case("kill-other-rank-in-save", "D18", "sleep:rank=0,at=half,nth=2,s=1; kill:rank=1,step=6")
    yield Case("kill-in-save-of-a-backup", "D18", "kill:rank=0,at=half,nth=3", ("--saver", "backup"))


def _damages() -> Iterator[Case]:
    for kind in ("bitflip", "truncate"):
        # At the end of an epoch the state of its last step is written anew: the fifth file is that of step 8.
        yield Case(f"{kind}-of-the-newest", "D19", f"{kind}:nth=5; kill:rank=1,step=9", check=newest_is_refused)
    for name, change in DAMAGES.items():
        for count, others in ((1, ""), (2, "-of-two")) if name in _OF_TWO else ((1, ""),):
            yield Case(
                f"{name}{others}", "D19", "kill:rank=1,step=15", between=damaged(change, count),
                says_again=["Going back to", "step-0000000014.h5", *["step-0000000012.h5"] * (count == 2)],
                quick=(name, count) == ("bit-in-the-data", 1),
            )  # fmt: skip
    none = ["None of the 3 checkpoints", "step-0000000014.h5", "step-0000000010.h5"]
    yield Case(
        "all-are-damaged", "D19", "kill:rank=1,step=15", between=damaged(DAMAGES["bit-in-the-data"], 3),
        ends_again=FAILED, says_again=none, check_again=one_traceback,
    )  # fmt: skip


def _disks() -> Iterator[Case]:
    for kind, words in DISKS.items():
        yield Case(f"{kind}-raise", "D20", f"{kind}:rank=0,nth=3", says=["CheckpointError", words], check=one_traceback)
        yield Case(
            f"{kind}-warn", "D20", f"{kind}:rank=0,nth=3,times=3", ("--on-error", "warn"), ends=DONE, resumed=False,
            says=["CheckpointWarning", words, "Training goes on without this checkpoint"], check=no_temporary,
            quick=kind == "diskfull",
        )  # fmt: skip
    for policy, ends in (("raise", FAILED), ("warn", DONE)):
        arguments = ("--on-error", policy)
        yield Case(
            f"small-disk-{policy}", "D20", arguments=(*arguments, "--keep", "9", "0", "0"), ends=ends,
            says=["No space left on device", "step-"], through=("sh", "-c", SMALL_DISK, "sh"), needs=can_mount,
            check=states_are_whole, resumed=policy == "raise",
        )  # fmt: skip
        yield Case(
            f"limit-of-file-sizes-{policy}", "D20", arguments=(*arguments, "--file-limit", "4000"), ends=ends,
            says=["File too large", "ulimit -f"], check=no_temporary, resumed=policy == "raise",
            needs=open_mpi,  # MPICH leaves behind segments of shared memory that it may not enlarge
        )  # fmt: skip
        yield Case(
            f"vanished-folder-{policy}", "D20", arguments=(*arguments, "--pace", "0.05"), act=remove_states,
            ends=ends, says=["states", "not there"], resumed=policy == "raise",
        )  # fmt: skip
    yield Case(
        "read-only-folder", "D20", says=["CheckpointError", "Read-only file system"], check=one_traceback,
        through=("sh", "-c", READ_ONLY, "sh"), needs=can_mount,
    )  # fmt: skip


def _errors() -> Iterator[Case]:
    """An error at one stage of one rank is told as that rank's, and ends all."""
    for point in POINTS[:-2]:
        yield Case(
            f"error-in-save-{point}", "D21", f"raise:rank=0,at={point},nth=3", says=["rank 0 of 2 failed"],
            check=one_traceback,
        )  # fmt: skip
    for rank in range(2):
        yield Case(
            f"error-before-save-{rank}", "D21", f"raise:rank={rank},at=checkpoint,nth=3",
            says=[f"rank {rank} of 2 failed"], check=one_traceback,
        )  # fmt: skip
    yield Case(
        "no-folder-at-the-start", "D21", before=a_file_for_a_folder, says=["CheckpointError", "states"],
        check=one_traceback, resumed=False,
    )  # fmt: skip
    yield Case(
        "nothing-can-be-read", "D21", "kill:rank=1,step=15", between=replaced_by_folders, ends_again=FAILED,
        says_again=["None of the 3 checkpoints", "EISDIR"], check_again=one_traceback,
    )  # fmt: skip


def _folders() -> Iterator[Case]:
    yield Case("two-jobs", "D22", "stop:rank=0,step=9", ends=DONE, resumed=False, act=begin_another, quick=True)
    yield Case("left-by-the-dead", "D22", before=left_by_the_dead, ends=DONE, resumed=False, check=no_temporary)
    yield Case(
        "newer-format", "D22", "kill:rank=1,step=15", between=newer, ends_again=FAILED,
        says_again=["NewerFormatError", "format version 2", "Update dtrain"], check_again=one_traceback,
    )  # fmt: skip


def _resumed() -> Iterator[Case]:
    """The run goes on with the same bits, whatever has a state and however many processes there are."""
    for again in (1, 3):
        yield Case(
            f"kill-then-{again}-ranks", "D23", "kill:rank=1,step=15", ("--reproducible",), ranks_again=again,
            quick=again == 3,
        )  # fmt: skip
    for optimizer in ("momentum", "clipped", "average", "rounds", "schedule"):
        calls = "patient" if optimizer == "schedule" else "patient,plateau"
        yield Case(
            f"kill-with-{optimizer}", "D23", "kill:rank=1,step=15", ("--optimizer", optimizer, "--callbacks", calls)
        )
    for model in ("lstm", "conv"):
        for mode in ((), ("--reproducible",)):
            name = f"kill-with-{model}{'-bits' * bool(mode)}"
            yield Case(name, "D23", "kill:rank=1,step=15", ("--model", model, *mode))
    for source in ("rows", "hdf5", "batches"):
        yield Case(f"kill-with-{source}", "D23", "kill:rank=1,step=15", ("--data", source))
    for every in ("0", "1"):
        yield Case(f"kill-saving-every-{every}", "D23", "kill:rank=1,step=15", ("--every-steps", every))
    yield Case("kill-with-best-and-stopping", "D23", "kill:rank=1,step=15", ("--callbacks", "impatient,plateau,best"))
    yield Case("kill-with-a-backup", "D23", "kill:rank=1,step=15", ("--saver", "backup"))
    for again in (1, 2, 3, 8):
        yield Case(f"saved-by-4-then-{again}", "D25", "kill:rank=3,step=9", ("--reproducible",), 4, ranks_again=again)


def _background() -> Iterator[Case]:
    """Files are written while training goes on."""
    yield Case(
        "slow-save-holds-up-the-next", "D24", "sleep:at=half,s=0.5,times=4", ends=DONE, resumed=False,
        check=states_are_whole,
    )  # fmt: skip
    yield Case(
        "slow-save-and-the-end", "D24", "sleep:rank=0,at=half,nth=16,s=2", ends=DONE, resumed=False,
        check=states_are_whole,
    )  # fmt: skip
    yield Case(
        "later-weights-are-not-in-the-file", "D24", "sleep:rank=0,at=open,nth=7,s=0.7; sleep:rank=0,step=16,s=1.5; "
        "kill:rank=1,step=16,at=reduce", check=states_are_whole,
    )  # fmt: skip
    yield Case(
        "failed-save-and-the-end", "D24", "diskfull:rank=0,nth=15,times=9", says=["No space left on device"],
        check=one_traceback,
    )  # fmt: skip
