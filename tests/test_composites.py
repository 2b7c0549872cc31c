"""The composite bodies against physical optics on meshes, which knows nothing of their formulas."""

import numpy as np
import pytest

from simulators.objects import SHAPES
from simulators.pairs import PairGenerator
from simulators.scattering import closed_forms as forms
from simulators.scattering.meshes import (
    box,
    ellipsoid,
    merge,
    plate,
    reverse,
    revolution,
    translate,
)
from simulators.scattering.physical_optics import amplitude_m
from simulators.scene import Radar, Scene

K = 2 * np.pi / 0.03


def looks(count, seed=0):
    directions = np.random.default_rng(seed).normal(size=(count, 3))
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def on_mesh(mesh, directions):
    return amplitude_m(mesh, directions, np.array([K]))[:, 0]


def test_a_box_is_its_three_lit_faces():
    directions, size = looks(200), (0.1, 0.2, 0.34)
    ours = [forms.box(K, *size, *u) for u in directions]
    peak = K / np.sqrt(np.pi) * 0.2 * 0.34
    assert np.abs(ours - on_mesh(box(*size), directions)).max() < 1e-9 * peak


def test_a_satellite_is_a_bus_and_two_panels_lit_on_either_side():
    directions, (bus, length, width) = looks(200, 1), (0.3, 0.5, 0.2)
    panel = plate(length, width)
    panels = [translate(panel, (s * (bus + length) / 2, 0, 0)) for s in (-1, 1)]
    both_sides = [side for p in panels for side in (p, reverse(p))]
    mesh = merge(box(bus, bus, bus), *both_sides)
    ours = [forms.satellite(K, bus, length, width, *u) for u in directions]
    peak = K / np.sqrt(np.pi) * length * width
    assert np.abs(ours - on_mesh(mesh, directions)).max() < 1e-9 * peak


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


def test_a_rocket_body_near_its_specular_directions():
    """The side's flash at broadside and the flat end from behind, against a mesh of the whole."""
    radius, length = 0.2, 1.0
    turn = np.linspace(0, np.pi / 2, 60)
    dome = [(radius * np.sin(t), length / 2 + radius * np.cos(t)) for t in turn]
    profile = [*dome, (radius, -length / 2), (0.0, -length / 2)]
    mesh = revolution(np.array(profile), 360)
    if mesh.volume < 0:
        mesh = reverse(mesh)
    for uz, tolerance in ((0.0, 0.05), (-1.0, 0.02)):
        u = np.array([[np.sqrt(1 - uz * uz), 0.0, uz]])
        ours = abs(forms.rocket_body(K, radius, length, uz))
        assert ours == pytest.approx(abs(on_mesh(mesh, u)[0]), rel=tolerance)


def test_every_shape_of_the_catalogue_is_simulated_with_what_it_drew():
    items = tuple(shape(name=name) for name, shape in SHAPES.items())
    scene = Scene(objects=items, radar=Radar(pulse_interval_s=1e-3), objects_per_class=0)
    pairs = PairGenerator(scene, seed=3)(0, 900)
    assert np.isfinite(pairs.rx).all()
    for label, item in enumerate(items):
        rows = pairs.label == label
        assert rows.sum() > 50
        for name, values in pairs.parameters.items():
            low, high = getattr(item, name, (np.nan, np.nan))
            if name in item.size_names:
                assert (values[rows] >= np.float32(low)).all()
                assert (values[rows] <= np.float32(high)).all()
            elif name.endswith("_m") and name != "noise_power_m2":
                assert np.isnan(values[rows]).all()
