"""Slow, obvious versions of ops on images, for comparison."""

import itertools

import numpy as np


def conv(x, w, strides, pads, dilation, groups=1):
    """Cross-correlation by loops over outputs and taps."""
    x = np.pad(x, [(0, 0), *pads, (0, 0)])
    kernel, (c, f) = w.shape[:-2], w.shape[-2:]
    lengths = [
        (n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[1:-1], kernel, strides, dilation, strict=True)
    ]
    y = np.zeros((len(x), *lengths, f))
    for at in np.ndindex(*lengths):
        for tap in np.ndindex(*kernel):
            where = tuple(i * s + t * d for i, s, t, d in zip(at, strides, tap, dilation, strict=True))
            values = x[(slice(None), *where)]
            for g in range(groups):
                part = slice(g * f // groups, (g + 1) * f // groups)
                y[(slice(None), *at, part)] += values[:, g * c : (g + 1) * c] @ w[tap][:, part]
    return y


def conv_transpose(x, w, outputs, strides, lows, dilation):
    """Every input value spread over the outputs that its taps reach."""
    y = np.zeros((len(x), *outputs, w.shape[-2]))
    for at in np.ndindex(*x.shape[1:-1]):
        for tap in np.ndindex(*w.shape[:-2]):
            where = [i * s + t * d - p for i, s, t, d, p in zip(at, strides, tap, dilation, lows, strict=True)]
            if all(0 <= i < n for i, n in zip(where, outputs, strict=True)):
                y[(slice(None), *where)] += x[(slice(None), *at)] @ w[tap].T
    return y


def pool(x, reduce, size, strides, pads):
    """`reduce` over the inside values of every window."""
    lengths = [(n + sum(p) - k) // s + 1 for n, p, k, s in zip(x.shape[1:-1], pads, size, strides, strict=True)]
    y = np.zeros((len(x), *lengths, x.shape[-1]))
    for at in np.ndindex(*lengths):
        starts = [i * s - p[0] for i, s, p in zip(at, strides, pads, strict=True)]
        ranges = [range(max(a, 0), min(a + k, n)) for a, k, n in zip(starts, size, x.shape[1:-1], strict=True)]
        values = [x[(slice(None), *where)] for where in itertools.product(*ranges)]
        y[(slice(None), *at)] = reduce(values, axis=0)
    return y
