"""Bodies as meshes, and directions to look at them from."""

import numpy as np

from simulators.scattering import meshes
from simulators.scattering.meshes import Mesh


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
