"""Layers that change images at random."""

import numpy as np
import pytest

import dtrain
from dtrain import layers

IMAGES = np.random.default_rng(0).normal(size=(40, 5, 6, 2)).astype(np.float32)
MAKERS = {
    "flip": lambda **kw: layers.RandomFlip(**kw),
    "rotation": lambda **kw: layers.RandomRotation(0.2, **kw),
    "zoom": lambda **kw: layers.RandomZoom(0.3, **kw),
    "translation": lambda **kw: layers.RandomTranslation(0.3, 0.3, **kw),
}


@pytest.mark.parametrize("name", MAKERS)
def test_images_are_changed_while_training_only(name):
    layer = MAKERS[name]()
    np.testing.assert_array_equal(layer(IMAGES, training=False).numpy(), IMAGES)
    assert np.any(layer(IMAGES, training=True).numpy() != IMAGES)
    x = dtrain.Input((5, 6, 2))
    np.testing.assert_array_equal(dtrain.Model(x, layer(x)).predict(IMAGES, verbose=0), IMAGES)


@pytest.mark.parametrize("name", MAKERS)
def test_every_image_is_changed_in_a_way_of_its_own(name):
    same = np.repeat(IMAGES[:1], 40, axis=0)
    y = MAKERS[name]()(same).numpy()
    assert len({image.tobytes() for image in y}) > 1


@pytest.mark.parametrize("name", MAKERS)
def test_a_seed_repeats_the_changes_from_the_start(name):
    first, second = (MAKERS[name](seed=3)(IMAGES).numpy() for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", MAKERS)
def test_one_image_and_channels_first_are_taken(name):
    layer = MAKERS[name](data_format="channels_first")
    assert layer(np.moveaxis(IMAGES, -1, 1)).shape == (40, 2, 5, 6)
    assert layer(np.moveaxis(IMAGES[0], -1, 0)).shape == (2, 5, 6)


def test_flips_are_the_image_or_its_mirror():
    y = layers.RandomFlip("horizontal")(IMAGES).numpy()
    mirrored = np.array([np.array_equal(a, b[:, ::-1]) for a, b in zip(y, IMAGES, strict=True)])
    untouched = np.array([np.array_equal(a, b) for a, b in zip(y, IMAGES, strict=True)])
    assert np.all(mirrored ^ untouched)
    assert 5 < mirrored.sum() < 35


def test_crops_are_parts_of_the_image():
    y = layers.RandomCrop(3, 4)(IMAGES).numpy()
    places = set()
    for crop, image in zip(y, IMAGES, strict=True):
        found = [(i, j) for i in range(3) for j in range(3) if np.array_equal(image[i : i + 3, j : j + 4], crop)]
        assert len(found) == 1
        places.add(found[0])
    assert len(places) > 3


def test_a_quarter_turn_is_counter_clockwise():
    square = IMAGES[:, :, :5]
    y = layers.RandomRotation((0.25, 0.25))(square).numpy()
    np.testing.assert_allclose(y, np.rot90(square, axes=(1, 2)), atol=1e-5)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("constant", [9, 9, 1, 2, 3]),
        ("nearest", [1, 1, 1, 2, 3]),
        ("reflect", [2, 1, 1, 2, 3]),
        ("wrap", [4, 5, 1, 2, 3]),
    ],
)
def test_fill_modes_say_what_lies_outside(mode, expected):
    row = np.array([1, 2, 3, 4, 5], np.float32).reshape(1, 1, 5, 1)
    y = layers.RandomTranslation(0.0, (0.4, 0.4), fill_mode=mode, fill_value=9.0)(row).numpy()
    np.testing.assert_allclose(y.ravel(), expected, atol=1e-5)


def test_a_wrong_range_is_told():
    with pytest.raises(ValueError, match="factor must be a number or a pair"):
        layers.RandomRotation((0.3, 0.1))
    with pytest.raises(ValueError, match="fill_mode must be one of"):
        layers.RandomZoom(0.1, fill_mode="mirror")
