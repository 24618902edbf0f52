"""What one step of a model does, written so that a subclass can write it anew: the hooks of Keras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dtrain.graph import GradientTape, apply, as_tensor
from dtrain.graph.nest import flatten
from dtrain.ops.collective import AllSum
from dtrain.utils.arguments import accepts

if TYPE_CHECKING:
    from .session import Session


class StepMethods:
    """`train_step`, `test_step`, `predict_step` and what they call. Overridden ones run op by op, on every process.

    Inside a step, tensors of data hold this process's rows of the global batch, and sums and means over them are those
    of the global batch, as are their lengths (`x.shape[0]`). Ops that mix rows in other ways, as in `x @ transpose(x)`,
    `x[::-1]` or `sort(x, axis=0)`, gather them on all processes: this costs a sum of all rows over processes, forward
    and backward. The array of a tensor of rows, `x.numpy()`, holds those of this process.
    """

    _steps_run_eagerly = False

    def train_step(self: Any, data: Any) -> dict[str, Any]:
        """One step on `data`, `(x, y)` or `(x, y, sample_weight)`; returns the logs."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self._own_loss(x, y, y_pred, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(scaled, variables), variables)
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)  # type: ignore[no-any-return]

    def test_step(self: Any, data: Any) -> dict[str, Any]:
        """Loss and metrics of `data`; returns the logs."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self._own_loss(x, y, y_pred, sample_weight, training=False)
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)  # type: ignore[no-any-return]

    def predict_step(self: Any, data: Any) -> Any:
        """The outputs for `data`."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)

    def compute_loss(
        self: Any,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The loss of the global batch: that of `compile`, and what layers add."""
        from .program_cache import output_names

        session: Session = self._get_session()
        total, _ = session.objective.trace(output_names(self, y_pred), y, y_pred, sample_weight, self.losses)
        return total if total.spec.batch is not None else apply(AllSum, total)

    def _own_loss(self: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        """What `compute_loss` gives; one that was written without the argument `training` is not told."""
        told = {"training": training} if accepts(self.compute_loss, "training") else {}
        return self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **told)

    def compute_metrics(self: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update the metrics of `compile` and return all metrics' results."""
        from .compiled_metrics import CompiledMetrics

        CompiledMetrics(self, self._get_session().board).update_state(y, y_pred, sample_weight=sample_weight)
        return self.get_metrics_result()  # type: ignore[no-any-return]

    def get_metrics_result(self: Any) -> dict[str, Any]:
        """The results of all metrics by name."""
        found: dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.result()
            found.update(result if isinstance(result, dict) else {metric.name: result})
        return found

    def _track_loss(self: Any, loss: Any, x: Any) -> None:
        rows = next((t.spec.total or t.spec.shape[0] for t in flatten(x) if t is not None and t.spec.shape), 1)
        self._loss_tracker().update_state(loss, sample_weight=rows)

    def _loss_tracker(self: Any) -> Any:
        """The mean loss of the epoch, for steps that run op by op."""
        from dtrain.metrics import Mean

        if self.__dict__.get("_mean_loss") is None:
            self._mean_loss = Mean(name="loss")
        return self._mean_loss

    def _held_metrics(self: Any) -> Iterator[Any]:
        """The metrics that the model and its layers hold as attributes, each once; not those given to `compile`."""
        from dtrain.metrics import Metric

        seen: set[int] = set()
        for layer in self._flat_layers():
            for name, value in list(vars(layer).items()):
                for leaf in () if name in ("_mean_loss", "_compile_arguments") else flatten(value):
                    if isinstance(leaf, Metric) and id(leaf) not in seen:
                        seen.add(id(leaf))
                        yield leaf

    def _overrides(self, method: str) -> bool:
        """Whether a subclass has written this step anew (or all are to run op by op)."""
        return self._steps_run_eagerly or getattr(type(self), method) is not getattr(StepMethods, method)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """`(x, y, sample_weight)` of what a step is given; None for what is not there."""
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(f"Expected (x,), (x, y) or (x, y, sample_weight). Received a tuple of {len(data)}")
    x, y, weight = (*data, None, None)[:3]
    return x, y, weight


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """What a step is given: `(x, y, sample_weight)` without what is not there; `x` alone if it is no list."""
    if y is None and sample_weight is None:
        return (x,) if isinstance(x, list) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def batch_tensor(array: Any, total: int, compute_dtype: str, counts: Sequence[int] | None = None) -> Any:
    """This process's rows of an array of the global batch, as a tensor that knows it is a part.

    `counts`: the rows of the micro-shards that it is cut into; None: it is not.
    """
    import numpy as np

    from dtrain.graph import Spec, Tensor
    from dtrain.graph.pieces import PiecedTensor, aligned

    if array is None:
        return None
    if array.dtype == np.float64 and compute_dtype != "float64":
        array = array.astype(compute_dtype)
    tensor = as_tensor(array)
    if counts is None:
        return Tensor(Spec(array.shape, array.dtype, batch=0, total=total), tensor.array)
    pieces = [aligned(piece) for piece in np.split(array, np.cumsum(counts)[:-1])]
    return PiecedTensor(Spec(pieces[0].shape, array.dtype, batch=0, total=total), pieces)
