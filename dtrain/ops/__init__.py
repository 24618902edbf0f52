"""Differentiable operations on tensors, variables and arrays, named as in `keras.ops`."""

# ruff: isort: skip_file
# fmt: off

from importlib import import_module

from dtrain.graph.derivatives import provide
from dtrain.graph.operators import register_operators

from .activation import clip, elu, leaky_relu, relu, relu6, sigmoid, silu, softplus, softsign, swish, tanh
from .arithmetic import add, divide, multiply, subtract, true_divide
from .attention import dot_product_attention
from .bitwise import (
    bitwise_and, bitwise_invert, bitwise_left_shift, bitwise_not, bitwise_or, bitwise_right_shift, bitwise_xor, gcd,
    lcm, left_shift, right_shift,
)
from .choice import maximum, minimum, nonzero, where
from .comparison import (
    equal, greater, greater_equal, isclose, isfinite, isinf, isnan, isneginf, isposinf, less, less_equal, logical_and,
    logical_not, logical_or, logical_xor, not_equal,
)
from .contraction import cross, dot, einsum, inner, kron, outer, tensordot, vdot
from .control import cond, fori_loop, map, scan, switch, while_loop
from .convolution import conv, depthwise_conv, separable_conv
from .convolution_transpose import conv_transpose
from .creation import (
    arange, array, cast, convert_to_numpy, convert_to_tensor, empty, empty_like, eye, full, full_like, identity,
    is_tensor, linspace, logspace, ndim, ones, ones_like, shape, size, tri, zeros, zeros_like,
)
from .cutting import array_split, diff, hsplit, roll, split, unstack, vsplit
from .decompositions import cholesky, eigh, lstsq, matrix_rank, pinv, qr, svd
from .diagonals import diag, diagonal, trace, tril, triu
from .elementwise import (
    abs, absolute, exp, expm1, log, log1p, log2, log10, negative, reciprocal, rsqrt, sign, sqrt, square, stop_gradient,
)
from .error_function import erf, erfc, gelu
from .extremes import amax, amin, argmax, argmin, logsumexp, max, min, prod
from .gathering import all_rows, call_gathered
from .indexing import multi_hot, one_hot, take, take_along_axis
from .joining import append, concatenate, flip, fliplr, flipud, hstack, pad, stack, vstack
from .linear import matmul
from .loss import binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy
from .nans import (
    nanargmax, nanargmin, nancumprod, nancumsum, nanmax, nanmean, nanmedian, nanmin, nanpercentile, nanprod,
    nanquantile, nanstd, nansum, nanvar,
)
from .normalization import batch_normalization, layer_normalization, rms_normalization
from .numerics import (
    allclose, divide_no_nan, heaviside, hypot, logaddexp, logaddexp2, meshgrid, moments, nan_to_num, norm, normalize,
    ptp, saturate_cast,
)
from .pooling import average_pool, max_pool
from .powers import floor_divide, mod, power
from .probabilities import log_softmax, softmax, sparsemax
from .rearranging import (
    argpartition, cdist, depth_to_space, diagflat, dsplit, dstack, dtype, histogram, psnr, rot90, select,
    space_to_depth, unique, unravel_index, view,
)
from .reduction import all, any, average, count_nonzero, mean, std, sum, var
from .rounding import ceil, floor, round, trunc
from .scatter import scatter, scatter_update, segment_sum, slice_update
from .segments import segment_max, segment_min, segment_prod
from .shaping import broadcast_to, expand_dims, moveaxis, ravel, repeat, reshape, squeeze, swapaxes, tile, transpose
from .shrinkage import (
    celu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_swish, hard_tanh, log_sigmoid, mish, selu, soft_shrink,
    sparse_plus, sparse_sigmoid, squareplus, tanh_shrink, threshold,
)
from .signal import (
    bartlett, blackman, corrcoef, correlate, extract_sequences, geomspace, hamming, hanning, kaiser, trapezoid, vander,
)
from .slicing import get_item, slice
from .solving import cholesky_inverse, det, inv, logdet, slogdet, solve, solve_triangular
from .sorting import (
    argsort, bincount, cumprod, cumsum, digitize, in_top_k, isin, median, percentile, quantile, searchsorted, sort,
    top_k,
)
from .special import (
    angle, cbrt, conj, conjugate, copy, erfinv, fabs, fmax, fmin, fmod, i0, imag, isreal, ldexp, nextafter, real,
    signbit, sinc,
)
from .trigonometry import (
    arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, cos, cosh, deg2rad, exp2, rad2deg, sin, sinh, tan,
)

__all__ = [
    "abs", "absolute", "add", "all", "allclose", "amax", "amin", "angle", "any", "append", "arange", "arccos",
    "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin", "argpartition", "argsort",
    "array", "array_split", "average", "average_pool", "bartlett", "batch_normalization", "binary_crossentropy",
    "bincount", "bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_not", "bitwise_or",
    "bitwise_right_shift", "bitwise_xor", "blackman", "broadcast_to", "cast", "categorical_crossentropy", "cbrt",
    "cdist", "ceil", "celu", "cholesky", "cholesky_inverse", "clip", "concatenate", "cond", "conj", "conjugate", "conv",
    "conv_transpose", "convert_to_numpy", "convert_to_tensor", "copy", "corrcoef", "correlate", "cos", "cosh",
    "count_nonzero", "cross", "cumprod", "cumsum", "deg2rad", "depth_to_space", "depthwise_conv", "det", "diag",
    "diagflat", "diagonal", "diff", "digitize", "divide", "divide_no_nan", "dot", "dot_product_attention", "dsplit",
    "dstack", "dtype", "eigh", "einsum", "elu", "empty", "empty_like", "equal", "erf", "erfc", "erfinv", "exp", "exp2",
    "expand_dims", "expm1", "extract_sequences", "eye", "fabs", "flip", "fliplr", "flipud", "floor", "floor_divide",
    "fmax", "fmin", "fmod", "fori_loop", "full", "full_like", "gcd", "gelu", "geomspace", "get_item", "glu", "greater",
    "greater_equal", "hamming", "hanning", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh",
    "heaviside", "histogram", "hsplit", "hstack", "hypot", "i0", "identity", "imag", "image", "in_top_k", "inner",
    "inv",
    "is_tensor", "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf", "isposinf", "isreal", "kaiser", "kron",
    "layer_normalization", "lcm", "ldexp", "leaky_relu", "left_shift", "less", "less_equal", "linalg", "linspace",
    "log", "log1p", "log2", "log10", "log_sigmoid", "log_softmax", "logaddexp", "logaddexp2", "logdet", "logical_and",
    "logical_not", "logical_or", "logical_xor", "logspace", "logsumexp", "lstsq", "map", "matmul", "matrix_rank", "max",
    "max_pool", "maximum", "mean", "median", "meshgrid", "min", "minimum", "mish", "mod", "moments", "moveaxis",
    "multi_hot", "multiply", "nan_to_num", "nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean",
    "nanmedian", "nanmin", "nanpercentile", "nanprod", "nanquantile", "nanstd", "nansum", "nanvar", "ndim", "negative",
    "nextafter", "nn", "nonzero", "norm", "normalize", "not_equal", "numpy", "one_hot", "ones", "ones_like", "outer",
    "pad", "percentile", "pinv", "power", "prod", "psnr", "ptp", "qr", "quantile", "rad2deg", "ravel", "real",
    "reciprocal", "relu", "relu6", "repeat", "reshape", "right_shift", "rms_normalization", "roll", "rot90", "round",
    "rsqrt", "saturate_cast", "scan", "scatter", "scatter_update", "searchsorted", "segment_max", "segment_min",
    "segment_prod", "segment_sum", "select", "selu", "separable_conv", "shape", "sigmoid", "sign", "signbit", "silu",
    "sin", "sinc", "sinh", "size", "slice", "slice_update", "slogdet", "soft_shrink", "softmax", "softplus", "softsign",
    "solve", "solve_triangular", "sort", "space_to_depth", "sparse_categorical_crossentropy", "sparse_plus",
    "sparse_sigmoid", "sparsemax", "split", "sqrt", "square", "squareplus", "squeeze", "stack", "std", "stop_gradient",
    "subtract", "sum", "svd", "swapaxes", "swish", "switch", "take", "take_along_axis", "tan", "tanh", "tanh_shrink",
    "tensordot", "threshold", "tile", "top_k", "trace", "transpose", "trapezoid", "tri", "tril", "triu", "true_divide",
    "trunc", "unique", "unravel_index", "unstack", "vander", "var", "vdot", "view", "vsplit", "vstack", "where",
    "while_loop", "zeros", "zeros_like",
]

from . import image, linalg, nn, numpy

register_operators(
    all_rows=all_rows,
    call_gathered=call_gathered,
    add=add,
    subtract=subtract,
    multiply=multiply,
    true_divide=true_divide,
    floor_divide=floor_divide,
    mod=mod,
    power=power,
    matmul=matmul,
    negative=negative,
    absolute=absolute,
    logical_not=logical_not,
    logical_and=logical_and,
    logical_or=logical_or,
    equal=equal,
    not_equal=not_equal,
    less=less,
    less_equal=less_equal,
    greater=greater,
    greater_equal=greater_equal,
    get_item=get_item,
)
provide(lambda: import_module("dtrain.ops.derivatives"))
