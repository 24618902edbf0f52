"""The base of all layers: configuration, and the way a call reaches `call`."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Tensor, Variable, as_tensor, current_trace, scope
from dtrain.graph.nest import flatten, map_structure
from dtrain.graph.symbolic import KerasTensor, Node, infer, is_symbolic

from .call_context import calling, context
from .constructor_config import constructor_config, only_plain, remember_arguments
from .graph_place import GraphPlace
from .held_variables import HeldVariables
from .input_spec import check_inputs
from .legacy import accept_legacy_arguments, unknown_arguments
from .shapes import declared_input_shape, map_shapes, shape_of
from .signature import check_build_names, mark_when_built, signature_of, written_by_dtrain
from .stateless import Stateless


class Layer(HeldVariables, GraphPlace, Stateless):
    """A part of a model: `build` makes its variables when the input's shape is known, `call` computes with ops.

    Args:
        activity_regularizer: a regularizer of the layer's output, added to the loss (divided by the batch size).
        trainable: whether `fit` changes the layer's variables.
        dtype: dtype of variables and computation (default: `config.floatx()`).
        autocast: whether floating inputs are cast to `dtype`.
        name: unique in a model; made from the class name if None.

    As in Keras 1 and 2, `input_shape`, `input_dim` or `batch_input_shape` declare the inputs of a first layer, and
    `weights` gives the first values of all variables.

    Subclasses write `__init__` (configuration), `build(input_shape)` (variables, by `add_weight`),
    `call(inputs, ..., training=None, mask=None)` (ops) and `get_config`.
    """

    supports_masking = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.startswith("dtrain.layers.") and "__init__" in vars(cls):
            accept_legacy_arguments(cls)
        if "build" in vars(cls) and not cls.__module__.startswith("dtrain.models."):
            mark_when_built(cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = super().__new__(cls)
        if not cls.__module__.startswith("dtrain."):
            remember_arguments(layer, args, kwargs)
        return layer

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        from dtrain import regularizers
        from dtrain.utils.naming import auto_name, to_snake_case

        from .policy import policy_name

        self.name = name or auto_name(to_snake_case(type(self).__name__))
        if not isinstance(self.name, str) or "/" in self.name:
            raise ValueError(f"{type(self).__name__}: expected a name without '/'. Received: name={name!r}")
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.autocast = autocast
        self.built = False
        self.input_spec: Any = None
        self._dtype = policy_name(dtype)
        if not isinstance(trainable, (bool, np.bool_)):
            raise ValueError(f"{type(self).__name__}: trainable must be True or False. Received: {trainable=}")
        self._trainable = bool(trainable)
        self._own_variables: list[Variable] = []
        self._added_losses: list[Any] = []
        self._inbound_nodes: list[Node] = []
        self._build_shapes: Any = None
        self._first_weights = kwargs.pop("weights", None)
        self._input_shape_argument = declared_input_shape(kwargs)
        if kwargs:
            raise TypeError(unknown_arguments(type(self), kwargs))

    # -- what subclasses write ------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the layer's variables for inputs of this shape (None: length not known)."""
        self.built = True

    def _build_at_init(self) -> None:
        """For the end of `__init__` of a layer without variables: it is built, unless a subclass writes `build`."""
        if type(self).build is Layer.build:
            self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs with ops."""
        raise NotImplementedError(f"{type(self).__name__} has no method `call(inputs)`: write one")

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the outputs: that of the inputs."""
        return previous_mask

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values. Subclasses add their own.

        A class that writes no `get_config` gets the arguments that it was made with.

        Raises:
            NotImplementedError: when it was made with anything but numbers, strings, lists, tuples and dicts of them.
        """
        from dtrain import regularizers

        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable, "dtype": self._dtype_config()}
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        if type(self).get_config is Layer.get_config and type(self).__init__ is not Layer.__init__:
            return constructor_config(self, config, only_plain)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that `get_config` describes, with new variables."""
        return cls(**config)

    # -- losses ---------------------------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Add a scalar tensor to the loss that `fit` minimises. Call it inside `call`."""
        trace = current_trace()
        if trace is None or not trace.symbolic:  # otherwise only shapes are asked for
            self._added_losses.extend(flatten(loss))

    @property
    def losses(self) -> list[Any]:
        """What `add_loss` was given during the last call, then the regularizers' values."""
        added = [loss for layer in self._flat_layers() for loss in layer._added_losses]
        return added + self._regularization_losses()

    def _regularization_losses(self) -> list[Any]:
        return [v.regularizer(v.value) for v in self.trainable_weights if v.regularizer is not None]

    def _regularize_activity(self, outputs: Any) -> None:
        for tensor in flatten(outputs):
            penalty = self.activity_regularizer(tensor)
            self.add_loss(penalty / (tensor.shape[0] or 1) if tensor.ndim else penalty)

    # -- calls ----------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the layer on symbolic tensors (adds a node to a Functional model) or on values (computes)."""
        if "_own_variables" not in self.__dict__:
            raise RuntimeError(f"{type(self).__name__}.__init__ must call super().__init__() before anything else")
        if is_symbolic(*args, *kwargs.values()):
            outputs = infer(self._call, args, kwargs)
            Node(self, args, kwargs, outputs)
            return outputs
        return self._call(*args, **kwargs)

    def _call(self, *args: Any, **kwargs: Any) -> Any:
        signature = signature_of(type(self))
        args = tuple(self._cast(a) for a in args)
        kwargs = {k: self._cast(a) if k not in ("training", "mask") else a for k, a in kwargs.items()}
        args, named = signature.bind(self.name, args, kwargs)
        first = args[0] if args else next(iter(named.values()), None)
        training = named.get("training") if signature.training else named.pop("training", None)
        entry = context.entry is None
        with calling(self, training), scope(self.name):
            if entry:
                for layer in self._flat_layers():
                    layer._added_losses.clear()
            if signature.training and named.get("training") is None:
                named["training"] = signature.training_default if context.training is None else context.training
            previous_mask = map_structure(lambda t: getattr(t, "_keras_mask", None), first)
            if signature.mask and named.get("mask") is None and any(m is not None for m in flatten(previous_mask)):
                named["mask"] = previous_mask
            for name, owner in signature.owned_masks:
                if named.get(name) is None:
                    named[name] = map_structure(lambda t: getattr(t, "_keras_mask", None), named.get(owner))
            spec = self.input_spec
            if spec is not None:
                check_inputs(f"{type(self).__name__} {self.name!r}", spec, first)
            self._ensure_built(signature.by_name(args, named))
            if self.input_spec is not spec:  # `build` has set another one
                check_inputs(f"{type(self).__name__} {self.name!r}", self.input_spec, first)
            outputs = self.call(*args, **named)
            if self.activity_regularizer is not None:
                self._regularize_activity(outputs)
        self._hand_on_mask(first, outputs, previous_mask, named.get("mask"))
        return outputs

    def _cast(self, argument: Any) -> Any:
        """`argument` with arrays as tensors and floating values in the layer's dtype."""

        def cast(leaf: Any) -> Any:
            if isinstance(leaf, Tensor | Variable):
                tensor = as_tensor(leaf)
            elif isinstance(leaf, np.ndarray | np.generic):
                if leaf.dtype.kind not in "biuf":
                    return leaf
                tensor = as_tensor(np.asarray(leaf))
            else:
                return leaf
            wanted = self.compute_dtype
            if not self.autocast or not tensor.spec.is_float or tensor.dtype == wanted:
                return tensor
            from dtrain import ops

            result = ops.cast(tensor, wanted)
            result._keras_mask = tensor._keras_mask
            return result

        if isinstance(argument, list) and argument and all(isinstance(a, int | float) for a in flatten(argument)):
            return cast(np.asarray(argument, self.compute_dtype))
        return map_structure(cast, argument)

    def _ensure_built(self, named: dict[str, Any]) -> None:
        if self.built:
            return
        signature = signature_of(type(self))
        shapes = {name: shape_of(value) for name, value in named.items() if name not in ("training", "mask")}
        shapes = {name: shape for name, shape in shapes.items() if shape is not None}
        wanted = {name: shapes[name[: -len("_shape")]] for name in signature.build_names if name[:-6] in shapes}
        if len(signature.build_names) > 1 and wanted:
            check_build_names(self, signature, wanted)
            self._build_shapes = wanted
            self.build(**wanted)
        else:
            self._build_shapes = next(iter(shapes.values()), None)
            self.build(self._build_shapes)
        self.built = True
        if self._first_weights is not None:
            self.set_weights(self._first_weights)
            self._first_weights = None

    def _hand_on_mask(self, inputs: Any, outputs: Any, previous: Any, given: Any) -> None:
        if not (self.supports_masking or type(self).compute_mask is not Layer.compute_mask):
            return
        leaves = flatten(outputs)
        if all(getattr(leaf, "_keras_mask", None) is not None for leaf in leaves):
            return
        mask = given if given is not None else previous
        computed = flatten(self.compute_mask(inputs, mask))
        for leaf, one in zip(leaves, computed * len(leaves) if len(computed) == 1 else computed, strict=False):
            if isinstance(leaf, Tensor) and one is not None:
                leaf._keras_mask = one

    # -- shapes and dtypes ----------------------------------------------------------------------------------------

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shape of the output for an input of this shape.

        Shapes are given in the order of the inputs of `call`, or as `<name of the input>_shape`; `input_shape` is the
        first.
        """

        def tensors(shapes: Any) -> Any:
            return map_shapes(lambda shape: KerasTensor(shape, self.compute_dtype), shapes)

        if "input_shape" in kwargs:
            args = (kwargs.pop("input_shape"), *args)
        named = {name.removesuffix("_shape"): tensors(shape) for name, shape in kwargs.items()}
        outputs = infer(self._call, tuple(tensors(a) for a in args), named)
        return map_structure(lambda t: t.shape, outputs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The symbolic outputs for symbolic inputs, without adding a node.

        Of a user's class that writes `compute_output_shape`, they have those shapes.
        """
        if not args or written_by_dtrain(type(self).compute_output_shape):
            return infer(self._call, args, kwargs)
        shapes = self.compute_output_shape(*(map_structure(lambda t: t.shape, a) for a in args))
        return map_shapes(lambda shape: KerasTensor(shape, self.compute_dtype), shapes)

    @property
    def dtype(self) -> str:
        return self.variable_dtype

    @property
    def compute_dtype(self) -> str:
        return self._dtype

    @property
    def dtype_policy(self) -> Any:
        """The dtype of computation and variables, as a `DTypePolicy`."""
        from dtrain.dtype_policies import DTypePolicy

        return DTypePolicy(self._dtype)

    def _dtype_config(self) -> Any:
        return {
            "module": "keras",
            "class_name": "DTypePolicy",
            "config": {"name": self._dtype},
            "registered_name": None,
        }

    @property
    def path(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"
