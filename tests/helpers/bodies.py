"""Bodies, meshes and checks of their scattering."""

import numpy as np

from simulators.scattering import meshes
from simulators.scattering.meshes import Mesh
from simulators.units import wavenumber


def without(mesh, facet):
    return Mesh(mesh.vertices, np.delete(mesh.facets, facet, axis=0))


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


def flat(*points):
    return meshes.Mesh(np.array(points, float), np.array([[0, 1, 2], [0, 2, 3]][: len(points) - 2]))


def bent(width, height, fold, bend_deg):
    """A bent plate in the frame of its fold: z along the bisector."""
    half, y = np.radians(bend_deg) / 2, height / 2
    left = fold * width * np.array([-np.cos(half), 0, np.sin(half)])
    right = (1 - fold) * width * np.array([np.cos(half), 0, np.sin(half)])
    up = np.array([0, y, 0])
    return meshes.merge(flat(left - up, -up, up, left + up), flat(-up, right - up, right + up, up))


def visible_by_brute_force(mesh, look):
    """Return the facets seen: each lit centre's ray against each facet (Möller and Trumbore)."""
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
