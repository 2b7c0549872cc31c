"""Fragments and cubesats against meshes and boxes."""

import numpy as np
import pytest
from bodies import bent, unit_vectors

from simulators.amplitudes.directions import direction_amplitudes
from simulators.objects import Box, Cubesat, Fragment
from simulators.objects.dispatch import CUBESAT_SIDES_M
from simulators.scattering import meshes
from simulators.scattering.physical_optics.amplitude import amplitude_m
from simulators.units import wavenumber

K = wavenumber(10e9)


@pytest.mark.slow
@pytest.mark.parametrize("fold", [0.5, 0.35, 0.7])
@pytest.mark.parametrize("bend_deg", [0.0, 5.0, 40.0, 70.0])
def test_a_fragment_is_two_plates_about_its_centre_of_mass_and_axes(fold, bend_deg):
    mesh = bent(0.3, 0.2, fold, bend_deg)
    lies = meshes.mass_of(mesh, solid=False)
    body = meshes.rotate(meshes.translate(mesh, -lies.centre_m), lies.axes)
    both, looks = meshes.merge(body, meshes.reverse(body)), unit_vectors(60)
    sizes = (0.3, 0.2, fold, bend_deg)
    ours = direction_amplitudes(Fragment(name="f"), sizes, looks, K)
    expected = amplitude_m(both, looks, [K])[:, 0]
    assert np.abs(ours - expected).max() < 1e-9


def test_a_cubesat_takes_every_form_within_its_bounds():
    assert Cubesat(name="c", units=(3, 6)).form == (2.0, pytest.approx(4.0))
    item = Cubesat(name="c", units=(12, 12))
    low, high = item.form
    assert int(low) == int(high) == 4
    assert item.largest_extent_m() == pytest.approx(np.linalg.norm(CUBESAT_SIDES_M[4]))
    small = direction_amplitudes(item, (0.7,), unit_vectors(5), K)
    box = direction_amplitudes(Box(name="b"), (0.1, 0.1, 0.1135), unit_vectors(5), K)
    assert np.array_equal(small, box)
