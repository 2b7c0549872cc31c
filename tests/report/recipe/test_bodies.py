"""Radar cross-sections and outlines of the bodies of a recipe."""

import numpy as np
import pytest

from radarseq.report.recipe.bodies import cut_dbsm, middle_sizes
from simulators.objects import SHAPES, Cylinder, Plate


def test_a_cylinder_flashes_broadside_with_the_rcs_of_its_closed_form():
    item = Cylinder(name="tank", radius_m=(0.05, 0.05), length_m=(0.3, 0.3))
    aspect, xz, yz = cut_dbsm(item, 10e9)
    beside = np.abs(aspect - np.pi / 2) < np.pi / 4
    flash = np.flatnonzero(beside)[xz[beside].argmax()]
    assert np.degrees(aspect[flash]) == pytest.approx(90, abs=0.3)
    assert xz[flash] == pytest.approx(-0.2543, abs=0.01)
    assert xz[0] == pytest.approx(-0.6425, abs=0.01)  # its end
    np.testing.assert_allclose(xz, yz, atol=1e-6)


def test_both_cuts_of_a_plate_have_the_null_of_their_own_side():
    item = Plate(name="panel", width_m=(1.0, 1.0), height_m=(0.5, 0.5))
    aspect, xz, yz = cut_dbsm(item, 2.99792458e9)  # 0.1 m
    for cut, side in ((xz, 1.0), (yz, 0.5)):
        null = np.argmin(np.abs(aspect - np.arcsin(0.1 / 2 / side)))
        assert cut[null - 2 : null + 3].min() < cut[0] - 18  # the first lobe beyond is 13 dB down


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - {"mesh"}))
def test_every_shape_has_an_outline_as_large_as_it_says(shape):
    item = SHAPES[shape](name="it")
    mesh = item.outline([high for _, high in item.sizes()])
    assert np.isfinite(mesh.vertices).all()
    assert 0.75 * item.largest_extent_m() < mesh.extent_m < 1.02 * item.largest_extent_m()
    assert item.outline(middle_sizes(item)).extent_m <= mesh.extent_m
