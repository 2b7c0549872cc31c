"""Small bodies as the sphere of their mean extent."""

from dataclasses import replace

import numpy as np
import pytest
from mesh_bodies import unit_vectors

from simulators.amplitudes.directions import direction_amplitudes
from simulators.objects import SHAPES, Box
from simulators.objects.extents import mean_extent, smallest_size
from simulators.scattering.mie import sphere_amplitude_m
from simulators.units import wavenumber

K = wavenumber(10e9)
UP = np.array([[0.0, 0.0, 1.0]])


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - {"sphere", "dipole", "mesh"}))
def test_the_kernel_judges_k_a_by_the_same_smallest_size_as_the_class(shape):
    item = SHAPES[shape](name=shape)
    low = np.array([first for first, _ in item.columns()])
    assert smallest_size(item.kind, low) * K == pytest.approx(item.smallest_ka(K))
    assert item.mean_extent_m(0) == mean_extent(item.kind, low)
    assert 0 < item.mean_extent_m(0) < item.largest_extent_m() * 1.01


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - {"sphere", "dipole", "mesh"}))
def test_a_small_body_is_the_sphere_of_its_mean_extent_where_the_class_asks(shape):
    item = SHAPES[shape](name="x", small_body="sphere")
    sizes = np.array([first for first, _ in item.columns()])
    k = 2.9 / smallest_size(item.kind, sizes)
    item.check_physics(k)
    found = direction_amplitudes(item, sizes, unit_vectors(5), k)
    expected = sphere_amplitude_m(item.mean_extent_m(0) / 2, k)
    assert found == pytest.approx(np.full(5, expected), rel=1e-5)
    assert "the sphere of its mean extent" in item.validity(k).method
    with pytest.raises(ValueError, match=r"objects\.x\..*small_body = 'sphere'"):
        SHAPES[shape](name="x").check_physics(k)


@pytest.mark.slow
def test_the_small_body_curve_is_that_of_the_size_estimation_model():
    """Its ends: sigma = 9 pi^5 / 4 (d / lambda)^6 lambda^2 (Rayleigh), and pi / 4 d^2."""
    span = (1e-3, 1.0)
    item = Box(name="x", width_m=span, height_m=span, depth_m=span, small_body="sphere")
    k = 100.0
    wavelength, d = 2 * np.pi / k, 0.0022
    small = direction_amplitudes(item, (d, d, d), UP, k)
    rayleigh = 9 * np.pi**5 / 4 * (d / wavelength) ** 6 * wavelength**2
    assert abs(small[0]) ** 2 == pytest.approx(rayleigh, rel=0.05)  # the next term: (k d / 2)^2
    mixed = direction_amplitudes(item, (0.02, 1.0, 1.0), [[0.6, 0.0, 0.8]], k)
    optical = np.pi / 4 * (2.02 / 3) ** 2
    assert abs(mixed[0]) ** 2 == pytest.approx(optical, rel=0.05)
    large = direction_amplitudes(item, (0.5, 0.5, 0.5), UP, k)
    plain = direction_amplitudes(replace(item, small_body="refuse"), (0.5, 0.5, 0.5), UP, k)
    assert np.array_equal(large, plain)
