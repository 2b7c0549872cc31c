"""Which facets the radar sees: shadows that parts of a body, or several bodies, cast.

The radar is far away, so all rays towards it are parallel, and a facet is in shadow if, looking
along them, another facet covers its centre from nearer. Each look projects the mesh onto a grid
whose cells list the facets over them, and asks about each lit centre only those in its cell: the
ray test of Möller and Trumbore with the direction common to all rays taken out of it.

A facet is seen as a whole or not at all, so a shadow's edge is as sharp as the facets are small.

References:
    Möller and Trumbore, "Fast, minimum storage ray/triangle intersection", J. Graphics Tools 2
    (1997) 21; Knott, Shaeffer, Tuley, Radar Cross Section, 2nd ed., section 5.3 (shadowing).
"""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from simulators.scattering.meshes import Mesh

_TOLERANCE = 1e-9  # of the body's size: a facet this little nearer is the same surface
_EDGE = 1e-12  # of a facet: what rounding may do to the place of its edge
_MAX_CELLS = 512  # along one side of the grid


def visible_facets(mesh: Mesh, directions: ArrayLike) -> NDArray[np.bool_]:
    """Return which facets the radar sees from each direction.

    A convex body needs no such mask: its facets are seen when their normals face the radar. Use
    :func:`simulators.scattering.meshes.subdivide` where a shadow falls across large facets.

    Args:
        mesh: The body, or several merged; facets block from either side.
        directions: Unit vectors from the body to the radar, body frame, shape ``(d, 3)``.

    Returns:
        Whether each facet faces the radar with nothing before its centre, shape ``(d, m)``.

    Raises:
        ValueError: If ``directions`` has another shape, or holds a vector without length.

    Example:
        >>> from simulators.scattering.meshes import box
        >>> int(visible_facets(box(1.0, 1.0, 1.0), [[0.0, 0.6, 0.8]]).sum())
        4
    """
    looks = np.asarray(directions, dtype=np.float64)
    if looks.ndim != 2 or looks.shape[1] != 3:
        raise ValueError(f"expected directions of shape (d, 3), got {looks.shape}")
    lengths = np.linalg.norm(looks, axis=1)
    if not np.all((lengths > 0) & np.isfinite(lengths)):
        raise ValueError("a direction has no length, or is not finite; expected unit vectors")
    facing = (looks / lengths[:, None]) @ mesh.area_vectors.T > 0
    for look, lit in zip(looks / lengths[:, None], facing, strict=True):
        _shade(_seen_along(mesh, look), _TOLERANCE * mesh.extent_m, lit)
    return facing


def _seen_along(mesh: Mesh, look: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the corners across and along a look [m], ``(m, 3, 3)``: facet, corner, (x, y, depth).

    Depth grows towards the radar.
    """
    # The axis least along the look, so that the cross product is never short.
    least = np.eye(3)[np.argmin(np.abs(look))]
    x = np.cross(look, least)
    x /= np.linalg.norm(x)
    frame = np.stack([x, np.cross(look, x), look], axis=1)
    return (mesh.vertices @ frame.astype(np.float64))[mesh.facets]


@njit(cache=True, nogil=True)
def _cell(value, low, width, cells):
    """Return the cell, from 0 to ``cells`` - 1, that a coordinate falls in."""
    return min(cells - 1, max(0, int((value - low) / width)))


@njit(cache=True, nogil=True)
def _bounds(corners, low, width, cells):
    """Return the range of cells under each facet, shape ``(m, 2, 2)``: facet, axis, first/last."""
    out = np.empty((corners.shape[0], 2, 2), np.int64)
    for i in range(corners.shape[0]):
        for axis in range(2):
            a, b, c = corners[i, 0, axis], corners[i, 1, axis], corners[i, 2, axis]
            out[i, axis, 0] = _cell(min(a, b, c), low[axis], width[axis], cells)
            out[i, axis, 1] = _cell(max(a, b, c), low[axis], width[axis], cells)
    return out


@njit(cache=True, nogil=True)
def _listed(bounds, cells):
    """Return the facets over each cell: ``members[start[c]:start[c + 1]]`` for cell c."""
    start = np.zeros(cells * cells + 1, np.int64)
    for i in range(bounds.shape[0]):
        for row in range(bounds[i, 0, 0], bounds[i, 0, 1] + 1):
            for column in range(bounds[i, 1, 0], bounds[i, 1, 1] + 1):
                start[row * cells + column + 1] += 1
    start = np.cumsum(start)
    members, filled = np.empty(start[-1], np.int64), start[:-1].copy()
    for i in range(bounds.shape[0]):
        for row in range(bounds[i, 0, 0], bounds[i, 0, 1] + 1):
            for column in range(bounds[i, 1, 0], bounds[i, 1, 1] + 1):
                cell = row * cells + column
                members[filled[cell]] = i
                filled[cell] += 1
    return start, members


@njit(cache=True, nogil=True)
def _rise(facet, x, y, depth):
    """Return how much nearer than ``depth`` [m] a facet is over (x, y); -inf if not over it."""
    ux, uy = facet[1, 0] - facet[0, 0], facet[1, 1] - facet[0, 1]
    vx, vy = facet[2, 0] - facet[0, 0], facet[2, 1] - facet[0, 1]
    area = ux * vy - uy * vx
    if abs(area) <= _EDGE * (abs(ux * vy) + abs(uy * vx)):  # edge-on: it covers nothing
        return -np.inf
    px, py = x - facet[0, 0], y - facet[0, 1]
    s, t = (px * vy - py * vx) / area, (ux * py - uy * px) / area
    if s < -_EDGE or t < -_EDGE or s + t > 1.0 + _EDGE:  # no gap between neighbours
        return -np.inf
    over = (1.0 - s - t) * facet[0, 2] + s * facet[1, 2] + t * facet[2, 2]
    return over - depth


@njit(cache=True, nogil=True)
def _covered(corners, i, candidates, tolerance):
    """Return whether a candidate other than facet ``i`` covers its centre from nearer."""
    facet = corners[i]
    x = (facet[0, 0] + facet[1, 0] + facet[2, 0]) / 3.0
    y = (facet[0, 1] + facet[1, 1] + facet[2, 1]) / 3.0
    depth = (facet[0, 2] + facet[1, 2] + facet[2, 2]) / 3.0
    for j in candidates:
        if j != i and _rise(corners[j], x, y, depth) > tolerance:
            return True
    return False


@njit(cache=True, nogil=True)
def _grid(corners):
    """Return the lower corner of the grid, the width of its cells [m], and cells a side."""
    cells = int(min(_MAX_CELLS, max(1, int(np.sqrt(corners.shape[0])))))
    low, width = np.empty(2), np.empty(2)
    for axis in range(2):
        low[axis] = corners[:, :, axis].min()
        width[axis] = max((corners[:, :, axis].max() - low[axis]) / cells, 1e-300)
    return low, width, cells


@njit(cache=True, nogil=True)
def _shade(corners, tolerance, lit):
    """Set ``lit``, shape ``(m,)``, to False in place where a facet lies in another's shadow."""
    low, width, cells = _grid(corners)
    start, members = _listed(_bounds(corners, low, width, cells), cells)
    for i in range(corners.shape[0]):
        if lit[i]:
            x = (corners[i, 0, 0] + corners[i, 1, 0] + corners[i, 2, 0]) / 3.0
            y = (corners[i, 0, 1] + corners[i, 1, 1] + corners[i, 2, 1]) / 3.0
            cell = _cell(x, low[0], width[0], cells) * cells + _cell(y, low[1], width[1], cells)
            if _covered(corners, i, members[start[cell] : start[cell + 1]], tolerance):
                lit[i] = False
