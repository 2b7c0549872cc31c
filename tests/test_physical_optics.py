"""The oracles of meshes, and physical optics on meshes against routes that share none of its code.

Amplitudes are compared as complex numbers wherever both sides have a phase.
"""

import mpmath
import numpy as np
import pytest

from simulators.scattering import closed_forms as forms
from simulators.scattering import meshes, revolution
from simulators.scattering.mie import sphere_amplitude_m
from simulators.scattering.physical_optics import (
    amplitude_m,
    fast_amplitude_m,
    phase_mean,
    validity,
)
from simulators.scattering.visibility import visible_facets
from simulators.units import rcs_dbsm

ROOT_PI = np.sqrt(np.pi)
K = 2 * np.pi / 0.1  # wavelength 0.1 m, that of the numbers in docs/oracles.md
NOSE, SIDE = np.array([[0.0, 0.0, 1.0]]), np.array([[1.0, 0.0, 0.0]])
# 0.05 dB of the flash: what the closed form's rule around the axis errs by in partial shade.
CONE_SHARE = 10 ** (0.05 / 20) - 1


def unit_vectors(count, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def rotation(seed):
    matrix, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return matrix * np.linalg.det(matrix)


def looks(uz):
    """Unit vectors with the z cosines ``uz``, in a plane of no symmetry but the z axis."""
    across = np.sqrt(1 - np.square(uz))
    return np.stack([across * np.cos(0.7), across * np.sin(0.7), uz], axis=1)


def closed_cylinder(radius, length, sides):
    half = length / 2
    return meshes.revolution([(0, -half), (radius, -half), (radius, half), (0, half)], sides)


def closed_cone(radius, length, sides, tip=None):
    tip = 0.75 * length if tip is None else tip
    return meshes.revolution([(0, tip - length), (radius, tip - length), (0, tip)], sides)


@pytest.fixture(scope="module")
def sphere():
    return meshes.icosphere(1.0, 5)


def by_facets(mesh, directions, wavenumbers):
    """The plain sum over facets, without corner weights, phasors shared or a compiled loop."""
    facing = np.maximum(directions @ mesh.area_vectors.T, 0.0)
    paths = 2 * np.einsum("dx,mcx->dmc", directions, mesh.corners)
    sums = [k * np.sum(facing * phase_mean(k * paths), axis=1) for k in wavenumbers]
    return -1j / ROOT_PI * np.stack(sums, axis=1)


# The triangle integral


def quadrature(phases, points=90):
    """The mean of exp(jp) by Gauss-Legendre in the collapsed square, spectrally accurate."""
    node, weight = np.polynomial.legendre.leggauss(points)
    s, w = (node + 1) / 2, weight / 2
    t = (1 - s)[:, None] * s  # (s, t) covers the triangle s, t >= 0, s + t <= 1
    p = phases[0] + s[:, None] * (phases[1] - phases[0]) + t * (phases[2] - phases[0])
    return 2 * np.sum(np.outer(w * (1 - s), w) * np.exp(1j * p))


def in_many_digits(phases):
    """The second divided difference in 80 digits; equal phases are taken 1e-25 apart."""
    with mpmath.workdps(80):
        nudge = mpmath.mpf(10) ** -25
        a, b, c = (mpmath.mpf(float(p)) + i * nudge for i, p in enumerate(phases))
        top = (b - c) * mpmath.expj(a) + (c - a) * mpmath.expj(b) + (a - b) * mpmath.expj(c)
        return complex(2 * top / ((a - b) * (b - c) * (c - a)))


GAPS = [0.0, 1e-15, 1e-9, 1e-4, 0.01, 0.1, 0.2499999, 0.25, 0.2500001, 0.4999, 0.5, 0.51, 3.0, 40.0]


@pytest.mark.parametrize("base", [0.0, -73.0])
@pytest.mark.parametrize("gap", GAPS)
def test_the_triangle_integral_has_no_singular_case(gap, base):
    for other in GAPS:
        phases = np.array([base + gap, base, base - other])
        mean = phase_mean(phases)
        assert abs(mean - in_many_digits(phases)) < 1e-12
        assert abs(mean - quadrature(phases)) < 1e-11


def test_the_triangle_integral_against_quadrature():
    for phases in np.random.default_rng(3).uniform(-60, 60, size=(100, 3)):
        assert abs(phase_mean(phases) - quadrature(phases)) < 1e-11


def test_the_triangle_integral_against_adaptive_quadrature():
    a, b, c = 1.0, -2.5, 4.0
    with mpmath.workdps(20):
        value = mpmath.quad(
            lambda s, t: 2 * (1 - s) * mpmath.expj(a + s * (b - a) + (1 - s) * t * (c - a)),
            [0, 1],
            [0, 1],
        )
    assert abs(phase_mean([a, b, c]) - complex(value)) < 1e-13


def test_the_triangle_integral_does_not_depend_on_the_order_of_corners():
    phases = np.random.default_rng(4).uniform(-5, 5, size=(50, 3))
    for order in ([1, 2, 0], [0, 2, 1], [2, 1, 0]):
        assert np.allclose(phase_mean(phases), phase_mean(phases[:, order]), rtol=0, atol=1e-14)


@pytest.mark.parametrize("seed", range(4))
def test_divergence_identity(seed):
    """Over a closed surface, sum of A n I = 2jk u times the volume integral of exp(2jk u.r)."""
    turn, u = rotation(seed), unit_vectors(1, seed)[0]
    sizes = np.array([0.5, 0.8, 1.3])
    mesh = meshes.rotate(meshes.subdivide(meshes.box(*sizes), 0.3), turn)
    surface = mesh.area_vectors.T @ phase_mean(2 * K * (mesh.corners @ u))
    in_body = turn.T @ u
    volume = np.prod(sizes * np.sinc(K * sizes * in_body / np.pi))
    assert np.max(np.abs(surface - 2j * K * u * volume)) / mesh.areas.sum() < 1e-12


@pytest.mark.parametrize("name", ["sphere", "cone"])
def test_divergence_identity_across_the_look(name, sphere):
    mesh = {"sphere": sphere, "cone": closed_cone(0.5, 2.0, 256)}[name]
    for u in unit_vectors(5):
        surface = mesh.area_vectors.T @ phase_mean(2 * K * (mesh.corners @ u))
        assert np.max(np.abs(np.cross(surface, u))) / mesh.areas.sum() < 1e-9


# Bodies with known answers


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


# What must not change


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


# The kernels


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


# Shadows


def covered_by_brute_force(mesh, look):
    """Every lit centre's ray against every other facet, Möller and Trumbore's test."""
    edge_1, edge_2 = np.moveaxis(mesh.corners[:, 1:] - mesh.corners[:, :1], 1, 0)
    p = np.cross(look, edge_2)
    determinant = np.einsum("ij,ij->i", edge_1, p)
    visible = mesh.area_vectors @ look > 0
    for i in np.flatnonzero(visible):
        reach = mesh.centroids[i] - mesh.corners[:, 0]
        q = np.cross(reach, edge_1)
        s = np.einsum("ij,ij->i", reach, p) / determinant
        t = (q @ look) / determinant
        along = np.einsum("ij,ij->i", edge_2, q) / determinant
        hit = (s >= 0) & (t >= 0) & (s + t <= 1) & (along > 1e-9)
        hit[i] = False
        visible[i] = not hit.any()
    return visible


@pytest.mark.parametrize(
    "mesh",
    [
        meshes.icosphere(1.0, 4),
        meshes.subdivide(meshes.box(1.0, 2.0, 3.0), 0.3),
        closed_cylinder(0.5, 2.0, 128),
        meshes.rotate(closed_cone(0.5, 2.0, 128), rotation(7)),
    ],
    ids=["sphere", "box", "cylinder", "cone"],
)
def test_a_convex_body_hides_nothing_of_itself(mesh):
    directions = np.vstack([unit_vectors(20), np.eye(3), -np.eye(3)])
    facing = directions @ mesh.area_vectors.T > 0
    assert np.array_equal(visible_facets(mesh, directions), facing)


def test_shadows_are_those_of_a_ray_from_every_centre():
    bodies = meshes.merge(
        meshes.icosphere(1.0, 2),
        meshes.translate(meshes.icosphere(0.5, 2), [0.3, 0.2, 2.0]),
        meshes.translate(meshes.subdivide(meshes.box(0.5, 2.0, 0.4), 0.4), [1.6, 0.1, 0.7]),
    )
    directions = unit_vectors(25, seed=9)
    masks = visible_facets(bodies, directions)
    for look, mask in zip(directions, masks, strict=True):
        assert np.array_equal(mask, covered_by_brute_force(bodies, look))
    assert np.sum(masks) < np.sum(directions @ bodies.area_vectors.T > 0)  # something is hidden


def test_a_sphere_behind_a_sphere_loses_its_disc():
    pair = meshes.merge(
        meshes.icosphere(1.0, 5), meshes.translate(meshes.icosphere(0.5, 4), [0, 0, 3])
    )
    mask = visible_facets(pair, np.vstack([NOSE, SIDE, -NOSE]))
    seen = mask * (np.vstack([NOSE, SIDE, -NOSE]) @ pair.area_vectors.T)
    back, front = seen[:, pair.parts == 0].sum(axis=1), seen[:, pair.parts == 1].sum(axis=1)
    # Seen areas across the look, in discs of the large sphere; the mesh is a little inside.
    assert np.allclose(back / np.pi, [0.75, 1.0, 1.0], atol=0.01)
    assert np.allclose(front / np.pi, [0.25, 0.25, 0.0], atol=0.003)


def test_a_plate_behind_a_plate_of_its_size_is_dark():
    front = meshes.subdivide(meshes.plate(1.0, 1.0), 0.2)
    both = meshes.merge(front, meshes.translate(front, [0.0, 0.0, -2.3]))
    ours = amplitude_m(both, NOSE, [K], visible=visible_facets(both, NOSE))
    assert ours[0, 0] == pytest.approx(amplitude_m(front, NOSE, [K])[0, 0], rel=1e-12)
    aside = looks(np.array([0.2]))  # seen past the front one
    assert np.all(visible_facets(both, aside))


def test_the_mask_is_taken_by_both_kernels_look_by_look():
    mesh, directions = meshes.icosphere(0.1, 3), unit_vectors(4)
    chosen = np.random.default_rng(2).random((4, len(mesh.facets))) < 0.5
    for kernel in (amplitude_m, fast_amplitude_m):
        parts = kernel(mesh, directions, [80.0], visible=chosen)
        rest = kernel(mesh, directions, [80.0], visible=~chosen)
        assert np.allclose(parts + rest, kernel(mesh, directions, [80.0]), atol=1e-15)
        alone = kernel(mesh, directions[2:3], [80.0], visible=chosen[2:3])
        assert np.allclose(alone, parts[2:3], atol=1e-16)


@pytest.mark.parametrize(
    ("directions", "message"),
    [([0.0, 0.0, 1.0], r"shape \(d, 3\)"), ([[0.0, 0.0, 0.0]], "no length")],
)
def test_looks_that_are_none_are_refused(directions, message):
    with pytest.raises(ValueError, match=message):
        visible_facets(meshes.box(1, 1, 1), directions)
