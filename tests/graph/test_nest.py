"""Structures are walked in one order, whatever order their dicts were filled in."""

from __future__ import annotations

from dtrain.graph.nest import flatten, map_structure, pack_as


def test_the_leaves_of_a_dict_come_in_the_order_of_its_sorted_keys() -> None:
    assert flatten({"b": [1, 2], "a": {"y": 3, "x": 4}}) == [4, 3, 1, 2]
    assert flatten({"b": 1, 2: 3}) == [1, 3]  # keys that cannot be compared


def test_mapping_visits_them_in_that_order_and_keeps_the_dicts_own_order() -> None:
    seen: list[int] = []
    mapped = map_structure(lambda leaf: seen.append(leaf) or -leaf, {"b": 1, "a": (2, 3)})
    assert seen == [2, 3, 1]
    assert list(mapped.items()) == [("b", -1), ("a", (-2, -3))]


def test_packing_undoes_flattening() -> None:
    structure = {"b": [1, {"d": 2, "c": 3}], "a": (4,)}
    packed = pack_as(structure, flatten(structure))
    assert packed == structure and list(packed) == ["b", "a"]
