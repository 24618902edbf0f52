"""Arrays of pixels to image files and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dtrain import utils

PIXELS = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)


def test_pixels_come_back_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    utils.save_img(path, PIXELS, scale=False)
    image = utils.load_img(path)
    np.testing.assert_array_equal(utils.img_to_array(image), PIXELS)
    assert utils.img_to_array(image, "channels_first").shape == (3, 4, 6)
    assert utils.load_img(path, "grayscale", target_size=(8, 5)).size == (5, 8)
    assert utils.load_img(path, target_size=(4, 4), keep_aspect_ratio=True).size == (4, 4)
    with pytest.raises(ValueError, match="color_mode"):
        utils.load_img(path, "cmyk")


def test_values_are_brought_to_the_range_of_pixels() -> None:
    found = np.asarray(utils.array_to_img(np.linspace(-1, 1, 12).reshape(3, 4, 1)))
    assert (found.min(), found.max(), found.shape) == (0, 255, (3, 4))


def test_jpg_is_a_name_of_the_format_jpeg(tmp_path):
    rgba = np.zeros((4, 4, 4), np.uint8)
    for name in ("jpg", "JPG", "jpeg"):
        utils.save_img(tmp_path / "picture", rgba, file_format=name)
        assert utils.load_img(tmp_path / "picture").size == (4, 4)
