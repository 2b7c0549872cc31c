"""Echoes of a dwell, against the same physics in code of its own."""

import numpy as np
import pytest
from datasets_made import SCENE
from scattering_oracles import cone_by_quadrature, gauss, mie_by_recurrence
from scipy.special import j1
from signals import directions_by_rotation_matrix

from simulators.objects import Sphere
from simulators.objects.dispatch import set_inertia
from simulators.pairs import PairGenerator
from simulators.scene import Motion, Radar, Receiver, Scene
from simulators.units import wavelength_m, wavenumber
from simulators.waveforms.codes import code


def principal_moments(name, sizes):
    """Return the moments of inertia per unit mass, by quadrature over the body."""
    if name == "sphere":
        return np.ones(3)
    if name == "plate":
        x, y = (np.average(n**2, weights=w) for n, w in (gauss(-s / 2, s / 2, 5) for s in sizes))
        return np.array([y, x, x + y])
    radius, length = sizes
    z, weight = gauss(0, length, 8)  # a stack of discs, from the tip or the lower end
    rho = radius * z / length if name == "cone" else np.full_like(z, radius)
    mass = weight * rho**2
    centre = np.average(z, weights=mass)
    across = np.average(rho**2 / 4 + (z - centre) ** 2, weights=mass)
    return np.array([across, across, np.average(rho**2 / 2, weights=mass)])


@pytest.mark.parametrize(
    ("item", "sizes"),
    list(zip(SCENE.objects, [(0.2, 1.0), (0.3, 0.4), (0.1, 0.7), (0.15, 0.6)], strict=True)),
    ids=SCENE.class_names,
)
def test_moments_of_inertia_are_those_of_the_uniform_body(item, sizes):
    found = np.empty(3)
    set_inertia(item.kind, np.array(sizes), found)
    expected = principal_moments(item.name, sizes)
    # Free motion knows their ratios alone.
    np.testing.assert_allclose(found / found[2], expected / expected[2], rtol=1e-12)


def amplitude(name, k, sizes, u):
    if name == "sphere":
        return mie_by_recurrence(sizes[0], k)
    if name == "plate":
        width, height = sizes
        pattern = np.sinc(k * width * u[0] / np.pi) * np.sinc(k * height * u[1] / np.pi)
        return -1j * width * height * np.sqrt(4 * np.pi) * k / (2 * np.pi) * abs(u[2]) * pattern
    radius, length = sizes
    if name == "cone":
        return cone_by_quadrature(k, radius, length, u[2], 120, 240)
    aspect = np.arccos(abs(u[2]))
    line = np.sqrt(k * radius * np.sin(aspect)) * length
    line *= np.sinc(k * length * np.cos(aspect) / np.pi)
    side = line * np.exp(1j * (2 * k * radius * np.sin(aspect) - 0.75 * np.pi))
    x = 2 * k * radius * np.sin(aspect)
    end = np.sqrt(np.pi) * k * radius**2 * np.cos(aspect) * 2 * j1(x) / x
    return side - 1j * end * np.exp(1j * k * length * np.cos(aspect))


def echo_from_parameters(pairs, row, scene):
    drawn = {name: float(values[row]) for name, values in pairs.parameters.items()}
    item = scene.objects[pairs.label[row]]
    sizes = [drawn[size] for size in item.size_names]
    k = wavenumber(scene.radar.carrier_hz)
    times = scene.radar.pulse_interval_s * np.arange(scene.radar.steps)
    omega = np.array([drawn[f"tumble_{axis}_rad_per_s"] for axis in "xyz"])
    towards = np.array([drawn[f"direction_{axis}"] for axis in "xyz"])
    moments = principal_moments(item.name, sizes)
    directions = directions_by_rotation_matrix(moments, omega, towards, times)
    if item.name == "sphere":
        scattered = np.full(len(times), amplitude(item.name, k, sizes, None))
    else:
        scattered = np.array([amplitude(item.name, k, sizes, u) for u in directions])
    travel = drawn["velocity_mps"] * times + drawn["acceleration_mps2"] * times**2 / 2
    phase = drawn["phase_rad"] + 4 * np.pi / wavelength_m(scene.radar.carrier_hz) * travel
    return code(scene.radar.code, scene.radar.steps) * scattered * np.exp(1j * phase)


# The stored parameters are float32: 3e-8 of a size of 0.8 m or of a direction moves a phase of
# 2 k r = 300 rad by 1e-5 rad. Where a whole dwell lies in a null of the pattern that is 1e-3 of
# its rms. A cone's tolerance is a share of its base seen face on, and covers its table's error.
@pytest.mark.parametrize(
    ("name", "examples", "tolerance"),
    [("sphere", 12, 1e-5), ("plate", 12, 1e-3), ("cylinder", 12, 1e-3), ("cone", 3, 3e-5)],
)
def test_the_echo_is_that_of_its_stored_parameters_by_independent_code(
    many, name, examples, tolerance
):
    rows = np.flatnonzero(many.label == SCENE.class_names.index(name))[:examples]
    assert len(rows) == examples
    for row in rows:
        expected, found = echo_from_parameters(many, row, SCENE), many.target[row]
        scale = np.sqrt(np.mean(np.abs(expected) ** 2))
        if name == "cone":
            k = wavenumber(SCENE.radar.carrier_hz)
            scale = np.sqrt(np.pi) * k * many.parameters["radius_m"][row] ** 2
        assert np.abs(found - expected).max() < tolerance * scale


def one_sphere(speed, *, tumble=(0.0, 0.0), code="constant", acceleration=0.0):
    return Scene(
        objects=(Sphere(name="ball", radius_m=(0.1, 0.11), tumble_rad_per_s=tumble),),
        radar=Radar(code=code),
        motion=Motion(
            residual_velocity_mps=(speed, speed),
            residual_acceleration_mps2=(acceleration, acceleration),
        ),
        receiver=Receiver(snr_db=(60.0, 60.0)),
    )


@pytest.mark.parametrize("speed", [1.0, -1.0, 0.25])
def test_a_closing_object_has_a_positive_doppler_of_2_v_by_wavelength(speed):
    target = PairGenerator(one_sphere(speed), seed=1)(0, 5).target.astype(complex)
    turn = np.angle(target[:, 1:] * target[:, :-1].conj())
    doppler_hz = turn / (2 * np.pi * 2e-3)
    np.testing.assert_allclose(doppler_hz, 2 * speed / wavelength_m(10e9), rtol=1e-4)
    spectrum = np.abs(np.fft.fft(target, 512, axis=1))
    strongest_hz = np.fft.fftfreq(512, 2e-3)[spectrum.argmax(axis=1)]
    np.testing.assert_allclose(strongest_hz, 2 * speed / wavelength_m(10e9), atol=1 / 512 / 2e-3)


def test_acceleration_towards_the_radar_raises_the_doppler():
    target = PairGenerator(one_sphere(0.0, acceleration=2.0), seed=1)(0, 5).target.astype(complex)
    turn = np.angle(target[:, 1:] * target[:, :-1].conj())
    chirp_hz_per_s = np.diff(turn, axis=1) / (2 * np.pi * 2e-3) / 2e-3
    np.testing.assert_allclose(chirp_hz_per_s, 2 * 2.0 / wavelength_m(10e9), rtol=2e-2)
    np.testing.assert_allclose(chirp_hz_per_s.mean(), 2 * 2.0 / wavelength_m(10e9), rtol=1e-3)


def test_the_echo_of_a_sphere_does_not_change_under_rotation():
    turning = PairGenerator(one_sphere(0.5, tumble=(4.0, 4.0)), seed=1)(0, 20)
    still = PairGenerator(one_sphere(0.5), seed=1)(0, 20)
    assert np.all(turning.parameters["tumble_x_rad_per_s"] != 0)
    np.testing.assert_array_equal(turning.target, still.target)
    size = np.abs(turning.target)
    np.testing.assert_allclose(size, size[:, :1] * np.ones(32), rtol=1e-6)


def test_tx_is_the_code_and_modulates_the_echo(many):
    np.testing.assert_array_equal(many.tx[0], code("p4", 32).astype(np.complex64))
    assert len(np.unique(many.tx, axis=0)) == 1
    coded = PairGenerator(one_sphere(0.5, code="p4"), seed=1)(0, 5)
    plain = PairGenerator(one_sphere(0.5), seed=1)(0, 5)
    np.testing.assert_allclose(coded.target, plain.target * coded.tx, rtol=1e-5)
