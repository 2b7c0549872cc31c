"""Torque-free rigid-body motion, seen from the body.

A monostatic echo needs one thing of the attitude: the direction to the radar in the body's frame.
In that frame the angular velocity w obeys Euler's equations and the fixed direction u turns the
other way round: I w' = (I w) x w, u' = u x w. Six numbers are the whole state.

Reference:
    Goldstein, Poole, Safko, Classical Mechanics, 3rd ed., sections 4.9 and 5.6.
"""

import numpy as np
from numba import njit

# Rotation per step of the fourth-order Runge-Kutta rule; its error is about 0.05^5 a step.
LARGEST_TURN_RAD = 0.05


@njit(cache=True, nogil=True)
def _slope(inertia, state, slope):
    wx, wy, wz = state[0], state[1], state[2]
    slope[0] = (inertia[1] - inertia[2]) * wy * wz / inertia[0]
    slope[1] = (inertia[2] - inertia[0]) * wz * wx / inertia[1]
    slope[2] = (inertia[0] - inertia[1]) * wx * wy / inertia[2]
    slope[3] = state[4] * wz - state[5] * wy
    slope[4] = state[5] * wx - state[3] * wz
    slope[5] = state[3] * wy - state[4] * wx


@njit(cache=True, nogil=True)
def advance(inertia, state, duration_s, work):
    """Advance ``state`` = (w [rad/s], u) in place by ``duration_s`` without torque.

    Args:
        inertia: Principal moments of inertia, shape ``(3,)``, any unit.
        state: Angular velocity [rad/s] and direction to the radar, body frame, shape ``(6,)``.
        duration_s: Time step [s].
        work: Scratch space, shape ``(3, 6)``, so that a loop over pulses allocates nothing.
    """
    rate = np.sqrt(state[0] ** 2 + state[1] ** 2 + state[2] ** 2)
    parts = int(rate * abs(duration_s) / LARGEST_TURN_RAD) + 1
    h = duration_s / parts
    slope, probe, total = work[0], work[1], work[2]
    for _ in range(parts):
        _slope(inertia, state, slope)
        for i in range(6):
            total[i] = slope[i]
            probe[i] = state[i] + 0.5 * h * slope[i]
        _slope(inertia, probe, slope)
        for i in range(6):
            total[i] += 2.0 * slope[i]
            probe[i] = state[i] + 0.5 * h * slope[i]
        _slope(inertia, probe, slope)
        for i in range(6):
            total[i] += 2.0 * slope[i]
            probe[i] = state[i] + h * slope[i]
        _slope(inertia, probe, slope)
        for i in range(6):
            state[i] += h / 6.0 * (total[i] + slope[i])
