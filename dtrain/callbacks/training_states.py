"""The callbacks that write whole training states; they live in `training`, whose runs they know."""

from dtrain.training.backup_and_restore import BackupAndRestore
from dtrain.training.training_checkpoint import TrainingCheckpoint

__all__ = ["BackupAndRestore", "TrainingCheckpoint"]
