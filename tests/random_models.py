"""Random small models, the same for dtrain and for Keras: every choice follows from a seed and from shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Keras = Any
Tensor = Any
ACTIVATIONS = ("relu", "tanh", "sigmoid", "elu", "selu", "softplus", "gelu", "silu", "linear", "softsign", "mish")


@dataclass
class Builder:
    """Draws layers and wires them; `keras` is the library that they come from."""

    keras: Keras
    rng: np.random.Generator
    tensors: list[Tensor] = field(default_factory=list)
    count: int = 0
    told: list[str] = field(default_factory=list)

    def pick(self, *choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, part: float) -> bool:
        return bool(self.rng.random() < part)

    def layer(self, kind: str, *args: Any, **kwargs: Any) -> Any:
        self.count += 1
        self.told.append(f"{kind}({', '.join([*map(repr, args), *(f'{k}={v!r}' for k, v in kwargs.items())])})")
        return getattr(self.keras.layers, kind)(*args, name=f"part{self.count}", **kwargs)

    def activation(self) -> str:
        return str(self.pick(*ACTIVATIONS))

    def extras(self) -> dict[str, Any]:
        """Now and then a regularizer, a constraint or no bias."""
        found: dict[str, Any] = {}
        if self.chance(0.2):
            found["kernel_regularizer"] = self.keras.regularizers.L1L2(0.001, 0.01)
        if self.chance(0.1):
            found["kernel_constraint"] = self.keras.constraints.MaxNorm(0.9)
        if self.chance(0.1):
            found["activity_regularizer"] = "l2"
        if self.chance(0.2):
            found["use_bias"] = False
        return found


def _dense(b: Builder, x: Tensor) -> Tensor:
    return b.layer("Dense", int(b.rng.integers(2, 7)), activation=b.activation(), **b.extras())(x)


def _activation(b: Builder, x: Tensor) -> Tensor:
    kind = b.pick("Activation", "LeakyReLU", "ELU", "PReLU", "ReLU", "Softmax", "Identity")
    arguments: dict[str, Any] = {
        "Activation": {"activation": b.activation()},
        "LeakyReLU": {"negative_slope": 0.2},
        "ELU": {"alpha": 0.7},
        "ReLU": {"max_value": 3.0, "negative_slope": 0.1, "threshold": 0.05},
    }.get(kind, {})
    return b.layer(kind, **arguments)(x)


def _normalization(b: Builder, x: Tensor) -> Tensor:
    kind = b.pick("BatchNormalization", "LayerNormalization", "UnitNormalization", "GroupNormalization")
    if kind == "GroupNormalization":
        return b.layer(kind, groups=1 if x.shape[-1] % 2 else 2)(x)
    arguments = {} if kind == "UnitNormalization" else {"scale": b.chance(0.8), "center": b.chance(0.8)}
    return b.layer(kind, **arguments)(x)


def _regularization(b: Builder, x: Tensor) -> Tensor:
    return b.pick(
        lambda: b.layer("ActivityRegularization", l1=0.001, l2=0.01)(x),
        lambda: b.layer("Dropout", 0.0)(x),
        lambda: b.layer("Rescaling", 0.5, offset=0.1)(x),
    )()


def _ops(b: Builder, x: Tensor) -> Tensor:
    ops = b.keras.ops
    return b.pick(
        lambda: x * 0.5 + 0.1,
        lambda: ops.tanh(x) - x / 3.0,
        lambda: ops.sqrt(ops.abs(x) + 0.3),
        lambda: ops.concatenate([x, ops.square(x)], axis=-1),
        lambda: x - ops.mean(x, axis=-1, keepdims=True),
        lambda: ops.exp(-ops.square(x)),
    )()


def _merge(b: Builder, x: Tensor) -> Tensor:
    same = [t for t in b.tensors if tuple(t.shape) == tuple(x.shape) and t is not x]
    if not same:
        return _dense(b, x)
    other = same[int(b.rng.integers(len(same)))]
    kind = b.pick("Add", "Average", "Multiply", "Maximum", "Minimum", "Subtract", "Concatenate")
    return b.layer(kind)([x, other])


def _dense_merge(b: Builder, x: Tensor) -> Tensor:
    """A residual block."""
    y = b.layer("Dense", x.shape[-1], activation=b.activation())(x)
    return b.layer(b.pick("Add", "Multiply", "Average"))([x, y])


def _shared(b: Builder, x: Tensor) -> Tensor:
    layer = b.layer("Dense", x.shape[-1], activation="tanh")
    return layer(layer(x))


def _nested(b: Builder, x: Tensor) -> Tensor:
    inputs = b.keras.Input(tuple(x.shape[1:]))
    y = b.layer("Dense", 4, activation=b.activation())(inputs)
    b.count += 1
    return b.keras.Model(inputs, b.layer("LayerNormalization")(y), name=f"part{b.count}")(x)


EVERYWHERE: list[Callable[[Builder, Tensor], Tensor]] = [
    _dense, _dense, _activation, _normalization, _regularization, _ops, _merge, _dense_merge, _shared, _nested,
]  # fmt: skip


def _conv1d(b: Builder, x: Tensor) -> Tensor:
    padding = b.pick("same", "causal", "valid" if x.shape[1] > 3 else "same")
    strides, dilation = b.pick((1, 1), (2, 1), (1, 2 if padding != "valid" else 1))
    kind = b.pick("Conv1D", "Conv1D", "SeparableConv1D", "DepthwiseConv1D", "Conv1DTranspose")
    padding = "same" if kind != "Conv1D" and padding == "causal" else padding
    if kind == "DepthwiseConv1D":
        return b.layer(kind, 3, depth_multiplier=2, padding=padding, activation=b.activation())(x)
    arguments = {"dilation_rate": dilation} if kind == "Conv1D" else {}
    return b.layer(kind, 4, 3, strides=strides, padding=padding, activation=b.activation(), **arguments)(x)


def _padding(b: Builder, kind: str) -> str:
    """Of averages "valid" alone: on PyTorch, Keras counts what is padded in."""
    return str(b.pick("same", "valid")) if kind.startswith("Max") else "valid"


def _pool1d(b: Builder, x: Tensor) -> Tensor:
    kind = b.pick("MaxPooling1D", "AveragePooling1D", "UpSampling1D", "ZeroPadding1D", "Cropping1D")
    if kind in ("MaxPooling1D", "AveragePooling1D"):
        return b.layer(kind, 2, strides=b.pick(1, 2), padding=_padding(b, kind))(x) if x.shape[1] > 1 else x
    if kind == "Cropping1D":
        return b.layer(kind, (1, 0))(x) if x.shape[1] > 2 else x
    return b.layer(kind, 2)(x)


def _recurrent(b: Builder, x: Tensor) -> Tensor:
    kind = b.pick("LSTM", "GRU", "SimpleRNN", "GRU1", "Bidirectional")
    arguments = {"return_sequences": b.chance(0.7)}
    if kind == "Bidirectional":
        inner = getattr(b.keras.layers, b.pick("LSTM", "GRU"))(3, **arguments)
        return b.layer(kind, inner, merge_mode=b.pick("concat", "sum", "mul", "ave"))(x)
    if kind == "GRU1":
        return b.layer("GRU", 3, reset_after=False, go_backwards=b.chance(0.5), **arguments)(x)
    return b.layer(kind, 3, activation=b.pick("tanh", "relu", "softsign"), go_backwards=b.chance(0.3), **arguments)(x)


def _attention(b: Builder, x: Tensor) -> Tensor:
    if b.chance(0.5):
        return b.layer("MultiHeadAttention", num_heads=2, key_dim=3, use_bias=b.chance(0.7))(x, x)
    return b.layer(b.pick("Attention", "AdditiveAttention"), use_scale=b.chance(0.5))([x, x])


def _over_time(b: Builder, x: Tensor) -> Tensor:
    return b.layer("TimeDistributed", b.keras.layers.Dense(3, activation=b.activation()))(x)


def _to_rows(b: Builder, x: Tensor) -> Tensor:
    rank = len(x.shape) - 2
    kinds = ["Flatten", f"GlobalAveragePooling{rank}D", f"GlobalMaxPooling{rank}D"]
    return b.layer(b.pick(*kinds))(x)


SEQUENCES = [_conv1d, _conv1d, _pool1d, _recurrent, _recurrent, _attention, _over_time, _dense, _normalization, _ops,
             _activation, _merge, _regularization]  # fmt: skip


def _conv2d(b: Builder, x: Tensor) -> Tensor:
    kind = b.pick("Conv2D", "Conv2D", "SeparableConv2D", "DepthwiseConv2D", "Conv2DTranspose")
    padding = b.pick("same", "valid" if min(x.shape[1:3]) > 3 else "same")
    strides = b.pick(1, 1, 2)
    if kind == "DepthwiseConv2D":
        return b.layer(kind, (3, 2), strides=strides, padding=padding, depth_multiplier=2)(x)
    arguments: dict[str, Any] = {}
    if kind == "Conv2D" and strides == 1 and padding == "same" and b.chance(0.3):
        arguments["dilation_rate"] = 2
    if kind == "Conv2D" and x.shape[-1] % 2 == 0 and b.chance(0.3):
        arguments["groups"] = 2
    return b.layer(kind, 4, (3, 2), strides=strides, padding=padding, activation=b.activation(), **arguments)(x)


def _pool2d(b: Builder, x: Tensor) -> Tensor:
    kind = b.pick("MaxPooling2D", "AveragePooling2D", "UpSampling2D", "ZeroPadding2D", "Cropping2D")
    if kind in ("MaxPooling2D", "AveragePooling2D"):
        if min(x.shape[1:3]) < 3:
            return x
        return b.layer(kind, b.pick(2, (2, 1), 3), strides=b.pick(1, 2), padding=_padding(b, kind))(x)
    if kind == "UpSampling2D":
        return b.layer(kind, (2, 1), interpolation=b.pick("nearest", "bilinear"))(x)
    if kind == "Cropping2D" and min(x.shape[1:3]) < 3:
        return x
    return b.layer(kind, ((1, 0), (0, 1)))(x)


IMAGES = [_conv2d, _conv2d, _conv2d, _pool2d, _pool2d, _normalization, _ops, _activation, _merge, _regularization]


def _small(x: Tensor) -> bool:
    return int(np.prod([n or 1 for n in x.shape[1:]])) <= 400


def grow(b: Builder, x: Tensor, parts: list[Any], steps: int) -> Tensor:
    for _ in range(steps):
        if len(x.shape) < 3 and parts is not EVERYWHERE:
            break
        y = parts[int(b.rng.integers(len(parts)))](b, x)
        if _small(y):
            b.tensors.append(x)
            x = y
    return x


def start(b: Builder, kind: str) -> tuple[Tensor, Tensor]:
    """An input, and what the first layers make of it: one row of features for each row of data."""
    if kind == "rows":
        inputs = b.keras.Input((5,))
        return inputs, grow(b, inputs, EVERYWHERE, int(b.rng.integers(1, 5)))
    if kind == "words":
        inputs = b.keras.Input((6,), dtype="int32")
        x = b.layer("Embedding", 9, 4, mask_zero=b.chance(0.4))(inputs)
        x = b.layer(b.pick("LSTM", "GRU", "SimpleRNN"), 4, return_sequences=b.chance(0.3))(x)
        return inputs, x if len(x.shape) == 2 else b.layer("GlobalAveragePooling1D")(x)
    shape, parts = ((8, 3), SEQUENCES) if kind == "sequences" else ((8, 7, 2), IMAGES)
    inputs = b.keras.Input(shape)
    x = grow(b, inputs, parts, int(b.rng.integers(1, 5)))
    return inputs, x if len(x.shape) == 2 else _to_rows(b, x)


HEADS: list[tuple[str | None, list[str], str]] = [
    ("linear", ["mse", "mae", "huber", "log_cosh", "cosine_similarity"], "numbers"),
    ("sigmoid", ["binary_crossentropy", "mse", "binary_focal_crossentropy"], "flags"),
    ("softmax", ["categorical_crossentropy", "kl_divergence", "categorical_focal_crossentropy"], "one_hot"),
    ("softmax", ["sparse_categorical_crossentropy"], "classes"),
    ("softplus", ["poisson", "mean_squared_logarithmic_error"], "positive"),
    ("tanh", ["hinge", "squared_hinge"], "signs"),
    ("tanh", ["categorical_hinge"], "one_hot"),
]


def make_optimizer(b: Builder) -> Any:
    optimizers = b.keras.optimizers
    schedule = optimizers.schedules.ExponentialDecay(0.05, 2, 0.7)
    rate = schedule if b.chance(0.2) else 0.03
    options: dict[str, Any] = b.pick({}, {}, {"clipnorm": 0.5}, {"global_clipnorm": 0.7}, {"clipvalue": 0.1})
    if b.chance(0.15):
        options["weight_decay"] = 0.01
    # A large epsilon, since the gradients of some weights are 0 but for rounding (of a bias before a normalization),
    # and these optimizers would make full steps of the rounding. Lion and Lamb have none that would help.
    choices: list[tuple[str, dict[str, Any]]] = [
        ("SGD", {"momentum": 0.9, "nesterov": True}), ("SGD", {}), ("SGD", {"gradient_accumulation_steps": 2}),
        ("RMSprop", {"epsilon": 0.01, "centered": True, "momentum": 0.5}), ("RMSprop", {"epsilon": 0.01}),
        ("Adam", {"epsilon": 0.01}), ("Adam", {"epsilon": 0.01, "amsgrad": True}),
        ("Adam", {"epsilon": 0.01, "use_ema": True, "ema_overwrite_frequency": 2}), ("AdamW", {"epsilon": 0.01}),
        ("Adagrad", {}), ("Adadelta", {"epsilon": 0.01}), ("Adamax", {"epsilon": 0.01}), ("Nadam", {"epsilon": 0.01}),
        ("Ftrl", {}),
    ]  # fmt: skip
    name, own = b.pick(*choices)
    b.told.append(f"{name}({own}, {options})")
    return getattr(optimizers, name)(rate, **{**own, **options})


@dataclass
class Case:
    """A compiled model with data for it."""

    model: Any
    x: list[Any]
    y: list[Any]
    sample_weight: Any
    told: list[str]


def build(keras: Keras, seed: int) -> Case:
    """The model and the data of a seed, of dtrain or of Keras."""
    b = Builder(keras, np.random.default_rng(seed))
    kinds = [str(b.pick("rows", "words", "sequences", "images")) for _ in range(b.pick(1, 1, 1, 2))]
    starts = [start(b, kind) for kind in kinds]
    x = starts[0][1] if len(starts) == 1 else b.layer("Concatenate")([end for _, end in starts])
    b.tensors.clear()
    x = grow(b, x, EVERYWHERE, int(b.rng.integers(1, 4)))
    heads, losses, forms = [], [], []
    for number in range(b.pick(1, 1, 2)):
        activation, names, form = HEADS[int(b.rng.integers(len(HEADS)))]
        heads.append(keras.layers.Dense(3, activation=activation, name=f"head{number}")(x))
        losses.append(str(b.pick(*names)))
        forms.append(form)
    inputs = [start for start, _ in starts]
    model = keras.Model(inputs if len(inputs) > 1 else inputs[0], heads if len(heads) > 1 else heads[0])
    b.told.append(f"losses {losses}")
    weights = {"loss_weights": [0.7, 0.4]} if len(heads) > 1 and b.chance(0.6) else {}
    model.compile(make_optimizer(b), loss=losses if len(losses) > 1 else losses[0], **weights)
    rows = 6
    data = [
        b.rng.integers(0, 9, (rows, 6)) if kind == "words" else b.rng.normal(size=(rows, *start.shape[1:])).astype("f4")
        for kind, start in zip(kinds, inputs, strict=True)
    ]
    targets = [make_targets(b.rng, form, rows) for form in forms]
    sample_weight = b.rng.uniform(0.2, 2, rows).astype("float32") if len(heads) == 1 and b.chance(0.3) else None
    return Case(model, data, targets, sample_weight, b.told)


def make_targets(rng: np.random.Generator, form: str, rows: int) -> Any:
    classes = rng.integers(0, 3, rows)
    return {
        "numbers": rng.normal(size=(rows, 3)).astype("float32"),
        "flags": rng.integers(0, 2, (rows, 3)).astype(float),
        "one_hot": np.eye(3)[classes],
        "classes": classes,
        "positive": rng.integers(0, 5, (rows, 3)).astype(float),
        "signs": rng.integers(0, 2, (rows, 3)) * 2.0 - 1,
    }[form]
