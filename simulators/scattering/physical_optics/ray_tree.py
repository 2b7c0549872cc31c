"""Where a ray first meets a mesh: a tree of boxes over the facets, built once, walked compiled.

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

_IN_LEAF = 4  # facets in a leaf, at most
_MAX_DEPTH = 64
_EDGE = 1e-9  # of a facet: neighbours overlap by this much, so that no ray slips between them


def ray_tree(corners: NDArray[np.float64]) -> tuple[NDArray, NDArray, NDArray]:
    """Return the tree over facets with these corners, shape ``(m, 3, 3)``.

    Returns:
        The facets in the tree's order, shape ``(m,)``; the first and the last but one of each
        node, shape ``(nodes, 2)``; each node's box, lower and upper corner, ``(nodes, 2, 3)``.
    """
    count = len(corners)
    levels = max(0, int(np.ceil(np.log2(count / _IN_LEAF)))) if count > _IN_LEAF else 0
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
    """Return whether a ray passes by a box, or enters it beyond ``farthest``."""
    enter, leave = 0.0, farthest
    for axis in range(3):
        a = (box[0, axis] - origin[axis]) * inverse[axis]
        b = (box[1, axis] - origin[axis]) * inverse[axis]
        enter, leave = max(enter, min(a, b)), min(leave, max(a, b))
    return enter > leave * (1.0 + 1e-12) + 1e-300


@njit(cache=True, nogil=True)
def _distance(facet, origin, way):
    """Return how far along its way a ray meets a facet, and the sign of the side that it meets.

    The distance is infinite where it does not; the sign is +1 from outside.
    """
    ax, ay, az = facet[1, 0] - facet[0, 0], facet[1, 1] - facet[0, 1], facet[1, 2] - facet[0, 2]
    bx, by, bz = facet[2, 0] - facet[0, 0], facet[2, 1] - facet[0, 1], facet[2, 2] - facet[0, 2]
    px, py, pz = way[1] * bz - way[2] * by, way[2] * bx - way[0] * bz, way[0] * by - way[1] * bx
    determinant = ax * px + ay * py + az * pz
    if determinant == 0.0:
        return np.inf, 0.0
    tx, ty, tz = origin[0] - facet[0, 0], origin[1] - facet[0, 1], origin[2] - facet[0, 2]
    s = (tx * px + ty * py + tz * pz) / determinant
    if s < -_EDGE or s > 1.0 + _EDGE:
        return np.inf, 0.0
    qx, qy, qz = ty * az - tz * ay, tz * ax - tx * az, tx * ay - ty * ax
    t = (way[0] * qx + way[1] * qy + way[2] * qz) / determinant
    if t < -_EDGE or s + t > 1.0 + _EDGE:
        return np.inf, 0.0
    return (bx * qx + by * qy + bz * qz) / determinant, np.sign(determinant)


@njit(cache=True, nogil=True)
def nearest_hit(corners, tree, origin, way, leave):
    """Return the facet that a ray meets first, and how far away [m]; -1 if it meets none.

    Of two facets back to back it is the one that faces the ray.

    Args:
        corners: Corners of the facets [m], shape ``(m, 3, 3)``.
        tree: What ``ray_tree`` made of them.
        origin: Where the ray starts [m], shape ``(3,)``.
        way: Unit vector along it, shape ``(3,)``.
        leave: What is nearer than this [m] is where the ray comes from, and not met.
    """
    order, spans, boxes = tree
    inverse = (_inverse(way[0]), _inverse(way[1]), _inverse(way[2]))
    best, nearest, best_side = -1, np.inf, 0.0
    stack = np.empty(_MAX_DEPTH, np.int64)
    stack[0], height = 0, 1
    while height:
        height -= 1
        node = stack[height]
        if _misses(boxes[node], origin, inverse, nearest + leave):
            continue
        if 2 * node + 2 < spans.shape[0]:
            stack[height], stack[height + 1] = 2 * node + 1, 2 * node + 2
            height += 2
            continue
        for i in order[spans[node, 0] : spans[node, 1]]:
            distance, side = _distance(corners[i], origin, way)
            closer = distance < nearest - leave
            if distance > leave and (closer or (distance < nearest + leave and side > best_side)):
                best, nearest, best_side = i, min(distance, nearest), side
    return best, nearest


@njit(cache=True, nogil=True)
def _inverse(x):
    """Return 1 / x, a huge number instead of infinity: 0 times it is still 0."""
    if abs(x) < 1e-200:
        return 1e200
    return 1.0 / x
