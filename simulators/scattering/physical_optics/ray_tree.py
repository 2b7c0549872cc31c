"""Tree of boxes over the facets of a mesh, and the first facet that a ray hits.

The tree is a binary heap over facets in the order of a space-filling split: each level halves the
facets of a box along its longest side, so node ``i`` has the children ``2 i + 1`` and ``2 i + 2``
and no pointers are needed.

Reference:
    Möller, Haines, Real-Time Rendering, chapter on intersection tests (bounding-volume
    hierarchies, slabs, and the ray and triangle of Möller and Trumbore).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_MAX_LEAF = 4  # facets in a leaf
_MAX_DEPTH = 64
SAME_SURFACE = 1e-9  # of the extent: a hit nearer than this is the surface that the ray leaves
_EDGE = 1e-9  # of a facet: neighbours overlap by this much, so that no ray passes between them


def ray_tree(corners: NDArray[np.float64]) -> tuple[NDArray, NDArray, NDArray]:
    """Return the tree over facets with these corners, shape ``(m, 3, 3)``.

    Returns:
        The facets in the tree's order, shape ``(m,)``; the first and the last but one of each
        node, shape ``(nodes, 2)``; each node's box, lower and upper corner, ``(nodes, 2, 3)``.
    """
    count = len(corners)
    levels = max(0, int(np.ceil(np.log2(count / _MAX_LEAF)))) if count > _MAX_LEAF else 0
    nodes = 2 ** (levels + 1) - 1
    order, spans = np.arange(count), np.zeros((nodes, 2), dtype=np.int64)
    boxes = np.empty((nodes, 2, 3))
    low, high, centres = corners.min(axis=1), corners.max(axis=1), corners.mean(axis=1)
    spans[0] = 0, count
    for node in range(nodes):
        start, end = spans[node]
        members = order[start:end]
        boxes[node] = low[members].min(axis=0), high[members].max(axis=0)
        if 2 * node + 2 < nodes:
            middle = (start + end) // 2
            axis = int(np.argmax(np.ptp(centres[members], axis=0)))
            order[start:end] = members[np.argsort(centres[members, axis], kind="stable")]
            spans[2 * node + 1], spans[2 * node + 2] = (start, middle), (middle, end)
    return order, spans, boxes


@njit(cache=True, nogil=True)
def _misses(box, origin, inverse, farthest):
    """Return whether a ray misses a box, or enters it beyond ``farthest``."""
    enter, leave = 0.0, farthest
    for axis in range(3):
        a = (box[0, axis] - origin[axis]) * inverse[axis]
        b = (box[1, axis] - origin[axis]) * inverse[axis]
        enter, leave = max(enter, min(a, b)), min(leave, max(a, b))
    return enter > leave * (1.0 + 1e-12) + 1e-300


@njit(cache=True, nogil=True)
def _distance(facet, origin, direction):
    """Return the distance along a ray to a facet, and the sign of the side that it hits.

    The distance is infinite if it misses; the sign is +1 from outside.
    """
    ax, ay, az = facet[1, 0] - facet[0, 0], facet[1, 1] - facet[0, 1], facet[1, 2] - facet[0, 2]
    bx, by, bz = facet[2, 0] - facet[0, 0], facet[2, 1] - facet[0, 1], facet[2, 2] - facet[0, 2]
    px, py, pz = (
        direction[1] * bz - direction[2] * by,
        direction[2] * bx - direction[0] * bz,
        direction[0] * by - direction[1] * bx,
    )
    determinant = ax * px + ay * py + az * pz
    if determinant == 0.0:
        return np.inf, 0.0
    tx, ty, tz = origin[0] - facet[0, 0], origin[1] - facet[0, 1], origin[2] - facet[0, 2]
    s = (tx * px + ty * py + tz * pz) / determinant
    if s < -_EDGE or s > 1.0 + _EDGE:
        return np.inf, 0.0
    qx, qy, qz = ty * az - tz * ay, tz * ax - tx * az, tx * ay - ty * ax
    t = (direction[0] * qx + direction[1] * qy + direction[2] * qz) / determinant
    if t < -_EDGE or s + t > 1.0 + _EDGE:
        return np.inf, 0.0
    return (bx * qx + by * qy + bz * qz) / determinant, np.sign(determinant)


@njit(cache=True, nogil=True)
def nearest_hit(corners, tree, origin, direction, min_distance):
    """Return the facet that a ray hits first, -1 if none, and its distance [m].

    Of two facets back to back it is the one that faces the ray.

    Args:
        corners: Corners of the facets [m], shape ``(m, 3, 3)``.
        tree: The result of ``ray_tree`` for them.
        origin: Start of the ray [m], shape ``(3,)``.
        direction: Unit vector along it, shape ``(3,)``.
        min_distance: Hits nearer than this [m] are ignored: the ray leaves a surface there.
    """
    order, spans, boxes = tree
    inverse = (_inverse(direction[0]), _inverse(direction[1]), _inverse(direction[2]))
    best, nearest, best_side = -1, np.inf, 0.0
    stack = np.empty(_MAX_DEPTH, np.int64)
    stack[0], height = 0, 1
    while height:
        height -= 1
        node = stack[height]
        if _misses(boxes[node], origin, inverse, nearest + min_distance):
            continue
        if 2 * node + 2 < spans.shape[0]:
            stack[height], stack[height + 1] = 2 * node + 1, 2 * node + 2
            height += 2
            continue
        for i in order[spans[node, 0] : spans[node, 1]]:
            distance, side = _distance(corners[i], origin, direction)
            closer = distance < nearest - min_distance
            if distance > min_distance and (
                closer or (distance < nearest + min_distance and side > best_side)
            ):
                best, nearest, best_side = i, min(distance, nearest), side
    return best, nearest


@njit(cache=True, nogil=True)
def _inverse(x):
    """Return 1 / x, a huge number for x = 0: 0 times it is still 0, which infinity is not."""
    if abs(x) < 1e-200:
        return 1e200
    return 1.0 / x
