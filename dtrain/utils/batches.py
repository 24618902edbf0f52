"""What a step of training is given, packed into one value and taken apart again."""

from dtrain.training.steps import pack_x_y_sample_weight, unpack_x_y_sample_weight

__all__ = ["pack_x_y_sample_weight", "unpack_x_y_sample_weight"]
