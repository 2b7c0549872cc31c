"""The integral over one triangle against quadrature, more digits and the divergence identity."""

import mpmath
import numpy as np
import pytest
from bodies import closed_cone, rotation, unit_vectors

from simulators.scattering import meshes
from simulators.scattering.physical_optics.amplitude import phase_mean

K = 2 * np.pi / 0.1  # wavelength 0.1 m, that of the numbers in docs/oracles.md


def quadrature(phases, points=90):
    """The mean of exp(jp) by Gauss-Legendre in the collapsed square, spectrally accurate."""
    node, weight = np.polynomial.legendre.leggauss(points)
    s, w = (node + 1) / 2, weight / 2
    t = (1 - s)[:, None] * s  # (s, t) covers the triangle s, t >= 0, s + t <= 1
    p = phases[0] + s[:, None] * (phases[1] - phases[0]) + t * (phases[2] - phases[0])
    return 2 * np.sum(np.outer(w * (1 - s), w) * np.exp(1j * p))


def in_many_digits(phases):
    """The second divided difference in 80 digits; equal phases are taken 1e-25 apart."""
    with mpmath.workdps(80):
        nudge = mpmath.mpf(10) ** -25
        a, b, c = (mpmath.mpf(float(p)) + i * nudge for i, p in enumerate(phases))
        top = (b - c) * mpmath.expj(a) + (c - a) * mpmath.expj(b) + (a - b) * mpmath.expj(c)
        return complex(2 * top / ((a - b) * (b - c) * (c - a)))


GAPS = [0.0, 1e-15, 1e-9, 1e-4, 0.01, 0.1, 0.2499999, 0.25, 0.2500001, 0.4999, 0.5, 0.51, 3.0, 40.0]


@pytest.mark.parametrize("base", [0.0, -73.0])
@pytest.mark.parametrize("gap", GAPS)
def test_the_triangle_integral_has_no_singular_case(gap, base):
    for other in GAPS:
        phases = np.array([base + gap, base, base - other])
        mean = phase_mean(phases)
        assert abs(mean - in_many_digits(phases)) < 1e-12
        assert abs(mean - quadrature(phases)) < 1e-11


def test_the_triangle_integral_against_quadrature():
    for phases in np.random.default_rng(3).uniform(-60, 60, size=(100, 3)):
        assert abs(phase_mean(phases) - quadrature(phases)) < 1e-11


def test_the_triangle_integral_against_adaptive_quadrature():
    a, b, c = 1.0, -2.5, 4.0
    with mpmath.workdps(20):
        value = mpmath.quad(
            lambda s, t: 2 * (1 - s) * mpmath.expj(a + s * (b - a) + (1 - s) * t * (c - a)),
            [0, 1],
            [0, 1],
        )
    assert abs(phase_mean([a, b, c]) - complex(value)) < 1e-13


def test_the_triangle_integral_does_not_depend_on_the_order_of_corners():
    phases = np.random.default_rng(4).uniform(-5, 5, size=(50, 3))
    for order in ([1, 2, 0], [0, 2, 1], [2, 1, 0]):
        assert np.allclose(phase_mean(phases), phase_mean(phases[:, order]), rtol=0, atol=1e-14)


@pytest.mark.parametrize("seed", range(4))
def test_divergence_identity(seed):
    """Over a closed surface, sum of A n I = 2jk u times the volume integral of exp(2jk u.r)."""
    turn, u = rotation(seed), unit_vectors(1, seed)[0]
    sizes = np.array([0.5, 0.8, 1.3])
    mesh = meshes.rotate(meshes.subdivide(meshes.box(*sizes), 0.3), turn)
    surface = mesh.area_vectors.T @ phase_mean(2 * K * (mesh.corners @ u))
    in_body = turn.T @ u
    volume = np.prod(sizes * np.sinc(K * sizes * in_body / np.pi))
    assert np.max(np.abs(surface - 2j * K * u * volume)) / mesh.areas.sum() < 1e-12


@pytest.mark.parametrize("name", ["sphere", "cone"])
def test_divergence_identity_across_the_look(name, sphere):
    mesh = {"sphere": sphere, "cone": closed_cone(0.5, 2.0, 256)}[name]
    for u in unit_vectors(5):
        surface = mesh.area_vectors.T @ phase_mean(2 * K * (mesh.corners @ u))
        assert np.max(np.abs(np.cross(surface, u))) / mesh.areas.sum() < 1e-9
