"""The oracles of meshes, and physical optics on meshes against routes that share none of its code.

Amplitudes are compared as complex numbers wherever both sides have a phase."""

import numpy as np
import pytest
from bodies import closed_cone, closed_cylinder, looks, rotation, unit_vectors

from simulators.scattering import meshes
from simulators.scattering.closed_forms import elementary as forms
from simulators.scattering.closed_forms import revolution
from simulators.scattering.closed_forms.mie import sphere_amplitude_m
from simulators.scattering.physical_optics.amplitude import (
    amplitude_m,
    fast_amplitude_m,
    phase_mean,
    validity,
)
from simulators.units import rcs_dbsm

ROOT_PI = np.sqrt(np.pi)
K = 2 * np.pi / 0.1  # wavelength 0.1 m, that of the numbers in docs/oracles.md
NOSE, SIDE = np.array([[0.0, 0.0, 1.0]]), np.array([[1.0, 0.0, 0.0]])
# 0.05 dB of the flash: what the closed form's rule around the axis errs by in partial shade.
CONE_SHARE = 10 ** (0.05 / 20) - 1


def by_facets(mesh, directions, wavenumbers):
    """The plain sum over facets, without corner weights, phasors shared or a compiled loop."""
    facing = np.maximum(directions @ mesh.area_vectors.T, 0.0)
    paths = 2 * np.einsum("dx,mcx->dmc", directions, mesh.corners)
    sums = [k * np.sum(facing * phase_mean(k * paths), axis=1) for k in wavenumbers]
    return -1j / ROOT_PI * np.stack(sums, axis=1)


@pytest.mark.parametrize(("ka", "error_db"), [(20.0, 0.02), (60.0, 0.04)])
def test_sphere_against_the_exact_series(sphere, ka, error_db):
    ours = amplitude_m(sphere, unit_vectors(12), [ka])
    exact = sphere_amplitude_m(1.0, ka)
    assert np.max(np.abs(rcs_dbsm(ours) - rcs_dbsm(exact))) < error_db
    assert np.max(np.abs(np.angle(ours / exact))) < 0.05  # the sign convention is shared


def test_cylinder_at_broadside():
    across = amplitude_m(closed_cylinder(0.5, 2.0, 256), SIDE, [K])
    assert rcs_dbsm(across[0, 0]) == pytest.approx(20.984, abs=1e-3)


@pytest.mark.parametrize(("half_angle_deg", "level"), [(10, -16.099), (15, -12.521), (20, -9.835)])
def test_cones_nose_on(half_angle_deg, level):
    length = 0.5 / np.tan(np.radians(half_angle_deg))
    nose_on = amplitude_m(closed_cone(0.5, length, 512), NOSE, [K])
    assert rcs_dbsm(nose_on[0, 0]) == pytest.approx(level, abs=1e-3)


def test_ellipsoid_on_its_axes():
    """Physical optics meets geometric optics where a semi-axis is whole half wavelengths."""
    mesh = meshes.ellipsoid(1.0, 0.6, 0.4, 6)  # 81920 facets, 20, 12 and 8 half wavelengths
    levels = rcs_dbsm(amplitude_m(mesh, np.eye(3), [K])[:, 0])
    assert np.allclose(levels, [-7.424, 1.450, 8.493], atol=5e-3)


def test_plate_against_the_closed_form():
    directions = unit_vectors(100)
    directions[:, 2] = np.abs(directions[:, 2])
    ours = amplitude_m(meshes.plate(0.7, 0.4), directions, [K])[:, 0]
    closed = np.array([forms.plate(K, 0.7, 0.4, *u) for u in directions])
    assert np.max(np.abs(ours - closed)) < 1e-13 * abs(forms.plate(K, 0.7, 0.4, 0, 0, 1.0))


def test_plate_at_normal_and_from_behind():
    panel = meshes.plate(1.0, 1.0)
    face_on = amplitude_m(panel, NOSE, [K])[0, 0]
    assert face_on == pytest.approx(-1j * np.sqrt(4 * np.pi) / 0.1)
    assert rcs_dbsm(face_on) == pytest.approx(30.992, abs=1e-3)
    assert amplitude_m(panel, -NOSE, [K])[0, 0] == 0
    both = meshes.merge(panel, meshes.reverse(panel))
    assert amplitude_m(both, -NOSE, [K])[0, 0] == pytest.approx(face_on)


def test_cylinder_near_broadside_against_the_closed_form():
    uz = np.linspace(-0.05, 0.05, 41)
    ours = amplitude_m(closed_cylinder(0.5, 2.0, 1024), looks(uz), [K])[:, 0]
    closed = np.array([forms.cylinder(K, 0.5, 2.0, z) for z in uz])
    # The closed form is stationary phase: its next term is 1 / (4 k a) of the flash, 0.8 %.
    assert np.max(np.abs(ours - closed)) < 0.006 * np.max(np.abs(closed))


@pytest.mark.parametrize(("radius", "length"), [(0.2, 0.5), (0.5, 2.0)])
def test_cone_lit_all_round_against_the_closed_form(radius, length):
    uz = np.linspace(length / np.hypot(radius, length) + 1e-3, 1.0, 40)
    ours = amplitude_m(closed_cone(radius, length, 1024), looks(uz), [K])[:, 0]
    closed = np.array([revolution.cone(K, radius, length, z) for z in uz])
    assert np.max(np.abs(ours - closed)) < 2e-5 * np.max(np.abs(closed))


@pytest.mark.parametrize(("radius", "length"), [(0.2, 0.5), (0.5, 2.0)])
def test_cone_at_oblique_looks_against_the_closed_form(radius, length):
    uz = np.linspace(-1.0, 1.0, 81)
    ours = amplitude_m(closed_cone(radius, length, 1024), looks(uz), [K])[:, 0]
    closed = np.array([revolution.cone(K, radius, length, z) for z in uz])
    flash = abs(revolution.cone(K, radius, length, radius / np.hypot(radius, length)))
    assert np.max(np.abs(ours - closed)) < CONE_SHARE * flash


@pytest.mark.parametrize("longest_edge", [0.3, 0.05, 0.01])
def test_refining_a_flat_plate_changes_nothing(longest_edge):
    panel, directions = meshes.plate(0.5, 0.3), looks(np.linspace(0.1, 1.0, 9))
    coarse = amplitude_m(panel, directions, [K, 1.7 * K])
    fine = amplitude_m(meshes.subdivide(panel, longest_edge), directions, [K, 1.7 * K])
    assert np.max(np.abs(fine - coarse)) < 1e-13 * np.max(np.abs(coarse))


def test_refining_a_box_changes_nothing():
    box, directions = meshes.box(0.4, 0.3, 0.2), unit_vectors(10)
    coarse = amplitude_m(box, directions, [K])
    fine = amplitude_m(meshes.subdivide(box, 0.02), directions, [K])
    assert np.max(np.abs(fine - coarse)) < 1e-12 * np.max(np.abs(coarse))


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [amplitude_m, fast_amplitude_m])
def test_moving_the_body_turns_the_phase(kernel):
    mesh, directions = meshes.icosphere(0.1, 3), unit_vectors(8)
    k, offset = np.linspace(60, 100, 7), np.array([0.3, -1.2, 2.5])
    moved = kernel(meshes.translate(mesh, offset), directions, k)
    turned = kernel(mesh, directions, k) * np.exp(2j * np.outer(directions @ offset, k))
    assert np.max(np.abs(moved - turned)) < 1e-12


@pytest.mark.parametrize("kernel", [amplitude_m, fast_amplitude_m])
def test_turning_body_and_radar_together_changes_nothing(kernel):
    mesh, directions = meshes.ellipsoid(0.1, 0.07, 0.05, 3), unit_vectors(8)
    k, turn = np.linspace(60, 100, 7), rotation(2)
    turned = kernel(meshes.rotate(mesh, turn), directions @ turn.T, k)
    assert np.max(np.abs(turned - kernel(mesh, directions, k))) < 1e-13


def test_scaling_the_body_is_scaling_the_wavenumber():
    mesh, directions = meshes.ellipsoid(0.1, 0.07, 0.05, 3), unit_vectors(8)
    larger = amplitude_m(meshes.scale(mesh, 3.0), directions, [80.0])
    assert np.allclose(larger, 3.0 * amplitude_m(mesh, directions, [240.0]), rtol=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize("longest_edge", [1.0, 0.2, 0.03, 0.004])
def test_corner_weights_give_the_sum_over_facets(longest_edge):
    """From facets of ten wavelengths, all divided, to ones that all take the series."""
    mesh = meshes.subdivide(meshes.rotate(meshes.box(0.2, 0.15, 0.3), rotation(1)), longest_edge)
    directions, k = unit_vectors(6), np.array([20.0, 31.0, 300.0])  # unequally spaced
    plain = by_facets(mesh, directions, k)
    assert np.max(np.abs(amplitude_m(mesh, directions, k) - plain)) < 1e-12 * np.abs(plain).max()


@pytest.mark.parametrize("frequencies", [1, 2, 600])
def test_fast_kernel_is_within_its_error(frequencies):
    mesh, directions = meshes.icosphere(0.3, 4), unit_vectors(10)
    largest = 2 * np.pi / 3 / mesh.edge_lengths_m.max()  # edges of a third of a wavelength
    k = np.linspace(largest, 0.5 * largest, frequencies)
    exact, fast = amplitude_m(mesh, directions, k), fast_amplitude_m(mesh, directions, k)
    assert np.abs(fast - exact).max() < 3.5e-3 * np.sqrt(np.mean(np.abs(exact) ** 2))


def test_fast_kernel_leaves_out_the_third_moment_and_beyond():
    """On one facet: q3 = sum of d^3 / 30 and q4 = (sum of d^2)^2 / 60 about its centre."""
    corners = np.array([[0.3, 0.1, 0.2], [0.32, 0.1, 0.21], [0.3, 0.115, 0.2]])
    facet, directions, k = meshes.Mesh(corners, np.array([[0, 1, 2]])), looks(np.array([0.6])), 20.0
    error = fast_amplitude_m(facet, directions, [k]) / amplitude_m(facet, directions, [k]) - 1
    d = 2 * k * (corners - corners.mean(axis=0)) @ directions[0]
    left_out = 1j * np.sum(d**3) / 180 - np.sum(d**2) ** 2 / 1440
    assert abs(left_out) > 5e-5  # there is something to see
    assert error[0, 0] == pytest.approx(left_out, rel=0.1)


def test_the_fast_kernel_refuses_what_it_cannot_do(sphere):
    with pytest.raises(ValueError, match=r"longest edge is 0\.04\d+ m.*subdivide, or amplitude_m"):
        fast_amplitude_m(sphere, NOSE, [200.0])
    with pytest.raises(ValueError, match="equally spaced"):
        fast_amplitude_m(sphere, NOSE, [20.0, 21.0, 23.0])


@pytest.mark.parametrize("kernel", [amplitude_m, fast_amplitude_m])
@pytest.mark.parametrize(
    ("directions", "wavenumbers", "message"),
    [
        ([0.0, 0.0, 1.0], [20.0], r"directions of shape \(d, 3\), got \(3,\)"),
        ([[0.0, 0.0, 2.0]], [20.0], "direction 0 has length 2.0"),
        ([[0.0, 0.0, np.nan]], [20.0], "direction 0 has length nan"),
        ([[0.0, 0.0, 1.0]], 20.0, r"wavenumbers of shape \(f,\)"),
        ([[0.0, 0.0, 1.0]], [20.0, 0.0], r"positive and finite, got \[0.\]"),
        ([[0.0, 0.0, 1.0]], [20.0, np.inf], r"positive and finite, got \[inf\]"),
    ],
)
def test_wrong_arguments_are_refused(kernel, directions, wavenumbers, message):
    with pytest.raises(ValueError, match=message):
        kernel(meshes.icosphere(0.1, 2), directions, wavenumbers)


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"\(directions, facets\) = \(1, 12\).*got \(12,\)"):
        amplitude_m(meshes.box(1, 1, 1), NOSE, [K], visible=np.ones(12, bool))
    with pytest.raises(ValueError, match="type bool"):
        amplitude_m(meshes.box(1, 1, 1), NOSE, [K], visible=np.ones((1, 12), int))


def test_every_result_can_say_how_far_it_holds(sphere):
    assert validity(sphere, [60.0, 20.0]).smallest_ka == pytest.approx(20.0, rel=1e-3)
    assert validity(sphere, [20.0]).warnings == ()
    assert validity(sphere, [20.0], method="fast").method.startswith("physical optics, facet")
    small = validity(meshes.merge(sphere, meshes.icosphere(0.1, 2)), [20.0])
    assert small.smallest_ka == pytest.approx(2.0, rel=0.06)
    assert "needs 3 or more" in small.warnings[0]
    with pytest.raises(ValueError, match="unknown method 'slow'"):
        validity(sphere, [20.0], method="slow")
