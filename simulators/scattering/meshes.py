"""Triangle meshes: bodies made of facets, and what can be wrong with them.

Facets are wound so that their normals point out of the body, towards free space; physical optics
lights a facet when its normal has a part towards the radar. Lengths are metres.

References:
    Möller and Haines, Real-Time Rendering, chapter "Polygonal Techniques" (winding, welding);
    Gordon, IEEE Trans. Antennas Propag. 23 (1975) 590 (why facets, and not patches).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LARGEST_BODY_M = 100.0  # beyond this, millimetres read as metres are likelier than the body
SMALLEST_BODY_M = 1e-3  # below this, metres read as millimetres are
_SLIVER = 1e-12  # a facet's area over its longest edge squared, below which it is a line
_WIDTH_FACETS = 128  # facets that are asked for directions of the smallest width
_GOLDEN = (1 + 5**0.5) / 2


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
        """Check the arrays once, here, and keep copies that nobody else can write to."""
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
        count = len(self.vertices)
        start, end = self.facets.ravel(), np.roll(self.facets, -1, axis=1).ravel()
        links = coo_array((np.ones(len(start)), (start, end)), shape=(count, count))
        _, vertex_part = connected_components(links, directed=False)
        _, facet_part = np.unique(vertex_part[self.facets[:, 0]], return_inverse=True)
        return facet_part.astype(np.int64)

    @cached_property
    def part_volumes(self) -> Floats:
        """Signed volume of each connected part [m^3], shape ``(parts,)``."""
        # About a point nearby: a small body far from the origin would drown in rounding.
        middle = self.vertices[self.facets[0, 0]]
        wedges = np.einsum("ij,ij->i", self.centroids - middle, self.area_vectors) / 3
        return np.bincount(self.parts, weights=wedges).astype(np.float64)

    @cached_property
    def smallest_width_m(self) -> float:
        """The smallest width of any connected part [m], for judging k times size.

        The least distance between two parallel planes that hold the part between them, over the
        normals of (up to 128 of) its facets and the in-plane normals of their edges: exact for
        flat plates, boxes, cylinders and spheres, never too small for others. The thickness of a
        flat part is left out.
        """
        return min(_width(self, self.parts == part) for part in range(int(self.parts.max()) + 1))

    @property
    def is_watertight(self) -> bool:
        """Whether every edge belongs to exactly two facets."""
        return bool(np.all(_edge_counts(self)[1] == 2))

    @property
    def is_consistently_wound(self) -> bool:
        """Whether no two facets run along an edge in the same direction."""
        return _repeated_directions(self) == 0

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
    chosen = np.flatnonzero(members & (mesh.areas > 0))
    chosen = chosen[:: max(1, len(chosen) // _WIDTH_FACETS)]
    if len(chosen) == 0:
        return 0.0
    edges = np.roll(mesh.corners[chosen], -1, axis=1) - mesh.corners[chosen]
    across = np.cross(mesh.normals[chosen][:, None], edges / mesh.edge_lengths_m[chosen][..., None])
    heights = points @ np.vstack([mesh.normals[chosen], across.reshape(-1, 3)]).T
    widths = heights.max(axis=0) - heights.min(axis=0)
    return float(widths[widths > 1e-9 * widths.max()].min())


def _edge_counts(mesh: Mesh) -> tuple[Integers, Integers]:
    """Return the undirected edges, shape ``(e, 2)``, and how many facets have each."""
    directed = np.stack([mesh.facets, np.roll(mesh.facets, -1, axis=1)], axis=2).reshape(-1, 2)
    edges, counts = np.unique(np.sort(directed, axis=1), axis=0, return_counts=True)
    return edges, counts


def _repeated_directions(mesh: Mesh) -> int:
    """Return how many directed edges more than one facet runs along."""
    directed = np.stack([mesh.facets, np.roll(mesh.facets, -1, axis=1)], axis=2).reshape(-1, 2)
    return int(np.sum(np.unique(directed, axis=0, return_counts=True)[1] > 1))


def faults(mesh: Mesh, *, closed: bool = True) -> list[str]:
    """Return what is wrong with a mesh, a sentence each; an empty list if nothing is.

    Args:
        mesh: The mesh to look at.
        closed: Whether it should be the surface of a body. With ``False`` only facets and size
            are looked at: a plate or a shell is lit from outside alone, and has edges.

    Example:
        >>> faults(box(1.0, 1.0, 1.0))
        []
        >>> faults(scale(box(1.0, 1.0, 1.0), 900.0))[0][:45]
        'the body is 1558.85 m from tip to tip (boundi'
    """
    found = [_degenerate_fault(mesh), _size_fault(mesh)]
    if closed:
        found = [*_surface_faults(mesh), *found]
    return [sentence for sentence in found if sentence]


def _surface_faults(mesh: Mesh) -> list[str]:
    edges, counts = _edge_counts(mesh)
    found = []
    if np.any(counts != 2):
        found.append(
            f"the surface is not watertight: of {len(edges)} edges, {np.sum(counts == 1)} belong "
            f"to one facet and {np.sum(counts > 2)} to more than two; close the holes, or weld "
            "vertices that should be one"
        )
    repeated = _repeated_directions(mesh)
    if repeated:
        found.append(
            f"the winding is not consistent: {repeated} edges are run in the same direction by "
            "two facets; their normals point to opposite sides"
        )
    return [*found, _inward_fault(mesh, watertight=not found), _balance_fault(mesh)]


def _inward_fault(mesh: Mesh, *, watertight: bool) -> str:
    inward = np.flatnonzero(mesh.part_volumes < 0)
    if not watertight or len(inward) == 0:
        return ""  # the sign of an open surface's volume says nothing
    part = int(inward[0])
    return (
        f"{len(inward)} of {len(mesh.part_volumes)} parts are wound inward: part {part} has a "
        f"signed volume of {mesh.part_volumes[part]:.4g} m^3; reverse its facets"
    )


def _balance_fault(mesh: Mesh) -> str:
    imbalance = np.linalg.norm(mesh.area_vectors.sum(axis=0)) / max(mesh.areas.sum(), 1e-300)
    if imbalance <= 1e-9:
        return ""
    return (
        f"the outward areas do not cancel: |sum of A n| is {imbalance:.3g} of the surface; "
        "a closed surface gives 0"
    )


def _degenerate_fault(mesh: Mesh) -> str:
    flat = np.flatnonzero(mesh.areas <= _SLIVER * mesh.edge_lengths_m.max(axis=1) ** 2)
    if len(flat) == 0:
        return ""
    return f"{len(flat)} facets have no area, the first is facet {flat[0]}; remove them"


def _size_fault(mesh: Mesh) -> str:
    if SMALLEST_BODY_M <= mesh.extent_m <= LARGEST_BODY_M:
        return ""
    guess = "in millimetres?" if mesh.extent_m > LARGEST_BODY_M else "in metres or kilometres?"
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    spans = ", ".join(
        f"{axis} {a:.6g} to {b:.6g}" for axis, a, b in zip("xyz", low, high, strict=True)
    )
    return (
        f"the body is {mesh.extent_m:.6g} m from tip to tip (bounding box {spans} m): {guess} "
        "State the units it was drawn in"
    )


def box(x_m: float, y_m: float, z_m: float) -> Mesh:
    """Return a box about the origin, two facets a side.

    Example:
        >>> round(box(1.0, 2.0, 3.0).volume, 12)
        6.0
    """
    _check_sizes(x_m=x_m, y_m=y_m, z_m=z_m)
    signs = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)])
    sides = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    facets = [[a, b, c] for a, b, c, _ in sides] + [[a, c, d] for a, _, c, d in sides]
    return Mesh(0.5 * signs * np.array([x_m, y_m, z_m]), np.array(facets))


def plate(width_m: float, height_m: float) -> Mesh:
    """Return a rectangular plate in z = 0 about the origin: two facets, lit from +z alone.

    For a plate lit from either side, ``merge(plate(w, h), reverse(plate(w, h)))``.
    """
    _check_sizes(width_m=width_m, height_m=height_m)
    x, y = 0.5 * width_m, 0.5 * height_m
    corners = np.array([[-x, -y, 0], [x, -y, 0], [x, y, 0], [-x, y, 0]])
    return Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]]))


def icosphere(radius_m: float, subdivisions: int) -> Mesh:
    """Return a sphere about the origin: an icosahedron split ``subdivisions`` times.

    It has ``20 * 4**subdivisions`` facets of nearly one size, corners on the sphere.

    Example:
        >>> len(icosphere(1.0, 5).facets)
        20480
    """
    _check_sizes(radius_m=radius_m)
    if subdivisions < 0:
        raise ValueError(f"subdivisions must be 0 or more, got {subdivisions}")
    mesh = _icosahedron()
    for _ in range(subdivisions):
        mesh = _on_sphere(_split(mesh))
    return scale(mesh, radius_m)


def _icosahedron() -> Mesh:
    pairs = [(a, b * _GOLDEN) for a in (-1, 1) for b in (-1, 1)]
    points = np.array([np.roll((0, a, b), turn) for turn in range(3) for a, b in pairs])
    near = [
        (i, j, k)
        for i in range(12)
        for j in range(i)
        for k in range(j)
        if max(np.linalg.norm(points[p] - points[q]) for p, q in ((i, j), (j, k), (k, i))) < 2.1
    ]
    outward = [t if np.linalg.det(points[list(t)]) > 0 else t[::-1] for t in near]
    return _on_sphere(Mesh(points, np.array(outward)))


def _on_sphere(mesh: Mesh) -> Mesh:
    reach = np.linalg.norm(mesh.vertices, axis=1, keepdims=True)
    return Mesh(mesh.vertices / reach, mesh.facets)


def ellipsoid(x_m: float, y_m: float, z_m: float, subdivisions: int) -> Mesh:
    """Return an ellipsoid of these semi-axes [m] about the origin, a stretched icosphere."""
    return scale(icosphere(1.0, subdivisions), (x_m, y_m, z_m))


def revolution(profile: ArrayLike, sides: int) -> Mesh:
    """Return the surface that a profile sweeps around the z axis, wound outward.

    A profile that starts and ends on the axis gives a closed body; one that does not is open
    there. Each step of the profile becomes one band of ``2 * sides`` facets (``sides`` at a tip),
    so a straight side needs one step, and a curved one as many as its curve.

    Args:
        profile: Distance from the axis and height (rho, z) [m] of each point, from one end of
            the body to the other in either order, shape ``(p, 2)``.
        sides: Number of flat sides around the axis, 3 or more; corners lie on the body.

    Raises:
        ValueError: If the profile has another shape, fewer than two points, or a negative rho.

    Example:
        >>> cylinder = revolution([(0, -1), (0.5, -1), (0.5, 1), (0, 1)], 256)
        >>> cylinder.is_closed, len(cylinder.facets)
        (True, 1024)
    """
    points = np.asarray(profile, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2 or sides < 3:
        raise ValueError(
            f"expected a profile of shape (p, 2), p >= 2, and 3 or more sides, "
            f"got {points.shape} and {sides}"
        )
    if points[:, 0].min() < 0:
        raise ValueError(f"the profile has rho = {points[:, 0].min()}; expected 0 or more")
    mesh = _swept(points, sides)
    return reverse(mesh) if mesh.volume < 0 else mesh


def _swept(points: Floats, sides: int) -> Mesh:
    azimuth = 2 * np.pi * np.arange(sides) / sides
    across = np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)  # (side, xy)
    rings = [_ring(rho, z, across) for rho, z in points]
    starts = np.cumsum([0, *map(len, rings)])
    bands = [
        _band(starts[i] + _spokes(rings[i], sides), starts[i + 1] + _spokes(rings[i + 1], sides))
        for i in range(len(points) - 1)
    ]
    return Mesh(np.vstack(rings), np.vstack(bands))


def _ring(rho: float, z: float, across: Floats) -> Floats:
    if rho == 0:
        return np.array([[0.0, 0.0, z]])  # a ring on the axis is one vertex
    return np.column_stack([rho * across, np.full(len(across), z)])


def _spokes(ring: Floats, sides: int) -> Integers:
    return np.arange(sides + 1) % len(ring)


def _band(lower: Integers, upper: Integers) -> Integers:
    """Return the facets between two rings; those that shrink to a line on the axis are left out."""
    first = np.stack([lower[:-1], lower[1:], upper[1:]], axis=1)
    second = np.stack([lower[:-1], upper[1:], upper[:-1]], axis=1)
    both = np.vstack([first, second])
    distinct = (both != np.roll(both, 1, axis=1)).all(axis=1)
    return both[distinct]


def subdivide(mesh: Mesh, longest_edge_m: float) -> Mesh:
    """Return the same surface with every facet split in four until no edge is too long.

    Raises:
        ValueError: If ``longest_edge_m`` is not positive.

    Example:
        >>> len(subdivide(plate(1.0, 1.0), 0.5).facets)
        32
    """
    _check_sizes(longest_edge_m=longest_edge_m)
    while mesh.edge_lengths_m.max() > longest_edge_m:
        mesh = _split(mesh)
    return mesh


def _split(mesh: Mesh) -> Mesh:
    """Return every facet split in four at the midpoints of its edges, which neighbours share."""
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
    """Return one mesh of several; their facets follow each other, their vertices stay apart."""
    if not meshes:
        raise ValueError("merge needs at least one mesh")
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    facets = [mesh.facets + start for mesh, start in zip(meshes, starts, strict=False)]
    return Mesh(np.vstack([mesh.vertices for mesh in meshes]), np.vstack(facets))


def weld(mesh: Mesh, tolerance_m: float) -> Mesh:
    """Return the mesh with vertices closer than ``tolerance_m`` made one; unused ones go."""
    points = mesh.vertices
    pairs = KDTree(points).query_pairs(tolerance_m, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (len(points),) * 2)
    _, cluster = connected_components(links, directed=False)
    used, facets = np.unique(cluster[mesh.facets], return_inverse=True)
    _, first = np.unique(cluster, return_index=True)
    return Mesh(points[first[used]], facets.reshape(-1, 3))


def reverse(mesh: Mesh) -> Mesh:
    """Return the mesh inside out: every facet wound the other way."""
    return Mesh(mesh.vertices, mesh.facets[:, ::-1])


def translate(mesh: Mesh, offset_m: ArrayLike) -> Mesh:
    """Return the mesh moved by ``offset_m`` [m], shape ``(3,)``."""
    return _moved(mesh, lambda points: points + np.asarray(offset_m, dtype=np.float64))


def rotate(mesh: Mesh, rotation: ArrayLike) -> Mesh:
    """Return the mesh turned about the origin: every vertex r becomes ``rotation @ r``.

    Raises:
        ValueError: If ``rotation`` is not a proper rotation matrix of shape ``(3, 3)``.
    """
    matrix = np.asarray(rotation, dtype=np.float64)
    if matrix.shape != (3, 3) or not np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-9):
        raise ValueError(f"expected an orthogonal matrix of shape (3, 3), got\n{matrix}")
    if np.linalg.det(matrix) < 0:
        raise ValueError("the matrix mirrors (determinant -1); a rotation has determinant +1")
    return _moved(mesh, lambda points: points @ matrix.T)


def scale(mesh: Mesh, factor: float | ArrayLike) -> Mesh:
    """Return the mesh stretched about the origin by one factor, or one along each axis.

    Raises:
        ValueError: If a factor is not positive: it would turn the body inside out.
    """
    factors = np.broadcast_to(np.asarray(factor, dtype=np.float64), (3,))
    _check_sizes(**dict(zip(("x", "y", "z"), map(float, factors), strict=True)))
    return _moved(mesh, lambda points: points * factors)


def _moved(mesh: Mesh, move: Callable[[Floats], Floats]) -> Mesh:
    return Mesh(move(mesh.vertices), mesh.facets)


def _check_sizes(**sizes: float) -> None:
    for name, size in sizes.items():
        if not (np.isfinite(size) and size > 0):
            raise ValueError(f"{name} must be above 0 and finite, got {size}")
