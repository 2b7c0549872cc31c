"""The bodies that the generators of meshes make."""

import numpy as np
import pytest
from scipy.special import elliprg

from simulators.scattering import meshes
from simulators.scattering.meshes import defects

CYLINDER = [(0.0, -1.0), (0.5, -1.0), (0.5, 1.0), (0.0, 1.0)]
TURN = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])  # x to y
OVAL_AREA = 4 * np.pi * elliprg(0.6**2, 0.4**2, 0.24**2)  # semi-axes 1, 0.6, 0.4 (DLMF 19.33.1)
# name, mesh, volume and area of the body that it approaches, tip to tip, smallest width, error
BODIES = {
    "box": (meshes.box(1, 2, 3), 6.0, 22.0, np.sqrt(14), 1.0, 1e-12),
    "sphere": (meshes.icosphere(0.5, 4), np.pi / 6, np.pi, 1.0, 1.0, 4e-3),
    "ellipsoid": (meshes.ellipsoid(1, 0.6, 0.4, 4), 0.32 * np.pi, OVAL_AREA, 2.0, 0.8, 4e-3),
    "cylinder": (meshes.revolution(CYLINDER, 256), np.pi / 2, 2.5 * np.pi, 5**0.5, 1, 2e-4),
    "cone": (meshes.revolution([(0, 0), (1, 0), (0, 1)], 256), np.pi / 3, 7.5845, 2, 1, 2e-4),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_are_closed_and_have_the_size_they_should(name):
    mesh, volume, area, extent, width, error = BODIES[name]
    assert defects(mesh) == []
    assert mesh.is_closed
    assert mesh.volume == pytest.approx(volume, rel=error)
    assert mesh.areas.sum() == pytest.approx(area, rel=error)
    assert mesh.extent_m == pytest.approx(extent, rel=error)
    assert mesh.smallest_width_m == pytest.approx(width, rel=error)
    assert np.allclose(mesh.area_vectors.sum(axis=0), 0, atol=1e-12)


@pytest.mark.parametrize("name", ["box", "sphere", "ellipsoid", "cylinder"])
def test_normals_point_out(name):
    mesh = BODIES[name][0]  # convex about the origin
    assert np.all(np.einsum("ij,ij->i", mesh.normals, mesh.centroids) > 0)
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1)


def test_the_profile_may_run_either_way():
    up, down = meshes.revolution(CYLINDER, 16), meshes.revolution(CYLINDER[::-1], 16)
    assert up.volume == pytest.approx(down.volume)
    assert up.is_closed and down.is_closed


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: meshes.box(1.0, 0.0, 1.0), "y_m must be above 0"),
        (lambda: meshes.plate(np.nan, 1.0), "width_m must be above 0"),
        (lambda: meshes.icosphere(1.0, -1), "subdivisions must be 0 or more"),
        (lambda: meshes.revolution([(0, 0), (-1, 1)], 8), "rho = -1"),
        (lambda: meshes.revolution([(0, 0)], 8), r"shape \(p, 2\)"),
        (lambda: meshes.revolution(CYLINDER, 2), "3 or more sides"),
        (lambda: meshes.scale(meshes.box(1, 1, 1), -1.0), "above 0"),
        (lambda: meshes.rotate(meshes.box(1, 1, 1), np.diag([1, 1, -1])), "mirrors"),
        (lambda: meshes.rotate(meshes.box(1, 1, 1), 2 * np.eye(3)), "orthogonal"),
        (lambda: meshes.subdivide(meshes.box(1, 1, 1), 0.0), "longest_edge_m"),
        (lambda: meshes.merge(), "at least one mesh"),
    ],
)
def test_impossible_bodies_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_body_is_convex_or_casts_shadows_on_itself(box):
    for mesh, *_ in BODIES.values():
        assert mesh.is_convex
    assert not meshes.merge(box, meshes.translate(box, [3.0, 0.0, 0.0])).is_convex
    assert not meshes.revolution([(0, 0), (1, 0), (0.2, 0.5), (1, 1), (0, 1)], 32).is_convex
    assert not meshes.reverse(box).is_convex
    assert meshes.rotate(box, TURN).is_convex
