"""Meshes of elementary bodies: box, plate, sphere, ellipsoid and any body of revolution."""

import numpy as np
from numpy.typing import ArrayLike

from simulators.scattering.meshes.changes import reverse, scale, split
from simulators.scattering.meshes.surface import Floats, Integers, Mesh, check_sizes

_GOLDEN = (1 + 5**0.5) / 2


def box(x_m: float, y_m: float, z_m: float) -> Mesh:
    """Return a box about the origin, two facets a side.

    Example:
        >>> round(box(1.0, 2.0, 3.0).volume, 12)
        6.0
    """
    check_sizes(x_m=x_m, y_m=y_m, z_m=z_m)
    signs = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)])
    sides = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    facets = [[a, b, c] for a, b, c, _ in sides] + [[a, c, d] for a, _, c, d in sides]
    return Mesh(0.5 * signs * np.array([x_m, y_m, z_m]), np.array(facets))


def plate(width_m: float, height_m: float) -> Mesh:
    """Return a rectangular plate in z = 0 about the origin: two facets, lit from +z alone.

    For a plate lit from either side, ``merge(plate(w, h), reverse(plate(w, h)))``.
    """
    check_sizes(width_m=width_m, height_m=height_m)
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
    check_sizes(radius_m=radius_m)
    if subdivisions < 0:
        raise ValueError(f"subdivisions must be 0 or more, got {subdivisions}")
    mesh = _icosahedron()
    for _ in range(subdivisions):
        mesh = _on_sphere(split(mesh))
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

    A profile that starts and ends on the axis gives a closed body; otherwise the surface is open
    there. Each segment of the profile becomes one band of ``2 * sides`` facets (``sides`` at a
    tip), so a straight side needs one segment.

    Args:
        profile: Distance from the axis and height (rho, z) [m] of each point, from one end of
            the body to the other in either order, shape ``(p, 2)``.
        sides: Flat sides around the axis, 3 or more; corners lie on the body.

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
    rings = [
        np.column_stack([rho * across, np.full(sides, z)])
        if rho
        else np.array([[0.0, 0.0, z]])  # a ring on the axis is one vertex
        for rho, z in points
    ]
    starts = np.cumsum([0, *map(len, rings)])
    spokes = [
        start + np.arange(sides + 1) % len(ring) for start, ring in zip(starts, rings, strict=False)
    ]
    bands = [_band(spokes[i], spokes[i + 1]) for i in range(len(points) - 1)]
    return Mesh(np.vstack(rings), np.vstack(bands))


def _band(lower: Integers, upper: Integers) -> Integers:
    """Return the facets between two rings, without those that shrink to a line on the axis."""
    first = np.stack([lower[:-1], lower[1:], upper[1:]], axis=1)
    second = np.stack([lower[:-1], upper[1:], upper[:-1]], axis=1)
    both = np.vstack([first, second])
    distinct = (both != np.roll(both, 1, axis=1)).all(axis=1)
    return both[distinct]
