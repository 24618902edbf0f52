"""`summary()` as plain text and on a terminal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain.models.summary import readable_bytes
from tests.saving import builders

LONG = "a_name_so_long_that_many_a_table_would_cut_it_somewhere"


def lines_of(model: Any, **options: Any) -> list[str]:
    lines: list[str] = []
    model.summary(print_fn=lines.append, **options)
    return lines


def test_a_stack_has_three_columns_and_totals() -> None:
    model = builders.mlp(dtrain)
    lines = lines_of(model)
    assert lines[0] == f'Model: "{model.name}"'
    assert lines[1].split("  ")[0] == "Layer (type)" and "Connected to" not in lines[1]
    assert lines[3].split() == [model.layers[0].name, "(Dense)", "(None,", "5)", "25"]
    assert lines[-3:] == [
        "Total params: 37 (148.00 B)", "Trainable params: 37 (148.00 B)", "Non-trainable params: 0 (0.00 B)",
    ]  # fmt: skip


def test_a_graph_has_a_column_for_its_edges() -> None:
    lines = lines_of(builders.siamese(dtrain))
    assert "Connected to" in lines[1]
    assert any("(Subtract)" in line and "shared[0][0], shared[1][0]" in line for line in lines)


def test_operations_are_shown_under_the_names_that_files_give_them() -> None:
    x = dtrain.Input((2,))
    lines = lines_of(dtrain.Model(x, (x + 1.0) * x + 1.0))
    assert any("add_1 (ops.add)" in line and "multiply" in line for line in lines)


def test_the_optimizers_state_counts() -> None:
    model, _, _ = builders.trained(builders.mlp(dtrain))
    assert lines_of(model)[-1] == "Optimizer params: 76 (304.00 B)"
    assert lines_of(model)[-4] == "Total params: 113 (452.00 B)"


def test_frozen_layers_are_marked_and_counted() -> None:
    model = builders.cnn(dtrain)
    lines = lines_of(model, show_trainable=True)
    assert "Trainable" in lines[1] and lines[3].endswith("N") and lines[4].endswith("Y") and lines[5].endswith("-")
    assert any(line.startswith("Non-trainable params: 63 ") for line in lines), "kernel, bias, moving statistics"


def test_nested_models_are_shown_on_demand() -> None:
    model = builders.nested(dtrain)
    assert not any(line.startswith("  dense") for line in lines_of(model))
    assert sum(line.startswith("  dense") for line in lines_of(model, expand_nested=True)) == 3


@pytest.mark.parametrize("width", [None, 30, 60])
def test_names_are_wrapped_and_never_cut(width: int | None) -> None:
    model = dtrain.Sequential([dtrain.Input((4,)), dtrain.layers.Dense(2, name=LONG)])
    lines = lines_of(model, line_length=width)
    table = lines[1:-3]
    assert width is None or max(map(len, table)) <= width
    assert LONG in "".join(line.split("  ")[0].strip() for line in table)


def test_a_model_that_has_not_been_built_says_so() -> None:
    model = dtrain.Sequential([dtrain.layers.Dense(2)])
    assert any("?" in line and "0 (unbuilt)" in line for line in lines_of(model))


def test_a_subclassed_model_shows_its_layers() -> None:
    class Own(dtrain.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = dtrain.layers.Dense(3, name="d")

        def call(self, x: Any) -> Any:
            return self.dense(x)

    model = Own()
    model(np.ones((2, 5), "float32"))
    assert any(line.split()[:4] == ["d", "(Dense)", "(2,", "3)"] and line.endswith("18") for line in lines_of(model))


def test_a_range_of_layers_can_be_shown() -> None:
    model = builders.cnn(dtrain)
    first, last = model.layers[1].name, model.layers[2].name
    assert len(lines_of(model, layer_range=[first, last])) == len(lines_of(model)) - 3
    with pytest.raises(ValueError, match="'nowhere'; the layers are: "):
        model.summary(layer_range=["nowhere", last])


def test_a_terminal_gets_a_drawn_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rich")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    dtrain.Sequential([dtrain.Input((4,)), dtrain.layers.Dense(2, name=LONG)]).summary(line_length=60)
    text = capsys.readouterr().out
    assert "│" in text and "Total params: 10 (40.00 B)" in text
    assert LONG in "".join(line.split("│")[1].strip() for line in text.splitlines() if line.startswith("│"))


def test_without_a_terminal_it_is_printed_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    builders.mlp(dtrain).summary()
    assert capsys.readouterr().out.isascii()


def test_bytes_have_the_unit_that_suits_them() -> None:
    assert [readable_bytes(n) for n in (5, 1536, 3 << 20, 5 << 30)] == ["5.00 B", "1.50 KB", "3.00 MB", "5.00 GB"]


def test_a_subclassed_model_shows_the_shapes_of_layers_with_several_inputs_or_outputs() -> None:
    class Heads(dtrain.Layer):
        def call(self, x: Any) -> Any:
            return {"one": x, "two": [x[:, :1], x[:, :2]]}

    class Whole(dtrain.Model):
        def __init__(self) -> None:
            super().__init__()
            self.attend, self.heads = dtrain.layers.MultiHeadAttention(2, 2, output_shape=(4,)), Heads()

        def call(self, x: Any) -> Any:
            return self.heads(self.attend(x, x, x))

    model = Whole()
    model(np.ones((1, 3, 2), np.float32))
    lines = lines_of(model)
    assert any("(MultiHeadAttention)" in line and "(1, 3, 4)" in line for line in lines)
    assert any("(Heads)" in line and "(1, 3, 4), (1, 1, 4), (1, 2, 4)" in line for line in lines)
