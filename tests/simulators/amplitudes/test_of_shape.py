"""Moments of inertia against integrals over meshes, and the table of spheres."""

import numpy as np
import pytest
from mesh_bodies import bent, flat

from simulators.amplitudes.of_shape import amplitude, ripple_table, set_inertia
from simulators.objects import SHAPES, Plate, Sphere
from simulators.objects.kernel_ids import MAX_SIZES
from simulators.scattering import meshes
from simulators.scattering.mie import sphere_amplitude_m
from simulators.units import wavenumber

K = wavenumber(10e9)
RIGHT_ANGLES = np.array([[1, -1, 0], [1, 1, -2], [1, 1, 1]]) / np.sqrt([[2], [6], [3]])


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


@pytest.mark.slow
def test_spheres_and_small_bodies_share_one_table():
    plates = Plate(name="p", width_m=(0.004, 0.3), height_m=(0.004, 0.3), small_body="sphere")
    ripple, smallest = ripple_table([plates, Sphere(name="s")], K)
    assert smallest == pytest.approx(K * 0.004 / 3)
    alone = ripple_table([Sphere(name="s")], K)
    assert alone[1] == K * 0.05
    empty, nothing = ripple_table([Plate(name="p")], K)
    assert empty.size == 0 and nothing == 0
    sizes = np.array([0.12, 1.0, 1.0, 1.0])
    ours = amplitude(Sphere.kind, K, sizes, 0.0, 0.0, 1.0, ripple, smallest)
    assert ours == pytest.approx(sphere_amplitude_m(0.12, K), rel=1e-5)
