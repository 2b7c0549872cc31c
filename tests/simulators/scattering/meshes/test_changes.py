"""Meshes that are subdivided, moved, merged and welded."""

import numpy as np
import pytest

from simulators.scattering import meshes
from simulators.scattering.meshes import Mesh, defects

TURN = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])  # x to y


def test_subdividing_keeps_the_surface(box):
    fine = meshes.subdivide(box, 0.5)
    assert fine.edge_lengths_m.max() <= 0.5
    assert fine.is_closed
    assert fine.areas.sum() == pytest.approx(22.0)
    assert fine.volume == pytest.approx(6.0)


def test_moving_turning_and_stretching(box):
    moved = meshes.translate(box, [10.0, 0.0, -5.0])
    assert np.allclose(moved.centroids - box.centroids, [10.0, 0.0, -5.0])
    assert moved.volume == pytest.approx(6.0)
    turned = meshes.rotate(box, TURN)
    assert np.allclose(np.ptp(turned.vertices, axis=0), [2.0, 1.0, 3.0])
    assert np.allclose(turned.normals, box.normals @ TURN.T)
    assert meshes.scale(box, 2.0).volume == pytest.approx(48.0)
    assert np.allclose(np.ptp(meshes.scale(box, (1, 0.5, 1)).vertices, axis=0), [1, 1, 3])


def test_merged_bodies_stay_apart(box):
    both = meshes.merge(box, meshes.translate(meshes.icosphere(0.1, 2), [5.0, 0, 0]))
    assert np.array_equal(np.unique(both.parts), [0, 1])
    assert both.part_volumes[0] == pytest.approx(6.0)
    assert both.smallest_width_m == pytest.approx(0.2, rel=0.06)  # the sphere's, not the box's
    assert defects(both) == []


def test_welding_joins_what_a_file_took_apart(box):
    soup = Mesh(box.corners.reshape(-1, 3), np.arange(36).reshape(-1, 3))
    assert not soup.is_watertight
    whole = meshes.weld(soup, 1e-9)
    assert len(whole.vertices) == 8
    assert whole.is_closed


@pytest.mark.parametrize("longest", [2.0, 0.4, 0.1])
def test_halving_facets_keeps_the_surface_and_its_sides(box, longest):
    thin = meshes.merge(box, meshes.translate(meshes.plate(3.0, 0.001), [0, 0, 5.0]))
    fine = meshes.bisect(thin, longest)
    assert fine.edge_lengths_m.max() <= longest
    assert fine.areas.sum() == pytest.approx(thin.areas.sum(), rel=1e-12)
    assert meshes.bisect(box, longest).volume == pytest.approx(6.0, rel=1e-12)
    assert np.allclose(fine.area_vectors.sum(axis=0), thin.area_vectors.sum(axis=0), atol=1e-12)
    shorter = meshes.bisect(meshes.plate(3.0, 0.001), longest)
    assert len(shorter.facets) <= 2 * 3 ** np.ceil(np.log2(3.1 / longest))
