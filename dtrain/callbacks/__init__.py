"""What happens beside training: records, files, learning rates, stopping."""

from dtrain.lazy import attach

from .callback import Callback
from .callback_list import CallbackList
from .csv_logger import CSVLogger
from .early_stopping import EarlyStopping
from .history import History
from .lambda_callback import LambdaCallback
from .learning_rates import LearningRateScheduler, ReduceLROnPlateau
from .model_checkpoint import ModelCheckpoint
from .monitor import MonitorCallback
from .progbar_logger import ProgbarLogger
from .swap_ema_weights import SwapEMAWeights
from .terminate_on_nan import TerminateOnNaN

_LAZY = {**dict.fromkeys(("BackupAndRestore", "TrainingCheckpoint"), "training_states"), "TensorBoard": "tensorboard"}
__getattr__, __dir__ = attach(__name__, _LAZY)

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "MonitorCallback",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
    "TrainingCheckpoint",
]
