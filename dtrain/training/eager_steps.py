"""Steps that a model has written anew: they run op by op, with the processes of the job behind every sum over rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtrain.graph import Rows, Spec, Tensor
from dtrain.graph.nest import map_structure
from dtrain.graph.trace import running

from .data import Batch
from .output_rows import separated
from .scoreboard import plain_result, sorted_logs
from .steps import batch_tensor, pack_x_y_sample_weight

if TYPE_CHECKING:
    from .session import Session


class EagerSteps:
    """Calls the model's own `train_step`, `test_step` and `predict_step`, and keeps the logs that they return."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._logs: dict[str, Any] | None = None

    def handles(self, method: str) -> bool:
        """Whether the model has written this step, or what happens in it, anew."""
        model = self._session.model
        return bool(model._overrides(method) or (method != "predict_step" and model._overrides("compute_metrics")))

    def run(self, method: str, batch: Batch) -> Any:
        """Call a step of the model on this process's rows of a batch."""
        session = self._session
        session.board.take_extra(session.model.metrics)
        context, shards = session.context, session.cache.shards
        context.first_row, context.rows, context.total_rows = batch.first_row, batch.rows, batch.total_rows
        dtype = session.model.compute_dtype
        parts = (batch.x, batch.y, batch.sample_weight)
        counts = None if shards is None else [own.rows for own in shards.divide(batch)]
        x, y, weight = (map_structure(lambda a: batch_tensor(a, batch.total_rows, dtype, counts), p) for p in parts)
        with running(context if shards is None else shards.lanes(batch)):
            found = getattr(session.model, method)(pack_x_y_sample_weight(x, y, weight))
            return self._outputs(found, batch) if method == "predict_step" else found

    def update(self, method: str, batch: Batch) -> None:
        """Call `train_step` or `test_step` and keep its logs."""
        logs = self.run(method, batch)
        if not isinstance(logs, dict):
            raise ValueError(f"{method} must return a dict of logs. Received: {type(logs).__name__}")
        self._logs = sorted_logs({name: plain_result(value) for name, value in logs.items()})

    def outputs(self, batch: Batch) -> tuple[list[Any], Any]:
        """The arrays that `predict_step` gives for this process's rows, and the outputs' structure with their rows."""
        tensors, structure = self.run("predict_step", batch)
        return [tensor.numpy() for tensor in tensors], structure

    @staticmethod
    def _outputs(found: Any, batch: Batch) -> tuple[list[Tensor], Any]:
        def tensor(leaf: Any) -> Tensor:
            if isinstance(leaf, Tensor):
                return leaf
            array = np.asarray(leaf)  # of this process's rows
            return Tensor(Spec(array.shape, array.dtype, batch=0, total=batch.total_rows), array)

        return separated(map_structure(tensor, found), Rows(batch.rows, batch.total_rows))

    def logs(self) -> dict[str, Any] | None:
        """The logs of the last step; None if it was not one of these."""
        return None if self._logs is None else dict(self._logs)

    def forget(self) -> None:
        """The last step was a planned one."""
        self._logs = None
