from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from dtrain.checkpoint.image import decode, encode, flatten
from dtrain.checkpoint.names import from_part, to_names, to_part, to_paths

NAMES = st.text(st.sampled_from("ab/%.-\0\n 2Eé\ud800\u2028F")) | st.text()


@given(st.lists(NAMES, unique=True))
@example(["scale", "scale/kernel", "scale%", "scale%25", "", "/", ".", "a/..", "%-", "%2E", "a\0"])
def test_any_set_of_names_can_be_stored_and_comes_back(names: list[str]) -> None:
    paths = to_paths({name: float(index) for index, name in enumerate(names)})
    assert len(paths) == len(names)
    flatten({"weights": paths})
    assert list(to_names(paths)) == names


def test_names_with_and_without_a_group_live_in_one_file() -> None:
    names = {"scale": 1.0, "scale/kernel": 2.0, "é/%/..": 3.0, "": 4.0}
    assert to_names(decode(b"".join(encode(to_paths(names))))) == names


def test_ordinary_names_are_their_own_paths() -> None:
    names = ["conv2d_1/kernel", "sequential/dense/bias", "größe/β", "my layer/kernel:0"]
    assert list(to_paths(dict.fromkeys(names, 0))) == names


@given(NAMES)
def test_a_part_holds_any_name_without_a_slash(name: str) -> None:
    assert "/" not in to_part(name)
    assert from_part(to_part(name)) == name
