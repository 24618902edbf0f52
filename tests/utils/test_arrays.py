import numpy as np
import pytest

from dtrain.graph import Tensor, as_tensor
from dtrain.utils import normalize, pad_sequences, split_dataset, to_categorical


def test_to_categorical_sets_one_in_each_row():
    np.testing.assert_array_equal(to_categorical([0, 2]), [[1, 0, 0], [0, 0, 1]])
    assert to_categorical(np.zeros((4, 5, 1)), 3).shape == (4, 5, 3)
    assert to_categorical([1], 4).dtype == np.float32
    assert to_categorical([], 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("labels", "message"), [([0, 5], "Received 5 at position 1"), ([-1], "Received -1"), ([0.5], "fractions")]
)
def test_to_categorical_refuses_what_is_no_class(labels, message):
    with pytest.raises(ValueError, match=message):
        to_categorical(labels, 3)


def test_normalize_divides_by_norms_and_leaves_zeros():
    np.testing.assert_allclose(normalize(np.array([[3.0, 4.0], [0.0, 0.0]])), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(normalize(np.array([[1.0, -3.0]]), order=1), [[0.25, -0.75]])
    assert isinstance(normalize(as_tensor(np.ones(3))), Tensor)


def test_pad_sequences_pads_and_cuts_in_front_unless_told():
    rows = [[1], [2, 3], [4, 5, 6]]
    np.testing.assert_array_equal(pad_sequences(rows), [[0, 0, 1], [0, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(pad_sequences(rows, 2, value=-1), [[-1, 1], [2, 3], [5, 6]])
    np.testing.assert_array_equal(pad_sequences(rows, 2, padding="post", truncating="post"), [[1, 0], [2, 3], [4, 5]])
    assert pad_sequences(rows).dtype == np.int32


def test_pad_sequences_takes_vectors_strings_and_empty_sequences():
    assert pad_sequences([[], [[1, 2]], [[3, 4], [5, 6]]]).shape == (3, 2, 2)
    assert pad_sequences([["a"], []], dtype=object, value="").tolist() == [["a"], [""]]
    assert pad_sequences([[1, 2]], 0).shape == (1, 0)


def test_pad_sequences_refuses_nonsense():
    with pytest.raises(ValueError, match="padding must be"):
        pad_sequences([[1]], padding="left")
    with pytest.raises(ValueError, match="without a length"):
        pad_sequences([1, 2])
    with pytest.raises(ValueError, match="items of shape"):
        pad_sequences([[[1, 2]], [[1, 2, 3]]])


def test_split_dataset_keeps_structure_and_rows_together():
    x, y = np.arange(10), np.arange(10) * 10
    left, right = split_dataset({"x": x, "y": y}, left_size=0.7)
    assert len(left["x"]) == 7
    assert len(right["x"]) == 3
    left, right = split_dataset((x, y), right_size=4, shuffle=True, seed=1)
    assert len(right[0]) == 4
    np.testing.assert_array_equal(left[1], left[0] * 10)
    assert sorted([*left[0], *right[0]]) == list(range(10))
    again, _ = split_dataset((x, y), right_size=4, shuffle=True, seed=1)
    np.testing.assert_array_equal(left[0], again[0])


@pytest.mark.parametrize("sizes", [{}, {"left_size": 10}, {"left_size": 8, "right_size": 8}, {"left_size": 1.5}])
def test_split_dataset_refuses_empty_and_overlapping_parts(sizes):
    with pytest.raises(ValueError, match="split_dataset"):
        split_dataset(np.arange(10), **sizes)
