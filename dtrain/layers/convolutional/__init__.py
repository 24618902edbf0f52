"""Convolutions."""

from ..old_paths import old_path

# Keras 1 and 2 had these here.
__getattr__ = old_path(
    __name__,
    "AveragePooling1D AveragePooling2D Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose "
    "Convolution1D Convolution2D Convolution3D Cropping1D Cropping2D Cropping3D DepthwiseConv2D MaxPooling1D "
    "MaxPooling2D SeparableConv1D SeparableConv2D SeparableConvolution2D UpSampling1D UpSampling2D UpSampling3D "
    "ZeroPadding1D ZeroPadding2D ZeroPadding3D",
)
