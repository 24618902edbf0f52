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


COLOURS = np.random.default_rng(1).uniform(0, 255, (40, 5, 6, 3)).astype(np.float32)
COLOUR_MAKERS = {
    "brightness": lambda **kw: layers.RandomBrightness(0.3, **kw),
    "contrast": lambda **kw: layers.RandomContrast(0.5, **kw),
    "hue": lambda **kw: layers.RandomHue(0.5, **kw),
    "saturation": lambda **kw: layers.RandomSaturation((0.2, 0.8), **kw),
    "sharpness": lambda **kw: layers.RandomSharpness(1.0, **kw),
    "posterization": lambda **kw: layers.RandomPosterization((1, 4), **kw),
    "degeneration": lambda **kw: layers.RandomColorDegeneration(1.0, **kw),
    "jitter": lambda **kw: layers.RandomColorJitter((0, 255), 0.2, 0.2, 0.3, 0.1, **kw),
    "invert": lambda **kw: layers.RandomInvert((0.5, 0.5), **kw),
    "grayscale": lambda **kw: layers.RandomGrayscale(0.5, **kw),
    "blur": lambda **kw: layers.RandomGaussianBlur(0.8, (3, 5), 2.0, **kw),
    "erasing": lambda **kw: layers.RandomErasing(0.8, **kw),
    "solarization": lambda **kw: layers.Solarization(0.3, 0.7, **kw),
    "shear": lambda **kw: layers.RandomShear(0.4, 0.2, **kw),
}


@pytest.mark.parametrize("name", COLOUR_MAKERS)
def test_colours_are_changed_while_training_only_in_ways_that_a_seed_repeats(name):
    layer, twin = (COLOUR_MAKERS[name](seed=5) for _ in range(2))
    np.testing.assert_array_equal(layer(COLOURS, training=False).numpy(), COLOURS)
    same = np.repeat(COLOURS[:1], 40, axis=0)
    changed = layer(same).numpy()
    assert len({image.tobytes() for image in changed}) > 1
    assert changed.min() >= 0 and changed.max() <= 255
    np.testing.assert_array_equal(twin(same).numpy(), changed)
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    first = COLOUR_MAKERS[name](data_format="channels_first")
    assert first(np.moveaxis(COLOURS, -1, 1)).shape == (40, 3, 5, 6)
    assert first(np.moveaxis(COLOURS[0], -1, 0)).shape == (3, 5, 6)


def test_brightness_is_added_and_contrast_scales_the_distance_from_the_mean():
    brighter = layers.RandomBrightness((0.25, 0.25), value_range=(0, 1000))(COLOURS).numpy()
    np.testing.assert_allclose(brighter, COLOURS + 250, rtol=1e-5)
    mean = COLOURS.mean(axis=(1, 2), keepdims=True)
    weaker = layers.RandomContrast((1.0, 0.0), value_range=(0, 255))(COLOURS).numpy() - mean
    share = (weaker * (COLOURS - mean)).sum((1, 2, 3)) / np.square(COLOURS - mean).sum((1, 2, 3))
    np.testing.assert_allclose(weaker, share[:, None, None, None] * (COLOURS - mean), atol=1e-3)
    assert share.min() >= 0 and share.max() <= 1 and np.ptp(share) > 0.3


def test_a_turned_hue_keeps_value_and_saturation():
    turned = layers.RandomHue((1.0, 1.0), value_range=(0, 255))(COLOURS).numpy()
    np.testing.assert_allclose(turned.max(-1), COLOURS.max(-1), rtol=1e-4)
    np.testing.assert_allclose(turned.min(-1), COLOURS.min(-1), rtol=1e-4, atol=1e-3)
    assert np.abs(turned - COLOURS).max() > 50


def test_erased_parts_are_rectangles_of_the_wanted_size():
    erased = layers.RandomErasing(1.0, (0.1, 0.5), fill_value=-1.0)(np.ones((60, 20, 20, 1))).numpy()[..., 0] < 0
    for mask in erased:
        rows, columns = mask.any(1), mask.any(0)
        np.testing.assert_array_equal(mask, rows[:, None] & columns[None])
        assert 0.04 <= mask.mean() <= 0.6


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.RandomBrightness(1.5), lambda: layers.RandomContrast(-0.1), lambda: layers.RandomHue(2),
        lambda: layers.RandomPosterization(9), lambda: layers.RandomInvert(0.5, value_range=(1, 0)),
        lambda: layers.RandomGaussianBlur(kernel_size=2), lambda: layers.RandomSharpness((0.6, 0.4)),
    ],
)  # fmt: skip
def test_factors_that_mean_nothing_are_refused(make):
    with pytest.raises(ValueError, match="expected|must be"):
        make()


def test_layers_one_after_the_other():
    layer = layers.Pipeline(
        [layers.RandomFlip("horizontal", seed=1), layers.Rescaling(1 / 255), layers.AutoContrast((0, 1))]
    )
    y = layer(COLOURS, training=False).numpy()
    np.testing.assert_allclose(y, layers.AutoContrast((0, 1))(COLOURS / 255).numpy(), rtol=1e-5)
    again = layers.Pipeline.from_config(layer.get_config())
    np.testing.assert_allclose(again(COLOURS, training=False).numpy(), y)


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
