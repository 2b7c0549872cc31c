"""Small bodies as the sphere of their mean extent, and moments of inertia against meshes."""

from dataclasses import replace

import numpy as np
import pytest
from bodies import bent, flat, unit_vectors

from simulators.amplitudes.directions import direction_amplitudes
from simulators.objects import SHAPES, Box
from simulators.objects.dispatch import MAX_SIZES, mean_extent, set_inertia, smallest_size
from simulators.scattering import meshes
from simulators.scattering.closed_forms.mie import sphere_amplitude_m
from simulators.units import wavenumber

K = wavenumber(10e9)
UP = np.array([[0.0, 0.0, 1.0]])
RIGHT_ANGLES = np.array([[1, -1, 0], [1, 1, -2], [1, 1, 1]]) / np.sqrt([[2], [6], [3]])


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - {"sphere", "dipole", "mesh"}))
def test_the_kernel_judges_k_a_by_the_same_smallest_size_as_the_class(shape):
    item = SHAPES[shape](name=shape)
    low = np.array([first for first, _ in item.columns()])
    assert smallest_size(item.kind, low) * K == pytest.approx(item.smallest_ka(K))
    assert item.mean_extent_m(0) == mean_extent(item.kind, low)
    assert 0 < item.mean_extent_m(0) < item.largest_extent_m() * 1.01


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - {"sphere", "dipole", "mesh"}))
def test_a_small_body_is_the_sphere_of_its_mean_extent_where_the_class_asks(shape):
    item = SHAPES[shape](name="x", small_body="sphere")
    sizes = np.array([first for first, _ in item.columns()])
    k = 2.9 / smallest_size(item.kind, sizes)
    item.check_physics(k)
    found = direction_amplitudes(item, sizes, unit_vectors(5), k)
    expected = sphere_amplitude_m(item.mean_extent_m(0) / 2, k)
    assert found == pytest.approx(np.full(5, expected), rel=1e-5)
    assert "the sphere of its mean extent" in item.validity(k).method
    with pytest.raises(ValueError, match=r"objects\.x\..*small_body = 'sphere'"):
        SHAPES[shape](name="x").check_physics(k)


@pytest.mark.slow
def test_the_small_body_curve_is_that_of_the_size_estimation_model():
    """Its ends: sigma = 9 pi^5 / 4 (d / lambda)^6 lambda^2 (Rayleigh), and pi / 4 d^2."""
    span = (1e-3, 1.0)
    item = Box(name="x", width_m=span, height_m=span, depth_m=span, small_body="sphere")
    k = 100.0
    wavelength, d = 2 * np.pi / k, 0.0022
    small = direction_amplitudes(item, (d, d, d), UP, k)
    rayleigh = 9 * np.pi**5 / 4 * (d / wavelength) ** 6 * wavelength**2
    assert abs(small[0]) ** 2 == pytest.approx(rayleigh, rel=0.05)  # the next term: (k d / 2)^2
    mixed = direction_amplitudes(item, (0.02, 1.0, 1.0), [[0.6, 0.0, 0.8]], k)
    optical = np.pi / 4 * (2.02 / 3) ** 2
    assert abs(mixed[0]) ** 2 == pytest.approx(optical, rel=0.05)
    large = direction_amplitudes(item, (0.5, 0.5, 0.5), UP, k)
    plain = direction_amplitudes(replace(item, small_body="refuse"), (0.5, 0.5, 0.5), UP, k)
    assert np.array_equal(large, plain)


def revolved(profile):
    return meshes.revolution(profile, 720)


def trihedral(edge, square):
    e = edge * np.eye(3)
    faces = []
    for i, j in ((0, 1), (1, 2), (2, 0)):
        middle = [e[i] + e[j]] if square else []
        faces.append(flat(np.zeros(3), e[i], *middle, e[j]))
    return meshes.rotate(meshes.merge(*faces), RIGHT_ANGLES)


def dihedral(width, height):
    up, arms = np.array([0, 0, height / 2]), width * np.array([[1, -1, 0], [1, 1, 0]]) / np.sqrt(2)
    return meshes.merge(*[flat(-up, arm - up, arm + up, up) for arm in arms])


# name, sizes, the same body as a mesh, whether it is solid
BODIES = {
    "plate": ((0.3, 0.4), meshes.plate(0.3, 0.4), False),
    "disc": ((0.3,), revolved([(0, 0), (0.3, 0)]), False),
    "cylinder": ((0.1, 0.7), revolved([(0, 0), (0.1, 0), (0.1, 0.7), (0, 0.7)]), True),
    "cone": ((0.15, 0.6), revolved([(0, 0), (0.15, 0), (0, 0.6)]), True),
    "frustum": (
        (0.2, 0.07, 0.5),
        revolved([(0, 0), (0.2, 0), (0.07, 0.5), (0, 0.5)]),
        True,
    ),
    "cone_cylinder": (
        (0.1, 0.3, 0.5),
        revolved([(0, -0.5), (0.1, -0.5), (0.1, 0), (0, 0.3)]),
        True,
    ),
    "ellipsoid": ((0.1, 0.15, 0.3), meshes.ellipsoid(0.1, 0.15, 0.3, 6), True),
    "box": ((0.1, 0.2, 0.34), meshes.box(0.1, 0.2, 0.34), True),
    "cubesat": ((3.5,), meshes.box(0.1, 0.2263, 0.366), True),
    "rocket_body": (
        (0.2, 1.0, 0.05, 0.1),
        revolved([(0, 0), (0.2, 0), (0.2, 1.0), (0, 1.0)]),
        True,
    ),
    "dihedral": ((0.2, 0.3), dihedral(0.2, 0.3), False),
    "trihedral": ((0.2, 0.0), trihedral(0.2, False), False),
    "trihedral of squares": ((0.2, 1.0), trihedral(0.2, True), False),
    "fragment": ((0.3, 0.2, 0.35, 40.0), bent(0.3, 0.2, 0.35, 40.0), False),
    "dipole": ((0.015, 2e-4), revolved([(0, 0), (2e-4, 0), (2e-4, 0.015), (0, 0.015)]), True),
}


def kernel_sizes(sizes):
    return np.array([*sizes, *[1.0] * (MAX_SIZES - len(sizes))])


@pytest.mark.parametrize("name", BODIES)
def test_moments_of_inertia_are_those_of_the_uniform_body(name):
    sizes, mesh, solid = BODIES[name]
    found = np.empty(3)
    set_inertia(SHAPES[name.split()[0]].kind, kernel_sizes(sizes), found)
    expected = meshes.mass_of(mesh, solid=solid).moments_m2
    assert found == pytest.approx(expected, rel=3e-4)  # of a round body the mesh is inside


def test_moments_of_a_satellite_by_its_parts():
    """A tenth of the mass in each panel, moments moved by Steiner's theorem."""
    bus, length, width = 0.3, 0.6, 0.2
    found, expected = np.empty(3), 0.8 * meshes.mass_of(meshes.box(bus, bus, bus)).moments_m2
    for side in (-1, 1):
        panel = meshes.translate(meshes.plate(length, width), [side * (bus + length) / 2, 0, 0])
        lies = meshes.mass_of(panel, solid=False)
        arm = lies.centre_m @ lies.centre_m - lies.centre_m**2
        expected = expected + 0.1 * (lies.moments_m2 + arm)
    set_inertia(SHAPES["satellite"].kind, np.array([bus, length, width, 0.1]), found)
    assert found == pytest.approx(expected, rel=1e-9)
