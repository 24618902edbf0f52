import subprocess
import sys

import pytest

from dtrain import config


@pytest.fixture(autouse=True)
def restore():
    before = config.floatx(), config.epsilon(), config.image_data_format()
    yield
    config.set_floatx(before[0])
    config.set_epsilon(before[1])
    config.set_image_data_format(before[2])


def test_defaults_are_those_of_keras():
    assert (config.floatx(), config.epsilon(), config.image_data_format()) == ("float32", 1e-7, "channels_last")


def test_settings_hold():
    config.set_floatx("float64")
    config.set_epsilon(1e-5)
    config.set_image_data_format("channels_first")
    assert (config.floatx(), config.epsilon(), config.image_data_format()) == ("float64", 1e-5, "channels_first")


@pytest.mark.parametrize(
    ("setter", "value"),
    [("set_floatx", "int8"), ("set_epsilon", -1), ("set_image_data_format", "last"), ("set_max_epochs", 0)],
)
def test_nonsense_is_refused_with_what_is_expected(setter, value):
    with pytest.raises(ValueError, match="[Ee]xpected"):
        getattr(config, setter)(value)


def test_caps_come_from_the_environment_until_they_are_set(monkeypatch):
    from dtrain.config import limits

    monkeypatch.setattr(limits, "_limits", {})
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "2")
    assert config.max_epochs() == 2
    assert config.max_steps_per_epoch() is None
    config.set_max_epochs(5)
    assert config.max_epochs() == 5
    monkeypatch.setenv("KERAS_MAX_STEPS_PER_EPOCH", "many")
    with pytest.raises(ValueError, match="KERAS_MAX_STEPS_PER_EPOCH"):
        config.max_steps_per_epoch()


def test_config_and_utils_load_no_heavy_library():
    code = (
        "import dtrain.config, dtrain.utils, dtrain.optimizers, dtrain.callbacks, sys; "
        "print([m for m in ('rich', 'pooch', 'h5py', 'mpi4py', 'msgspec', 'click') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
