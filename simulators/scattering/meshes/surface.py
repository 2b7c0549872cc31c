"""Mesh of flat triangles with its normals, areas, extent and connected parts."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_CONVEX_BLOCK = 256  # facets that are compared with all vertices at once
_WIDTH_FACETS = 128  # facets whose normals are tried for the smallest width


@dataclass(frozen=True, eq=False)
class Mesh:
    """A surface of flat triangles. Its arrays are read-only; make another mesh to change it.

    Attributes:
        vertices: Corner positions [m], shape ``(n, 3)``.
        facets: Indices of each facet's corners, counterclockwise from outside, shape ``(m, 3)``.

    Raises:
        ValueError: If a shape is wrong, a position is not finite, or an index names no vertex.
    """

    vertices: Floats
    facets: Integers

    def __post_init__(self) -> None:
        """Check the arrays once, and store read-only copies."""
        vertices = np.array(self.vertices, dtype=np.float64, order="C")
        facets = np.array(self.facets, order="C")
        _check_arrays(vertices, facets)
        facets = facets.astype(np.int64)
        for name, array in (("vertices", vertices), ("facets", facets)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @cached_property
    def corners(self) -> Floats:
        """Positions of each facet's corners [m], shape ``(m, 3, 3)``: facet, corner, axis."""
        return self.vertices[self.facets]

    @cached_property
    def area_vectors(self) -> Floats:
        """Area times outward normal of each facet [m^2], shape ``(m, 3)``."""
        first, second, third = self.corners[:, 0], self.corners[:, 1], self.corners[:, 2]
        return 0.5 * np.cross(second - first, third - first)

    @cached_property
    def areas(self) -> Floats:
        """Area of each facet [m^2], shape ``(m,)``."""
        return np.linalg.norm(self.area_vectors, axis=1)

    @cached_property
    def normals(self) -> Floats:
        """Outward unit normal of each facet, shape ``(m, 3)``; zero where the area is zero."""
        areas = self.areas[:, None]
        return np.divide(self.area_vectors, areas, out=np.zeros((len(areas), 3)), where=areas > 0)

    @cached_property
    def centroids(self) -> Floats:
        """Centre of each facet [m], shape ``(m, 3)``."""
        return self.corners.mean(axis=1)

    @cached_property
    def edge_lengths_m(self) -> Floats:
        """Length of each facet's edges [m], from corner i to corner i + 1, shape ``(m, 3)``."""
        return np.linalg.norm(np.roll(self.corners, -1, axis=1) - self.corners, axis=2)

    @cached_property
    def extent_m(self) -> float:
        """The largest distance between two vertices in use [m], tip to tip."""
        points = self.vertices[np.unique(self.facets)]
        reach = np.linalg.norm(points - points.mean(axis=0), axis=1)
        order = np.argsort(-reach)
        return float(_largest_distance(points[order], reach[order]))

    @cached_property
    def volume(self) -> float:
        """Enclosed volume [m^3]; negative if wound inward, meaningless if not closed."""
        return float(self.part_volumes.sum())

    @cached_property
    def parts(self) -> Integers:
        """Number of the connected part that each facet belongs to, from 0, shape ``(m,)``."""
        edges = np.stack([self.facets, np.roll(self.facets, -1, axis=1)], axis=2).reshape(-1, 2)
        vertex_part = connected_vertices(len(self.vertices), edges)
        _, facet_part = np.unique(vertex_part[self.facets[:, 0]], return_inverse=True)
        return facet_part.astype(np.int64)

    @cached_property
    def part_volumes(self) -> Floats:
        """Signed volume of each connected part [m^3], shape ``(parts,)``."""
        # About a vertex: a small body far from the origin would be lost in rounding.
        middle = self.vertices[self.facets[0, 0]]
        wedges = np.einsum("ij,ij->i", self.centroids - middle, self.area_vectors) / 3
        return np.bincount(self.parts, weights=wedges).astype(np.float64)

    @cached_property
    def smallest_width_m(self) -> float:
        """The smallest width of any connected part [m], for k times size.

        The smallest distance between two parallel planes around the part, over the normals of (up
        to 128 of) its facets and the in-plane normals of their edges: exact for flat plates,
        boxes, cylinders and spheres, never too small for others. The thickness of a flat part
        does not count.
        """
        return min(_width(self, self.parts == part) for part in range(int(self.parts.max()) + 1))

    @cached_property
    def is_convex(self) -> bool:
        """Whether no vertex lies in front of any facet: then the body casts no shadow on itself."""
        points = self.vertices[np.unique(self.facets)]
        limit = 1e-9 * self.extent_m
        blocks = range(0, len(self.facets), _CONVEX_BLOCK)
        for start in blocks:
            normals = self.normals[start : start + _CONVEX_BLOCK]
            ahead = np.einsum("ij,ij->i", normals, self.centroids[start : start + _CONVEX_BLOCK])
            if np.any(points @ normals.T > ahead + limit):
                return False
        return True

    @property
    def is_watertight(self) -> bool:
        """Whether every edge belongs to exactly two facets."""
        return bool(np.all(edge_counts(self)[1] == 2))

    @property
    def is_consistently_wound(self) -> bool:
        """Whether no two facets run along an edge in the same direction."""
        return repeated_directions(self) == 0

    @property
    def is_closed(self) -> bool:
        """Whether the mesh is watertight, consistently wound, and wound outward in every part."""
        outward = bool(np.all(self.part_volumes > 0))
        return self.is_watertight and self.is_consistently_wound and outward


def _check_arrays(vertices: Floats, facets: NDArray) -> None:
    for name, array in (("vertices", vertices), ("facets", facets)):
        if array.ndim != 2 or array.shape[1] != 3 or len(array) == 0:
            raise ValueError(f"expected {name} of shape (n, 3) with n >= 1, got {array.shape}")
    if not np.issubdtype(facets.dtype, np.integer):
        raise ValueError(f"facets index vertices; expected integers, got {facets.dtype}")
    if not np.all(np.isfinite(vertices)):
        bad = int(np.flatnonzero(~np.isfinite(vertices).all(axis=1))[0])
        raise ValueError(f"vertex {bad} is {vertices[bad]}; positions must be finite")
    if facets.min() < 0 or facets.max() >= len(vertices):
        raise ValueError(
            f"facets name vertices {facets.min()} to {facets.max()}, "
            f"but the mesh has {len(vertices)}, numbered from 0"
        )


@njit(cache=True, nogil=True)
def _largest_distance(points, reach):
    """Return the largest distance; ``points`` by falling distance ``reach`` from their mean."""
    largest = 0.0
    for i in range(points.shape[0]):
        for j in range(i):
            if reach[i] + reach[j] <= largest:  # and so for every later j
                break
            x = points[i, 0] - points[j, 0]
            y = points[i, 1] - points[j, 1]
            z = points[i, 2] - points[j, 2]
            largest = max(largest, np.sqrt(x * x + y * y + z * z))
        if reach[i] + reach[0] <= largest:
            break
    return largest


def _width(mesh: Mesh, members: NDArray[np.bool_]) -> float:
    points = mesh.vertices[np.unique(mesh.facets[members])]
    rows = np.flatnonzero(members & (mesh.areas > 0))
    rows = rows[:: max(1, len(rows) // _WIDTH_FACETS)]
    if len(rows) == 0:
        return 0.0
    edges = np.roll(mesh.corners[rows], -1, axis=1) - mesh.corners[rows]
    across = np.cross(mesh.normals[rows][:, None], edges / mesh.edge_lengths_m[rows][..., None])
    heights = points @ np.vstack([mesh.normals[rows], across.reshape(-1, 3)]).T
    widths = heights.max(axis=0) - heights.min(axis=0)
    return float(widths[widths > 1e-9 * widths.max()].min())


def connected_vertices(count: int, links: Integers) -> Integers:
    """Return the number of the connected group of each vertex, shape ``(count,)``.

    Args:
        count: Number of vertices.
        links: Pairs of vertices that are connected, shape ``(n, 2)``.
    """
    from scipy.sparse import coo_array  # late: recipes without a mesh do without scipy
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def edge_counts(mesh: Mesh) -> tuple[Integers, Integers]:
    """Return the undirected edges, shape ``(e, 2)``, and the number of facets at each."""
    directed = np.stack([mesh.facets, np.roll(mesh.facets, -1, axis=1)], axis=2).reshape(-1, 2)
    edges, counts = np.unique(np.sort(directed, axis=1), axis=0, return_counts=True)
    return edges, counts


def repeated_directions(mesh: Mesh) -> int:
    """Return the number of directed edges that belong to more than one facet."""
    directed = np.stack([mesh.facets, np.roll(mesh.facets, -1, axis=1)], axis=2).reshape(-1, 2)
    return int(np.sum(np.unique(directed, axis=0, return_counts=True)[1] > 1))


def check_sizes(**sizes: float) -> None:
    """Refuse lengths and factors that are not positive and finite."""
    for name, size in sizes.items():
        if not (np.isfinite(size) and size > 0):
            raise ValueError(f"{name} must be above 0 and finite, got {size}")
