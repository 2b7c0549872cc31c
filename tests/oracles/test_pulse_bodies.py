"""Pulse mode for meshes and for small bodies, held to closed forms over the band."""

from dataclasses import replace

import numpy as np
import pytest
from bodies import dihedral_mesh

from simulators.objects import Box, Dipole, MeshBody, Sphere
from simulators.pairs import PairGenerator
from simulators.scattering import meshes
from simulators.scattering.closed_forms import corners
from simulators.scattering.meshes import mesh_files
from simulators.scene import Motion, Radar, Scene
from simulators.units import SPEED_OF_LIGHT_MPS, wavenumber
from simulators.waveforms import responses
from simulators.waveforms.pulse_settings import Pulse

STEPS = 32
STILL = Motion(residual_velocity_mps=(0.0, 0.0))


def pulses(item, count, carrier_hz=10e9, interval_s=1e-9, **changes):
    """Return pairs of one class whose centre lies in the middle of the gate."""
    pulse = Pulse(length=13, sample_interval_s=interval_s)
    middle_m = 10 * pulse.bin_m
    scene = Scene(
        objects=(item,),
        objects_per_class=0,
        mode="pulse",
        pulse=replace(pulse, offset_m=(0.9 * middle_m, 1.1 * middle_m)),
        radar=Radar(carrier_hz=carrier_hz, steps=STEPS),
        motion=STILL,
        **changes,
    )
    return PairGenerator(scene, seed=1)(0, count)


def own_mesh(tmp_path, mesh, **keys):
    pytest.importorskip("trimesh")
    mesh_files.write_mesh(tmp_path / "own.ply", mesh, units="m")
    return MeshBody(name="own", path=str(tmp_path / "own.ply"), units="m", **keys)


def echoes(pairs, rows, amplitude_of, carrier_hz, interval_s=1e-9):
    """Return the echoes of stored parameters by the plain route, for ``amplitude_of(k, u)``."""
    k = [
        wavenumber(carrier_hz + f)
        for f in responses.frequency_grid_hz(STEPS, interval_s, circular=False)
    ]
    found = []
    for row in rows:
        drawn = {name: float(values[row]) for name, values in pairs.parameters.items()}
        u = np.array([drawn[f"direction_{axis}"] for axis in "xyz"])
        echo = responses.echo(
            pairs.tx[row],
            [amplitude_of(one, u) for one in k],
            interval_s,
            steps=STEPS,
            delay_s=2 * drawn["offset_m"] / SPEED_OF_LIGHT_MPS,
        )
        found.append(echo * np.exp(1j * drawn["phase_rad"]))
    return np.array(found)


def largest_error(found, expected):
    """Return the largest difference over the rms of the echo that it is in."""
    rms = np.sqrt(np.mean(np.abs(expected) ** 2, axis=1))
    return np.max(np.abs(found - expected).max(axis=1) / rms)


@pytest.mark.parametrize("target", ["echo", "profile"])
def test_a_mesh_of_a_box_has_the_pulses_of_the_box(tmp_path, target):
    item = own_mesh(tmp_path, meshes.box(0.3, 0.2, 0.4), scale=(1.5, 1.5))
    same = Box(name="own", width_m=(0.45, 0.45), height_m=(0.3, 0.3), depth_m=(0.6, 0.6))
    first, second = (pulses(one, 100, target=target) for one in (item, same))
    assert largest_error(first.rx, second.rx) < 1e-4
    if target == "profile":
        np.testing.assert_allclose(first.target, second.target, atol=1e-2)


def sphere_by_optics(k, radius):
    """Return physical optics of a sphere, by hand: its integral over the lit half, rim and all."""
    a = 2 * k * radius
    lit = np.exp(1j * a) / (1j * a) + (np.exp(1j * a) - 1) / a**2
    return -2j * np.sqrt(np.pi) * k * radius**2 * lit


@pytest.mark.slow
def test_a_mesh_of_a_sphere_has_the_pulse_of_its_integral(tmp_path):
    """Its facets lie within the sphere by the square of their size: half of it, a quarter off."""
    errors = []
    for halvings in (4, 5):
        item = own_mesh(tmp_path, meshes.icosphere(0.2, halvings))
        found = pulses(item, 8, carrier_hz=5e9)
        expected = echoes(found, range(8), lambda k, _: sphere_by_optics(k, 0.2), 5e9)
        errors.append(largest_error(found.target, expected))
    assert errors[1] < 0.02
    assert errors[0] / errors[1] == pytest.approx(4, abs=0.2)


@pytest.mark.slow
def test_a_mesh_of_a_corner_has_the_pulse_of_two_bounces(tmp_path):
    item = own_mesh(tmp_path, dihedral_mesh(0.15, 0.2), closed=False, bounces=2)
    found = pulses(item, 400)
    towards = np.stack([found.parameters[f"direction_{axis}"] for axis in "xyz"], axis=1)
    faces = towards[:, :2] @ np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    rows = np.flatnonzero((faces.min(axis=1) > 0.4) & (np.abs(towards[:, 2]) < 0.1))
    assert len(rows) >= 5
    expected = echoes(found, rows, lambda k, u: corners.dihedral(k, 0.15, 0.2, *u), 10e9)
    peak = np.abs(expected).max()  # the sampling by rays errs by a share of the strongest look
    assert np.abs(found.target[rows] - expected).max() < 0.01 * peak
    once = pulses(replace(item, bounces=1), 400).target[rows]
    assert np.abs(once - expected).max() > 0.5 * peak


def test_an_open_shell_from_behind_is_noise_alone(tmp_path):
    item = own_mesh(tmp_path, dihedral_mesh(0.15, 0.2), closed=False)
    dwell = Scene(objects=(item,), objects_per_class=0)
    for pairs in (pulses(item, 60), PairGenerator(dwell, seed=1)(0, 60)):
        dark = ~pairs.target.any(axis=1)
        assert 5 < dark.sum() < 55
        assert pairs.rx.any(axis=1).all()
        for values in (pairs.rx, *pairs.parameters.values()):
            assert np.isfinite(values).all()


def test_small_bodies_are_the_sphere_of_their_mean_extent_over_the_whole_band(tmp_path):
    box = Box(name="own", width_m=(0.1, 0.1), height_m=(0.1, 0.1), depth_m=(0.13, 0.13))
    box = replace(box, small_body="sphere")
    mesh = own_mesh(tmp_path, meshes.box(0.1, 0.1, 0.13), small_body="sphere")
    ball = Sphere(name="own", radius_m=(0.055, 0.055))
    # A box is judged by its smallest side, a mesh by half its smallest width: k times it is 3 at
    # 1.43 GHz and 2.86 GHz, which the band must reach down to.
    for item, above_hz in ((box, 1.43e9), (mesh, 2.86e9)):
        for carrier_hz, is_sphere in ((above_hz + 40e6, True), (above_hz + 60e6, False)):
            found, expected = (pulses(one, 20, carrier_hz, 1e-8).target for one in (item, ball))
            error = largest_error(found, expected)
            assert (error < 1e-5) if is_sphere else (error > 0.2)


def test_a_small_mesh_is_a_sphere_in_a_dwell_too(tmp_path):
    item = own_mesh(tmp_path, meshes.box(0.1, 0.1, 0.13), small_body="sphere")
    ball = Sphere(name="own", radius_m=(0.055, 0.055))
    found, expected = (
        PairGenerator(
            Scene(objects=(one,), objects_per_class=0, radar=Radar(carrier_hz=1e9)), seed=1
        )
        for one in (item, ball)
    )
    assert largest_error(found(0, 20).target, expected(0, 20).target) < 1e-5


def test_a_body_is_asked_at_both_ends_of_the_band():
    wire = Dipole(name="wire", length_m=(0.0135, 0.0175))
    with pytest.raises(ValueError, match=r"objects.wire.length_m .* within 0.008565 to 0.01713 m"):
        pulses(wire, 1)
    assert len(pulses(replace(wire, length_m=(0.0135, 0.0155)), 1).rx) == 1
