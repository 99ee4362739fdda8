"""A real transform of 960 samples and back as small products: 30 x 32 instead of 960 x 960 numbers.

The sum over samples goes first over every 32nd, then over those between; both are products with little matrices.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.recipes.builder import Builder

SIZE, BINS = 960, 481
OUTER, INNER = 30, 32
Complex = NDArray[np.complex128]


def roots(rows: int, columns: int, of: int, sign: int) -> Complex:
    """exp(sign * 2 pi i * row * column / of)."""
    return np.asarray(np.exp(sign * 2j * np.pi * np.outer(np.arange(rows), np.arange(columns)) / of))


def forward(g: Builder, frames: str) -> tuple[str, str]:
    """[..., 960] -> real and imaginary parts of 481 bins. The leading axes must be two."""
    table = g.op("Reshape", frames, g.whole(0, 0, OUTER, INNER))
    first = roots(OUTER, OUTER, OUTER, -1)
    real, imag = (g.op("MatMul", g.value(part), table) for part in (first.real, first.imag))
    return second(g, real, imag, -1)


def second(g: Builder, real: str, imag: str, sign: int) -> tuple[str, str]:
    """Twiddles and the inner sum over [..., OUTER, INNER]; the outcome in order, its first half and one."""
    real, imag = turned(g, real, imag, roots(OUTER, INNER, SIZE, sign))
    inner = roots(INNER, INNER, INNER, sign)
    both = np.block([[inner.real, inner.imag], [-inner.imag, inner.real]])
    sums = g.op("MatMul", g.join(real, imag, axis=-1), g.value(both))
    parts = (g.op("Transpose", part, perm=[0, 1, 3, 2]) for part in g.split(sums, INNER, INNER))
    found = [g.part(g.op("Reshape", part, g.whole(0, 0, SIZE)), 0, BINS, 2) for part in parts]
    return found[0], found[1]


def turned(g: Builder, real: str, imag: str, by: Complex) -> tuple[str, str]:
    """A complex product, element by element."""
    cos, sin = g.value(by.real), g.value(by.imag)
    new_real = g.op("Sub", g.op("Mul", real, cos), g.op("Mul", imag, sin))
    return new_real, g.op("Add", g.op("Mul", real, sin), g.op("Mul", imag, cos))


def backward(g: Builder, real: str, imag: str) -> str:
    """481 bins -> 960 samples, not divided by 960: the real part of a sum over the upper half of the circle."""
    # Every bin but the first and the last has a twin on the lower half.
    weights = np.full(BINS, 2.0)
    weights[[0, -1]] = 1.0
    rest = g.value(np.zeros((1, 1, SIZE - BINS)))
    filled = [padded(g, g.op("Mul", part, g.value(weights)), rest) for part in (real, imag)]
    first = roots(OUTER, OUTER, OUTER, 1)
    cos, sin = g.value(first.real), g.value(first.imag)
    real_ = g.op("Sub", g.op("MatMul", cos, filled[0]), g.op("MatMul", sin, filled[1]))
    imag_ = g.op("Add", g.op("MatMul", sin, filled[0]), g.op("MatMul", cos, filled[1]))
    real_, imag_ = turned(g, real_, imag_, roots(OUTER, INNER, SIZE, 1))
    inner = roots(INNER, INNER, INNER, 1)
    sums = g.op("MatMul", g.join(real_, imag_, axis=-1), g.value(np.concatenate([inner.real, -inner.imag])))
    return g.op("Reshape", g.op("Transpose", sums, perm=[0, 1, 3, 2]), g.whole(0, 0, SIZE))


def padded(g: Builder, part: str, rest: str) -> str:
    """Zeros for the lower half, as a table of [..., OUTER, INNER]."""
    shape = g.join(g.op("Shape", part, start=0, end=2), g.whole(SIZE - BINS), axis=0)
    return g.op("Reshape", g.join(part, g.op("Expand", rest, shape), axis=-1), g.whole(0, 0, OUTER, INNER))
