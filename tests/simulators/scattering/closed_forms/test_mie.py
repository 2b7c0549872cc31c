"""The sphere of docs/oracles.md, against tables, recurrences and limits."""

import numpy as np
import pytest
from scattering_oracles import ROOT_PI, mie_by_recurrence
from scipy.optimize import minimize_scalar

from simulators.scattering.closed_forms import elementary as forms
from simulators.scattering.closed_forms.mie import MAX_KA, ripple_table, sphere_amplitude_m
from simulators.units import rcs_dbsm, wavenumber


@pytest.mark.parametrize(
    ("ka", "expected"),
    [
        (0.1, 8.98336597e-4),
        (0.5, 0.529576279),
        (1, 3.63756654),
        (2, 1.00814308),
        (3, 0.520765428),
        (5, 1.16883705),
        (10, 0.929230216),
        (20, 0.966357398),
        (50, 0.995917679),
        (100, 0.999025415),
    ],
)
def test_sphere_cross_section_is_the_tabulated_one(ka, expected):
    sigma = abs(sphere_amplitude_m(1.0, ka)) ** 2 / np.pi
    assert sigma == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("sign", "bounds", "expected_ka", "expected"),
    [(-1, (0.8, 1.3), 1.02807893, 3.65495418), (1, (1.4, 2.1), 1.74327036, 0.285039366)],
    ids=["first maximum", "first minimum"],
)
def test_sphere_resonances_are_where_they_should_be(sign, bounds, expected_ka, expected):
    def signed(ka):
        return sign * abs(sphere_amplitude_m(1.0, ka)) ** 2 / np.pi

    found = minimize_scalar(signed, bounds=bounds, method="bounded", options={"xatol": 1e-10})
    assert found.x == pytest.approx(expected_ka, abs=1e-6)
    assert sign * found.fun == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("ka", [1e-3, 0.01, 0.1, 0.7, 1.0, 3.3, 10.0, 33.0, 60.0, 99.9])
def test_sphere_amplitude_agrees_with_recurrences_in_100_digits(ka):
    expected = mie_by_recurrence(0.3, ka / 0.3)
    found = complex(sphere_amplitude_m(0.3, ka / 0.3))
    assert abs(found - expected) < 1e-9 * abs(expected)


def test_sphere_of_0_2_m_at_4_5_ghz():
    assert rcs_dbsm(sphere_amplitude_m(0.2, wavenumber(4.5e9))) == pytest.approx(-9.10056, abs=5e-6)


def test_a_small_sphere_scatters_by_rayleigh_with_a_positive_sign():
    radius, k = 0.3, 0.01 / 0.3
    expected = 3 * ROOT_PI * k**2 * radius**3
    assert abs(sphere_amplitude_m(radius, k) - expected) < 2e-4 * expected  # next term: (ka)^2


@pytest.mark.parametrize("ka", [20.0, 60.0, 100.0])
def test_a_large_sphere_tends_to_the_optical_return_of_its_front(ka):
    optical = -ROOT_PI * 0.3 * np.exp(2j * ka)
    # What is left is the 1/ka term of the Luneburg-Kline series, j/(2ka), and the creeping wave.
    assert abs(sphere_amplitude_m(0.3, ka / 0.3) / optical - 1) < 1 / ka


def test_beyond_the_series_the_sphere_is_optical():
    found = sphere_amplitude_m(2.0, 1.001 * MAX_KA / 2.0)
    assert found == pytest.approx(-ROOT_PI * 2.0 * np.exp(2j * 1.001 * MAX_KA), rel=1e-12)


def test_sphere_amplitude_broadcasts_and_scales_with_the_radius():
    radii, k = np.array([[0.05], [0.1]]), np.array([100.0, 200.0, 300.0])
    found = sphere_amplitude_m(radii, k)
    assert found.shape == (2, 3)
    # The same ka, twice the radius: twice the amplitude.
    assert found[1, 0] == pytest.approx(2 * found[0, 1], rel=1e-12)


@pytest.mark.parametrize(("radius", "k"), [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.0), ([1.0, -1.0], 1.0)])
def test_sphere_sizes_that_are_not_positive_are_refused(radius, k):
    with pytest.raises(ValueError, match="must be positive"):
        sphere_amplitude_m(radius, k)


@pytest.mark.slow
@pytest.mark.parametrize(("smallest", "largest"), [(0.5, 5.0), (10.5, 63.0), (62.9, 63.0)])
def test_interpolated_sphere_agrees_with_the_series(smallest, largest):
    step = 0.02
    table = ripple_table(smallest, largest, step)
    for ka in np.linspace(smallest, largest, 301):
        radius = 0.3
        found = forms.sphere(ka / radius, radius, table, smallest, step)
        expected = complex(sphere_amplitude_m(radius, ka / radius))
        assert abs(found - expected) < 1e-5 * abs(expected)
