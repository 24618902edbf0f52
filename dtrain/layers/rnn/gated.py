"""What LSTM, GRU and SimpleRNN have in common: one op for the whole sequence where there is one, else the loop."""

from __future__ import annotations

from typing import Any

from dtrain import ops
from dtrain.random import dropout

from .rnn import RNN


class GatedRNN(RNN):
    """An `RNN` whose arguments are those of its cell."""

    def can_fuse(self) -> bool:
        """Whether the op computes the same as the loop: usual activations, no dropout of the state."""
        cell = self.cell
        usual = cell.activation is ops.tanh and cell.recurrent_activation is ops.sigmoid
        return usual and not cell.recurrent_dropout

    def fused(self, sequences: Any, states: Any, mask: Any) -> tuple[Any, Any]:
        """Outputs (batch, T or 1, units) and the last states, by one op."""
        raise NotImplementedError

    def run(self, sequences: Any, states: Any, mask: Any, training: bool) -> tuple[Any, Any, Any]:
        """All outputs (None unless asked for), the last output and the last states."""
        if not self.can_fuse() or int(sequences.shape[1]) == 0:
            return super().run(sequences, states, mask, training)
        if training and self.cell.dropout:
            # One mask for all steps of a row, as the cell has it.
            keep = dropout(ops.ones_like(sequences[:, :1]), self.cell.dropout, seed=self.cell.seed_generator)
            sequences = sequences * keep
        outputs, states = self.fused(sequences, states, mask)
        return outputs if self.return_sequences else None, outputs[:, -1], states

    def __getattr__(self, name: str) -> Any:
        # The cell's arguments (`units`, `kernel_initializer`, ...) read as the layer's own, as in Keras.
        if not name.startswith("_") and "cell" in self.__dict__ and name in _CELL_ARGUMENTS:
            return getattr(self.cell, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        config = super().get_config()
        del config["cell"]
        cell = self.cell.get_config()
        own = {name: value for name, value in cell.items() if name in _CELL_ARGUMENTS}
        return {**config, **own}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The layer that `get_config` describes."""
        return cls(**config)


_CELL_ARGUMENTS = frozenset(
    (
        "units", "activation", "recurrent_activation", "use_bias", "kernel_initializer", "recurrent_initializer",
        "bias_initializer", "unit_forget_bias", "kernel_regularizer", "recurrent_regularizer", "bias_regularizer",
        "kernel_constraint", "recurrent_constraint", "bias_constraint", "dropout", "recurrent_dropout", "reset_after",
        "seed",
    )
)  # fmt: skip
