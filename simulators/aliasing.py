"""Warnings where the Doppler of a dwell aliases.

A dwell samples the Doppler of a whole body without aliasing while the rotation from pulse to pulse
stays within wavelength / (2 D), D the body's extent, and the residual velocity within
wavelength / (4 T), T the pulse interval.
"""

import itertools
import math
from collections.abc import Iterator

import numpy as np

from simulators.impairments.intervals import OFF
from simulators.motion import set_rotation
from simulators.objects import MOTION_KEYS, Interval, ObjectClass, Sphere
from simulators.objects.dispatch import set_inertia


def rotation_warnings(
    objects: tuple[ObjectClass, ...], wavelength_m: float, interval_s: float
) -> Iterator[str]:
    """Yield a warning for each object class that may turn too far from pulse to pulse."""
    for item in objects:
        if item.kind == Sphere.kind:
            continue
        turn = fastest_turn(item) * interval_s
        limit = wavelength_m / item.largest_extent_m() / 2
        if turn > limit:
            yield (
                f"objects.{item.name}: turns up to {turn:.4f} rad from pulse to pulse, "
                f"above wavelength / (2 D) = {limit:.4f} rad: its Doppler aliases. "
                f"A pulse_interval_s of {interval_s * limit / turn:.2e} or less would not"
            )


def travel_warnings(
    velocity_mps: Interval,
    acceleration_mps2: Interval,
    wavelength_m: float,
    interval_s: float,
    steps: int,
) -> Iterator[str]:
    """Yield a warning if an object may move too fast along the line of sight."""
    fastest = max(abs(v) for v in velocity_mps)
    fastest += interval_s * (steps - 1) * max(abs(a) for a in acceleration_mps2)
    limit = wavelength_m / interval_s / 4
    if fastest > limit:
        yield (
            f"motion: up to {fastest:g} m/s along the line of sight, above "
            f"wavelength / (4 T) = {limit:.3g} m/s: the Doppler aliases. "
            f"A pulse_interval_s of {wavelength_m / fastest / 4:.2e} or less would not"
        )


def fastest_turn(item: ObjectClass) -> float:
    """Return the largest angular speed at which the body starts, over all sizes [rad/s].

    For a body of revolution the turn of its axis: a spin about the axis changes no echo.
    """
    rate = item.rate_rad_per_s()[1]
    if item.motion in ("tumble", "stabilised"):
        return rate
    angle = math.radians((item.angle_deg or OFF)[1])
    inertia, state, fastest = np.empty(3), np.empty(6), 0.0
    for sizes in itertools.product(*(set(column) for column in item.columns())):
        set_inertia(item.kind, np.array(sizes), inertia)
        for azimuth in (0.0, 0.5 * math.pi):
            set_rotation(motion_number(item), rate, angle, azimuth, inertia, state)
            visible = state[:2] if item.axisymmetric else state[:3]
            fastest = max(fastest, float(np.linalg.norm(visible)))
    return fastest


def motion_number(item: ObjectClass) -> int:
    """Return the number of the object's motion, as ``motion.set_rotation`` takes it."""
    return list(MOTION_KEYS).index(item.motion)
