"""WaveNet's gate and the GELU, compiled: vectorised, and within 1e-6 of the truth.

Reference:
    Abramowitz and Stegun, "Handbook of mathematical functions", 1964, equation 7.1.26 (erf).
"""

import numpy as np
from numba import njit

from radarseq.models.engines.cpu.matmul import Floats

_MAX = np.float32(40.0)  # where a sigmoid is one, and products are far from overflow


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def gate_forward(y: Floats, z: Floats, rows: int) -> None:
    """Write (2 sigmoid(f) - 1) sigmoid(g) to ``z``, where a row of ``y`` holds f, then g.

    In ``y`` itself, 2 sigmoid(f) - 1 takes the place of f, and sigmoid(g) that of g: the gradient
    needs no more. What is no number stays none.
    """
    width = z.shape[1]
    one = np.float32(1.0)
    for row in range(rows):
        filters, gates, opened = y[row, :width], y[row, width:], z[row]
        for i in range(width):
            f, g = exponential(filters[i]), exponential(gates[i])
            share = one / ((f + one) * (g + one))
            filtered, gate = (f - one) * (g + one) * share, g * (f + one) * share
            filters[i], gates[i] = filtered, gate
            opened[i] = filtered * gate


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def gate_backward(y: Floats, to_z: Floats, to_y: Floats, rows: int) -> None:
    """Write the slope to (f, g) from that to the gate's output; ``y`` is as open_gate left it."""
    width = to_z.shape[1]
    one, half = np.float32(1.0), np.float32(0.5)
    for row in range(rows):
        filters, gates, grad = y[row, :width], y[row, width:], to_z[row]
        to_filters, to_gates = to_y[row, :width], to_y[row, width:]
        for i in range(width):
            filtered, gate = filters[i], gates[i]
            passed = grad[i] * gate
            to_filters[i] = passed * half * (one - filtered * filtered)
            to_gates[i] = passed * filtered * (one - gate)


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def apply_gelu(x: Floats, scale: np.float32, y: Floats, rows: int) -> None:
    """Write the GELU of ``scale`` times ``x`` to the first rows of ``y``, which may be ``x``.

    The error function is off by 1.5e-7 at most; what is no number stays none.
    """
    one, half = np.float32(1.0), np.float32(0.5)
    for row in range(rows):
        given, taken = x[row], y[row]
        for i in range(x.shape[1]):
            value = scale * given[i]
            z = np.abs(value) * np.float32(0.7071067811865476)
            t = one / (one + np.float32(0.3275911) * z)
            p = np.float32(1.061405429) * t + np.float32(-1.453152027)
            p = p * t + np.float32(1.421413741)
            p = p * t + np.float32(-0.284496736)
            p = p * t + np.float32(0.254829592)
            tail = half * p * t * exponential(-z * z)
            taken[i] = value * (one - tail) if value > 0 else value * tail


@njit(cache=True, nogil=True, fastmath={"contract", "nsz"}, inline="always")
def exponential(x: np.float32) -> np.float32:
    """Return exp(x) to 3e-7 of itself, for x within -40 to 40; x beyond counts as these.

    2^r for r within half of zero by the first seven terms of its series, and the whole part added
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
