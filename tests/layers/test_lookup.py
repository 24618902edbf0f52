"""Layers that learn from data before training: vocabularies, intervals, statistics."""

import numpy as np
import pytest

import dtrain
from dtrain import layers

WORDS = np.array([["the", "cat", "sat"], ["the", "dog", "the"]])


def test_string_lookup_numbers_the_most_frequent_first():
    layer = layers.StringLookup()
    layer.adapt(WORDS)
    assert layer.get_vocabulary() == ["[UNK]", "the", "sat", "dog", "cat"]
    np.testing.assert_array_equal(layer(np.array([["the", "bird", "cat"]])).numpy(), [[1, 0, 4]])


def test_string_lookup_inverts_itself():
    vocabulary = ["a", "b"]
    layer = layers.StringLookup(vocabulary=vocabulary, mask_token="")
    back = layers.StringLookup(vocabulary=vocabulary, mask_token="", invert=True)
    numbers = layer(np.array(["b", "", "z", "a"]))
    np.testing.assert_array_equal(numbers.numpy(), [3, 0, 1, 2])
    assert list(back(numbers)) == ["b", "", "[UNK]", "a"]


def test_unknown_words_share_numbers_that_depend_on_the_word_alone():
    layer = layers.StringLookup(vocabulary=["a"], num_oov_indices=4)
    words = np.array([f"word{k}" for k in range(50)])
    numbers = layer(words).numpy()
    assert set(numbers) == {0, 1, 2, 3}
    np.testing.assert_array_equal(numbers, layers.StringLookup(vocabulary=["a"], num_oov_indices=4)(words).numpy())


def test_without_room_for_unknown_words_they_are_an_error():
    with pytest.raises(ValueError, match="'c' is not in the vocabulary"):
        layers.StringLookup(vocabulary=["a", "b"], num_oov_indices=0)(np.array(["c"]))


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("multi_hot", [[0, 1, 1, 0], [1, 0, 0, 1]]),
        ("count", [[0, 1, 2, 0], [2, 0, 0, 1]]),
    ],
)
def test_integer_lookup_encodes_rows(mode, expected):
    layer = layers.IntegerLookup(vocabulary=[7, 8, 9], output_mode=mode)
    np.testing.assert_array_equal(layer(np.array([[7, 8, 8], [1, 2, 9]])).numpy(), expected)


def test_tf_idf_weighs_counts():
    layer = layers.IntegerLookup(vocabulary=[7, 8], idf_weights=[0.5, 2.0], output_mode="tf_idf")
    np.testing.assert_allclose(layer(np.array([[7, 8, 8, 3]])).numpy(), [[1.25, 0.5, 4.0]])


def test_a_vocabulary_is_cut_to_max_tokens_and_padded():
    layer = layers.IntegerLookup(max_tokens=3, output_mode="count", pad_to_max_tokens=True)
    layer.adapt(np.array([[5, 5, 5, 6, 6, 7]]))
    assert layer.get_vocabulary() == [-1, 5, 6]
    assert layer(np.array([[7, 5]])).shape == (1, 3)


def test_lookups_come_back_from_their_configuration():
    layer = layers.StringLookup(num_oov_indices=2)
    layer.adapt([WORDS[:1], WORDS[1:]])
    twin = layers.StringLookup.from_config(layer.get_config())
    assert twin.get_vocabulary() == layer.get_vocabulary()


def test_repeated_tokens_are_told():
    with pytest.raises(ValueError, match=r"distinct tokens. Received: \[3\]"):
        layers.IntegerLookup(vocabulary=[3, 4, 3])


def test_a_lookup_without_vocabulary_says_what_to_do():
    with pytest.raises(ValueError, match=r"has no vocabulary: give one or call `adapt\(data\)`"):
        layers.IntegerLookup()(np.array([1]))


def test_a_lookup_within_a_model_says_where_it_belongs():
    with pytest.raises(ValueError, match="cannot be a part of a model: call it on the data before"):
        layers.IntegerLookup(vocabulary=[1])(dtrain.Input((3,), dtype="int32"))


def test_discretization_finds_intervals_of_equal_counts():
    layer = layers.Discretization(num_bins=4)
    layer.adapt(np.arange(100.0))
    numbers = layer(np.arange(100.0, dtype=np.float32)).numpy()
    np.testing.assert_array_equal(np.bincount(numbers), [25, 25, 25, 25])
    twin = layers.Discretization.from_config(layer.get_config())
    assert twin.bin_boundaries == layer.bin_boundaries


def test_normalization_learns_from_batches_what_it_learns_from_the_whole():
    data = np.random.default_rng(0).normal(3.0, 2.0, size=(20, 4)).astype(np.float32)
    whole, pieces = layers.Normalization(), layers.Normalization()
    whole.adapt(data)
    pieces.adapt([data[:7], data[7:9], data[9:]])
    for a, b in zip(whole.get_weights(), pieces.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    y = whole(data).numpy()
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(y.std(axis=0), 1, rtol=1e-5)


def test_normalization_says_when_data_do_not_fit():
    layer = layers.Normalization()
    layer.build((None, 3))
    layer.built = True
    with pytest.raises(ValueError, match=r"with \(3,\) means. Received: data with \(4,\) means"):
        layer.adapt(np.ones((5, 4)))


TEXTS = ["The quick, brown fox!", "jumped over the lazy dog.", "The dog; the fox... the END"]


def test_texts_become_the_numbers_of_their_words():
    layer = layers.TextVectorization()
    layer.adapt(TEXTS)
    assert layer.get_vocabulary()[:5] == ["", "[UNK]", "the", "fox", "dog"] and layer.vocabulary_size() == 11
    numbers = layer(np.array(["the brown cat and the fox", 'END "the"!', ""])).numpy()
    the, fox, brown, end = (layer.get_vocabulary().index(w) for w in ("the", "fox", "brown", "end"))
    np.testing.assert_array_equal(numbers, [[the, brown, 1, 1, the, fox], [end, the, 0, 0, 0, 0], [0] * 6])
    np.testing.assert_array_equal(layer("the fox"), [the, fox])
    np.testing.assert_array_equal(layer(np.array([["the"], [b"fox"]], object)), [[the], [fox]])


def test_texts_are_cut_and_filled_up_to_a_length():
    layer = layers.TextVectorization(vocabulary=["a", "b"], output_sequence_length=3)
    np.testing.assert_array_equal(layer(["a b b a", "b"]), [[2, 3, 3], [3, 0, 0]])


def test_texts_as_vectors():
    layer = layers.TextVectorization(output_mode="count", max_tokens=6, pad_to_max_tokens=True)
    layer.adapt(TEXTS)
    assert layer.get_vocabulary()[:3] == ["[UNK]", "the", "fox"]
    np.testing.assert_array_equal(layer(["the the cat", ""])[:, :3], [[1, 2, 0], [0, 0, 0]])
    assert layer(["x"]).shape == (1, 6)
    weighted = layers.TextVectorization(output_mode="tf_idf", vocabulary=["a", "b"], idf_weights=[0.5, 2.0])
    np.testing.assert_allclose(weighted(["b b a"]), [[0.0, 0.5, 4.0]])


def test_words_are_found_as_one_says():
    pairs = layers.TextVectorization(ngrams=(2,))
    pairs.adapt(["a b c"])
    assert sorted(pairs.get_vocabulary(False)) == ["a b", "b c"]
    letters = layers.TextVectorization(split="character", standardize="lower")
    letters.adapt(["Ab!"])
    assert sorted(letters.get_vocabulary(False)) == ["!", "a", "b"]
    own = layers.TextVectorization(standardize=lambda t: [s.replace("-", " ") for s in t], split="whitespace")
    own.adapt(["A-b", "b"])
    assert own.get_vocabulary(False) == ["b", "A"]
    whole = layers.TextVectorization(split=None, vocabulary=["a b"])
    np.testing.assert_array_equal(whole(["A b!", "c"]), [2, 1])


def test_a_vocabulary_comes_from_batches_and_goes_into_the_configuration():
    layer = layers.TextVectorization(max_tokens=4)
    layer.adapt((np.array(part), [0]) for part in (TEXTS[:1], TEXTS[1:]))
    assert layer.get_vocabulary() == ["", "[UNK]", "the", "fox"]
    again = layers.TextVectorization.from_config(layer.get_config())
    np.testing.assert_array_equal(again(TEXTS), layer(TEXTS))


def test_texts_cannot_go_into_a_model():
    with pytest.raises(ValueError, match="cannot be a part of a model"):
        layers.TextVectorization(vocabulary=["a"])(dtrain.Input((1,), dtype="int32"))


def test_hashes_are_the_same_everywhere_and_in_their_range():
    layer = layers.Hashing(5, salt=3)
    words = np.array([[f"word{k}"] for k in range(200)])
    numbers = layer(words).numpy()
    assert numbers.shape == (200, 1) and set(numbers.ravel()) == set(range(5))
    np.testing.assert_array_equal(layers.Hashing.from_config(layer.get_config())(words), numbers)
    assert (layers.Hashing(5, salt=4)(words).numpy() != numbers).any()
    assert layers.Hashing(5)(np.array(["word1"])).numpy() == [3]


def test_the_masked_value_has_the_number_0_for_itself():
    numbers = layers.Hashing(3, mask_value="")(np.array(["", "a", "b", "c", "d"])).numpy()
    assert numbers[0] == 0 and set(numbers[1:]) <= {1, 2}
    vectors = layers.Hashing(3, output_mode="count")(np.array([["a", "a"], ["b", "c"]])).numpy()
    assert vectors.sum(axis=1).tolist() == [2, 2] and vectors[0].max() == 2


def test_pairs_of_values_share_a_number():
    layer = layers.HashedCrossing(10)
    a, b = np.array(["x", "y", "x", "x"]), np.array([1, 2, 1, 2])
    numbers = layer([a, b]).numpy()
    assert numbers[0] == numbers[2] and len(set(numbers.tolist())) == 3
    assert layers.HashedCrossing(10, output_mode="one_hot")([a, b]).shape == (4, 10)
    with pytest.raises(ValueError, match="two or more arrays of one shape"):
        layer([a, b[:2]])
