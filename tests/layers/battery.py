"""What every layer must do, as functions of one `Case`: a layer, its arguments and the inputs it is called with.

`ROWS` rows go through the layer, first as a symbolic batch of unknown length, then as arrays, then as a traced program
in an arena full of NaN, then divided among processes of which one may have no rows.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import dtrain
from dtrain import layers
from dtrain.graph import Array, Tensor, as_tensor
from dtrain.graph.nest import flatten
from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object
from dtrain.utils import set_random_seed
from tests.ops import gradcheck

ROWS = 5

Weights = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Case:
    """One row of the table.

    `make(**kwargs)` makes the layer. `inputs` are the shapes of one row of each input; `kinds` what they hold
    ("float", "int:k" for integers below k, "bool"). `weights` are names and shapes of all variables, in the order of
    `get_weights()`. `call` are further arguments of the call.
    """

    make: Callable[..., Any]
    arguments: dict[str, Any]
    inputs: tuple[tuple[int, ...], ...]
    weights: Weights = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    call: dict[str, Any] = field(default_factory=dict)
    as_list: bool = False
    """The one input is handed over in a list."""
    apart: bool = False
    """The inputs are arguments of their own, not a list."""
    no_difference: str = ""
    """A weight whose gradient leaves out, on purpose, a part of how the output depends on it."""
    random: bool = False
    """While training, the layer draws random numbers, which are others in every call outside of a model."""
    wide: bool = False
    """The inputs lie apart from one another, away from the kinks of maxima and rectifiers."""

    @property
    def name(self) -> str:
        listing = ",".join(f"{k}={_short(v)}" for k, v in self.arguments.items())
        return f"{self.make.__name__}({listing})"

    @property
    def still(self) -> dict[str, Any]:
        """What a call needs so that it gives the same numbers every time."""
        return {"training": False} if self.random else {}

    def layer(self, dtype: str = "float64") -> Any:
        """A new layer; objects among the arguments are made anew too."""
        given = {key: _fresh(value, dtype) for key, value in self.arguments.items()}
        return self.make(**given, dtype=dtype)

    def arrays(self, rows: int = ROWS) -> list[Array]:
        rng = np.random.default_rng(3)
        kinds = self.kinds or ("float",) * len(self.inputs)
        return [_values(kind, (rows, *shape), rng, self.wide) for kind, shape in zip(kinds, self.inputs, strict=True)]

    def run(self, layer: Any, inputs: Sequence[Any], **call: Any) -> Any:
        """Call the layer on its one input, on the list of them, or on them as arguments of their own."""
        if self.apart:
            return layer(*inputs, **{**self.call, **call})
        several = self.as_list or len(inputs) > 1
        return layer(list(inputs) if several else inputs[0], **{**self.call, **call})


def part(function: Callable[..., Any]) -> Callable[[str], Any]:
    """An argument that is itself made of layers: `function(dtype)` makes a new one for every layer."""
    function.makes_part = True  # type: ignore[attr-defined]
    return function


def _fresh(value: Any, dtype: str) -> Any:
    return value(dtype) if getattr(value, "makes_part", False) else value


def _short(value: Any) -> str:
    return getattr(value, "__name__", None) or str(value).replace(" ", "")


def _values(kind: str, shape: tuple[int, ...], rng: np.random.Generator, wide: bool) -> Array:
    if kind == "bool":
        return rng.random(shape) < 0.7
    if kind.startswith("int:"):
        return rng.integers(0, int(kind[4:]), shape).astype(np.int32)
    if wide:  # no two values within 0.01 of one another, none near 0
        size = int(np.prod(shape))
        return (rng.permutation(size).reshape(shape) - size / 2 + 0.25) * (4.0 / max(size, 1))
    return rng.normal(size=shape)


def built(case: Case, dtype: str = "float64") -> Any:
    """The layer with variables that are not zeros."""
    set_random_seed(11)
    layer = case.layer(dtype)
    case.run(layer, [as_tensor(_typed(a, dtype)) for a in case.arrays()])
    rng = np.random.default_rng(5)
    layer.set_weights([_moved(w, rng) for w in layer.get_weights()])
    return layer


def _moved(weight: Array, rng: np.random.Generator) -> Array:
    if weight.dtype.kind != "f":
        return weight
    return np.abs(weight) + rng.uniform(0.2, 0.6, weight.shape) * np.where(weight < 0, -1, 1)


def _typed(array: Array, dtype: str) -> Array:
    return array.astype(dtype) if array.dtype.kind == "f" else array


def symbolic_inputs(case: Case, dtype: str = "float32") -> list[Any]:
    return [dtrain.Input(a.shape[1:], dtype=_typed(a, dtype).dtype.name) for a in case.arrays()]


def tensors(structure: Any) -> list[Any]:
    return [leaf for leaf in flatten(structure) if leaf is not None]


# -- the claims ---------------------------------------------------------------------------------------------------


def check_shapes(case: Case) -> None:
    """Symbolic call, eager call and compute_output_shape give the same shapes and dtypes."""
    layer = case.layer("float32")
    symbolic = tensors(case.run(layer, symbolic_inputs(case)))
    arrays = [_typed(a, "float32") for a in case.arrays()]
    eager = tensors(case.run(layer, [as_tensor(a) for a in arrays]))
    assert [t.dtype for t in symbolic] == [t.dtype for t in eager]
    assert [(ROWS, *t.shape[1:]) for t in symbolic] == [tuple(t.shape) for t in eager]
    assert all(t.shape[0] is None for t in symbolic)
    if case.kinds or case.call:  # shapes alone do not say what such a layer is called with
        return
    shapes = [(None, *a.shape[1:]) for a in arrays]
    several = (case.as_list or len(shapes) > 1) and not case.apart
    computed = case.layer("float32").compute_output_shape(*([shapes] if several else shapes))
    assert _leaf_shapes(computed) == [t.shape for t in symbolic]


def _leaf_shapes(structure: Any) -> list[tuple[int | None, ...]]:
    if isinstance(structure, (list, tuple)) and all(n is None or isinstance(n, int) for n in structure):
        return [tuple(structure)]
    return [shape for one in structure for shape in _leaf_shapes(one)]


def _function(case: Case, layer: Any, training: bool) -> tuple[Callable[..., Any], list[Array], int]:
    """The layer as a function of its inputs and trainable weights."""
    arrays = [_typed(a, "float64") for a in case.arrays()]
    weights = layer.trainable_weights
    fixed = [(v, v.numpy()) for v in layer.non_trainable_weights]
    one_at_a_time = threading.Lock()

    def function(*operands: Tensor) -> Any:
        with one_at_a_time:
            for variable, value in [*zip(weights, operands[len(arrays) :], strict=True), *fixed]:
                variable.assign(value)
            return tensors(case.run(layer, operands[: len(arrays)], training=training))

    return function, [*arrays, *(w.numpy() for w in weights)], len(arrays)


def check_values(case: Case, training: bool) -> None:
    """What the layer computes at once is what its program computes, in memory that was full of NaN."""
    function, operands, _ = _function(case, built(case), training)
    run = gradcheck.Run(function, operands, [False] * len(operands))
    eager = [y.numpy() for y in function(*(as_tensor(np.array(v)) for v in operands))]
    for a, b in zip(eager, run.outputs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def check_gradients(case: Case, training: bool) -> None:
    """Gradients of all floating inputs and weights are those of central differences along a random direction."""
    layer = built(case)
    function, operands, inputs = _function(case, layer, training)
    names = [""] * inputs + [_name(v) for v in layer.trainable_weights]
    whole = [False] * len(operands)
    run = gradcheck.Run(function, operands, whole)
    rng = np.random.default_rng(7)
    for k, gradient in run.gradients.items():
        if names[k] and names[k] == case.no_difference and training:
            continue
        direction = rng.normal(size=operands[k].shape)
        losses = []
        for step in (1e-6, -1e-6):
            moved = [v + step * direction if j == k else v for j, v in enumerate(operands)]
            losses.append(gradcheck.Run(function, moved, whole).loss)
        expected = (losses[0] - losses[1]) / 2e-6
        found = float(np.sum(direction * gradient))
        assert abs(found - expected) <= 2e-6 * max(abs(found), abs(expected), 1.0), f"operand {k}: {found}, {expected}"


def check_divided(case: Case, training: bool) -> None:
    """Values and gradients do not depend on how the rows are divided among processes."""
    function, operands, count = _function(case, built(case), training)
    batched = [k < count for k in range(len(operands))]
    gradcheck.check_divided(function, *operands, batched=batched, cuts=((2, 3), (5, 0)))


def check_config(case: Case) -> None:
    """The configuration is plain JSON, and the layer made from it computes the same with the same weights."""
    layer = built(case)
    text = json.dumps(serialize_keras_object(layer))
    twin = deserialize_keras_object(json.loads(text), {case.make.__name__: case.make}, safe_mode=False)
    arrays = [as_tensor(_typed(a, "float64")) for a in case.arrays()]
    case.run(twin, arrays)
    twin.set_weights(layer.get_weights())
    expected, found = (tensors(case.run(one, arrays, **case.still)) for one in (layer, twin))
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert json.dumps(twin.get_config()) == json.dumps(layer.get_config())


def check_weights(case: Case) -> None:
    """The variables have Keras's names, shapes and order."""
    layer = built(case)
    assert {_name(v): v.shape for v in layer.weights} == case.weights
    assert [_name(v) for v in layer.weights] == list(case.weights)


def _name(variable: Any) -> str:
    """The path within the layer."""
    return str(variable.path).split("/", 1)[-1]


def check_step(case: Case) -> None:
    """One training step changes every trainable weight and leaves none that is not finite."""
    layer = case.layer("float32")
    inputs = symbolic_inputs(case)
    outputs = tensors(case.run(layer, inputs))
    heads = [layers.Dense(1)(layers.Flatten()(y)) for y in outputs if y.dtype.startswith("float")]
    model = dtrain.Model(inputs, heads)
    model.compile(dtrain.optimizers.SGD(0.1), ["mse"] * len(heads))
    before = [w.numpy() for w in layer.trainable_weights]
    arrays = [_typed(a, "float32") for a in case.arrays()]
    targets = [np.full((ROWS, *y.shape[1:]), 0.3, np.float32) for y in heads]
    losses = model.train_on_batch(arrays if len(arrays) > 1 else arrays[0], targets if len(heads) > 1 else targets[0])
    assert np.all(np.isfinite(losses))
    assert all(np.isfinite(w).all() for w in layer.get_weights())
    for variable, old in zip(layer.trainable_weights, before, strict=True):
        assert np.any(variable.numpy() != old), f"{variable.path} did not change"
