from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrain.checkpoint import tree

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda key: key != "__array__"), inner),
)


@given(JSON)
def test_json_values_come_back_exactly(value: Any) -> None:
    text, arrays = tree.dump_with_arrays(value, "test")
    assert arrays == []
    assert tree.load(text) == value


def test_arrays_anywhere_in_the_tree_come_back() -> None:
    value = {"a": [np.arange(3), {"b": np.float32(0.1)}], "c": (1, 2), "d": float("nan")}
    text, arrays = tree.dump_with_arrays(value, "test")
    found = tree.load(text, arrays)
    np.testing.assert_array_equal(found["a"][0], np.arange(3))
    assert found["a"][1]["b"] == float(np.float32(0.1))
    assert found["c"] == [1, 2]
    assert np.isnan(found["d"])


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"patience": {1, 2}}, r"callbacks\['patience'\]"),
        ({"a": [0, object()]}, r"callbacks\['a'\]\[1\]"),
        ({"a": {1: 2}}, r"callbacks\['a'\]"),
        ({"__array__": 0}, "callbacks"),
    ],
)
def test_what_json_cannot_hold_is_named_with_its_place(value: Any, place: str) -> None:
    with pytest.raises(TypeError, match=place):
        tree.dump_with_arrays(value, "callbacks")


def test_text_of_any_kind_survives() -> None:
    value = {"\ud800": "\0 \x1b é \U0001f600 \udfff"}
    text = tree.dump(value, "test")
    text.encode()
    assert "\0" not in text
    assert tree.load(text) == value


def test_an_array_in_a_configuration_is_refused() -> None:
    with pytest.raises(TypeError, match=r"model_config: expected JSON values. Received an array of shape \(2,\)"):
        tree.dump({"a": np.zeros(2)}, "model_config")


@pytest.mark.parametrize(
    "text", ['{"__array__": 1}', '{"__array__": "x"}', '{"__array__": -1}', "[" * 100_000, "{", ""]
)
def test_hostile_text_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        tree.load(text, [np.zeros(1)])
