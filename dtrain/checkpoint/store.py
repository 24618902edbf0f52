"""The checkpoints of a run in one folder: written whole, verified when read, the old ones removed last.

A file is named after its step, `step-0000001200.h5`. No separate pointer says which is the latest: it would be one more
thing to tear, and could name a damaged file; the order of the names and the digests within decide.
"""

from __future__ import annotations

import json
import os
import re
import socket
import warnings
from pathlib import Path
from types import TracebackType

from dtrain.checkpoint.atomic import is_running, parse_temporary, write_atomically
from dtrain.checkpoint.errors import CheckpointError, CheckpointWarning, NewerFormatError, from_os_error
from dtrain.checkpoint.image import encode, read
from dtrain.checkpoint.lock import FolderLock
from dtrain.checkpoint.rotation import Rotation
from dtrain.checkpoint.seal import SEAL_BYTES, read_label
from dtrain.checkpoint.state import TrainingState

_NAME = re.compile(r"step-(\d+)\.h5")


class CheckpointStore:
    """Writes the checkpoints of one run into `folder`; a context manager that holds the folder against other jobs.

    The folder is made when it is not there, and temporaries of dead writers are removed from it. Raises
    `CheckpointError` when it cannot be written or another job writes there.
    """

    def __init__(self, folder: str | os.PathLike[str], rotation: Rotation | None = None) -> None:
        self.folder = Path(folder)
        self.rotation = rotation or Rotation()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise from_os_error("make the folder", self.folder, error) from error
        self._lock = FolderLock(self.folder)
        self._warned_of_later = False
        self._remove_temporaries()

    def __enter__(self) -> CheckpointStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let other jobs write in the folder."""
        self._lock.release()

    def save(self, state: TrainingState, metric: float | None = None) -> Path:
        """Write `state` as the checkpoint of its step and return the path; `metric` ranks it for `keep_best`.

        When the call returns, the file is on the disk and the ones that the rotation does not keep are removed. Raises
        `CheckpointError` when it cannot be written; the earlier checkpoints are untouched then.
        """
        if not self._lock.held:
            raise CheckpointError(f"The store of {self.folder} is closed. Open a new CheckpointStore to save")
        path = self.folder / f"step-{state.step:010d}.h5"
        label = json.dumps({"step": state.step, "metric": None if metric is None else float(metric)})
        write_atomically(path, *encode(state.to_arrays(), label))
        self._prune(state.step)
        return path

    def _prune(self, step: int) -> None:
        paths = {_step(path): path for path in list_checkpoints(self.folder)}
        later = [path.name for saved, path in paths.items() if saved > step]
        if later and not self._warned_of_later:
            self._warned_of_later = True
            warnings.warn(
                f"{self.folder} holds checkpoints of later steps than {step}, such as {max(later)}: they are left "
                "alone, and a run that is resumed goes on from the latest. Move them away if they are not wanted",
                CheckpointWarning,
                stacklevel=3,
            )
        earlier = {saved: path for saved, path in paths.items() if saved <= step}
        kept = self.rotation.kept({saved: _read_metric(path) for saved, path in earlier.items()})
        for saved, path in earlier.items():
            if saved not in kept:
                _remove(path)

    def _remove_temporaries(self) -> None:
        for path in _list_folder(self.folder):
            if _is_stale(path.name, alone=self._lock.exclusive):
                _remove(path)


def list_checkpoints(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the checkpoints in `folder`, the latest step last; raises `CheckpointError` when it cannot be read."""
    return sorted((path for path in _list_folder(Path(folder)) if _NAME.fullmatch(path.name)), key=_step)


def load(path: str | os.PathLike[str]) -> TrainingState:
    """Return the verified state in the file at `path`; raises `CheckpointError` when it is damaged or not one."""
    return TrainingState.from_arrays(read(path), str(path))


def newest_good(folder: str | os.PathLike[str]) -> tuple[Path, TrainingState]:
    """Return the latest checkpoint in `folder` that is whole, with its path.

    Damaged ones are passed over with a `CheckpointWarning` that says why each was. Raises `CheckpointError` when none
    is good, and `NewerFormatError` when a later version of dtrain wrote the latest: an older one would lose its steps.
    """
    paths = list_checkpoints(folder)
    if not paths:
        raise CheckpointError(f"{folder} holds no checkpoints (step-*.h5). Check the path, or start the run anew")
    refused = []
    for path in reversed(paths):
        try:
            state = load(path)
        except NewerFormatError:
            raise
        except CheckpointError as error:
            refused.append(f"  {error}")
            continue
        if refused:
            reasons = "\n".join(refused)
            warnings.warn(f"Going back to {path}:\n{reasons}", CheckpointWarning, stacklevel=2)
        return path, state
    raise CheckpointError(f"None of the {len(paths)} checkpoints in {folder} can be read:\n" + "\n".join(refused))


def _list_folder(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise from_os_error("read the folder", folder, error) from error


def _is_stale(name: str, alone: bool) -> bool:
    """Tell whether a file is the temporary of a writer that is gone; `alone`: under a lock no other can be writing."""
    temporary = parse_temporary(name)
    if temporary is None or not _NAME.fullmatch(temporary[0]):
        return False
    _, host, pid = temporary
    return alone or (host == socket.gethostname() and (pid == os.getpid() or not is_running(pid)))


def _step(path: Path) -> int:
    match = _NAME.fullmatch(path.name)
    return int(match[1]) if match else -1


def _read_metric(path: Path) -> float | None:
    try:
        with open(path, "rb") as file:
            metric = json.loads(read_label(file.read(SEAL_BYTES)))["metric"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return metric if isinstance(metric, float) else None


def _remove(path: Path) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        warnings.warn(str(from_os_error("remove", path, error)), CheckpointWarning, stacklevel=4)
