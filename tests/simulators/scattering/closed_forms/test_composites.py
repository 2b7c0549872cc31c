"""The composite bodies against physical optics on meshes, which knows nothing of their formulas."""

import numpy as np
import pytest

from simulators.scattering.closed_forms import composites, revolution
from simulators.scattering.closed_forms import elementary as forms
from simulators.scattering.meshes import box, ellipsoid, merge, plate, reverse, rotate, translate
from simulators.scattering.meshes import revolution as revolution_mesh
from simulators.scattering.physical_optics.amplitude import amplitude_m
from simulators.scattering.physical_optics.visibility import visible_facets

K = 2 * np.pi / 0.03


def looks(count, seed=0):
    directions = np.random.default_rng(seed).normal(size=(count, 3))
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def on_mesh(mesh, directions):
    return amplitude_m(mesh, directions, np.array([K]))[:, 0]


def test_a_box_is_its_three_lit_faces():
    directions, size = looks(200), (0.1, 0.2, 0.34)
    ours = [composites.box(K, *size, *u) for u in directions]
    peak = K / np.sqrt(np.pi) * 0.2 * 0.34
    assert np.abs(ours - on_mesh(box(*size), directions)).max() < 1e-9 * peak


def disc(radius, sides):
    flat = revolution_mesh([(0.0, 0.0), (radius, 0.0)], sides)
    return flat if flat.normals[0, 2] > 0 else reverse(flat)


def test_a_satellite_is_a_bus_a_dish_and_two_panels_lit_on_either_side():
    directions, (bus, length, width) = looks(200, 1), (0.3, 0.5, 0.2)
    panel = plate(length, width)
    panels = [translate(panel, (s * (bus + length) / 2, 0, 0)) for s in (-1, 1)]
    both_sides = [side for p in panels for side in (p, reverse(p))]
    turn = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])  # z to y
    dish = translate(rotate(disc(0.1, 720), turn), (0, bus / 2 + 0.05, 0))
    mesh = merge(box(bus, bus, bus), *both_sides, dish)
    ours = [composites.satellite(K, bus, length, width, 0.1, *u) for u in directions]
    peak = K / np.sqrt(np.pi) * length * width
    assert np.abs(ours - on_mesh(mesh, directions)).max() < 1e-5 * peak  # the disc has 720 sides


@pytest.mark.parametrize(
    ("u", "expected_dbsm"), [((0, 0, 1), -24.5709), ((1, 0, 0), -5.4861), ((0, 1, 0), -5.4861)]
)
def test_an_ellipsoid_has_the_tabulated_cross_section_on_its_axes(u, expected_dbsm):
    sigma = abs(forms.ellipsoid(K, 0.1, 0.1, 0.3, *map(float, u))) ** 2
    assert 10 * np.log10(sigma) == pytest.approx(expected_dbsm, abs=1e-4)


def test_an_ellipsoid_is_physical_optics_from_any_side_when_it_is_large():
    """Physical optics adds the rim of the lit side, of relative size 1 / (2 k h)."""
    axes, directions = (0.6, 0.4, 0.5), looks(40, 2)
    ours = np.array([forms.ellipsoid(K, *axes, *u) for u in directions])
    error = np.abs(ours - on_mesh(ellipsoid(*axes, 6), directions)) / np.abs(ours)
    assert error.max() < 0.05


def test_a_disc_is_lit_alike_from_both_sides_and_has_the_tabulated_peak():
    k = 2 * np.pi * 10e9 / 299_792_458.0
    assert 20 * np.log10(abs(forms.thin_disc(k, 0.1, 1.0))) == pytest.approx(11.3987, abs=1e-4)
    assert forms.thin_disc(k, 0.1, 0.6) == forms.thin_disc(k, 0.1, -0.6)


@pytest.mark.slow
def test_a_rocket_body_near_its_specular_directions():
    """The side's flash, the nozzle's, and the flat end from behind, against a mesh of it all."""
    radius, length, exit_radius, nozzle = 0.2, 1.0, 0.12, 0.25
    turn = np.linspace(0, np.pi / 2, 60)
    dome = [(radius * np.sin(t), length / 2 + radius * np.cos(t)) for t in turn]
    # A ring where the shadow of the exit ends, so that every facet is wholly in it or out of it.
    bell = [(exit_radius, -length / 2), (exit_radius / 2, -length / 2)]
    bell += [(exit_radius, -length / 2 - nozzle)]
    profile = [*dome, (radius, -length / 2), *bell, (0.0, -length / 2 - nozzle)]
    mesh = revolution_mesh(np.array(profile), 360)
    across_bell = exit_radius / 2 / np.hypot(exit_radius / 2, nozzle)
    for uz, tolerance in ((0.0, 0.03), (across_bell, 0.1), (-1.0, 0.002)):
        u = np.array([[np.sqrt(1 - uz * uz), 0.0, uz]])
        seen = amplitude_m(mesh, u, [K], visible=visible_facets(mesh, u))[0, 0]
        ours = revolution.rocket_body(K, radius, length, exit_radius, nozzle, uz)
        assert abs(ours - seen) < tolerance * abs(seen)
