"""Plates, discs and cylinders of docs/oracles.md, against quadrature."""

import numpy as np
import pytest
from scattering_oracles import (
    K_10_GHZ,
    ROOT_PI,
    cylinder_by_quadrature,
    disc_elements,
    gauss,
    looks,
    physical_optics,
)

from simulators.scattering.closed_forms import elementary as forms
from simulators.units import rcs_dbsm, wavelength_m, wavenumber


@pytest.mark.parametrize(
    ("side", "k", "expected_dbsm", "tolerance"),
    [
        (1.0, 2 * np.pi / 0.1, 30.992, 5e-4),
        (5.0, wavenumber(1e9), 49.4145, 5e-5),
        (5.0, wavenumber(3e9), 58.9569, 5e-5),
        (0.1, K_10_GHZ, 1.4557, 5e-5),
    ],
)
def test_square_plate_at_normal(side, k, expected_dbsm, tolerance):
    found = rcs_dbsm(forms.plate(k, side, side, 0.0, 0.0, 1.0))
    assert found == pytest.approx(expected_dbsm, abs=tolerance)


def test_plate_at_normal_is_minus_j_area_root_4_pi_by_wavelength():
    expected = -1j * 0.2 * 0.3 * np.sqrt(4 * np.pi) / wavelength_m(10e9)
    assert forms.plate(K_10_GHZ, 0.2, 0.3, 0.0, 0.0, 1.0) == pytest.approx(expected, rel=1e-12)


def test_plate_pattern_is_a_sinc_with_its_first_null_at_asin_lambda_by_2_l():
    k, length = 2 * np.pi / 0.1, 1.0
    peak = abs(forms.plate(k, length, length, 0.0, 0.0, 1.0)) ** 2
    for angle in np.radians(np.linspace(0.1, 80, 50)):
        found = abs(forms.plate(k, length, length, np.sin(angle), 0.0, np.cos(angle))) ** 2
        expected = np.cos(angle) ** 2 * np.sinc(2 * length / 0.1 * np.sin(angle)) ** 2
        assert found / peak == pytest.approx(expected, abs=1e-12, rel=1e-6)
    null = np.arcsin(0.1 / (2 * length))
    assert abs(forms.plate(k, length, length, np.sin(null), 0.0, np.cos(null))) ** 2 < 1e-24 * peak


@pytest.mark.parametrize("angles", [(0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.9, 2.5), (2.5, 4.0)])
def test_plate_agrees_with_quadrature(angles):
    tilt, turn = angles
    u = np.array([np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)])
    width, height = 0.15, 0.25
    x, d_x = gauss(-width / 2, width / 2, 80)
    y, d_y = gauss(-height / 2, height / 2, 120)
    x, y = np.meshgrid(x, y, indexing="ij")
    points = np.stack([x, y, np.zeros_like(x)], -1)
    normals = np.broadcast_to([0.0, 0.0, np.sign(u[2])], points.shape)
    expected = physical_optics(K_10_GHZ, u, points, normals, np.outer(d_x, d_y))
    peak = K_10_GHZ / ROOT_PI * width * height
    assert abs(forms.plate(K_10_GHZ, width, height, *u) - expected) < 1e-9 * peak
    assert abs(forms.plate(K_10_GHZ, width, height, *u) - expected) < 1e-6 * abs(expected)


def test_disc_of_0_1_m_at_10_ghz():
    assert rcs_dbsm(forms.disc(K_10_GHZ, 0.1, 0.0, 1.0)) == pytest.approx(11.3987, abs=5e-5)


@pytest.mark.parametrize("uz", [1.0, 0.99, 0.8, 0.3, 0.05])
@pytest.mark.parametrize("offset", [0.0, 0.4, -0.25])
def test_disc_agrees_with_quadrature_wherever_it_lies(uz, offset):
    expected = physical_optics(K_10_GHZ, looks(uz), *disc_elements(0.1, offset, 1.0, 120))
    found = forms.disc(K_10_GHZ, 0.1, offset, uz)
    assert abs(found - expected) < 1e-7 * K_10_GHZ * ROOT_PI * 0.1**2


def test_moving_a_disc_by_t_multiplies_it_by_exp_2jk_u_t():
    here, moved = (forms.disc(K_10_GHZ, 0.1, z, 0.9) for z in (0.0, 0.05))
    assert moved / here == pytest.approx(np.exp(2j * K_10_GHZ * 0.9 * 0.05), rel=1e-12)


@pytest.mark.parametrize("uz", [0.0, -0.1, -1.0])
def test_disc_is_dark_from_behind(uz):
    assert forms.disc(K_10_GHZ, 0.1, 0.0, uz) == 0


@pytest.mark.parametrize(("uz", "expected_dbsm"), [(0.0, -0.2543), (1.0, -0.6425), (-1.0, -0.6425)])
def test_cylinder_broadside_and_end_on(uz, expected_dbsm):
    found = rcs_dbsm(forms.cylinder(K_10_GHZ, 0.05, 0.3, uz))
    assert found == pytest.approx(expected_dbsm, abs=5e-5)


def test_cylinder_broadside_against_the_exact_physical_optics_of_physics_md():
    assert rcs_dbsm(forms.cylinder(2 * np.pi / 0.1, 0.5, 2.0, 0.0)) == pytest.approx(
        20.983, abs=0.02
    )
    exact = cylinder_by_quadrature(2 * np.pi / 0.1, 0.5, 2.0, 0.0)
    assert rcs_dbsm(exact) == pytest.approx(20.983, abs=1e-3)


@pytest.mark.parametrize("radius", [0.03, 0.05, 0.15])
def test_cylinder_near_broadside_agrees_with_quadrature(radius):
    length = 0.3
    first_null = np.pi / K_10_GHZ / length
    for uz in np.array([-0.6, -0.3, 0.0, 0.2, 0.5]) * first_null:
        expected = cylinder_by_quadrature(K_10_GHZ, radius, length, uz)
        found = forms.cylinder(K_10_GHZ, radius, length, uz)
        # Stationary phase leaves out terms of relative size 1/(ka): 0.1 dB at ka = 6.
        tolerance_db = 0.7 / (K_10_GHZ * radius)
        assert rcs_dbsm(found) == pytest.approx(rcs_dbsm(expected), abs=tolerance_db)
        assert abs(np.angle(found / expected)) < 0.5 / (K_10_GHZ * radius)


@pytest.mark.parametrize("uz", [1.0, -0.9999, 0.999])
def test_cylinder_near_its_end_agrees_with_quadrature(uz):
    expected = cylinder_by_quadrature(K_10_GHZ, 0.1, 0.3, uz)
    found = forms.cylinder(K_10_GHZ, 0.1, 0.3, uz)
    assert abs(found - expected) < 0.05 * K_10_GHZ * ROOT_PI * 0.1**2
