import random
import zipfile

import numpy as np
import pytest

from dtrain.graph.symbolic import KerasTensor, Node, OpCall
from dtrain.utils import PyDataset, clear_session, get_file, get_source_inputs, is_keras_tensor, set_random_seed
from dtrain.utils.naming import auto_name, to_snake_case


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Conv2D", "conv2d"),
        ("Conv2DTranspose", "conv2d_transpose"),
        ("PReLU", "p_re_lu"),
        ("LeakyReLU", "leaky_re_lu"),
        ("RMSNormalization", "rms_normalization"),
        ("GlobalAveragePooling2D", "global_average_pooling2d"),
        ("LSTM", "lstm"),
        ("GRUCell", "gru_cell"),
        ("RMSprop", "rm_sprop"),
        ("AdamW", "adam_w"),
    ],
)
def test_names_in_snake_case_are_those_of_keras(name, expected):
    assert to_snake_case(name) == expected


def test_automatic_names_count_up_until_the_session_is_cleared():
    clear_session()
    assert [auto_name("dense"), auto_name("dense"), auto_name("Conv2D")] == ["dense", "dense_1", "conv2d"]
    clear_session()
    assert auto_name("dense") == "dense"


def test_set_random_seed_seeds_the_scripts_own_generators_too():
    set_random_seed(4)
    first = random.random(), np.random.random()
    set_random_seed(4)
    assert (random.random(), np.random.random()) == first
    with pytest.raises(ValueError, match="2\\*\\*32"):
        set_random_seed(2**32)


def test_sources_of_a_symbolic_tensor_are_found_once_each():
    a, b, c, d = (KerasTensor((None, 2), name=name) for name in "abcd")
    Node(OpCall(max), (a, b), {}, c)
    Node(OpCall(max), (c, a), {}, d)
    assert {t.name for t in get_source_inputs(d)} == {"a", "b"}
    assert len(get_source_inputs(d)) == 2
    assert is_keras_tensor(a)
    assert not is_keras_tensor(np.ones(2))


def test_a_py_dataset_is_iterated_by_index():
    class Numbers(PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return index

    assert list(Numbers()) == [0, 1, 2]
    assert Numbers().num_batches == 3
    with pytest.raises(NotImplementedError, match="num_batches"):
        list(PyDataset())


def test_get_file_uses_the_cache_and_unpacks_archives(tmp_path):
    folder = tmp_path / "datasets"
    folder.mkdir()
    with zipfile.ZipFile(folder / "data.zip", "w") as archive:
        archive.writestr("inner/a.txt", "hello")
    origin = "https://example.invalid/data.zip"
    assert get_file(origin=origin, cache_dir=tmp_path) == str(folder / "data.zip")
    unpacked = get_file(origin=origin, cache_dir=tmp_path, extract=True)
    assert unpacked == str(folder / "data_extracted")
    assert (folder / "data_extracted/inner/a.txt").read_text() == "hello"
    assert sorted(p.name for p in folder.iterdir()) == ["data.zip", "data_extracted"]


def test_get_file_finds_its_cache_through_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "f.bin").write_bytes(b"x")
    assert get_file("f.bin", "https://example.invalid/f.bin") == str(tmp_path / "datasets" / "f.bin")


def test_get_file_refuses_paths_as_names():
    with pytest.raises(ValueError, match="without folders"):
        get_file("../f", "https://example.invalid/f")
