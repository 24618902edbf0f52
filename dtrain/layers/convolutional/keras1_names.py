"""The convolutions under the names of Keras 1, where the lengths of the kernel were arguments of their own."""

from __future__ import annotations

from typing import Any

from ..legacy import constructor_names, translate
from .conv2d import Conv2D
from .conv3d import Conv3D
from .separable_conv2d import SeparableConv2D


class Convolution2D(Conv2D):
    """`Conv2D`; also called as `Convolution2D(filters, rows, columns, ...)`. What it makes is a `Conv2D`."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is not Convolution2D:
            return super().__new__(cls)
        args, kwargs = translate("Conv2D", constructor_names(Conv2D), args, kwargs, lengths_apart=True)
        return Conv2D(*args, **kwargs)


class Convolution3D(Conv3D):
    """`Conv3D`; also called as `Convolution3D(filters, depth, rows, columns, ...)`. What it makes is a `Conv3D`."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is not Convolution3D:
            return super().__new__(cls)
        args, kwargs = translate("Conv3D", constructor_names(Conv3D), args, kwargs, lengths_apart=True)
        return Conv3D(*args, **kwargs)


class SeparableConvolution2D(SeparableConv2D):
    """`SeparableConv2D`; also called as `SeparableConvolution2D(filters, rows, columns, ...)`, which makes one."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is not SeparableConvolution2D:
            return super().__new__(cls)
        names = constructor_names(SeparableConv2D)
        args, kwargs = translate("SeparableConv2D", names, args, kwargs, lengths_apart=True)
        return SeparableConv2D(*args, **kwargs)
