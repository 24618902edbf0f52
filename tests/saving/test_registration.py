import pytest

from dtrain.saving import deserialize_keras_object, registration
from dtrain.saving.registration import (
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)


@pytest.fixture(autouse=True)
def clean_registry(monkeypatch):
    monkeypatch.setattr(registration, "_objects", {})
    monkeypatch.setattr(registration, "_names", {})


def test_a_class_is_known_by_package_and_name():
    @register_keras_serializable(package="Mine", name="Other")
    class Thing:
        def get_config(self):
            return {}

    assert get_registered_name(Thing) == "Mine>Other"
    assert get_registered_object("Mine>Other") is Thing


def test_the_default_package_is_custom_and_functions_can_be_registered():
    @register_keras_serializable()
    def twice(x):
        return 2 * x

    assert get_registered_name(twice) == "Custom>twice"
    assert get_registered_object("Custom>twice")(3) == 6


def test_what_is_not_registered_is_known_by_its_own_name_only():
    def plain():
        pass

    assert get_registered_name(plain) == "plain"
    assert get_registered_object("plain") is None


def test_a_class_without_get_config_is_refused():
    with pytest.raises(ValueError, match="get_config"):

        @register_keras_serializable()
        class Bad:
            pass


def test_registering_again_under_another_name_forgets_the_first():
    def function():
        pass

    register_keras_serializable(name="a")(function)
    register_keras_serializable(name="b")(function)
    assert get_registered_object("Custom>a") is None
    assert get_registered_object("Custom>b") is function


def test_scopes_nest_and_end():
    with custom_object_scope({"a": 1, "b": 1}):
        with custom_object_scope({"b": 2}):
            assert (get_registered_object("a"), get_registered_object("b")) == (1, 2)
        assert get_registered_object("b") == 1
    assert get_registered_object("a") is None


def test_a_scope_ends_when_its_block_fails():
    with pytest.raises(KeyError), custom_object_scope({"a": 1}):
        raise KeyError
    assert get_registered_object("a") is None


def test_entries_of_get_custom_objects_are_known_everywhere():
    get_custom_objects()["thing"] = 7
    assert get_registered_object("thing") == 7


def test_a_file_that_leaves_out_the_package_of_a_function_finds_it_if_only_one_is_called_so():
    @register_keras_serializable(package="mine")
    def squared(x):
        return x**2

    entry = {"module": "builtins", "class_name": "function", "config": "squared", "registered_name": "function"}
    assert deserialize_keras_object(entry) is squared
    assert deserialize_keras_object({**entry, "config": "mine>squared"}) is squared

    @register_keras_serializable(package="other", name="squared")
    def another(x):
        return x

    another.__name__ = "squared"
    with pytest.raises(TypeError, match="Unknown function 'squared'"):
        deserialize_keras_object(entry)
