"""Colours, sizes and parts of images."""

import colorsys

import numpy as np
import pytest

from dtrain import Input, Model, ops

IMAGES = np.random.default_rng(0).uniform(size=(2, 6, 8, 3)).astype(np.float32)


def test_colours_are_those_of_the_standard_library():
    hsv = ops.image.rgb_to_hsv(IMAGES).numpy()
    expected = [colorsys.rgb_to_hsv(*pixel) for pixel in IMAGES.reshape(-1, 3).tolist()]
    np.testing.assert_allclose(hsv.reshape(-1, 3), expected, atol=1e-6)
    np.testing.assert_allclose(ops.image.hsv_to_rgb(hsv), IMAGES, atol=1e-6)
    greys = np.array([[[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]], np.float32)
    np.testing.assert_array_equal(ops.image.rgb_to_hsv(greys), [[[0, 0, 0], [0, 0, 0.5]]])


def test_brightness_of_one_image_and_with_channels_first():
    grey = ops.image.rgb_to_grayscale(IMAGES)
    assert grey.shape == (2, 6, 8, 1)
    np.testing.assert_allclose(grey[0], ops.image.rgb_to_grayscale(IMAGES[0]))
    first = ops.image.rgb_to_grayscale(IMAGES.transpose(0, 3, 1, 2), data_format="channels_first")
    np.testing.assert_allclose(first.numpy()[:, 0], grey.numpy()[..., 0], rtol=1e-6)


def test_sizes():
    assert ops.image.resize(IMAGES, (3, 4)).shape == (2, 3, 4, 3)
    whole = (IMAGES * 255).astype(np.uint8)
    smaller = ops.image.resize(whole, (3, 4))
    assert smaller.dtype == "uint8"
    np.testing.assert_allclose(smaller, ops.image.resize(whole.astype(np.float32), (3, 4)), atol=0.51)
    wide = ops.image.resize(np.ones((1, 4, 8, 1)), (8, 8), pad_to_aspect_ratio=True, fill_value=2.0).numpy()
    assert (wide[0, 0] == 2).all() and (wide[0, 4] == 1).all()
    cut = ops.image.resize(IMAGES, (6, 6), crop_to_aspect_ratio=True)
    np.testing.assert_allclose(cut, IMAGES[:, :, 1:7])
    with pytest.raises(ValueError, match="interpolation"):
        ops.image.resize(IMAGES, (3, 4), interpolation="cubic")


def test_two_of_three_numbers_say_what_is_cut_or_added():
    cut = ops.image.crop_images(IMAGES, top_cropping=1, target_height=3, left_cropping=2, right_cropping=1)
    np.testing.assert_array_equal(cut, IMAGES[:, 1:4, 2:7])
    wide = ops.image.pad_images(IMAGES, bottom_padding=1, target_height=9, left_padding=0, right_padding=2).numpy()
    assert wide.shape == (2, 9, 10, 3) and wide.sum() == pytest.approx(IMAGES.sum(), rel=1e-5)
    np.testing.assert_array_equal(wide[:, 2:8, :8], IMAGES)
    for wrong in (
        {"top_cropping": 1},
        {"top_cropping": 4, "bottom_cropping": 2},
        {"top_cropping": 5, "target_height": 3},
    ):
        with pytest.raises(ValueError, match="height"):
            ops.image.crop_images(IMAGES, **wrong, left_cropping=0, right_cropping=0)


def test_patches_are_windows_in_reading_order():
    patches = ops.image.extract_patches(IMAGES, (2, 4)).numpy()
    assert patches.shape == (2, 3, 2, 24)
    np.testing.assert_allclose(patches[1, 2, 1], IMAGES[1, 4:6, 4:8].ravel(), rtol=1e-6)
    inputs = Input((6, 8, 3))
    model = Model(inputs, ops.image.extract_patches(inputs, 3, strides=1, padding="same"))
    assert model.output_shape == (None, 6, 8, 27)


def test_a_blur_keeps_the_sum_of_what_lies_inside():
    image = np.zeros((1, 9, 9, 2), np.float32)
    image[0, 4, 4] = 1, 2
    blurred = ops.image.gaussian_blur(image, (3, 5), (1.0, 2.0)).numpy()
    np.testing.assert_allclose(blurred.sum(axis=(0, 1, 2)), [1, 2], rtol=1e-6)
    assert (blurred[0, 3:6, 2:7] > 0).all() and blurred[0, 2].max() == 0
    row = np.exp(-0.5 * (np.arange(-2, 3) / 2.0) ** 2)
    np.testing.assert_allclose(blurred[0, 4, 2:7, 0] / blurred[0, 4, 4, 0], row, rtol=1e-5)


def test_transforms_move_scale_and_see_in_perspective():
    moved = ops.image.affine_transform(IMAGES, [1, 0, 2, 0, 1, -1, 0, 0], fill_value=-1.0).numpy()
    np.testing.assert_allclose(moved[:, 1:, :6], IMAGES[:, :5, 2:], rtol=1e-6)
    assert (moved[:, 0] == -1).all() and (moved[:, :, 6:] == -1).all()
    each = np.array([[1, 0, 0, 0, 1, 0, 0, 0], [1, 0, 1, 0, 1, 0, 0, 0]], np.float32)
    found = ops.image.affine_transform(IMAGES, each, "nearest", "nearest").numpy()
    np.testing.assert_array_equal(found[0], IMAGES[0])
    np.testing.assert_array_equal(found[1, :, :7], IMAGES[1, :, 1:])
    ramp = np.arange(8, dtype=np.float32)[None, None, :, None].repeat(6, 1)
    near = ops.image.affine_transform(ramp, [1, 0, 0, 0, 1, 0, 0.5, 0]).numpy()[0, 0, :, 0]
    np.testing.assert_allclose(near, np.arange(8) / (1 + 0.5 * np.arange(8)), rtol=1e-5)
