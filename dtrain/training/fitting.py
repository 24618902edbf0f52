"""The loops over epochs and batches, with their callbacks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import islice
from typing import Any

import numpy as np

from dtrain.config import max_steps_per_epoch
from dtrain.distributed.guard import compare
from dtrain.timeline import CALLBACKS, DATA, EPOCH_END, VALIDATION, begin_step, each_within

from .data import Batch, Source, Triple
from .identity import compare_data, data_fields
from .interrupts import Interrupts, end_with_too_few, obey
from .nan_guard import NanGuard, check_on_nan
from .pace import Pace
from .session import Session
from .spoiled import spoiled
from .trainer import concatenate_rows

Model = Any


class Fit:
    """One call of `fit`."""

    def __init__(
        self,
        model: Model,
        session: Session,
        train: Source,
        validation: Source | None,
        epochs: int,
        initial_epoch: int,
        steps_per_epoch: int | None,
        validation_steps: int | None,
        validation_freq: Any,
        callbacks: Any,
        verbose: Any,
        resume: Any,
        on_nan: str,
    ) -> None:
        check_on_nan(on_nan)
        self.model = model
        self.session = session
        self.train = train
        self.validation = validation
        self.epochs = epochs
        self.validation_steps = validation_steps
        self.validation_freq = validation_freq
        self.epoch = initial_epoch
        self.start_step = 0
        self._resumed: Callable[[], None] | None = None
        self.steps = _limited_steps(steps_per_epoch, train.count)
        self._stream = _Stream(train, steps_per_epoch)
        self._resume = resume
        self._on_nan = on_nan
        self.callbacks = make_callbacks(callbacks, model, verbose, epochs=epochs, steps=self.steps, history=True)

    def run(self) -> Any:
        """Train until the last epoch, or until a callback sets `model.stop_training`."""
        model, callbacks = self.model, self.callbacks
        model.stop_training = False
        compare(self.session.communicator, self._fields())
        compare_data(self.session.communicator, training_data=self.train, validation_data=self.validation)
        # Signals wait for the end of a step only where there is somebody to save what has been done.
        self._interrupts = Interrupts() if self._savers() else None
        with self._interrupts or nullcontext():
            return self._run(model, callbacks)

    def _run(self, model: Model, callbacks: Any) -> Any:
        try:
            callbacks.on_train_begin()
            self._batch_logs = batch_logs_wanted(callbacks, self.session)
            if not any(getattr(c, "handles_nan", False) for c in callbacks.callbacks):
                self.session.watch(NanGuard(self.session, self._on_nan, self._moment, self._data))
            for saver in self._savers():
                saver.before_training(self)
            if self._resume is not None:
                from .checkpointing import restore_newest

                restore_newest(self._resume, self)
            logs: dict[str, Any] = {}
            while self.epoch < self.epochs and not model.stop_training:
                found = self._run_epoch()
                if found is None:
                    break
                logs = found
                self.epoch, self.start_step = self.epoch + 1, 0
                for saver in self._savers():
                    saver.after_epoch(self)
            # Processes may share the memory of weights: none changes them while another still looks at them.
            self.session.communicator.Barrier()
            model.optimizer.finalize_variable_values(model.optimizer.trained_variables)
            callbacks.on_train_end(logs or None)
            self.session.communicator.Barrier()
        finally:
            self.session.watch(None)
            callbacks.close()
        return model.history

    def _fields(self) -> dict[str, Any]:
        """What must be the same on all processes for them to run in step."""
        return {
            "epochs": self.epochs,
            "initial_epoch": self.epoch,
            "steps of an epoch": str(self.steps),
            "resume": str(self._resume),
            "on_nan": self._on_nan,
            "steps between checks (DTRAIN_CHECK_STEPS)": self.session.drift.every,
            "micro-shards of a batch": str(self.session.shards),
            "callbacks that write training states": str([type(c).__name__ for c in self._savers()]),
            **data_fields("training data", self.train),
            **(data_fields("validation data", self.validation) if self.validation is not None else {}),
        }

    def go_on(self, epoch: int, start_step: int, again: Callable[[], None]) -> None:
        """Begin at a step of an epoch; `again` puts the state back once callbacks have begun that epoch anew."""
        self.epoch, self.start_step = epoch, start_step
        self._stream.resume(epoch, start_step)
        self._resumed = again if start_step else None

    def prepare(self) -> None:
        """Plan the first step without running it, so that all weights and metrics exist."""
        batch = self.train.peek()
        if batch is not None:
            self.session.prepare(batch)

    def _moment(self) -> tuple[int, int]:
        """The present step: its epoch and its number within it."""
        return self.epoch, self.start_step

    def _data(self, batch: Batch) -> Triple:
        """The data of a batch, with those around it if they are in memory: the row of a value is then known."""
        arrays: Triple = getattr(self.train, "arrays", (batch.x, batch.y, batch.sample_weight))
        return arrays

    def _savers(self) -> list[Any]:
        """The callbacks that write training states: after all others, so that theirs are up to date."""
        return [c for c in self.callbacks.callbacks if hasattr(c, "after_epoch")]

    def _run_epoch(self) -> dict[str, Any] | None:
        """Run one epoch, or what is left of it, and return its logs; None when there was no data left for it."""
        session, callbacks = self.session, self.callbacks
        session.context.epoch = self.epoch
        if self.start_step == 0:
            session.reset_logs()
        self.train.on_epoch_begin()
        callbacks.on_epoch_begin(self.epoch)
        if self._resumed is not None:
            self._resumed()  # what callbacks do when an epoch begins was done before
            self._resumed = None
        pace = Pace()
        self._run_steps()
        self.train.on_epoch_end()
        if self.start_step == 0:
            self._warn_of_no_data()
            return None
        with EPOCH_END:
            return self._end_epoch(pace)

    def _end_epoch(self, pace: Pace) -> dict[str, Any]:
        """Agree, validate and return the logs of the epoch."""
        session, callbacks = self.session, self.callbacks
        session.settle()
        session.drift.at_end_of_epoch(self.epoch, session.step_count)
        logs = session.logs()
        session.pace = pace.summary(session.communicator)
        if self.validation is not None and self._validates(self.epoch):
            with VALIDATION, session.passes.one(self.epoch):
                found = run_loop(session, self.validation, self.validation_steps, callbacks)
            logs = dict(sorted({**logs, **{f"val_{name}": value for name, value in found.items()}}.items()))
        with CALLBACKS:
            callbacks.on_epoch_end(self.epoch, logs)
        self._agree_to_stop()
        return logs

    def _run_steps(self) -> None:
        session, callbacks, savers = self.session, self.callbacks, self._savers()
        for batch in spoiled(each_within(DATA, self._stream.epoch(self.epoch, self.start_step, self.steps))):
            step = self.start_step
            begin_step(self.epoch, step)
            with CALLBACKS:
                callbacks.on_train_batch_begin(step)
            session.train_step(batch)
            self.start_step = step + 1
            logs = session.logs() if self._batch_logs else {}
            with CALLBACKS:
                callbacks.on_train_batch_end(step, logs)
            for saver in savers:
                saver.after_step(self)
            self._obey_signals(savers)
            if self._batch_logs:  # else no callback looks at single steps
                self._agree_to_stop()
            if self.model.stop_training:
                break

    def _agree_to_stop(self) -> None:
        """Stop on all processes when a callback of any of them says so: it may look at the time, or be on one alone."""
        self.model.stop_training = _any_process(self.session, self.model.stop_training)

    def _obey_signals(self, savers: list[Any]) -> None:
        """After a signal to any process, save the state after this step on all, and end."""
        number = None if self._interrupts is None else self._interrupts.agreed(self.session.communicator)
        where = f"after step {self.start_step} of epoch {self.epoch + 1}"
        if number is not None:
            obey(number, [saver.save_now(self) for saver in savers], where)
        if not self.session.communicator.enough:
            end_with_too_few(self.session.communicator.workers, [saver.save_now(self) for saver in savers], where)

    def _warn_of_no_data(self) -> None:
        if self.session.step_count == 0:
            raise ValueError("fit: the data source gave no batch")
        warnings.warn(
            f"fit: the source ran out of data in epoch {self.epoch + 1} of {self.epochs}, so training ends here. Give "
            "a generator that goes on for `steps_per_epoch * epochs` batches, or something that can be gone through "
            "again, such as a PyDataset",
            stacklevel=5,
        )

    def _validates(self, epoch: int) -> bool:
        frequency = self.validation_freq
        return (epoch + 1) % frequency == 0 if isinstance(frequency, int) else (epoch + 1) in frequency


class _Stream:
    """Batches of epoch after epoch. With `steps_per_epoch`, an epoch goes on where the last one stopped."""

    def __init__(self, source: Source, steps_per_epoch: int | None) -> None:
        self._source = source
        self._steps = steps_per_epoch
        self._running: Iterator[Batch] | None = None
        self._skipped = 0

    def resume(self, epoch: int, start_step: int) -> None:
        """Go on from a step of an epoch although this source has given no batch yet."""
        self._skipped = epoch * (self._steps or 0) + start_step  # what a generator gives once more is passed over

    def epoch(self, epoch: int, start_step: int, steps: int | None) -> Iterator[Batch]:
        """The batches of one epoch from step `start_step` on."""
        if self._steps is None:
            limit = None if steps is None else steps - start_step
            yield from islice(self._source.batches(epoch, start_step), limit)
            return
        if self._source.count is None:
            if self._running is None:
                self._running = self._source.batches(epoch, self._skipped)
            yield from islice(self._running, (steps or self._steps) - start_step)
            return
        position = epoch * self._steps + start_step
        left = (steps or self._steps) - start_step
        while left > 0:
            number, at = divmod(position, self._source.count)
            for batch in islice(self._source.batches(number, at), left):
                yield batch
                position, left = position + 1, left - 1


def _limited_steps(steps: int | None, count: int | None) -> int | None:
    wanted = count if steps is None else steps
    limits = [n for n in (wanted, max_steps_per_epoch()) if n is not None]
    return min(limits) if limits else None


def make_callbacks(callbacks: Any, model: Model, verbose: Any, epochs: int, steps: int | None, history: bool) -> Any:
    """The list of callbacks with History and progress."""
    from dtrain.callbacks import CallbackList

    if isinstance(callbacks, CallbackList):
        return callbacks
    level = 1 if verbose == "auto" else int(verbose)
    return CallbackList(
        callbacks, add_history=history, add_progbar=level != 0, model=model, verbose=level, epochs=epochs, steps=steps
    )


def _any_process(session: Session, asks: Any) -> bool:
    """Whether any process asks for something. All of them call it."""
    asked = np.array([bool(asks)], np.int64)
    session.communicator.Allreduce(asked)
    return bool(asked[0])


def batch_logs_wanted(callbacks: Any, session: Session) -> bool:
    """Whether a callback of any process looks at the logs of single steps: computing them needs all processes."""
    return any(session.communicator.allgather(bool(callbacks.wants_batch_logs)))


def run_loop(session: Session, source: Source, steps: int | None, callbacks: Any) -> dict[str, Any]:
    """Evaluate one pass over a source, or until a callback sets `model.stop_evaluating`."""
    session.reset_logs()
    session.model.stop_evaluating = False
    source.on_epoch_begin()
    callbacks.on_test_begin()
    batch_logs = batch_logs_wanted(callbacks, session)
    limit = _limited_steps(steps, source.count)
    count = 0
    for number, batch in enumerate(each_within(DATA, islice(source.batches(0, 0), limit))):
        callbacks.on_test_batch_begin(number)
        session.passes.begin_batch(number)
        session.test_step(batch)
        logs = session.logs() if batch_logs else {}
        callbacks.on_test_batch_end(number, logs)
        count += 1
        if batch_logs and _any_process(session, session.model.stop_evaluating):  # else no callback looks at batches
            break
    if count == 0:
        raise ValueError("evaluate: the data source gave no batch")
    source.on_epoch_end()
    logs = session.logs()
    callbacks.on_test_end(logs)
    return logs


def run_evaluation(
    model: Model, session: Session, source: Source, steps: int | None, callbacks: Any, verbose: Any
) -> dict[str, Any]:
    """`evaluate` on a source."""
    limit = _limited_steps(steps, source.count)
    listed = make_callbacks(callbacks, model, verbose, epochs=1, steps=limit, history=False)
    compare(session.communicator, data_fields("data", source) | {"steps": str(limit)})
    compare_data(session.communicator, data=source)
    with session.passes.one():
        return run_loop(session, source, steps, listed)


def run_prediction(
    model: Model, session: Session, source: Source, steps: int | None, callbacks: Any, verbose: Any
) -> Any:
    """`predict` on a source, to its end or until a callback sets `model.stop_predicting`."""
    limit = _limited_steps(steps, source.count)
    listed = make_callbacks(callbacks, model, verbose, epochs=1, steps=limit, history=False)
    compare(session.communicator, data_fields("data", source) | {"steps": str(limit)})
    compare_data(session.communicator, data=source)
    model.stop_predicting = False
    source.on_epoch_begin()
    listed.on_predict_begin()
    looks = any(session.communicator.allgather(listed.looks_at_predictions))
    parts = []
    with session.passes.one():
        for number, batch in enumerate(each_within(DATA, islice(source.batches(0, 0), limit))):
            listed.on_predict_batch_begin(number)
            session.passes.begin_batch(number)
            parts.append(session.predict_step(batch))
            listed.on_predict_batch_end(number, {"outputs": parts[-1]})
            if looks and _any_process(session, model.stop_predicting):
                break
    if not parts:
        raise ValueError("predict: the data source gave no batch")
    source.on_epoch_end()
    listed.on_predict_end()
    return concatenate_rows(parts)
