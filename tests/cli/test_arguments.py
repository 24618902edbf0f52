from __future__ import annotations

from types import ModuleType

import pytest

from dtrain.cli.arguments import call, class_of
from dtrain.cli.errors import UserError


class Brush:
    def __init__(
        self, width: float, colour: str = "red", hairs: tuple[int, ...] = (), tip: object | None = None
    ) -> None:
        if width <= 0:
            raise ValueError(f"Brush: width must be positive. Received: width={width}")
        self.made = (width, colour, hairs, tip)


def message_of(options: dict[str, object]) -> str:
    with pytest.raises(UserError) as caught:
        call("tool", Brush, options)
    return caught.value.message


def test_options_are_the_keyword_arguments_in_their_annotated_types():
    assert call("tool", Brush, {"width": 2, "hairs": [1, 2]}).made == (2.0, "red", (1, 2), None)


def test_an_unknown_argument_names_the_nearest():
    assert message_of({"width": 1.0, "color": "red"}).startswith("tool: Brush takes no 'color'. Did you mean 'colour'?")


def test_a_missing_argument_is_named():
    assert message_of({}) == "tool: Brush needs width."


def test_a_value_of_another_type_is_refused_with_its_key():
    assert message_of({"width": "wide"}) == "tool.width: expected a number. Received: 'wide'"


def test_what_the_function_refuses_is_a_user_error():
    assert message_of({"width": -1}) == "tool: Brush: width must be positive. Received: width=-1.0"


def test_annotations_that_are_no_plain_data_leave_the_value_alone():
    class Model:
        pass

    def build(model: Model | float = 1.0) -> object:
        return model

    assert call("x", build, {"model": 3}) == 3


def test_functions_without_annotations_take_anything():
    assert call("x", lambda a, b=1: (a, b), {"a": "s"}) == ("s", 1)


def test_classes_are_found_in_any_case_and_only_those_of_the_kind():
    module = ModuleType("tools")
    module.Brush, module.Other = type("Brush", (Exception,), {}), int  # type: ignore[attr-defined]
    assert class_of("tool.name", module, "brush", Exception) is module.Brush
    with pytest.raises(
        UserError, match="tool.name: no Exception is called 'brsh'. Did you mean 'Brush'. Valid: Brush."
    ):
        class_of("tool.name", module, "brsh", Exception)
