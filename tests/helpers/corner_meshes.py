"""Dihedral and trihedral corners as meshes, and directions into them."""

import numpy as np

from simulators.scattering import meshes
from simulators.units import wavenumber

K = wavenumber(10e9)
WAVELENGTH = 2 * np.pi / K
# Rows: the body's x, y and z axes in the frame whose axes are the trihedral's edges.
TO_BODY = np.array([[1, -1, 0], [1, 1, -2], [1, 1, 1]]) / np.sqrt([[2], [6], [3]])


def facets(points, towards):
    """Return a flat face with these corners in order, its normal towards a direction."""
    triangles = [[0, i, i + 1] for i in range(1, len(points) - 1)]
    mesh = meshes.Mesh(np.array(points, float), np.array(triangles))
    return mesh if mesh.normals[0] @ towards > 0 else meshes.reverse(mesh)


def dihedral_mesh(width, height):
    """The inside of a dihedral, about the centre of mass."""
    up = np.array([0, 0, height / 2])
    arms = np.array([[1, -1, 0], [1, 1, 0]]) / np.sqrt(2)
    sides = [
        facets([-up, -up + width * arms[i], up + width * arms[i], up], arms[1 - i]) for i in (0, 1)
    ]
    return meshes.translate(meshes.merge(*sides), [-width / np.sqrt(8), 0, 0])


def trihedral_mesh(edge, square):
    """The inside of a trihedral, about the centre of mass."""
    apex, edges = np.zeros(3), edge * np.eye(3)
    faces = []
    for i, j, n in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        middle = [edges[i] + edges[j]] if square else []
        faces.append(facets([apex, edges[i], *middle, edges[j]], np.eye(3)[n]))
    centre = edge / np.sqrt(3) if square else 2 * edge / np.sqrt(27)
    return meshes.translate(meshes.rotate(meshes.merge(*faces), TO_BODY), [0, 0, -centre])


def looks_into(inside, count, seed=0):
    """Return unit vectors whose cosines to the rows of ``inside`` are all above 0.05."""
    vectors = np.random.default_rng(seed).normal(size=(60 * count, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors[(vectors @ np.transpose(inside)).min(axis=1) > 0.05][:count]


INTO_DIHEDRAL = looks_into(np.array([[1, -1, 0], [1, 1, 0]]) / np.sqrt(2), 8)
INTO_DIHEDRAL = np.vstack([INTO_DIHEDRAL, INTO_DIHEDRAL * [1, 1, -1]])  # from either end
INTO_TRIHEDRAL = looks_into(TO_BODY.T, 12)
