"""Defects of meshes, each found by name."""

import numpy as np
import pytest
from bodies import without

from simulators.scattering import meshes
from simulators.scattering.meshes import Mesh, defects


def test_a_hole_is_found(box):
    found = defects(without(box, 3))
    assert "not watertight: of 18 edges, 3 belong to one facet" in found[0]
    assert any("do not cancel" in sentence for sentence in found)


def test_a_facet_too_many_is_found(box):
    extra = Mesh(np.vstack([box.vertices, [[0.0, 0.0, 9.0]]]), np.vstack([box.facets, [[0, 1, 8]]]))
    assert "1 to more than two" in defects(extra)[0]


def test_a_flipped_facet_is_found(box):
    facets = box.facets.copy()
    facets[0] = facets[0, ::-1]
    found = defects(Mesh(box.vertices, facets))
    assert "3 edges are run in the same direction" in found[0]
    assert any("do not cancel" in sentence for sentence in found)


def test_a_part_wound_inward_is_found(box):
    inner = meshes.translate(meshes.reverse(meshes.box(0.5, 0.5, 0.5)), [4.0, 0.0, 0.0])
    found = defects(meshes.merge(box, inner))
    assert found == [
        "1 of 2 parts are wound inward: part 1 has a signed volume of -0.125 m^3; "
        "reverse its facets"
    ]
    assert not meshes.reverse(box).is_closed


def test_a_facet_without_area_is_found(box):
    facets = np.vstack([box.facets, [[0, 1, 1]]])
    assert (
        "1 facets have no area, the first is facet 12"
        in defects(Mesh(box.vertices, facets), closed=False)[0]
    )
    assert np.all(np.isfinite(Mesh(box.vertices, facets).normals))


@pytest.mark.parametrize(("factor", "guess"), [(1000.0, "in millimetres"), (1e-5, "in metres")])
def test_a_size_in_other_units_is_found(box, factor, guess):
    (sentence,) = defects(meshes.scale(box, factor))
    assert guess in sentence
    assert f"bounding box x {-0.5 * factor:.6g} to {0.5 * factor:.6g}" in sentence


def test_an_open_shell_is_no_fault_where_one_is_expected():
    assert defects(meshes.plate(1.0, 0.5), closed=False) == []
    assert len(defects(meshes.plate(1.0, 0.5))) == 2
