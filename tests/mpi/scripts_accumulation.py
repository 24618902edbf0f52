"""Trains with gradient accumulation and writes what came of it and how often gradients were summed: see the test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from dtrain.distributed import is_main, prepare, world

prepare()

import numpy as np  # noqa: E402

import dtrain  # noqa: E402
from dtrain import layers  # noqa: E402
from dtrain.callbacks import TrainingCheckpoint  # noqa: E402

STEPS, ROWS, BATCH, EPOCHS = 3, 40, 8, 4  # 5 steps an epoch: rounds of 3 cross the ends of epochs
KINDS: dict[str, dict[str, Any]] = {
    "adam": {},
    "averages": {"use_ema": True},
    "overwritten": {"use_ema": True, "ema_overwrite_frequency": 2},
    "clipped": {"global_clipnorm": 0.5},
    "scaled": {"loss_scale_factor": 4.0},
}


class Count(dtrain.callbacks.Callback):
    """How often gradients were summed within the steps of an epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == 1:
            self.sums = 0
            reduction = self.model._get_session().reduction
            begin = reduction.begin

            def counted(part: slice) -> None:
                self.sums += 1
                begin(part)

            reduction.begin = counted

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.last = getattr(self, "sums", 0)


def train(kind: str, callbacks: list[Any], **arguments: Any) -> Any:
    numbers = np.random.default_rng(0)
    x, y = numbers.normal(size=(ROWS, 5)).astype(np.float32), numbers.normal(size=(ROWS, 2)).astype(np.float32)
    dtrain.utils.set_random_seed(2)
    model = dtrain.Sequential([dtrain.Input((5,)), layers.Dense(7, "tanh"), layers.Dropout(0.2), layers.Dense(2)])
    model.compile(dtrain.optimizers.Adam(0.05, gradient_accumulation_steps=STEPS, **KINDS[kind]), "mse")
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0, callbacks=callbacks, **arguments)
    return model


def main(folder: Path) -> None:
    """Write weights and optimizer state, and the number of sums."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        count = Count()
        model = train(kind, [count])
        found |= {f"{kind}|{k}": v.array for k, v in enumerate([*model.weights, *model.optimizer.variables])}
        found[f"sums of {kind}"] = count.last
    file = folder / f"step-4-{world().size}.keras"
    # Step 4 is the first of a round: of all but the summed gradients in the file, nothing is left to a later sum.
    train("adam", [dtrain.callbacks.ModelCheckpoint(str(file).replace("-4-", "-{batch}-"), save_freq=4)])
    saved = dtrain.saving.load_model(file)
    found |= {f"file|{k}": v.array for k, v in enumerate([*saved.weights, *saved.optimizer.variables])}
    states = folder / f"states-{world().size}"
    saver = [TrainingCheckpoint(states, every_epochs=0, every_steps=4, keep_last=9)]  # step 4 is within a round
    whole = train("adam", saver).get_weights()
    if is_main():
        for path in sorted(states.glob("step-*.h5"))[1:]:
            path.unlink()
    world().Barrier()
    resumed = train("adam", [TrainingCheckpoint(states, every_epochs=0, every_steps=4)], resume=states).get_weights()
    found["resumed"] = max(float(np.abs(a - b).max()) for a, b in zip(whole, resumed, strict=True))
    np.savez(folder / f"{world().size}-{world().rank}.npz", **found)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
