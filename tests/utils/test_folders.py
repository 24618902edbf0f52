"""Images and texts in folders named like their classes, as data for fit."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dtrain.training.row_source import RowSource
from dtrain.utils import image_dataset_from_directory, text_dataset_from_directory


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Three classes of seven images; the red of each pixel is the number of its file."""
    root = tmp_path_factory.mktemp("photos")
    number = 0
    for name in ("ant", "bee", "cow"):
        (root / name / "more").mkdir(parents=True)
        for k in range(7):
            pixels = np.full((8, 6 + k, 3), (number, 100, 200), np.uint8)
            Image.fromarray(pixels).save(root / name / ("more" if k == 3 else ".") / f"{k}.png")
            number += 1
        (root / name / "notes.txt").write_text(f"about {name}s")
    return root


def load(folder, **arguments):
    return image_dataset_from_directory(folder, image_size=(4, 5), **{"verbose": False, **arguments})


def contents(data):
    x, y = (np.concatenate(parts) for parts in zip(*data, strict=True))
    return np.rint(x[:, 0, 0, 0]).astype(int).tolist(), y


def test_folders_are_classes_in_the_order_of_their_names(photos):
    data = load(photos, shuffle=False, batch_size=4)
    numbers, labels = contents(data)
    assert sorted(numbers) == list(range(21)) and data.class_names == ["ant", "bee", "cow"]
    assert labels.tolist() == [0] * 7 + [1] * 7 + [2] * 7 and labels.dtype == np.int32
    assert [n // 7 for n in numbers] == labels.tolist() and len(data) == 6
    assert [len(x) for x, _ in data] == [4, 4, 4, 4, 4, 1]
    assert data.file_paths[0].endswith("0.png") and len(data.file_paths) == 21


def test_forms_of_labels(photos):
    _, categorical = contents(load(photos, shuffle=False, label_mode="categorical"))
    assert categorical.shape == (21, 3) and categorical[20].tolist() == [0, 0, 1]
    _, given = contents(load(photos, shuffle=False, labels=list(range(21))))
    assert given.tolist() == list(range(21))
    assert all(isinstance(x, np.ndarray) for x in load(photos, labels=None, label_mode=None))
    _, named = contents(load(photos, shuffle=False, class_names=["cow", "ant", "bee"]))
    assert named.tolist() == [0] * 7 + [1] * 7 + [2] * 7
    with pytest.raises(ValueError, match="two classes"):
        load(photos, label_mode="binary")


def test_two_classes_as_ones_and_zeros(photos, tmp_path):
    for name in ("ant", "bee"):
        (tmp_path / name).symlink_to(photos / name)
    _, labels = contents(load(tmp_path, shuffle=False, label_mode="binary"))
    assert labels.shape == (14, 1) and labels.dtype == np.float32 and labels.sum() == 7


@pytest.mark.parametrize(("mode", "channels"), [("grayscale", 1), ("rgb", 3), ("rgba", 4)])
def test_colours_and_places_of_channels(photos, mode, channels):
    [(x, _)] = load(photos, color_mode=mode, shuffle=False)
    assert x.shape == (21, 4, 5, channels) and x.dtype == np.float32
    [(first, _)] = load(photos, color_mode=mode, shuffle=False, data_format="channels_first")
    np.testing.assert_array_equal(first, x.transpose(0, 3, 1, 2))


def test_subsets_share_no_file(photos, capsys):
    arguments = {"validation_split": 0.3, "seed": 5}
    training, validation = load(photos, subset="both", **arguments, verbose=True)
    assert capsys.readouterr().out == (
        "Found 21 files belonging to 3 classes.\nUsing 15 files for training.\nUsing 6 files for validation.\n"
    )
    assert len(training.file_paths) == 15 and len(validation.file_paths) == 6
    assert not {*training.file_paths} & {*validation.file_paths}
    assert load(photos, subset="validation", **arguments).file_paths == validation.file_paths
    assert load(photos, subset="training", **arguments).file_paths == training.file_paths
    numbers, labels = contents(validation)
    assert [n // 7 for n in numbers] == labels.tolist()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"validation_split": 0.2}, "go together"),
        ({"subset": "training"}, "go together"),
        ({"validation_split": 1.5, "subset": "training"}, "0 < validation_split < 1"),
        ({"validation_split": 0.2, "subset": "test"}, '"training", "validation" or "both"'),
        ({"validation_split": 0.2, "subset": "training"}, "give a seed"),
        ({"color_mode": "cmyk"}, "color_mode"),
        ({"class_names": ["ant"]}, "to be the folders"),
        ({"labels": [1, 2]}, "each of the 21 files"),
        ({"label_mode": "words"}, "label_mode"),
        ({"labels": None, "class_names": ["a"]}, "inferred"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(photos, arguments, says):
    with pytest.raises(ValueError, match=says):
        load(photos, **arguments)


def test_a_folder_that_is_missing_or_empty_is_named(tmp_path):
    with pytest.raises(NotADirectoryError, match="nowhere"):
        load(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no files ending with"):
        load(tmp_path)


def test_a_loop_takes_some_batches_in_another_order_each_time(photos):
    data = load(photos, seed=1, batch_size=5)
    assert [x.shape for x, _ in data.take(2)] == [(5, 4, 5, 3)] * 2
    assert contents(data)[0] != contents(data)[0]


def test_each_process_reads_its_own_rows_of_a_batch(photos):
    data = load(photos, batch_size=6)
    whole, *parts = (
        list(RowSource(data.samples, 6, True, 9, rank, workers).batches(1))
        for rank, workers in ((0, 1), (0, 2), (1, 2))
    )
    for batch, first, second in zip(whole, *parts, strict=True):
        assert (first.rows, second.rows) == ((batch.rows + 1) // 2, batch.rows // 2)
        np.testing.assert_array_equal(np.concatenate([first.x, second.x]), batch.x)
        np.testing.assert_array_equal(np.concatenate([first.y, second.y]), batch.y)


def test_texts_are_strings(photos):
    data = text_dataset_from_directory(photos, shuffle=False, batch_size=2, max_length=7, verbose=False)
    (texts, labels), (last, _) = list(data)
    assert texts.tolist() == ["about a", "about b"] and labels.tolist() == [0, 1] and last.tolist() == ["about c"]
