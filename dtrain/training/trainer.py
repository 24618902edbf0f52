"""What every model can do: compile, fit, evaluate, predict."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.config import max_epochs
from dtrain.datasets.row_batches import RowBatches
from dtrain.distributed import world
from dtrain.graph import Array
from dtrain.graph.nest import flatten, map_structure, pack_as

from .class_weights import by_output
from .data import (
    ArraySource,
    Batch,
    IteratorSource,
    Source,
    Triple,
    is_array_like,
    rank_batch,
    split_validation,
    to_triple,
    unpack,
    with_class_weight,
)
from .recovery import ElasticSession
from .row_source import RowSource, is_rows
from .session import Session
from .steps import StepMethods
from .trainable import TrainableFlags


class Trainer(StepMethods):
    """Mixed into `Model`. All processes of the job call the same methods with the same arguments."""

    def __init__(self) -> None:
        self.optimizer: Any = None
        self.loss: Any = None
        self.history: Any = None
        self.stop_training = self.stop_evaluating = self.stop_predicting = False
        self._compile_arguments: dict[str, Any] | None = None
        self._trainable_flags: TrainableFlags | None = None
        self._reduction = "auto"
        self._session: Session | None = None

    # -- compile --------------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
        reduction: str = "auto",
    ) -> None:
        """Say how the model is trained.

        Args:
            optimizer: name or instance.
            loss: identifier, callable, `Loss`; a list or dict by output name for several outputs.
            loss_weights: number for each output, as list or dict.
            metrics: list of identifiers, callables, `Metric`s; for several outputs a list or dict of these.
            weighted_metrics: metrics that take sample weights into account.
            run_eagerly: run steps op by op instead of planned once: slower, but values can be looked at.
            steps_per_execution, jit_compile, auto_scale_loss: accepted as in Keras; they change nothing.
            reduction: how gradients are added over processes: "shared", in memory that those of a host share and by
                slices between hosts; "allreduce", by MPI; "auto", what DTRAIN_REDUCTION names, else shared memory
                where it can be had; "bf16", as "auto", but between hosts gradients travel as bfloat16, which halves
                the traffic and rounds them to 8 significant bits (never within a host).

        Raises:
            ValueError: for an unknown name; the message shows the nearest valid one.
        """
        from dtrain import losses, optimizers
        from dtrain.distributed.choice import wanted_reduction
        from dtrain.metrics import resolve

        wanted_reduction(reduction)
        self._reduction = reduction
        self.optimizer = optimizers.get(optimizer)
        for identifier in flatten(loss):
            losses.get_loss(identifier)
        for identifier in [*flatten(metrics), *flatten(weighted_metrics)]:
            if identifier is not None:
                resolve(identifier, (None, 1), (None, 1))  # any shapes: only to hear of wrong names
        self.loss = loss
        self._compile_arguments = {
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
        }
        self.stop_training = False
        self._steps_run_eagerly = run_eagerly
        self._trainable_flags = TrainableFlags(self)
        self._session = None

    @property
    def compiled(self) -> bool:
        return self._compile_arguments is not None

    def _forget_programs(self) -> None:
        """The layers have changed: what was planned for the old ones is void."""
        self._session = None

    def _get_session(self) -> Session:
        if self._session is None:
            flags = self._trainable_flags or TrainableFlags(self)
            kind = ElasticSession if world().elastic else Session
            self._session = kind(self, self.optimizer, self._compile_arguments or {}, flags)
        return self._session

    def _settle(self) -> None:
        """Make the optimizer's state whole, within a round of gradient accumulation too. Every process must call it."""
        if self._session is not None:
            self._session.settle()

    def _need_compiled(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(f"{method} needs a compiled model: call compile(optimizer=..., loss=...) first")

    @property
    def metrics(self) -> list[Any]:
        """The metrics given to `compile` (once the first batch has shown the shapes) and those of the layers."""
        if self.compiled and (self._overrides("train_step") or self._overrides("test_step")):
            from .compiled_metrics import CompiledMetrics

            board = self._get_session().board
            return [self._loss_tracker(), CompiledMetrics(self, board), *self._held_metrics()]
        named = self._session.board.named_metrics if self._session else []
        return [*named, *self._held_metrics()]

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns."""
        if type(self).metrics is Trainer.metrics:
            return self._session.board.names() if self._session else ["loss"]
        from .compiled_metrics import CompiledMetrics

        whole = ([*m.metrics] if isinstance(m, CompiledMetrics) else [m] for m in self.metrics)
        return list(dict.fromkeys(metric.name for metrics in whole for metric in metrics))

    def _in_form(self, logs: dict[str, Any], return_dict: bool) -> Any:
        """Logs as a dict sorted by name, as a list in the order of `metrics_names`, or as the only number in it."""
        if return_dict:
            return logs
        names = [name for name in self.metrics_names if name in logs]
        values = [logs[name] for name in (*names, *(name for name in logs if name not in names))]
        return values[0] if len(values) == 1 else values

    # -- loops ----------------------------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        resume: Any = None,
        reproducible: bool | int = False,
        on_nan: str = "raise",
    ) -> Any:
        """Train the model.

        Args:
            x: array, or a list, tuple or dict of arrays; or `datasets.HDF5Data`; or a generator or `PyDataset` that
                gives global batches `(x, y)` or `(x, y, sample_weight)`.
            y: targets, in the structure of the outputs.
            batch_size: rows of one step over all processes together (default 32).
            epochs: number of the last epoch.
            verbose: 0 silent, 1 progress bar, 2 a line an epoch, "auto" = 1.
            callbacks: list of `Callback`s.
            validation_split: fraction of the last rows that is not trained on but evaluated after each epoch.
            validation_data: `(x, y)` or `(x, y, sample_weight)` to evaluate after each epoch.
            shuffle: whether rows are in another order in each epoch.
            class_weight: weight of each class number in the loss; for several outputs a dict of these by output name,
                or a list.
            sample_weight: weight of each row in the loss.
            initial_epoch: epoch to start from.
            steps_per_epoch, validation_steps: steps instead of a whole pass.
            validation_batch_size: rows of one validation step (default `batch_size`).
            validation_freq: validate every so many epochs, or in the epochs of this list.
            resume: folder with training checkpoints: go on from the newest good one if there is one.
            reproducible: whether weights and history are the same to the last bit for every number of processes and
                every MPI. Each batch is cut into 8 micro-shards (or as many as this says; at least as many as there
                are processes), of which a process computes whole ones, with one thread; their sums are added in one
                fixed order. The bits depend on that number, on the versions of NumPy and its BLAS, and on the kind of
                processor. On one process, a step takes 1.6 to 2.4 times as long as with one thread otherwise, and
                longer the fewer rows a micro-shard has.
            on_nan: what is done when the loss or a gradient is NaN or infinite on any process: "raise" an error, "skip"
                the step, or "stop" training. All processes do the same, no such step is made, and the message names
                process and layer. Steps that the model has written anew are not looked at.

        Returns:
            `History`, whose `history` maps each log name to its values by epoch.

        Raises:
            ValueError: for data that does not fit; before the first step.
            FloatingPointError: see `on_nan`.
            DesyncError: processes differ in what must be the same, at the start or (compared every 100 steps, or as
                many as DTRAIN_CHECK_STEPS says, and after each epoch) later.
        """
        from .fitting import Fit

        self._need_compiled("fit")
        if (validation_data is None) and validation_split and not is_array_like(x):
            raise ValueError("validation_split needs arrays: with a generator, pass validation_data")
        validation = unpack(tuple(validation_data)) if isinstance(validation_data, (tuple, list)) else None
        rows_given = 32 if batch_size is None else batch_size
        if not isinstance(epochs, (int, np.integer)):
            raise ValueError(f"fit: epochs must be an integer. Received: epochs={epochs!r}")
        class_weight = by_output(self, class_weight)
        if is_array_like(x):
            arrays = to_triple(x, y, sample_weight)
            arrays = with_class_weight(arrays, class_weight)
            if validation_split and validation_data is None:
                arrays, validation = split_validation(arrays, validation_split)
            train: Any = arrays
        else:
            _refuse_targets(y, sample_weight)
            train = x
        session = self._get_session()
        with session.reproducible(reproducible):
            seed = session.begin_fit()
            return Fit(
                model=self,
                session=session,
                train=_source(train, rows_given, shuffle, seed, session, class_weight),
                validation=None
                if validation_data is None and validation is None
                else self._validation(
                    validation_data,
                    validation,
                    rows_given if validation_batch_size is None else validation_batch_size,
                    session,
                ),
                epochs=min(epochs, max_epochs() or epochs),
                initial_epoch=initial_epoch,
                steps_per_epoch=steps_per_epoch,
                validation_steps=validation_steps,
                validation_freq=validation_freq,
                callbacks=callbacks,
                verbose=verbose,
                resume=resume,
                on_nan=on_nan,
            ).run()

    def _validation(self, given: Any, triple: Triple | None, batch_size: int, session: Session) -> Source:
        if triple is not None and is_array_like(triple[0]):
            return _source(to_triple(*triple), batch_size, False, 0, session)
        return _source(given, batch_size, False, 0, session)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        reproducible: bool | int = False,
        **kwargs: Any,
    ) -> Any:
        """The loss and metrics over all rows, exact for any number of processes (`reproducible`: see `fit`).

        Returns:
            The loss alone, a list `[loss, metric, ...]`, or a dict with `return_dict`.
        """
        from .fitting import run_evaluation

        self._need_compiled("evaluate")
        _no_more("evaluate", kwargs)
        session = self._get_session()
        if is_array_like(x):
            data: Any = to_triple(x, y, sample_weight)
        else:
            _refuse_targets(y, sample_weight)
            data = x
        with session.reproducible(reproducible):
            source = _source(data, 32 if batch_size is None else batch_size, False, 0, session)
            logs = run_evaluation(self, session, source, steps, callbacks, verbose)
        return self._in_form(logs, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        reproducible: bool | int = False,
    ) -> Any:
        """The outputs for all rows, as NumPy arrays, whole on every process (`reproducible`: see `fit`)."""
        from .fitting import run_prediction

        session = self._get_session()
        data: Any = to_triple(x) if is_array_like(x) else x
        with session.reproducible(reproducible):
            source = _source(data, 32 if batch_size is None else batch_size, False, 0, session)
            return run_prediction(self, session, source, steps, callbacks, verbose)

    # -- single batches -------------------------------------------------------------------------------------------

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One step on one global batch; returns the loss and metrics of this batch."""
        self._need_compiled("train_on_batch")
        arrays = with_class_weight(to_triple(x, y, sample_weight), by_output(self, class_weight))
        session = self._get_session()
        session.reset_logs()
        session.train_step(_whole_batch(arrays, session))
        return self._in_form(session.logs(), return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics of one global batch."""
        self._need_compiled("test_on_batch")
        session = self._get_session()
        session.reset_logs()
        with session.passes.one():
            session.test_step(_whole_batch(to_triple(x, y, sample_weight), session))
        return self._in_form(session.logs(), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs of one global batch."""
        session = self._get_session()
        with session.passes.one():
            return session.predict_step(_whole_batch(to_triple(x), session))

    def reset_metrics(self) -> None:
        """Set loss and metrics back to the start of an epoch."""
        if self._session is not None:
            self._session.reset_logs()


def _source(data: Any, batch_size: int, shuffle: bool, seed: int, session: Session, class_weight: Any = None) -> Source:
    comm = session.communicator
    if isinstance(data, tuple) and len(data) == 3 and is_array_like(data[0]):
        return ArraySource(data, batch_size, shuffle, seed, comm.rank, comm.workers, session.shards)
    if isinstance(data, RowBatches):
        return _own_batches(data, seed, session, class_weight)
    if is_rows(data):
        return RowSource(data, batch_size, shuffle, seed, comm.rank, comm.workers, class_weight, session.shards)
    return IteratorSource(data, comm.rank, comm.workers, class_weight, session.shards)


def _own_batches(data: RowBatches, seed: int, session: Session, class_weight: Any) -> Source:
    """Data that has a batch size, and maybe a seed, of its own."""
    if data.batch_size is None:
        raise ValueError(
            "x: a data set made with batch_size=None has no batches to train on. Make it with a batch_size"
        )
    comm, own_seed = session.communicator, seed if data.seed is None else data.seed
    place = comm.rank, comm.workers
    return RowSource(data.samples, data.batch_size, data.shuffle, own_seed, *place, class_weight, session.shards)


def _whole_batch(arrays: Triple, session: Session) -> Batch:
    """One global batch, of which this process takes its rows."""
    return rank_batch(arrays, session.communicator.rank, session.communicator.workers, session.shards)


def _refuse_targets(y: Any, sample_weight: Any) -> None:
    if y is not None or sample_weight is not None:
        raise ValueError(
            "With a generator, PyDataset or HDF5Data as `x`, targets and weights are its own: leave out `y`"
        )


def _no_more(method: str, kwargs: dict[str, Any]) -> None:
    if kwargs:
        raise TypeError(f"{method}: unknown argument(s) {', '.join(sorted(kwargs))}")


def concatenate_rows(parts: list[Any]) -> Any:
    """Batches of outputs (structures of arrays) joined along the rows."""
    columns: list[list[Array]] = [list(c) for c in zip(*(flatten(p) for p in parts), strict=True)]
    joined = [np.concatenate(c) if len(c) > 1 else c[0] for c in columns]
    return pack_as(map_structure(lambda _: None, parts[0]), joined)
