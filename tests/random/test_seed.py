import subprocess
import sys

import pytest

from dtrain.random import seed as seeds
from dtrain.random.keys import generator
from dtrain.random.seed import SeedGenerator, adopt_global_seed, global_seed, next_key, set_global_seed


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(seeds, "_state", seeds._State())


def test_keys_of_one_purpose_differ_and_come_again_after_setting_the_seed():
    set_global_seed(3)
    first = [next_key("a"), next_key("a"), next_key("b")]
    assert len(set(first)) == 3
    set_global_seed(3)
    assert [next_key("a"), next_key("a"), next_key("b")] == first


def test_purposes_are_counted_apart():
    set_global_seed(3)
    alone = [next_key("a"), next_key("a")]
    set_global_seed(3)
    mixed = [next_key("a"), next_key("b"), next_key("a")]
    assert [mixed[0], mixed[2]] == alone


def test_a_key_opens_a_stream():
    set_global_seed(3)
    key = next_key("a")
    assert generator(*key).random() == generator(*key).random()


def test_adopting_a_seed_goes_on_counting():
    set_global_seed(1)
    next_key("a")
    adopt_global_seed(2)
    assert next_key("a") == (2, "a", "1")


def test_without_a_seed_two_processes_differ():
    code = "from dtrain.random.seed import global_seed; print(global_seed())"
    runs = {subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in range(2)}
    assert len(runs) == 2
    assert global_seed() == global_seed()
    assert not seeds.seed_was_set()


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True])
def test_a_seed_is_an_integer_from_0(seed):
    with pytest.raises(ValueError, match="integer >= 0"):
        set_global_seed(seed)


def test_a_seed_generator_repeats_itself_from_its_seed():
    assert [SeedGenerator(5).next() for _ in range(2)] == [SeedGenerator(5).next()] * 2
    one = SeedGenerator(5)
    seeds_drawn = [one.next() for _ in range(100)]
    assert len(set(seeds_drawn)) == 100
    assert SeedGenerator.from_config(one.get_config()).next() == seeds_drawn[0]


def test_seed_generators_without_a_seed_follow_the_global_one():
    set_global_seed(1)
    first, second = SeedGenerator(), SeedGenerator()
    assert first.seed != second.seed
    set_global_seed(1)
    assert SeedGenerator().seed == first.seed
