"""An optimizer's state: the count of steps, the learning rate, and what `build` makes for the variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dtrain.graph import Array, Parameters, Variable

from .learning_rate import LearningRate
from .slots import Groups, Slots

AVERAGE = "average"
ACCUMULATOR = "gradient_accumulator"


class OptimizerState:
    """The variables of an optimizer: the count of steps, the learning rate, slots, and what subclasses add."""

    name: str
    use_ema: bool
    gradient_accumulation_steps: int | None

    def _init_state(self, learning_rate: Any) -> None:
        self.built = False
        self._rate = LearningRate(learning_rate, self.name)
        self._iterations = Variable(0, dtype="int32", trainable=False, name="iteration")
        self._iterations.path = f"{self.name}/iteration"
        self._slots = Slots(self.name, [], [], {})
        self._added: list[Variable] = []
        self._parameters: Parameters | None = None

    # -- what subclasses write ------------------------------------------------------------------------------------

    def slot_groups(self) -> Groups:
        """Names of the state kept per trained value, in the order of files; see `Slots`."""
        return ()

    def slot_initial(self) -> Mapping[str, float]:
        """First values of the state that does not start at zero."""
        return {}

    # -- building -------------------------------------------------------------------------------------------------

    def build(self, variables: Any) -> None:
        """Make the state for these variables, in the order in which files number it.

        Args:
            variables: a list of variables, or `Parameters`, whose layout the state then takes. To number the state as
                Keras does, build with `model.trainable_variables` first and with the parameters then.
        """
        if self.built:
            if isinstance(variables, Parameters):
                self.attach(variables)
            return
        groups: list[Sequence[str]] = [[AVERAGE]] if self.use_ema else []
        groups += [[ACCUMULATOR]] if self.gradient_accumulation_steps else []
        trained = variables.variables if isinstance(variables, Parameters) else variables
        self._slots = Slots(self.name, trained, [*groups, *self.slot_groups()], self.slot_initial())
        self.built = True
        if isinstance(variables, Parameters):
            self.attach(variables)

    def attach(self, parameters: Parameters) -> None:
        """Take the layout of `parameters` for the slots, so that a step works on flat arrays."""
        if self._parameters is parameters:
            return
        if not self.built:
            self.build(parameters.variables)
        self._check_known(parameters.variables)
        self._slots.bind(parameters)
        self._parameters = parameters

    def _check_known(self, variables: Iterable[Variable]) -> None:
        unknown = [v.path for v in variables if v not in self._slots]
        if unknown:
            raise ValueError(
                f"{self.name}: expected the variables that this optimizer was built with. Received also: "
                f"{', '.join(unknown)}. Use a new optimizer for another set of variables (compile the model again)."
            )

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Add a variable to the state: for rules that are written as in Keras."""
        from dtrain import initializers

        variable = Variable(initializers.get(initializer), tuple(shape), dtype, False, name=name)
        variable.path = f"{self.name}/{variable.name}"
        self._added.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Add a variable with the shape and dtype of another."""
        label = f"{reference_variable.path.replace('/', '_')}_{name or 'var'}"
        return self.add_variable(reference_variable.shape, initializer, reference_variable.dtype, name=label)

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """Add a variable for each of `trainable_variables`: a list, or a tuple of lists for several names."""
        names = [name] if isinstance(name, str) else list(name)
        makers = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        added: list[list[Variable]] = [[] for _ in names]
        for variable in trainable_variables:
            for column, label, maker in zip(added, names, makers, strict=True):
                column.append(self.add_variable_from_reference(variable, label, maker))
        return added[0] if isinstance(name, str) else tuple(added)

    # -- looking at it ----------------------------------------------------------------------------------------------

    @property
    def variables(self) -> list[Variable]:
        """All state, in the order in which files number it: iteration, learning rate (if a number), slots."""
        rate = [self._rate.variable] if self._rate.variable is not None else []
        return [self._iterations, *rate, *self._slots.in_file_order(), *self._added]

    @property
    def trained_variables(self) -> list[Variable]:
        """The variables that the optimizer was built with, in that order."""
        return list(self._slots.variables)

    @property
    def step_count(self) -> int:
        """Steps taken so far, whether or not they changed values (see `gradient_accumulation_steps`)."""
        return int(self._iterations.array)

    def arrays(self) -> list[Array]:
        """The memory of all state, in few large pieces: what is sent to other processes."""
        in_flat = {id(v) for v in self._parameters.variables} if self._parameters is not None else set()
        loose = [
            self._slots.part(slot, v).array for slot in self._slots.names for v in self._slots.variables
            if id(v) not in in_flat
        ]  # fmt: skip
        rate = [self._rate.variable.array] if self._rate.variable is not None else []
        return [self._iterations.array, *rate, *self._slots.flat.values(), *loose, *(v.array for v in self._added)]

    def slot(self, name: str, variable: Variable) -> Array:
        """The state of a trained variable in one slot, in the variable's shape."""
        return self._slots.part(name, variable).array

    @property
    def slot_names(self) -> list[str]:
        """The slots, in the order of files."""
        return list(self._slots.names)

    def averages(self) -> list[Variable]:
        """The moving averages of the trained variables, in the order of `build`; empty without `use_ema`."""
        return self._slots.parts(AVERAGE) if self.use_ema and self.built else []
