"""Checkpoints: the state of a run as names and arrays, in sealed HDF5 files that are whole or not there."""

from dtrain.checkpoint.errors import CheckpointError, CheckpointWarning, DamagedError, NewerFormatError
from dtrain.checkpoint.rotation import Rotation
from dtrain.checkpoint.state import TrainingState
from dtrain.checkpoint.store import CheckpointStore, list_checkpoints, load, newest_good
from dtrain.checkpoint.versions import changed_versions, current_versions

__all__ = [
    "CheckpointError",
    "CheckpointStore",
    "CheckpointWarning",
    "DamagedError",
    "NewerFormatError",
    "Rotation",
    "TrainingState",
    "changed_versions",
    "current_versions",
    "list_checkpoints",
    "load",
    "newest_good",
]
