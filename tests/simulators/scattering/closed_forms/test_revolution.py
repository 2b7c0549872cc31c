"""Cones and frustums of docs/oracles.md, against quadrature."""

import mpmath
import numpy as np
import pytest
from scattering_oracles import (
    K_10_GHZ,
    ROOT_PI,
    cone_by_quadrature,
    cylinder_by_quadrature,
    disc_elements,
    gauss,
    looks,
    physical_optics,
    side_elements,
)

from simulators.scattering.closed_forms import revolution
from simulators.units import rcs_dbsm

# 0.05 dB of the peak: what the rule around the axis may err by where part of a cone is in shade.
CONE_SHARE = 2e-6


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
    assert abs(revolution.line_integral(0.7, 0.3, y) - expected) < 1e-11


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
