"""Shot rays: bounces, shadows, polarisation, and settings that are refused."""

import numpy as np
import pytest
from bodies import INTO_TRIHEDRAL, K, dihedral_mesh, trihedral_mesh

from simulators.scattering import meshes
from simulators.scattering.physical_optics import multibounce
from simulators.scattering.physical_optics.amplitude import amplitude_m
from simulators.scattering.physical_optics.multibounce import multibounce_amplitude_m
from simulators.scattering.physical_optics.visibility import visible_facets
from simulators.units import rcs_dbsm


def test_two_bounces_keep_to_one_polarisation():
    """Turned about the look by psi, a corner returns cos(2 psi) to the field that was sent.

    The field lies in the plane of look and z axis; what goes to the other polarisation at 45
    degrees is not received.
    """

    def returned(turn_deg):
        c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
        turned = meshes.rotate(dihedral_mesh(0.1, 0.1), [[1, 0, 0], [0, c, -s], [0, s, c]])
        look = [[1.0, 0.0, 0.0]]
        return multibounce_amplitude_m(turned, look, [K], bounces=2, first=2)[0, 0]

    upright = returned(0.0)
    assert rcs_dbsm(upright) == pytest.approx(4.466, abs=0.3)
    for turn_deg in (30.0, 45.0, 60.0, 90.0):
        expected = np.cos(2 * np.radians(turn_deg))
        assert abs(returned(turn_deg) / upright - expected) < 0.03


def test_one_bounce_is_physical_optics_with_shadows():
    """A sphere that hides a part of a plate behind it."""
    plate = meshes.translate(meshes.subdivide(meshes.plate(0.4, 0.4), 0.01), [0, 0, -0.3])
    body = meshes.merge(meshes.icosphere(0.1, 4), plate)
    looks = np.array([[0.0, 0.0, 1.0], [0.6, 0.0, 0.8]])
    expected = amplitude_m(body, looks, [K, 0.9 * K], visible=visible_facets(body, looks))
    rays = multibounce_amplitude_m(body, looks, [K, 0.9 * K], bounces=1)
    assert np.abs(rays - expected)[0].max() < 0.01 * np.abs(expected[0]).max()
    assert np.abs(rays - expected)[1].max() < 0.006 * np.abs(expected[0]).max()


def test_a_panel_and_a_bus_make_a_corner():
    """Two bounces between a panel and the side of the bus that it stands on, known in closed form.

    The panel lies in z = 0 beside the bus; from 45 degrees above, each lights of the other what
    lies as far from the seam as the bus is high above it.
    """
    bus, length, width = 0.3, 0.5, 0.2
    sheet = meshes.translate(meshes.plate(length, width), [(bus + length) / 2, 0, 0])
    body = meshes.merge(meshes.box(bus, bus, bus), sheet, meshes.reverse(sheet))
    look = np.sqrt(0.5) * np.array([1.0, 0.0, 1.0])
    rays = multibounce_amplitude_m(body, [look], [K], bounces=2, first=2, rays_per_wavelength=20)
    lit = 2 * (bus / 2) * width * np.sqrt(0.5)  # the field stands across the seam: minus
    expected = -1j * K / np.sqrt(np.pi) * lit * np.exp(2j * K * look[0] * bus / 2)
    assert rays[0, 0] == pytest.approx(expected, rel=0.01)


def test_the_back_of_a_facet_is_dark_and_hides_what_lies_behind():
    front, behind = meshes.plate(0.2, 0.2), meshes.translate(meshes.plate(0.1, 0.1), [0, 0, -0.1])
    screened = meshes.merge(meshes.reverse(front), behind)
    assert multibounce_amplitude_m(screened, [[0.0, 0.0, 1.0]], [K])[0, 0] == 0
    seen = multibounce_amplitude_m(meshes.merge(front, behind), [[0.0, 0.0, 1.0]], [K])[0, 0]
    alone = amplitude_m(front, [[0.0, 0.0, 1.0]], [K])[0, 0]
    assert abs(seen - alone) < 0.02 * abs(alone)


def test_a_convex_body_has_one_bounce_alone():
    body, looks = meshes.icosphere(0.1, 3), np.eye(3)
    assert np.all(multibounce_amplitude_m(body, looks, [K], first=2) == 0)


def test_frequencies_looks_and_offsets_do_not_disturb_each_other():
    body = trihedral_mesh(0.1, False)
    many = multibounce_amplitude_m(body, INTO_TRIHEDRAL[:3], [0.8 * K, K])
    alone = multibounce_amplitude_m(body, INTO_TRIHEDRAL[2:3], [0.8 * K, K])
    assert np.array_equal(many[2:], alone)
    offset = np.array([1.0, -2.0, 0.5])
    moved = multibounce_amplitude_m(
        meshes.translate(body, offset), INTO_TRIHEDRAL[:3], [0.8 * K, K]
    )
    turned = many * np.exp(2j * np.outer(INTO_TRIHEDRAL[:3] @ offset, [0.8 * K, K]))
    assert np.abs(moved - turned).max() < 0.03 * np.abs(many).max()  # rays fall elsewhere


def test_another_seed_shoots_other_rays():
    body = trihedral_mesh(0.1, True)
    first, again, other = (
        multibounce_amplitude_m(body, INTO_TRIHEDRAL[:2], [K], seed=seed) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.any(first == other)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bounces": 0}, "bounces 0"),
        ({"bounces": 2, "first": 3}, "first is 3 and bounces 2"),
        ({"rays_per_wavelength": 0.0}, "rays_per_wavelength must be above 0"),
        ({"rays_per_wavelength": 1e5}, "a body of .* m takes .* rays"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        multibounce_amplitude_m(meshes.box(0.1, 0.1, 0.1), [[0.0, 0.0, 1.0]], [K], **settings)


def test_rays_say_how_far_they_hold():
    info = multibounce.validity(meshes.box(0.1, 0.1, 0.1), [K], bounces=2)
    assert "2 bounces" in info.method
    assert info.smallest_ka == pytest.approx(K * 0.05)
    assert "curved mirrors" in info.neglected
