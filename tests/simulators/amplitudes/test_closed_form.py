"""The table of spheres that closed forms share."""

import numpy as np
import pytest

from simulators.amplitudes.closed_form import ripple_table
from simulators.objects import Plate, Sphere
from simulators.objects.dispatch import amplitude
from simulators.scattering.closed_forms.mie import sphere_amplitude_m
from simulators.units import wavenumber

K = wavenumber(10e9)


@pytest.mark.slow
def test_spheres_and_small_bodies_share_one_table():
    plates = Plate(name="p", width_m=(0.004, 0.3), height_m=(0.004, 0.3), small_body="sphere")
    ripple, smallest = ripple_table([plates, Sphere(name="s")], K)
    assert smallest == pytest.approx(K * 0.004 / 3)
    alone = ripple_table([Sphere(name="s")], K)
    assert alone[1] == K * 0.05
    empty, nothing = ripple_table([Plate(name="p")], K)
    assert empty.size == 0 and nothing == 0
    sizes = np.array([0.12, 1.0, 1.0, 1.0])
    ours = amplitude(Sphere.kind, K, sizes, 0.0, 0.0, 1.0, ripple, smallest)
    assert ours == pytest.approx(sphere_amplitude_m(0.12, K), rel=1e-5)
