"""The nearest facet on a ray, against a search through all facets."""

import numpy as np
import pytest

from simulators.scattering import meshes
from simulators.scattering.physical_optics.ray_tree import nearest_hit, ray_tree


def test_the_nearest_facet_is_that_of_a_search_through_all():
    """Möller and Trumbore's test on every facet, in NumPy, for rays from inside and outside."""
    body = meshes.merge(
        meshes.icosphere(1.0, 3), meshes.translate(meshes.box(0.5, 2.0, 0.4), [1.6, 0.1, 0.7])
    )
    rng = np.random.default_rng(4)
    tree, first, edge_1, edge_2 = (
        ray_tree(body.corners),
        body.corners[:, 0],
        *np.moveaxis(body.corners[:, 1:] - body.corners[:, :1], 1, 0),
    )
    hits = 0
    for origin in rng.uniform(-1.5, 1.5, (300, 3)):
        way = rng.normal(size=3)
        way /= np.linalg.norm(way)
        p, reach = np.cross(way, edge_2), origin - first
        determinant = np.einsum("ij,ij->i", edge_1, p)
        q = np.cross(reach, edge_1)
        s, t = np.einsum("ij,ij->i", reach, p) / determinant, (q @ way) / determinant
        along = np.einsum("ij,ij->i", edge_2, q) / determinant
        met = (s >= 0) & (t >= 0) & (s + t <= 1) & (along > 1e-9)
        hit, distance = nearest_hit(body.corners, tree, origin, way, 1e-9)
        if not met.any():
            assert hit == -1
            continue
        hits += 1
        assert hit == np.flatnonzero(met)[along[met].argmin()]
        assert distance == pytest.approx(along[met].min(), rel=1e-9)
    assert hits > 60
