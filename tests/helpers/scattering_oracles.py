"""Spheres by recurrences, and physical optics of bodies of revolution by quadrature."""

from functools import cache

import mpmath
import numpy as np

from simulators.units import wavenumber

ROOT_PI = np.sqrt(np.pi)
K_10_GHZ = wavenumber(10e9)


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
