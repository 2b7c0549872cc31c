"""Directions in a body that turns, by its attitude in the fixed frame."""

import numpy as np
from scipy.integrate import solve_ivp


def directions_by_rotation_matrix(inertia, omega, direction, times):
    """Return the direction to the radar in the body frame, from the attitude in the fixed frame.

    In the fixed frame the angular momentum L is constant, w = R I^-1 R^T L and R' = [w]x R; no
    Euler equation and no body-frame direction is integrated.
    """
    inertia = np.array(inertia, dtype=float)
    momentum = inertia * omega  # the frames coincide at t = 0

    def slope(_, flat):
        attitude = flat.reshape(3, 3)
        spin = attitude @ ((attitude.T @ momentum) / inertia)
        return np.cross(spin, attitude, axisb=0, axisc=0).ravel()

    solution = solve_ivp(
        slope, (0, times[-1]), np.eye(3).ravel(), "DOP853", times, rtol=1e-12, atol=1e-13
    )
    return np.einsum("ijt,i->tj", solution.y.reshape(3, 3, -1), direction)
