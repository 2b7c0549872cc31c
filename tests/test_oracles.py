"""The oracles of docs/oracles.md, and independent routes to them: recurrences, quadrature."""

from functools import cache

import mpmath
import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import j1

from simulators.scattering import closed_forms as forms
from simulators.scattering import revolution, special
from simulators.scattering.mie import MAX_KA, ripple_table, sphere_amplitude_m
from simulators.units import rcs_dbsm, wavelength_m, wavenumber

ROOT_PI = np.sqrt(np.pi)
K_10_GHZ = wavenumber(10e9)
# 0.05 dB of the peak: what the rule around the axis may err by where part of a cone is in shade.
CONE_SHARE = 2e-6


# Independent routes ---------------------------------------------------------------------------


def mie_by_recurrence(radius, k):
    """Return the amplitude of a sphere from Riccati-Bessel recurrences in 100 digits.

    psi = x j_n and zeta = x h_n^(2) are both raised from n = 0, which loses digits, and has them.
    """
    with mpmath.workdps(100):
        x = mpmath.mpf(k) * mpmath.mpf(radius)
        psi, zeta = mpmath.sin(x), mpmath.sin(x) + 1j * mpmath.cos(x)
        psi_before, zeta_before = mpmath.cos(x), mpmath.cos(x) - 1j * mpmath.sin(x)
        total = mpmath.mpc(0)
        for n in range(1, int(x + 6 * x ** (1 / 3)) + 12):
            psi_before, psi = psi, (2 * n - 1) / x * psi - psi_before
            zeta_before, zeta = zeta, (2 * n - 1) / x * zeta - zeta_before
            electric = (psi_before - n / x * psi) / (zeta_before - n / x * zeta)
            total += (-1) ** n * (2 * n + 1) * (electric - psi / zeta)
        return complex(1j * mpmath.sqrt(mpmath.pi) / k * total)


def looks(uz):
    """Return the unit vector with the z cosine ``uz``, in a plane of no symmetry but the z axis."""
    across = np.sqrt(1 - uz**2)
    return np.array([across * np.cos(0.7), across * np.sin(0.7), uz])


nodes_and_weights = cache(np.polynomial.legendre.leggauss)


def gauss(low, high, count):
    node, weight = nodes_and_weights(count)
    return low + (high - low) * (node + 1) / 2, weight * (high - low) / 2


def physical_optics(k, u, points, normals, areas):
    """Return -jk/sqrt(pi) times the sum over the lit elements of (n.u) exp(2jk u.r) dA."""
    facing = np.maximum(normals @ u, 0.0)
    return -1j * k / ROOT_PI * np.sum(facing * areas * np.exp(2j * k * (points @ u)))


def disc_elements(radius, z, facing_z, count):
    rho, d_rho = gauss(0, radius, count)
    turn, d_turn = gauss(0, 2 * np.pi, count)
    rho, turn = np.meshgrid(rho, turn, indexing="ij")
    points = np.stack([rho * np.cos(turn), rho * np.sin(turn), np.full_like(rho, z)], -1)
    normals = np.broadcast_to([0.0, 0.0, facing_z], points.shape)
    return points, normals, np.outer(d_rho, d_turn) * rho


def side_elements(bottom, top, u, count, count_along):
    """Return elements of the lit side of a frustum between two (radius, z) rims.

    Between the shadow lines alone, so that the quadrature meets no kink.
    """
    (r0, z0), (r1, z1) = bottom, top
    slant = np.hypot(r1 - r0, z1 - z0)
    radial, axial = (z1 - z0) / slant, (r0 - r1) / slant  # of the outward normal
    across, heading = np.hypot(u[0], u[1]), np.arctan2(u[1], u[0])
    edge = np.clip(-axial * u[2] / max(radial * across, 1e-300), -1, 1)
    half = np.arccos(edge)
    turn, d_turn = gauss(heading - half, heading + half, count)
    share, d_share = gauss(0, 1, count_along)
    share, turn = np.meshgrid(share, turn, indexing="ij")
    rho, z = r0 + (r1 - r0) * share, z0 + (z1 - z0) * share
    points = np.stack([rho * np.cos(turn), rho * np.sin(turn), z], -1)
    normals = np.stack([radial * np.cos(turn), radial * np.sin(turn), np.full_like(z, axial)], -1)
    return points, normals, np.outer(d_share, d_turn) * slant * rho


def cone_by_quadrature(k, radius, length, uz, count=100, count_along=160):
    """Return PO of a closed cone, tip up, phase referred to 3/4 of its height below the tip."""
    u = looks(uz)
    side = side_elements((radius, -0.25 * length), (0.0, 0.75 * length), u, count, count_along)
    base = disc_elements(radius, -0.25 * length, -1.0, count)
    return physical_optics(k, u, *side) + physical_optics(k, u, *base)


def cylinder_by_quadrature(k, radius, length, uz, count=100, count_along=160):
    u, half = looks(uz), length / 2
    side = side_elements((radius, -half), (radius, half), u, count, count_along)
    ends = [disc_elements(radius, sign * half, sign, count) for sign in (-1.0, 1.0)]
    return sum(physical_optics(k, u, *elements) for elements in (side, *ends))


# Sphere ---------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(("smallest", "largest"), [(0.5, 5.0), (10.5, 63.0), (62.9, 63.0)])
def test_interpolated_sphere_agrees_with_the_series(smallest, largest):
    step = 0.02
    table = ripple_table(smallest, largest, step)
    for ka in np.linspace(smallest, largest, 301):
        radius = 0.3
        found = forms.sphere(ka / radius, radius, table, smallest, step)
        expected = complex(sphere_amplitude_m(radius, ka / radius))
        assert abs(found - expected) < 1e-5 * abs(expected)


# Plate, disc, Bessel --------------------------------------------------------------------------


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


def test_bessel_functions_agree_with_scipy():
    x = np.concatenate([np.linspace(0, 10, 2001), np.linspace(10, 200, 2001)])
    found = np.array([special.bessel_j1(value) for value in x])
    assert np.abs(found - j1(x)).max() < 1e-7
    jinc = np.array([special.jinc(value) for value in x[1:]])
    assert np.abs(jinc - 2 * j1(x[1:]) / x[1:]).max() < 1e-7
    assert special.jinc(0.0) == special.sinc(0.0) == 1.0
    sinc = np.array([special.sinc(value) for value in x - 5])
    assert np.abs(sinc - np.sinc((x - 5) / np.pi)).max() < 1e-12


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


# Cylinder -------------------------------------------------------------------------------------


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


# Cone -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("half_angle_deg", "expected_dbsm"), [(10, -16.099), (15, -12.521), (20, -9.835)]
)
def test_cone_nose_on(half_angle_deg, expected_dbsm):
    k, radius = 2 * np.pi / 0.1, 0.5
    length = radius / np.tan(np.radians(half_angle_deg))
    found = revolution.cone(k, radius, length, 1.0)
    assert rcs_dbsm(found) == pytest.approx(expected_dbsm, abs=1e-3)
    assert found == pytest.approx(cone_by_quadrature(k, radius, length, 1.0, 40, 400), rel=1e-6)


@pytest.mark.parametrize("y", [0.0, 1e-6, 0.01, 0.0499, -0.0499, 0.0501, -0.0501, 1.0, -30.0])
def test_sum_along_a_line_is_the_integral_of_its_weight_times_exp_jys(y):
    with mpmath.workdps(30):
        expected = complex(mpmath.quad(lambda s: (0.7 - 0.4 * s) * mpmath.expj(y * s), [0, 0.5, 1]))
    assert abs(revolution.line_sum(0.7, 0.3, y) - expected) < 1e-11


CONES = [(0.05, 0.2), (0.1, 0.4), (0.1, 0.15)]


@pytest.mark.parametrize(("radius", "length"), CONES)
def test_cone_with_its_whole_side_lit_agrees_with_quadrature(radius, length):
    cos_half = length / np.hypot(radius, length)
    for uz in 1 - np.array([0.02, 0.3, 0.6, 0.9]) * (1 - cos_half):
        expected = cone_by_quadrature(K_10_GHZ, radius, length, uz)
        assert abs(revolution.cone(K_10_GHZ, radius, length, uz) - expected) < 1e-6 * abs(expected)


@pytest.mark.parametrize(("radius", "length"), CONES)
def test_cone_with_its_side_in_shade_is_its_base(radius, length):
    cos_half = length / np.hypot(radius, length)
    peak = K_10_GHZ * ROOT_PI * radius**2
    for uz in -1 + np.array([0.0, 0.2, 0.6, 0.95]) * (1 - cos_half):
        expected = cone_by_quadrature(K_10_GHZ, radius, length, uz)
        assert abs(revolution.cone(K_10_GHZ, radius, length, uz) - expected) < 1e-6 * peak


@pytest.mark.parametrize(("radius", "length"), CONES)
def test_cone_partly_in_shade_agrees_with_quadrature(radius, length):
    specular = radius / np.hypot(radius, length)  # normal to the slant
    peak = abs(cone_by_quadrature(K_10_GHZ, radius, length, specular))
    for uz in (0.9 * length / np.hypot(radius, length), specular, 0.15, 0.0, -0.3, -0.7):
        expected = cone_by_quadrature(K_10_GHZ, radius, length, uz)
        error = abs(revolution.cone(K_10_GHZ, radius, length, uz) - expected)
        assert error < CONE_SHARE * peak
    found = revolution.cone(K_10_GHZ, radius, length, specular)
    assert rcs_dbsm(found) == pytest.approx(rcs_dbsm(peak), abs=0.05)


# Frustum and cone-cylinder ---------------------------------------------------------------------


def frustum_by_quadrature(k, lower, upper, length, uz, count=100, count_along=160):
    """Return PO of a closed frustum; its centre of mass by quadrature too."""
    z, weight = gauss(0, length, 12)
    area = (lower + (upper - lower) * z / length) ** 2
    bottom = -np.average(z, weights=weight * area)
    u = looks(uz)
    side = side_elements((lower, bottom), (upper, bottom + length), u, count, count_along)
    ends = [
        disc_elements(upper, bottom + length, 1.0, count),
        disc_elements(lower, bottom, -1.0, count),
    ]
    return sum(physical_optics(k, u, *elements) for elements in (side, *ends))


@pytest.mark.parametrize(("lower", "upper"), [(0.12, 0.05), (0.04, 0.1), (0.08, 0.08)])
def test_frustum_agrees_with_quadrature_from_any_side(lower, upper):
    length = 0.3
    specular = (lower - upper) / np.hypot(lower - upper, length)
    peak = abs(frustum_by_quadrature(K_10_GHZ, lower, upper, length, specular))
    for uz in (1.0, 0.97, specular, 0.3, 0.0, -0.4, -0.95, -1.0):
        expected = frustum_by_quadrature(K_10_GHZ, lower, upper, length, uz)
        found = revolution.frustum(K_10_GHZ, lower, upper, length, uz)
        assert abs(found - expected) < 2e-6 * peak


def test_frustum_at_the_normal_of_its_slant_has_the_textbooks_cross_section():
    """8 pi (z2^1.5 - z1^1.5)^2 sin a / (9 lambda cos^4 a), heights from the missing tip."""
    half, z1, z2 = np.radians(20.0), 1.0, 2.5
    k = 2 * np.pi / 0.01  # the formula is stationary phase: its error falls with 1 / (k r)
    lower, upper = z2 * np.tan(half), z1 * np.tan(half)
    found = abs(revolution.frustum(k, lower, upper, z2 - z1, np.sin(half))) ** 2
    expected = 8 * np.pi * (z2**1.5 - z1**1.5) ** 2 * np.sin(half) / (9 * 0.01 * np.cos(half) ** 4)
    assert rcs_dbsm(np.sqrt(found)) == pytest.approx(rcs_dbsm(np.sqrt(expected)), abs=0.05)


def test_cone_cylinder_agrees_with_quadrature_from_any_side():
    radius, cone, cylinder = 0.08, 0.25, 0.3
    joint = -(cone / 3 * cone / 4 - cylinder**2 / 2) / (cone / 3 + cylinder)
    bottom, tip = joint - cylinder, joint + cone
    peak = abs(cylinder_by_quadrature(K_10_GHZ, radius, cylinder, 0.0))
    for uz in (1.0, 0.9, 0.3, 0.0, -0.3, -1.0):
        u = looks(uz)
        parts = [
            side_elements((radius, joint), (0.0, tip), u, 100, 160),
            side_elements((radius, bottom), (radius, joint), u, 100, 160),
            disc_elements(radius, bottom, -1.0, 100),
        ]
        expected = sum(physical_optics(K_10_GHZ, u, *elements) for elements in parts)
        found = revolution.cone_cylinder(K_10_GHZ, radius, cone, cylinder, uz)
        assert abs(found - expected) < 2e-6 * peak


def test_quadrature_itself_has_converged():
    for uz in (0.95, 0.2, 0.0, -0.5):
        coarse = cone_by_quadrature(K_10_GHZ, 0.1, 0.4, uz)
        fine = cone_by_quadrature(K_10_GHZ, 0.1, 0.4, uz, 160, 240)
        assert abs(coarse - fine) < 1e-9 * K_10_GHZ * ROOT_PI * 0.1**2
