"""Torque-free rotation of a rigid body, in the frame of the body.

A monostatic echo needs one thing of the attitude: the direction to the radar in the body's frame.
In that frame the angular velocity w obeys Euler's equations, and the direction u, fixed in space,
turns the opposite way: I w' = (I w) x w, u' = u x w. The state has six numbers.

Reference:
    Goldstein, Poole, Safko, Classical Mechanics, 3rd ed., sections 4.9 and 5.6.
"""

import numpy as np
from numba import njit

from simulators.fast_trig import sine_cosine
from simulators.numba_options import UNCOUNTED

TUMBLE, SPIN, PRECESSION, NUTATION, STABILISED = range(5)  # in the order of objects.MOTION_KEYS
# Rotation per step of the fourth-order Runge-Kutta rule; its error is about 0.05^5 per step.
MAX_TURN_RAD = 0.05


@njit(**UNCOUNTED)
def _derivative(inertia, state, slope):
    """Set ``slope`` to the time derivative of ``state``."""
    wx, wy, wz = state[0], state[1], state[2]
    slope[0] = (inertia[1] - inertia[2]) * wy * wz / inertia[0]
    slope[1] = (inertia[2] - inertia[0]) * wz * wx / inertia[1]
    slope[2] = (inertia[0] - inertia[1]) * wx * wy / inertia[2]
    slope[3] = state[4] * wz - state[5] * wy
    slope[4] = state[5] * wx - state[3] * wz
    slope[5] = state[3] * wy - state[4] * wx


@njit(**UNCOUNTED)
def advance(inertia, state, duration_s, work):
    """Advance ``state`` = (w [rad/s], u) in place by ``duration_s`` without torque.

    Args:
        inertia: Principal moments of inertia, shape ``(3,)``, any unit.
        state: Angular velocity [rad/s] and direction to the radar, body frame, shape ``(6,)``.
        duration_s: Time step [s].
        work: Scratch space, shape ``(3, 6)``, so that a loop over pulses allocates nothing.
    """
    rate = np.sqrt(state[0] ** 2 + state[1] ** 2 + state[2] ** 2)
    parts = int(rate * abs(duration_s) / MAX_TURN_RAD) + 1
    h = duration_s / parts
    slope, probe, total = work[0], work[1], work[2]
    for _ in range(parts):
        _derivative(inertia, state, slope)
        for i in range(6):
            total[i] = slope[i]
            probe[i] = state[i] + 0.5 * h * slope[i]
        _derivative(inertia, probe, slope)
        for i in range(6):
            total[i] += 2.0 * slope[i]
            probe[i] = state[i] + 0.5 * h * slope[i]
        _derivative(inertia, probe, slope)
        for i in range(6):
            total[i] += 2.0 * slope[i]
            probe[i] = state[i] + h * slope[i]
        _derivative(inertia, probe, slope)
        for i in range(6):
            state[i] += h / 6.0 * (total[i] + slope[i])


@njit(**UNCOUNTED)
def set_rotation(motion, rate, angle, azimuth, inertia, state):
    """Set the initial angular velocity of a motion other than a tumble.

    Precession and nutation are one motion, defined by different rates: the body's z axis is at
    ``angle`` to the angular momentum and, if two moments are equal, cones about it at the steady
    rate L / I1 while the body spins. With three different moments the cone is an average.

    Args:
        motion: ``SPIN``, ``PRECESSION``, ``NUTATION`` or ``STABILISED``.
        rate: Rate of the spin about z, or of the coning in a precession [rad/s].
        angle: Half angle of the cone [rad], below pi / 2.
        azimuth: Azimuth of the angular momentum about z, body frame [rad].
        inertia: Principal moments, shape ``(3,)``, any unit.
        state: Set in place: its first three numbers [rad/s].
    """
    across, along = 0.0, rate
    if motion == PRECESSION:
        momentum = rate * 0.5 * (inertia[0] + inertia[1])
        across, along = momentum * np.sin(angle), momentum * np.cos(angle) / inertia[2]
    elif motion == NUTATION:
        across = inertia[2] * rate * np.tan(angle)
    elif motion == STABILISED:
        along = 0.0
    state[0] = across * np.cos(azimuth) / inertia[0]
    state[1] = across * np.sin(azimuth) / inertia[1]
    state[2] = along


@njit(**UNCOUNTED)
def _fill_symmetric(inertia, state, interval_s, axis_only, directions):
    """Fill the directions of a body with two equal moments, in closed form.

    It turns about its angular momentum at L / I1, and about its own axis at (I1 - I3) / I1 of its
    spin: u(t) = Rz(s t) (a + c cos(W t) - d sin(W t)), with a the part of u along L, c the
    part across it, and d the cross product of L and u.
    """
    wx, wy, wz = state[0], state[1], state[2]
    ux, uy, uz = state[3], state[4], state[5]
    ratio = inertia[2] / inertia[0]
    lx, ly, lz = wx, wy, ratio * wz
    rate = np.sqrt(lx * lx + ly * ly + lz * lz)
    scale = 1.0 / rate if rate > 0.0 else 0.0
    lx, ly, lz = lx * scale, ly * scale, lz * scale
    along = lx * ux + ly * uy + lz * uz
    ax, ay, az = along * lx, along * ly, along * lz
    cx, cy, cz = ux - ax, uy - ay, uz - az
    dx, dy, dz = ly * uz - lz * uy, lz * ux - lx * uz, lx * uy - ly * ux
    turn = rate * interval_s / (2.0 * np.pi)
    own_turn = wz * (ratio - 1.0) * interval_s / (2.0 * np.pi)
    for n in range(directions.shape[1]):
        sine, cosine = sine_cosine(turn * n)
        directions[2, n] = az + cz * cosine - dz * sine
    if axis_only:
        return
    for n in range(directions.shape[1]):
        sine, cosine = sine_cosine(turn * n)
        px = ax + cx * cosine - dx * sine
        py = ay + cy * cosine - dy * sine
        sine_own, cosine_own = sine_cosine(own_turn * n)
        directions[0, n] = px * cosine_own - py * sine_own
        directions[1, n] = px * sine_own + py * cosine_own


@njit(**UNCOUNTED)
def _fill_between(before, after, duration_s, first, count, directions):
    """Fill directions between two states by cubic Hermite interpolation; u' = u x w at both."""
    x0, y0, z0, x1, y1, z1 = before[3], before[4], before[5], after[3], after[4], after[5]
    sx0 = (y0 * before[2] - z0 * before[1]) * duration_s
    sy0 = (z0 * before[0] - x0 * before[2]) * duration_s
    sz0 = (x0 * before[1] - y0 * before[0]) * duration_s
    sx1 = (y1 * after[2] - z1 * after[1]) * duration_s
    sy1 = (z1 * after[0] - x1 * after[2]) * duration_s
    sz1 = (x1 * after[1] - y1 * after[0]) * duration_s
    last = min(count, directions.shape[1] - first)
    for i in range(last):
        t = i / count
        from_end = t * t * (3.0 - 2.0 * t)
        from_start = 1.0 - from_end
        slope_start = t * (1.0 - t) * (1.0 - t)
        slope_end = -t * t * (1.0 - t)
        directions[0, first + i] = (
            from_start * x0 + from_end * x1 + slope_start * sx0 + slope_end * sx1
        )
        directions[1, first + i] = (
            from_start * y0 + from_end * y1 + slope_start * sy0 + slope_end * sy1
        )
        directions[2, first + i] = (
            from_start * z0 + from_end * z1 + slope_start * sz0 + slope_end * sz1
        )


@njit(**UNCOUNTED)
def fill_directions(inertia, state, interval_s, axis_only, work, directions):
    """Fill the directions to the radar at each pulse of a dwell, without torque.

    Exact if the first two moments are equal. Otherwise by Runge-Kutta steps of up to
    ``MAX_TURN_RAD``, with Hermite interpolation between them, to 1e-7.

    Args:
        inertia: Principal moments of inertia, shape ``(3,)``, any unit.
        state: Angular velocity [rad/s] and direction to the radar, body frame, shape ``(6,)``, at
            the first pulse; scratch space afterwards.
        interval_s: Time from pulse to pulse [s].
        axis_only: Whether to fill the third component alone, for a body of revolution.
        work: Scratch space, shape ``(4, 6)``.
        directions: Set in place: unit vectors in the body frame, ``(3, steps)``.
    """
    if inertia[0] == inertia[1]:
        _fill_symmetric(inertia, state, interval_s, axis_only, directions)
        return
    steps = directions.shape[1]
    rate = np.sqrt(state[0] ** 2 + state[1] ** 2 + state[2] ** 2)
    count = min(steps, int(MAX_TURN_RAD / (rate * interval_s + MAX_TURN_RAD / steps)))
    count = max(1, count)
    before = work[3]
    for first in range(0, steps, count):
        for i in range(6):
            before[i] = state[i]
        advance(inertia, state, count * interval_s, work)
        _fill_between(before, state, count * interval_s, first, count, directions)
