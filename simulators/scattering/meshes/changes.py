"""Functions that make a mesh from a mesh: subdivide, merge, weld, reverse, move, rotate, scale."""

import numpy as np
from numpy.typing import ArrayLike

from simulators.scattering.meshes.surface import Mesh, check_sizes, connected_vertices


def subdivide(mesh: Mesh, longest_edge_m: float) -> Mesh:
    """Return the same surface with every facet split in four until no edge is too long.

    Raises:
        ValueError: If ``longest_edge_m`` is not positive.

    Example:
        >>> from simulators.scattering.meshes import plate
        >>> len(subdivide(plate(1.0, 1.0), 0.5).facets)
        32
    """
    check_sizes(longest_edge_m=longest_edge_m)
    while mesh.edge_lengths_m.max() > longest_edge_m:
        mesh = split(mesh)
    return mesh


def bisect(mesh: Mesh, longest_edge_m: float) -> Mesh:
    """Return the same surface with facets halved across their longest edge until none is too long.

    Fewer and better shaped facets than ``subdivide`` makes of long ones: a strip cut into n parts
    has about n^1.6 facets, not n^2. But each is halved on its own, so corners may lie on the edges
    of others, and the mesh is not watertight.

    Raises:
        ValueError: If ``longest_edge_m`` is not positive.

    Example:
        >>> from simulators.scattering.meshes import plate
        >>> len(bisect(plate(1.0, 0.01), 0.3).facets)
        18
    """
    check_sizes(longest_edge_m=longest_edge_m)
    done, corners = [], mesh.corners
    while len(corners):
        lengths = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2)
        fine = lengths.max(axis=1) <= longest_edge_m
        done.append(corners[fine])
        rows, first = np.arange(np.sum(~fine))[:, None], lengths[~fine].argmax(axis=1)
        turned = corners[~fine][rows, (first[:, None] + np.arange(3)) % 3]  # longest edge first
        middle = 0.5 * (turned[:, 0] + turned[:, 1])
        corners = np.vstack(
            [
                np.stack([turned[:, 0], middle, turned[:, 2]], axis=1),
                np.stack([middle, turned[:, 1], turned[:, 2]], axis=1),
            ]
        )
    points = np.vstack(done).reshape(-1, 3)
    vertices, facets = np.unique(points, axis=0, return_inverse=True)
    return Mesh(vertices, facets.reshape(-1, 3))


def split(mesh: Mesh) -> Mesh:
    """Return the mesh with every facet split in four at the midpoints of its edges."""
    ends = np.sort(np.stack([mesh.facets, np.roll(mesh.facets, -1, axis=1)], axis=2), axis=2)
    edges, index = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
    middle = len(mesh.vertices) + index.reshape(-1, 3)  # of edges 01, 12, 20
    a, b, c = mesh.facets.T
    ab, bc, ca = middle.T
    quarters = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    midpoints = mesh.vertices[edges].mean(axis=1)
    facets = np.vstack([np.stack(quarter, axis=1) for quarter in quarters])
    return Mesh(np.vstack([mesh.vertices, midpoints]), facets)


def merge(*meshes: Mesh) -> Mesh:
    """Return one mesh of several, whose vertices stay separate."""
    if not meshes:
        raise ValueError("merge needs at least one mesh")
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    facets = [mesh.facets + start for mesh, start in zip(meshes, starts, strict=False)]
    return Mesh(np.vstack([mesh.vertices for mesh in meshes]), np.vstack(facets))


def weld(mesh: Mesh, tolerance_m: float) -> Mesh:
    """Return the mesh with vertices closer than ``tolerance_m`` merged, without unused ones."""
    from scipy.spatial import KDTree  # late: recipes without a mesh do without scipy

    points = mesh.vertices
    pairs = KDTree(points).query_pairs(tolerance_m, output_type="ndarray")
    cluster = connected_vertices(len(points), pairs)
    used, facets = np.unique(cluster[mesh.facets], return_inverse=True)
    _, first = np.unique(cluster, return_index=True)
    return Mesh(points[first[used]], facets.reshape(-1, 3))


def reverse(mesh: Mesh) -> Mesh:
    """Return the mesh with every facet wound the other way."""
    return Mesh(mesh.vertices, mesh.facets[:, ::-1])


def translate(mesh: Mesh, offset_m: ArrayLike) -> Mesh:
    """Return the mesh moved by ``offset_m`` [m], shape ``(3,)``."""
    return Mesh(mesh.vertices + np.asarray(offset_m, dtype=np.float64), mesh.facets)


def rotate(mesh: Mesh, rotation: ArrayLike) -> Mesh:
    """Return the mesh rotated about the origin: every vertex r becomes ``rotation @ r``.

    Raises:
        ValueError: If ``rotation`` is not a proper rotation matrix of shape ``(3, 3)``.
    """
    matrix = np.asarray(rotation, dtype=np.float64)
    if matrix.shape != (3, 3) or not np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-9):
        raise ValueError(f"expected an orthogonal matrix of shape (3, 3), got\n{matrix}")
    if np.linalg.det(matrix) < 0:
        raise ValueError("the matrix mirrors (determinant -1); a rotation has determinant +1")
    return Mesh(mesh.vertices @ matrix.T, mesh.facets)


def scale(mesh: Mesh, factor: float | ArrayLike) -> Mesh:
    """Return the mesh scaled about the origin by one factor, or one along each axis.

    Raises:
        ValueError: If a factor is not positive: it would turn the body inside out.
    """
    factors = np.broadcast_to(np.asarray(factor, dtype=np.float64), (3,))
    check_sizes(**dict(zip(("x", "y", "z"), map(float, factors), strict=True)))
    return Mesh(mesh.vertices * factors, mesh.facets)
