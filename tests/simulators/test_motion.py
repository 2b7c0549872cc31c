"""Rotation of rigid bodies against closed forms and the rotation matrix."""

import numpy as np
import pytest
from signals import directions_by_rotation_matrix

from simulators.motion import (
    MAX_TURN_RAD,
    NUTATION,
    PRECESSION,
    SPIN,
    STABILISED,
    advance,
    fill_directions,
    set_rotation,
)

STEPS = 32
BODIES = {
    "long cylinder": (0.0558, 0.0558, 0.005),
    "flat disc": (1.0, 1.0, 2.0),
    "plate": (0.02, 0.005, 0.025),
    "brick": (1.0, 2.0, 2.7),
}


def follow(inertia, omega, direction, interval_s, steps=STEPS):
    """Return the states of a dwell, shape (steps, 6), by the code under test."""
    inertia, work = np.array(inertia, dtype=float), np.empty((3, 6))
    state = np.concatenate([omega, direction]).astype(float)
    states = [state.copy()]
    for _ in range(steps - 1):
        advance(inertia, state, interval_s, work)
        states.append(state.copy())
    return np.array(states)


def a_start(seed, rate):
    generator = np.random.default_rng(seed)
    axis, direction = generator.normal(size=(2, 3))
    return rate * axis / np.linalg.norm(axis), direction / np.linalg.norm(direction)


def test_a_symmetric_top_precesses_at_the_closed_form_rate():
    inertia, nutation, spin = np.array([2.0, 2.0, 1.0]), np.radians(20), 5.0
    momentum = inertia[2] * spin / np.cos(nutation)
    omega = np.array([momentum * np.sin(nutation) / inertia[0], 0.0, spin])
    towards_l = np.array([np.sin(nutation), 0.0, np.cos(nutation)])
    across = np.array([np.cos(nutation), 0.0, -np.sin(nutation)])  # fixed, at right angles to L
    states = follow(inertia, omega, across, 0.01, 200)
    fixed_l = states[:, :3] * inertia / momentum
    fixed_u = states[:, 3:]
    np.testing.assert_allclose(fixed_l[0], towards_l, atol=1e-12)
    # The symmetry axis is body z: its components along two fixed directions across L give the
    # angle that it has turned about L.
    angle = np.unwrap(np.arctan2(np.cross(fixed_l, fixed_u)[:, 2], fixed_u[:, 2]))
    rate = np.polyfit(0.01 * np.arange(200), angle, 1)[0]
    assert abs(rate) == pytest.approx(2.6604, abs=5e-5)
    assert rate == pytest.approx(momentum / inertia[0], rel=1e-7)
    np.testing.assert_allclose(fixed_l[:, 2], np.cos(nutation), atol=1e-7)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("seed", range(3))
def test_energy_angular_momentum_and_unit_length_are_kept_over_a_dwell(body, seed):
    omega, direction = a_start(seed, 4.0)
    states = follow(BODIES[body], omega, direction, 2e-3)
    inertia, w, u = np.array(BODIES[body]), states[:, :3], states[:, 3:]
    assert np.abs(w[-1] - w[0]).max() > 1e-3  # the axis does wander: something is to be kept
    energy = 0.5 * w**2 @ inertia
    momentum = np.linalg.norm(w * inertia, axis=1)
    assert np.abs(energy / energy[0] - 1).max() < 1e-9
    assert np.abs(momentum / momentum[0] - 1).max() < 1e-9
    assert np.abs(np.linalg.norm(u, axis=1) - 1).max() < 1e-9
    # L and u are both fixed in space, so the angle between them is as well.
    between = np.sum(w * inertia * u, axis=1) / momentum
    assert np.abs(between - between[0]).max() < 1e-9


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(
    ("interval_s", "rate", "tolerance"),
    [(2e-3, 4.0, 1e-10), (0.05, 4.0, 1e-6)],  # the second turns 0.2 rad a step: four parts
)
def test_direction_agrees_with_the_attitude_integrated_in_the_fixed_frame(
    body, interval_s, rate, tolerance
):
    omega, direction = a_start(11, rate)
    found = follow(BODIES[body], omega, direction, interval_s)[:, 3:]
    times = interval_s * np.arange(STEPS)
    expected = directions_by_rotation_matrix(BODIES[body], omega, direction, times)
    assert np.abs(expected - direction).max() > 0.05
    assert np.abs(found - expected).max() < tolerance


@pytest.mark.parametrize("seed", range(3))
def test_a_sphere_turns_uniformly_about_a_fixed_axis(seed):
    omega, u = a_start(seed, 3.0)
    states = follow((1, 1, 1), omega, u, 2e-3)
    np.testing.assert_array_equal(states[:, :3], np.tile(omega, (STEPS, 1)))
    axis = omega / 3.0
    angle = -3.0 * 2e-3 * np.arange(STEPS)[:, None]  # the fixed direction turns the other way
    rodrigues = (
        u * np.cos(angle)
        + np.cross(axis, u) * np.sin(angle)
        + axis * (axis @ u) * (1 - np.cos(angle))
    )
    assert np.abs(states[:, 3:] - rodrigues).max() < 1e-11


def test_a_body_spinning_about_z_sees_x_turn_towards_minus_y():
    state = np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    advance(np.ones(3), state, 0.01, np.empty((3, 6)))
    np.testing.assert_allclose(state[3:], [np.cos(0.01), -np.sin(0.01), 0.0], atol=1e-12)


@pytest.mark.parametrize("body", BODIES)
def test_going_back_undoes_going_forth(body):
    inertia, work = np.array(BODIES[body]), np.empty((3, 6))
    start = np.concatenate(a_start(5, 4.0))
    state = start.copy()
    advance(inertia, state, 0.064, work)
    assert np.abs(state - start).max() > 0.05
    advance(inertia, state, -0.064, work)
    assert np.abs(state - start).max() < 1e-8


def test_a_long_step_is_divided_so_that_it_equals_many_short_ones():
    inertia, work = np.array(BODIES["brick"]), np.empty((3, 6))
    long = np.concatenate(a_start(6, 4.0))
    short = long.copy()
    advance(inertia, long, 1.0, work)
    for _ in range(1000):
        advance(inertia, short, 1e-3, work)
    # Fourth order: (turn)^4 / 120 a radian, over 4 rad.
    assert np.abs(long - short).max() < 4 * MAX_TURN_RAD**4
    assert np.abs(long[3:] - np.concatenate(a_start(6, 4.0))[3:]).max() > 0.5


def test_no_rotation_moves_nothing():
    state = np.array([0.0, 0.0, 0.0, 0.6, 0.0, 0.8])
    advance(np.array(BODIES["plate"]), state, 1.0, np.empty((3, 6)))
    np.testing.assert_array_equal(state, [0.0, 0.0, 0.0, 0.6, 0.0, 0.8])


def directions_of(inertia, state, interval_s, *, axis_only=False, steps=STEPS):
    found = np.full((3, steps), np.nan)
    work = np.empty((4, 6))
    fill_directions(np.array(inertia), state.copy(), interval_s, axis_only, work, found)
    return found.T


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(("rate", "interval_s"), [(4.0, 2e-3), (30.0, 2e-3), (0.5, 1.0)])
def test_a_dwell_is_that_of_the_rotation_matrix(body, rate, interval_s):
    omega, direction = a_start(1, rate)
    times = interval_s * np.arange(STEPS)
    expected = directions_by_rotation_matrix(BODIES[body], omega, direction, times)
    state = np.concatenate([omega, direction])
    found = directions_of(BODIES[body], state, interval_s)
    # Where two moments are equal the dwell is in closed form; else the rule's error adds up.
    closed = BODIES[body][0] == BODIES[body][1]
    np.testing.assert_allclose(found, expected, atol=1e-10 if closed else 3e-6)
    if closed:
        axis = directions_of(BODIES[body], state, interval_s, axis_only=True)
        np.testing.assert_array_equal(axis[:, 2], found[:, 2])


def test_a_body_at_rest_stays_and_a_spin_shows_no_change_of_aspect():
    state = np.array([9.0, 9.0, 9.0, 0.6, 0.0, 0.8])
    for inertia in ((2.0, 2.0, 1.0), (1.0, 2.0, 2.7)):
        set_rotation(STABILISED, 0.0, 0.0, 0.0, np.array(inertia), state)
        found = directions_of(inertia, state, 0.01)
        np.testing.assert_allclose(found, [[0.6, 0.0, 0.8]] * STEPS, atol=1e-15)
        set_rotation(SPIN, 5.0, 0.0, 0.0, np.array(inertia), state)
        found = directions_of(inertia, state, 0.01)
        np.testing.assert_allclose(found[:, 2], 0.8, atol=1e-7)
        turned = np.unwrap(np.arctan2(found[:, 1], found[:, 0]))
        np.testing.assert_allclose(turned, -5.0 * 0.01 * np.arange(STEPS), atol=1e-6)


def test_nutation_and_precession_are_one_motion_at_the_rate_of_the_book():
    inertia, angle = np.array([2.0, 2.0, 1.0]), np.radians(20.0)
    by_spin, by_cone = np.empty(6), np.empty(6)
    set_rotation(NUTATION, 5.0, angle, 0.7, inertia, by_spin)
    set_rotation(PRECESSION, 2.6604, angle, 0.7, inertia, by_cone)
    np.testing.assert_allclose(by_spin[:3], by_cone[:3], rtol=3e-5)
    momentum = inertia * by_spin[:3]
    assert np.linalg.norm(momentum) / inertia[0] == pytest.approx(2.6604, abs=5e-5)
    assert momentum[2] / np.linalg.norm(momentum) == pytest.approx(np.cos(angle), rel=1e-12)
    # Along L itself the aspect stays; across it, it swings by the cone's angle at that rate.
    unit = momentum / np.linalg.norm(momentum)
    state = np.concatenate([by_spin[:3], unit])
    found = directions_of(inertia, state, 0.05)
    np.testing.assert_allclose(found[:, 2], np.cos(angle), atol=1e-14)
    across = np.cross(unit, [0.0, 0.0, 1.0])
    across /= np.linalg.norm(across)
    state = np.concatenate([by_spin[:3], across])
    swing = directions_of(inertia, state, 0.05, steps=2000)[:, 2]
    assert np.max(swing) == pytest.approx(np.sin(angle), rel=1e-4)
    crossings = np.flatnonzero(np.diff(np.signbit(swing)))
    period = 2 * 0.05 * (crossings[-1] - crossings[0]) / (len(crossings) - 1)
    assert period == pytest.approx(2 * np.pi / 2.6604, rel=2e-3)
