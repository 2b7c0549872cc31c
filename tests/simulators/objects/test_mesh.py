"""Bodies of the user's own meshes."""

from dataclasses import replace

import numpy as np
import pytest
from bodies import unit_vectors, visible_by_brute_force

from simulators.amplitudes.directions import direction_amplitudes
from simulators.objects import Box, MeshBody, Sphere
from simulators.objects.dispatch import set_inertia
from simulators.pairs import PairGenerator
from simulators.scattering import meshes
from simulators.scattering.closed_forms.mie import sphere_amplitude_m
from simulators.scattering.meshes import mesh_files
from simulators.scattering.physical_optics.amplitude import amplitude_m
from simulators.scene import Radar, Scene
from simulators.units import wavenumber

K = wavenumber(10e9)


def test_a_mesh_is_put_into_its_principal_axes_and_scaled(bus):
    looks = unit_vectors(20)
    found = direction_amplitudes(bus, (0.5,), looks, K)
    expected = direction_amplitudes(Box(name="b"), (0.15, 0.1, 0.2), looks, K)
    assert np.abs(found - expected).max() < 1e-6
    inertia = np.empty(3)
    set_inertia(bus.kernel_kind, np.array([first for first, _ in bus.columns()]), inertia)
    box = np.empty(3)
    set_inertia(Box.kind, np.array([0.3, 0.2, 0.4, 1.0]), box)
    assert inertia == pytest.approx(box)
    assert bus.largest_extent_m() == pytest.approx(2 * np.linalg.norm([0.3, 0.2, 0.4]))
    assert bus.bounding_m() == pytest.approx((0.6, 0.4, 0.8))


def test_a_mesh_with_shadows_and_bounces(tmp_path):
    """Two boxes in a row hide each other; a corner of two slabs returns by two bounces."""
    pytest.importorskip("trimesh")
    slab = meshes.box(0.3, 0.3, 0.02)
    wall = meshes.translate(meshes.box(0.02, 0.3, 0.3), [-0.14, 0.0, 0.161])
    mesh_files.write_mesh(tmp_path / "corner.stl", meshes.merge(slab, wall), units="m")
    item = MeshBody(name="corner", path=str(tmp_path / "corner.stl"), units="m", bounces=3)
    look = np.sqrt(0.5) * np.array([[1.0, 0.0, 1.0]])
    # In the frame of the body, whose axes the corner's own are not.
    axes = meshes.mass_of(mesh_files.read_mesh(item.path, units="m")).axes
    many = direction_amplitudes(item, (1.0,), look @ axes.T, K)
    one = direction_amplitudes(replace(item, bounces=1), (1.0,), look @ axes.T, K)
    peak = K / np.sqrt(np.pi) * 2 * 0.27 * 0.3 * np.sqrt(0.5)
    assert abs(many - one)[0] == pytest.approx(peak, rel=0.05)
    assert "3 bounces" in item.validity(K).method
    assert "multiple bounces" in replace(item, bounces=1).validity(K).neglected


@pytest.mark.slow
def test_shadows_of_a_mesh_are_those_of_a_ray_from_every_centre(tmp_path):
    """The kernel walks a tree of boxes; here each ray is held against each facet."""
    pytest.importorskip("trimesh")
    other = meshes.translate(
        meshes.box(0.1, 0.11, 0.3), [0.31, 0.013, 0.087]
    )  # no centre on an edge
    parts = meshes.box(0.3, 0.2, 0.1), other
    mesh_files.write_mesh(tmp_path / "pair.ply", meshes.merge(*parts), units="m")
    item = MeshBody(name="pair", path=str(tmp_path / "pair.ply"), units="m")
    looks = unit_vectors(40)
    found = direction_amplitudes(item, (1.0,), looks, K)
    fine = meshes.bisect(item.mesh, 2 * np.pi / K)
    seen = np.array([visible_by_brute_force(fine, look) for look in looks])
    expected = amplitude_m(fine, looks, [K], visible=seen)[:, 0]
    assert np.sum(seen) < np.sum(looks @ fine.area_vectors.T > 0)
    assert np.abs(found - expected).max() < 1e-6 * np.abs(expected).max()


def test_a_small_mesh_is_a_sphere_where_the_class_asks(bus):
    small = replace(bus, small_body="sphere")
    low = K * 0.01
    small.check_physics(10 * low)
    found = direction_amplitudes(small, (0.5,), unit_vectors(3), low)
    assert found == pytest.approx(np.full(3, sphere_amplitude_m(0.075, low)))
    with pytest.raises(ValueError, match=r"objects.bus.scale: k times 0.05 m is 0.10"):
        bus.check_physics(low)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": "m"}, r"objects.bus.path: .*bus.obj: 12 facets, read in 'm'.*\n.*millimetres"),
        ({"path": "nowhere.stl"}, "objects.bus.path: there is no file nowhere.stl"),
    ],
)
def test_a_mesh_that_cannot_be_used_names_the_recipes_key(bus, change, message):
    with pytest.raises(ValueError, match=message):
        Scene(objects=(replace(bus, **change),), radar=Radar())


def test_millimetres_taken_for_metres_are_warned_of_with_the_size(tmp_path):
    pytest.importorskip("trimesh")
    path = tmp_path / "needle.stl"
    mesh_files.write_mesh(path, meshes.box(30.0, 20.0, 40.0), units="m")
    item = MeshBody(name="needle", path=str(path), units="m")
    assert "30 x 20 x 40 m, read in 'm'" in item.validity(K).warnings[0]
    assert "units = 'mm'" in item.warnings()[0]
    assert replace(item, units="mm").warnings() == ()


def test_a_file_that_changes_is_read_again(bus):
    assert bus.largest_extent_m() == pytest.approx(2 * np.linalg.norm([0.3, 0.2, 0.4]))
    mesh_files.write_mesh(bus.path, meshes.box(0.2, 0.2, 0.2), units="mm")
    assert bus.largest_extent_m() == pytest.approx(2 * 0.2 * np.sqrt(3))


def test_a_mesh_is_simulated_as_the_closed_form_of_its_body(bus):
    """Beside a class that is none, so that its parts are not the first of the arrays."""
    drawn = replace(bus, scale=(0.5, 0.5))
    same = Box(name="bus", width_m=(0.15, 0.15), height_m=(0.1, 0.1), depth_m=(0.2, 0.2))
    ball = Sphere(name="ball", radius_m=(0.1, 0.11))
    other = replace(bus, name="other")
    first, second = (
        PairGenerator(Scene(objects=(ball, other, item), objects_per_class=0), seed=1)(0, 60)
        for item in (drawn, same)
    )
    rows = first.label == 2
    assert rows.sum() > 10
    echo, expected = first.target[rows], second.target[rows]
    level = np.sqrt(np.mean(np.abs(expected) ** 2, axis=1, keepdims=True))
    assert np.abs(echo / level - expected / level).max() < 1e-3
    scales = first.parameters["scale"][first.label == 1]
    assert scales.min() >= 0.5 and scales.max() <= 2.0 and np.ptp(scales) > 0.5
    assert np.isfinite(first.rx).all()
