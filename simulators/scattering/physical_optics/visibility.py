"""Visibility of facets: shadows that the parts of a body, or several bodies, cast.

The radar is far away, so all rays towards it are parallel: a facet is in shadow if the ray from its
centre meets another facet. A facet is seen as a whole or not at all, so the edge of a shadow is as
sharp as the facets are small.

Reference:
    Knott, Shaeffer, Tuley, Radar Cross Section, 2nd ed., section 5.3 (shadowing).
"""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from simulators.scattering.meshes import Mesh
from simulators.scattering.physical_optics.amplitude import checked_directions
from simulators.scattering.physical_optics.ray_tree import SAME_SURFACE, nearest_hit, ray_tree


def visible_facets(mesh: Mesh, directions: ArrayLike) -> NDArray[np.bool_]:
    """Return which facets the radar sees from each direction.

    A convex body needs no such mask: its facets are seen when their normals face the radar. Use
    ``meshes.subdivide`` where a shadow falls across large facets.

    Args:
        mesh: The body, or several merged; facets block from either side.
        directions: Unit vectors from the body to the radar, body frame, shape ``(d, 3)``.

    Returns:
        Whether each facet faces the radar with nothing before its centre, shape ``(d, m)``.

    Raises:
        ValueError: If ``directions`` has another shape, or holds a vector that is not of length 1.

    Example:
        >>> from simulators.scattering.meshes import box
        >>> int(visible_facets(box(1.0, 1.0, 1.0), [[0.0, 0.6, 0.8]]).sum())
        4
    """
    looks = checked_directions(directions)
    seen = np.empty((len(looks), len(mesh.facets)), dtype=np.bool_)
    tree = ray_tree(mesh.corners)
    find_visible(mesh.corners, mesh.area_vectors, tree, mesh.extent_m, looks, seen)
    return seen


@njit(cache=True, nogil=True)
def find_visible(corners, area_vectors, tree, extent, looks, seen):
    """Set ``seen``, shape ``(d, m)``: a lit facet is seen if nothing lies before its centre."""
    centre = np.empty(3)
    for d in range(looks.shape[0]):
        for i in range(corners.shape[0]):
            seen[d, i] = False
            if looks[d] @ area_vectors[i] > 0.0:
                for axis in range(3):
                    centre[axis] = corners[i, :, axis].sum() / 3.0
                hit, _ = nearest_hit(corners, tree, centre, looks[d], SAME_SURFACE * extent)
                seen[d, i] = hit < 0
