"""Every object class: its echo, its keys, and priors that are refused."""

from dataclasses import fields

import numpy as np
import pytest
from bodies import unit_vectors
from paths import ROOT

from simulators.amplitudes.directions import direction_amplitudes
from simulators.objects import (
    SHAPES,
    Cubesat,
    Cylinder,
    Dipole,
    Fragment,
    MeshBody,
    Plate,
    RocketBody,
    Trihedral,
)
from simulators.objects.dispatch import MAX_SIZES
from simulators.scattering import meshes
from simulators.scattering.meshes import mesh_files
from simulators.scene import Scene
from simulators.units import wavenumber

K = wavenumber(10e9)
GUIDE = ROOT / "docs" / "objects.md"
UP = np.array([[0.0, 0.0, 1.0]])


def default(shape, tmp_path):
    if shape != "mesh":
        return SHAPES[shape](name=shape)
    pytest.importorskip("trimesh")
    path = tmp_path / "bus.stl"
    mesh_files.write_mesh(path, meshes.box(0.3, 0.2, 0.4), units="mm")
    return MeshBody(name="mesh", path=str(path), units="mm")


@pytest.mark.parametrize("shape", SHAPES)
def test_every_class_has_an_echo_and_says_how_it_is_made(shape, tmp_path):
    item = default(shape, tmp_path)
    item.check_physics(K)
    sizes = [low * (1 + 0.05 * place) for place, (low, _) in enumerate(item.sizes())]
    looks = unit_vectors(50)
    found = direction_amplitudes(item, sizes, looks, K)
    assert np.all(np.isfinite(found)) and np.all(found != 0)
    info = item.validity(K)
    assert info.method and info.neglected and info.warnings == ()
    assert len(item.columns()) == MAX_SIZES
    turned = looks.copy()
    turned[:, 0], turned[:, 1] = np.hypot(looks[:, 0], looks[:, 1]), 0.0
    same = direction_amplitudes(item, sizes, turned, K)
    assert np.allclose(found, same, rtol=1e-6, atol=1e-9) == item.axisymmetric


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Cubesat(name="c", units=(1, 4)), r"units is \[1, 4\]; expected two of 1, 2, 3, 6"),
        (lambda: Cubesat(name="c", units=(6, 1)), "the lower end comes first"),
        (lambda: Fragment(name="f", bend_deg=(0.0, 120.0)), r"bend_deg is \[0.0, 120.0\]"),
        (lambda: Fragment(name="f", fold=(0.0, 0.5)), "fold is"),
        (lambda: RocketBody(name="r", nozzle_radius_m=(0.1, 0.2)), "nozzle_radius_m is"),
        (lambda: Plate(name="p", width_m=(0.0, 1.0)), "width_m must be above 0"),
        (lambda: MeshBody(name="m", path="a", units="m", bounces=9), "bounces is 9; expected 1 to"),
        (lambda: MeshBody(name="m", path="a", units="m", scale=(0.0, 1.0)), "scale is"),
        (lambda: direction_amplitudes(Plate(name="p"), (0.1,), UP, K), "width_m, height_m; got 1"),
        (lambda: direction_amplitudes(Plate(name="p"), (0.1, 0.1), UP[0], K), r"\(d, 3\)"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_key(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("item", "k", "message"),
    [
        (Dipole(name="d", small_body="sphere"), K, "objects.d.small_body is 'sphere'"),
        (Dipole(name="d", length_m=(0.01, 0.03)), K, r"objects.d.length_m.* 0.008994 to 0.01799 m"),
        (Dipole(name="d", radius_m=(1e-4, 1e-3)), K, "objects.d.radius_m.* 0.00027 m or less"),
        (Cubesat(name="c"), 20.0, r"objects.c.units: k times 0.1 m is 2.00"),
        (Trihedral(name="t", small_body="sphere"), 1.0, "objects.t: .* smallest object is 0.050"),
    ],
)
def test_a_carrier_that_does_not_suit_a_class_is_refused_by_its_key(item, k, message):
    with pytest.raises(ValueError, match=message):
        item.check_physics(k)


def test_the_clear_refusal_stands_where_no_sphere_is_asked_for():
    with pytest.raises(ValueError, match=r"objects.can.radius_m: k times 0.001 m is 0.21"):
        Scene(objects=(Cylinder(name="can", radius_m=(0.001, 0.1)),))


def test_the_guide_lists_every_class_with_its_keys_and_defaults():
    rows = {
        cells[1].strip(" `"): line
        for line in GUIDE.read_text().splitlines()
        if len(cells := line.split("|")) > 4
    }
    for shape, cls in SHAPES.items():
        defaults = {field.name: field.default for field in fields(cls)}
        for key in set(defaults) - {"name", "tumble_rad_per_s", "small_body", "shape"}:
            if isinstance(defaults[key], tuple) or key in cls.size_names:
                low, high = defaults[key]
                assert f"`{key}` {low:g} to {high:g}" in rows[shape]
