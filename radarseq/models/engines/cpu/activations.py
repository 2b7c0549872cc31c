"""WaveNet's gate and the GELU, compiled and vectorised; errors stay below 1e-6.

Reference:
    Abramowitz and Stegun, "Handbook of mathematical functions", 1964, equation 7.1.26 (erf).
"""

import numpy as np
from numba import njit

from radarseq.models.engines.cpu.matmul import Floats

_MAX = np.float32(40.0)  # a sigmoid is 1 there, and products are far from overflow


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def gate_forward(y: Floats, z: Floats, rows: int) -> None:
    """Write (2 sigmoid(f) - 1) sigmoid(g) to ``z``, where a row of ``y`` holds f, then g.

    In ``y`` itself, 2 sigmoid(f) - 1 replaces f and sigmoid(g) replaces g: the gradient needs no
    more. NaN stays NaN.
    """
    width = z.shape[1]
    one = np.float32(1.0)
    for row in range(rows):
        filters, gates, out = y[row, :width], y[row, width:], z[row]
        for i in range(width):
            f, g = exponential(filters[i]), exponential(gates[i])
            share = one / ((f + one) * (g + one))
            filtered, gate = (f - one) * (g + one) * share, g * (f + one) * share
            filters[i], gates[i] = filtered, gate
            out[i] = filtered * gate


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def gate_backward(y: Floats, grad_z: Floats, grad_y: Floats, rows: int) -> None:
    """Write the gradient of (f, g) to ``grad_y``; ``y`` is as ``gate_forward`` left it."""
    width = grad_z.shape[1]
    one, half = np.float32(1.0), np.float32(0.5)
    for row in range(rows):
        filters, gates, grad = y[row, :width], y[row, width:], grad_z[row]
        grad_filters, grad_gates = grad_y[row, :width], grad_y[row, width:]
        for i in range(width):
            filtered, gate = filters[i], gates[i]
            grad_gate = grad[i] * gate
            grad_filters[i] = grad_gate * half * (one - filtered * filtered)
            grad_gates[i] = grad_gate * filtered * (one - gate)


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def apply_gelu(x: Floats, scale: np.float32, y: Floats, rows: int) -> None:
    """Write the GELU of ``scale`` times ``x`` to the first rows of ``y``, which may be ``x``.

    The error function is wrong by at most 1.5e-7; NaN stays NaN.
    """
    one, half = np.float32(1.0), np.float32(0.5)
    for row in range(rows):
        x_row, y_row = x[row], y[row]
        for i in range(x.shape[1]):
            value = scale * x_row[i]
            z = np.abs(value) * np.float32(0.7071067811865476)
            t = one / (one + np.float32(0.3275911) * z)
            p = np.float32(1.061405429) * t + np.float32(-1.453152027)
            p = p * t + np.float32(1.421413741)
            p = p * t + np.float32(-0.284496736)
            p = p * t + np.float32(0.254829592)
            tail = half * p * t * exponential(-z * z)
            y_row[i] = value * (one - tail) if value > 0 else value * tail


@njit(cache=True, nogil=True, fastmath={"contract", "nsz"}, inline="always")
def exponential(x: np.float32) -> np.float32:
    """Return exp(x) with a relative error below 3e-7; x is clipped to -40 to 40.

    The first seven terms of the series of 2^r serve for r from -0.5 to 0.5. The whole part is added
    to the exponent: adding 1.5 * 2^23 leaves it in the lowest bits.
    """
    x = _MAX if x > _MAX else x
    x = -_MAX if x < -_MAX else x
    turns = x * np.float32(1.4426950408889634)
    shifted = turns + np.float32(12582912.0)
    r = turns - (shifted - np.float32(12582912.0))
    p = np.float32(1.5403530393381608e-4) * r + np.float32(1.3333558146428443e-3)
    p = p * r + np.float32(9.618129107628477e-3)
    p = p * r + np.float32(5.550410866482158e-2)
    p = p * r + np.float32(2.402265069591007e-1)
    p = p * r + np.float32(6.931471805599453e-1)
    p = p * r + np.float32(1.0)
    whole = np.float32(shifted).view(np.int32) << np.int32(23)
    return np.int32(np.float32(p).view(np.int32) + whole).view(np.float32)
