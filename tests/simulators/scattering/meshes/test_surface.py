"""Triangle meshes: their extent, and arrays that are refused."""

import numpy as np
import pytest

from simulators.scattering.meshes import Mesh


def test_extent_is_the_largest_distance():
    points = np.random.default_rng(1).normal(size=(60, 3))
    mesh = Mesh(points, np.arange(60).reshape(-1, 3))
    brute = np.linalg.norm(points[:, None] - points, axis=2).max()
    assert mesh.extent_m == pytest.approx(brute, rel=1e-14)


@pytest.mark.parametrize(
    ("vertices", "facets", "message"),
    [
        (np.zeros((3, 2)), [[0, 1, 2]], r"vertices of shape \(n, 3\).*got \(3, 2\)"),
        (np.zeros((3, 3)), [[0, 1]], r"facets of shape"),
        (np.zeros((3, 3)), np.zeros((0, 3), int), "n >= 1"),
        (np.zeros((3, 3)), [[0.0, 1.0, 2.0]], "expected integers, got float64"),
        (np.zeros((3, 3)), [[0, 1, 3]], "name vertices 0 to 3, but the mesh has 3"),
        (np.zeros((3, 3)), [[-1, 1, 2]], "name vertices -1"),
        (np.full((3, 3), np.nan), [[0, 1, 2]], "vertex 0 is .*finite"),
    ],
)
def test_arrays_that_are_no_mesh_are_refused(vertices, facets, message):
    with pytest.raises(ValueError, match=message):
        Mesh(vertices, np.asarray(facets))


def test_a_mesh_cannot_be_written_to_from_outside():
    vertices = np.eye(3)
    mesh = Mesh(vertices, np.array([[0, 1, 2]]))
    vertices[:] = 7.0
    assert mesh.vertices.max() == 1.0
    with pytest.raises(ValueError, match="read-only"):
        mesh.vertices[0, 0] = 2.0
