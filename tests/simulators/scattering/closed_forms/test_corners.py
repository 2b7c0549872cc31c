"""Corner reflectors: closed forms against shot rays, which know nothing of them."""

import numpy as np
import pytest
from bodies import (
    INTO_DIHEDRAL,
    INTO_TRIHEDRAL,
    TO_BODY,
    K,
    dihedral_mesh,
    looks_into,
    trihedral_mesh,
)

from simulators.scattering import meshes
from simulators.scattering.closed_forms import corners
from simulators.scattering.physical_optics.amplitude import amplitude_m
from simulators.scattering.physical_optics.multibounce import multibounce_amplitude_m
from simulators.units import rcs_dbsm


@pytest.mark.slow
@pytest.mark.parametrize(
    ("square", "level", "tolerance_db"), [(False, -3.3155, 0.18), (True, 6.2269, 0.03)]
)
def test_a_trihedral_of_0_1_m_along_its_axis(square, level, tolerance_db):
    aperture = corners.trihedral_aperture(0.1, square, *[3**-0.5] * 3)
    assert rcs_dbsm(K / np.sqrt(np.pi) * aperture) == pytest.approx(level, abs=5e-5)
    body, axis = trihedral_mesh(0.1, square), [[0.0, 0.0, 1.0]]
    rays = multibounce_amplitude_m(body, axis, [K], first=3, rays_per_wavelength=30)
    assert rcs_dbsm(rays[0, 0]) == pytest.approx(level, abs=tolerance_db)


def test_a_dihedral_of_0_1_m_along_its_axis():
    level = rcs_dbsm(K / np.sqrt(np.pi) * np.sqrt(2) * 0.1**2)  # 8 pi a^2 b^2 / lambda^2
    assert level == pytest.approx(4.4660, abs=5e-5)
    axis = np.array([1.0, 0.0, 0.0])
    faces = [np.exp(-2j * K * 0.1 / np.sqrt(8))] * 2  # the seam lies behind the centre of mass
    two = corners._across_seam(K, 0.1, 0.1, np.sqrt(0.5), np.sqrt(0.5), 0.0) * faces[0]
    assert rcs_dbsm(two) == pytest.approx(4.4660, abs=5e-5)
    body = dihedral_mesh(0.1, 0.1)
    rays = multibounce_amplitude_m(body, [axis], [K], first=2, bounces=2, rays_per_wavelength=30)
    assert rcs_dbsm(rays[0, 0]) == pytest.approx(4.4660, abs=0.13)
    assert np.angle(rays[0, 0] / two) == pytest.approx(0, abs=0.02)


def test_a_dihedral_is_what_rays_return_as_a_complex_number():
    width, height = 0.1, 0.13
    closed = np.array([corners.dihedral(K, width, height, *u) for u in INTO_DIHEDRAL])
    peak = K / np.sqrt(np.pi) * np.sqrt(2) * width * height
    body = dihedral_mesh(width, height)
    rays = multibounce_amplitude_m(
        body, INTO_DIHEDRAL, [K], bounces=2, rays_per_wavelength=40, seed=3
    )[:, 0]
    assert np.abs(rays - closed).max() < 0.004 * peak
    one = amplitude_m(body, INTO_DIHEDRAL, [K])[:, 0]
    assert np.abs(closed - one).max() > 0.05 * peak  # the second bounce is there to be seen


@pytest.mark.parametrize("square", [False, True])
def test_a_trihedral_is_what_rays_return_as_a_complex_number(square):
    closed = np.array([corners.trihedral(K, 0.1, square, *u) for u in INTO_TRIHEDRAL])
    peak = K / np.sqrt(np.pi) * corners.trihedral_aperture(0.1, square, *[3**-0.5] * 3)
    body = trihedral_mesh(0.1, square)
    rays = multibounce_amplitude_m(body, INTO_TRIHEDRAL, [K], rays_per_wavelength=50)[:, 0]
    assert np.abs(rays - closed).max() < 0.012 * peak
    assert np.sqrt(np.mean(np.abs(rays - closed) ** 2)) < 0.005 * peak


@pytest.mark.parametrize("square", [False, True])
def test_the_aperture_of_a_trihedral_is_the_area_of_the_rays_that_meet_all_three_faces(square):
    """By counting rays that are mirrored in the walls of an octant where the faces are."""
    rng, edge = np.random.default_rng(5), 0.3
    for look in INTO_TRIHEDRAL[:6] @ TO_BODY:  # in the frame of the edges
        across = np.linalg.svd(look[None])[2][1:]
        size = edge * np.sqrt(3)
        starts = rng.uniform(-size, size, (300_000, 2)) @ across + 3 * edge * look
        # Unfolded, a mirrored ray is a straight line through the three planes.
        meets = np.ones(len(starts), bool)
        for axis in range(3):
            at = np.abs(starts - look * (starts[:, axis] / look[axis])[:, None])
            others = np.delete(at, axis, axis=1)
            meets &= (others.max(axis=1) if square else others.sum(axis=1)) <= edge
        each = (2 * size) ** 2 / len(starts)
        counted, spread = meets.sum() * each, np.sqrt(meets.sum()) * each
        assert abs(corners.trihedral_aperture(edge, square, *look) - counted) < 4.5 * spread


@pytest.mark.parametrize("slant", [0.0, 1e-9, 1e-6, 1e-3, 0.4, 0.9])
def test_the_echo_of_a_dihedral_is_smooth_along_its_seam(slant):
    """No loss of digits where the phase along the seam vanishes: neighbours agree."""
    here, there = (
        corners.dihedral(K, 0.1, 0.13, np.sqrt(0.9 - z * z), np.sqrt(0.1), z)
        for z in (slant, slant + 1e-9)
    )
    assert abs(here - there) < 1e-6


def test_from_behind_a_corner_is_its_plates():
    backs = -looks_into(TO_BODY.T, 8, seed=2)
    body = meshes.reverse(trihedral_mesh(0.1, False))
    ours = np.array([corners.trihedral(K, 0.1, False, *u) for u in backs])
    assert np.abs(ours - amplitude_m(body, backs, [K])[:, 0]).max() < 1e-9
    outside = meshes.reverse(dihedral_mesh(0.1, 0.2))
    behind = -INTO_DIHEDRAL
    ours = np.array([corners.dihedral(K, 0.1, 0.2, *u) for u in behind])
    assert np.abs(ours - amplitude_m(outside, behind, [K])[:, 0]).max() < 1e-9
