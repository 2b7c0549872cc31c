"""The object classes: inertia against integrals over meshes, small bodies, meshes of the user's."""

import hashlib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from radarseq.artifacts.inspection import inspect
from radarseq.dataset.simulate import simulate
from radarseq.errors import OutputError, RecipeError
from radarseq.recipes.recipe import parse_recipe, read_recipe
from simulators.amplitudes.directions import direction_amplitudes
from simulators.amplitudes.of_shape import amplitude, ripple_table, set_inertia
from simulators.objects import (
    SHAPES,
    Box,
    Cubesat,
    Cylinder,
    Dipole,
    Fragment,
    MeshBody,
    Plate,
    RocketBody,
    Sphere,
    Trihedral,
)
from simulators.objects.extents import CUBESAT_SIDES_M, mean_extent, smallest_size
from simulators.objects.kernel_ids import MAX_SIZES
from simulators.pairs import PairGenerator
from simulators.scattering import mesh_files, meshes
from simulators.scattering.mie import sphere_amplitude_m
from simulators.scattering.physical_optics import amplitude_m
from simulators.scattering.visibility import visible_facets
from simulators.scene import Radar, Scene
from simulators.units import wavenumber

K = wavenumber(10e9)
GUIDE = Path(__file__).parents[1] / "docs" / "objects.md"
UP = np.array([[0.0, 0.0, 1.0]])
RIGHT_ANGLES = np.array([[1, -1, 0], [1, 1, -2], [1, 1, 1]]) / np.sqrt([[2], [6], [3]])


def unit_vectors(count, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def revolved(profile):
    return meshes.revolution(profile, 720)


def flat(*points):
    return meshes.Mesh(np.array(points, float), np.array([[0, 1, 2], [0, 2, 3]][: len(points) - 2]))


def trihedral(edge, square):
    e = edge * np.eye(3)
    faces = []
    for i, j in ((0, 1), (1, 2), (2, 0)):
        middle = [e[i] + e[j]] if square else []
        faces.append(flat(np.zeros(3), e[i], *middle, e[j]))
    return meshes.rotate(meshes.merge(*faces), RIGHT_ANGLES)


def bent(width, height, fold, bend_deg):
    """A bent plate in the frame of its fold: z along the bisector."""
    half, y = np.radians(bend_deg) / 2, height / 2
    left = fold * width * np.array([-np.cos(half), 0, np.sin(half)])
    right = (1 - fold) * width * np.array([np.cos(half), 0, np.sin(half)])
    up = np.array([0, y, 0])
    return meshes.merge(flat(left - up, -up, up, left + up), flat(-up, right - up, right + up, up))


def dihedral(width, height):
    up, arms = np.array([0, 0, height / 2]), width * np.array([[1, -1, 0], [1, 1, 0]]) / np.sqrt(2)
    return meshes.merge(*[flat(-up, arm - up, arm + up, up) for arm in arms])


# name, sizes, the same body as a mesh, whether it is solid
BODIES = {
    "plate": ((0.3, 0.4), meshes.plate(0.3, 0.4), False),
    "disc": ((0.3,), revolved([(0, 0), (0.3, 0)]), False),
    "cylinder": ((0.1, 0.7), revolved([(0, 0), (0.1, 0), (0.1, 0.7), (0, 0.7)]), True),
    "cone": ((0.15, 0.6), revolved([(0, 0), (0.15, 0), (0, 0.6)]), True),
    "frustum": (
        (0.2, 0.07, 0.5),
        revolved([(0, 0), (0.2, 0), (0.07, 0.5), (0, 0.5)]),
        True,
    ),
    "cone_cylinder": (
        (0.1, 0.3, 0.5),
        revolved([(0, -0.5), (0.1, -0.5), (0.1, 0), (0, 0.3)]),
        True,
    ),
    "ellipsoid": ((0.1, 0.15, 0.3), meshes.ellipsoid(0.1, 0.15, 0.3, 6), True),
    "box": ((0.1, 0.2, 0.34), meshes.box(0.1, 0.2, 0.34), True),
    "cubesat": ((3.5,), meshes.box(0.1, 0.2263, 0.366), True),
    "rocket_body": (
        (0.2, 1.0, 0.05, 0.1),
        revolved([(0, 0), (0.2, 0), (0.2, 1.0), (0, 1.0)]),
        True,
    ),
    "dihedral": ((0.2, 0.3), dihedral(0.2, 0.3), False),
    "trihedral": ((0.2, 0.0), trihedral(0.2, False), False),
    "trihedral of squares": ((0.2, 1.0), trihedral(0.2, True), False),
    "fragment": ((0.3, 0.2, 0.35, 40.0), bent(0.3, 0.2, 0.35, 40.0), False),
    "dipole": ((0.015, 2e-4), revolved([(0, 0), (2e-4, 0), (2e-4, 0.015), (0, 0.015)]), True),
}


def kernel_sizes(sizes):
    return np.array([*sizes, *[1.0] * (MAX_SIZES - len(sizes))])


@pytest.mark.parametrize("name", BODIES)
def test_moments_of_inertia_are_those_of_the_uniform_body(name):
    sizes, mesh, solid = BODIES[name]
    found = np.empty(3)
    set_inertia(SHAPES[name.split()[0]].kind, kernel_sizes(sizes), found)
    expected = meshes.mass_of(mesh, solid=solid).moments_m2
    assert found == pytest.approx(expected, rel=3e-4)  # of a round body the mesh is inside


def test_moments_of_a_satellite_by_its_parts():
    """A tenth of the mass in each panel, moments moved by Steiner's theorem."""
    bus, length, width = 0.3, 0.6, 0.2
    found, expected = np.empty(3), 0.8 * meshes.mass_of(meshes.box(bus, bus, bus)).moments_m2
    for side in (-1, 1):
        panel = meshes.translate(meshes.plate(length, width), [side * (bus + length) / 2, 0, 0])
        lies = meshes.mass_of(panel, solid=False)
        arm = lies.centre_m @ lies.centre_m - lies.centre_m**2
        expected = expected + 0.1 * (lies.moments_m2 + arm)
    set_inertia(SHAPES["satellite"].kind, np.array([bus, length, width, 0.1]), found)
    assert found == pytest.approx(expected, rel=1e-9)


def test_mass_of_a_mesh_against_the_textbook():
    lies = meshes.mass_of(meshes.translate(meshes.box(1, 2, 3), [5, -4, 2]))
    assert lies.centre_m == pytest.approx([5, -4, 2])
    assert lies.moments_m2 == pytest.approx(np.array([13, 10, 5]) / 12)
    shell = meshes.mass_of(meshes.icosphere(1.0, 5), solid=False)
    assert shell.moments_m2 == pytest.approx([2 / 3] * 3, rel=2e-3)
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    turned = meshes.rotate(meshes.box(1, 2, 3), turn * np.linalg.det(turn))
    axes = meshes.mass_of(turned).axes
    assert np.linalg.det(axes) == pytest.approx(1)
    spans = np.ptp(meshes.rotate(turned, axes).vertices, axis=0)
    assert sorted(spans) == pytest.approx([1, 2, 3])
    with pytest.raises(ValueError, match="wound outward"):
        meshes.mass_of(meshes.reverse(meshes.box(1, 2, 3)))


@pytest.mark.parametrize("fold", [0.5, 0.35, 0.7])
@pytest.mark.parametrize("bend_deg", [0.0, 5.0, 40.0, 70.0])
def test_a_fragment_is_two_plates_about_its_centre_of_mass_and_axes(fold, bend_deg):
    mesh = bent(0.3, 0.2, fold, bend_deg)
    lies = meshes.mass_of(mesh, solid=False)
    body = meshes.rotate(meshes.translate(mesh, -lies.centre_m), lies.axes)
    both, looks = meshes.merge(body, meshes.reverse(body)), unit_vectors(60)
    sizes = (0.3, 0.2, fold, bend_deg)
    ours = direction_amplitudes(Fragment(name="f"), sizes, looks, K)
    expected = amplitude_m(both, looks, [K])[:, 0]
    assert np.abs(ours - expected).max() < 1e-9


# What every class says of itself


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
    told = item.validity(K)
    assert told.method and told.left_out and told.warnings == ()
    assert len(item.columns()) == MAX_SIZES
    turned = looks.copy()
    turned[:, 0], turned[:, 1] = np.hypot(looks[:, 0], looks[:, 1]), 0.0
    same = direction_amplitudes(item, sizes, turned, K)
    assert np.allclose(found, same, rtol=1e-6, atol=1e-9) == item.axisymmetric


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - {"sphere", "dipole", "mesh"}))
def test_the_kernel_judges_k_a_by_the_same_smallest_size_as_the_class(shape):
    item = SHAPES[shape](name=shape)
    low = np.array([first for first, _ in item.columns()])
    assert smallest_size(item.kind, low) * K == pytest.approx(item.smallest_ka(K))
    assert item.mean_extent_m(0) == mean_extent(item.kind, low)
    assert 0 < item.mean_extent_m(0) < item.largest_extent_m() * 1.01


# Small bodies


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - {"sphere", "dipole", "mesh"}))
def test_a_small_body_is_the_sphere_of_its_mean_extent_where_the_class_asks(shape):
    item = SHAPES[shape](name="x", small_body="sphere")
    sizes = np.array([first for first, _ in item.columns()])
    k = 2.9 / smallest_size(item.kind, sizes)
    item.check_physics(k)
    found = direction_amplitudes(item, sizes, unit_vectors(5), k)
    expected = sphere_amplitude_m(item.mean_extent_m(0) / 2, k)
    assert found == pytest.approx(np.full(5, expected), rel=1e-5)
    assert "the sphere of its mean extent" in item.validity(k).method
    with pytest.raises(ValueError, match=r"objects\.x\..*small_body = 'sphere'"):
        SHAPES[shape](name="x").check_physics(k)


def test_the_small_body_curve_is_that_of_the_size_estimation_model():
    """Its ends: sigma = 9 pi^5 / 4 (d / lambda)^6 lambda^2 (Rayleigh), and pi / 4 d^2."""
    span = (1e-3, 1.0)
    item = Box(name="x", width_m=span, height_m=span, depth_m=span, small_body="sphere")
    k = 100.0
    wavelength, d = 2 * np.pi / k, 0.0022
    small = direction_amplitudes(item, (d, d, d), UP, k)
    rayleigh = 9 * np.pi**5 / 4 * (d / wavelength) ** 6 * wavelength**2
    assert abs(small[0]) ** 2 == pytest.approx(rayleigh, rel=0.05)  # the next term: (k d / 2)^2
    mixed = direction_amplitudes(item, (0.02, 1.0, 1.0), [[0.6, 0.0, 0.8]], k)
    optical = np.pi / 4 * (2.02 / 3) ** 2
    assert abs(mixed[0]) ** 2 == pytest.approx(optical, rel=0.05)
    large = direction_amplitudes(item, (0.5, 0.5, 0.5), UP, k)
    plain = direction_amplitudes(replace(item, small_body="refuse"), (0.5, 0.5, 0.5), UP, k)
    assert np.array_equal(large, plain)


def test_spheres_and_small_bodies_share_one_table():
    plates = Plate(name="p", width_m=(0.004, 0.3), height_m=(0.004, 0.3), small_body="sphere")
    ripple, smallest = ripple_table([plates, Sphere(name="s")], K)
    assert smallest == pytest.approx(K * 0.004 / 3)
    alone = ripple_table([Sphere(name="s")], K)
    assert alone[1] == K * 0.05
    empty, nothing = ripple_table([Plate(name="p")], K)
    assert empty.size == 0 and nothing == 0
    sizes = np.array([0.12, 1.0, 1.0, 1.0])
    ours = amplitude(Sphere.kind, K, sizes, 0.0, 0.0, 1.0, ripple, smallest)
    assert ours == pytest.approx(sphere_amplitude_m(0.12, K), rel=1e-5)


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


def test_a_cubesat_takes_every_form_within_its_bounds():
    assert Cubesat(name="c", units=(3, 6)).form == (2.0, pytest.approx(4.0))
    item = Cubesat(name="c", units=(12, 12))
    low, high = item.form
    assert int(low) == int(high) == 4
    assert item.largest_extent_m() == pytest.approx(np.linalg.norm(CUBESAT_SIDES_M[4]))
    small = direction_amplitudes(item, (0.7,), unit_vectors(5), K)
    box = direction_amplitudes(Box(name="b"), (0.1, 0.1, 0.1135), unit_vectors(5), K)
    assert np.array_equal(small, box)


# The user's own mesh


@pytest.fixture
def bus(tmp_path):
    """A box drawn in millimetres, off its centre and turned."""
    pytest.importorskip("trimesh")
    turn = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    mesh = meshes.translate(meshes.rotate(meshes.box(0.3, 0.2, 0.4), turn), [1.0, 2.0, 3.0])
    mesh_files.write_mesh(tmp_path / "bus.obj", mesh, units="mm")
    return MeshBody(name="bus", path=str(tmp_path / "bus.obj"), units="mm", scale=(0.5, 2.0))


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
    assert "multiple bounces" in replace(item, bounces=1).validity(K).left_out


def test_shadows_of_a_mesh_are_those_that_a_grid_finds(tmp_path):
    """The kernel asks a tree of boxes what lies before a facet, `visible_facets` a grid."""
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
    seen = visible_facets(fine, looks)
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


def test_the_clear_refusal_stands_where_no_sphere_is_asked_for():
    with pytest.raises(ValueError, match=r"objects.can.radius_m: k times 0.001 m is 0.21"):
        Scene(objects=(Cylinder(name="can", radius_m=(0.001, 0.1)),))


def test_a_recipe_names_a_mesh_beside_itself_and_inspect_says_its_size(bus, tmp_path):
    recipe = tmp_path / "own.toml"
    recipe.write_text('[[objects]]\nname = "bus"\nshape = "mesh"\npath = "bus.obj"\nunits = "mm"\n')
    told = inspect(recipe)["classes"]["bus"]["scattering"]
    assert told["bounding_m"] == pytest.approx([0.3, 0.2, 0.4])
    assert told["method"].startswith("physical optics on facets")
    assert told["smallest_ka"] == pytest.approx(K * 0.1)
    recipe.write_text(recipe.read_text().replace('"mm"', '"m"'))
    with pytest.raises(RecipeError, match=r"own.toml: objects.bus.path: .*read in 'm'"):
        read_recipe(recipe)


def test_a_dataset_knows_the_mesh_that_it_was_made_with(bus, tmp_path):
    recipe, out = tmp_path / "own.toml", tmp_path / "data"
    recipe.write_text(
        'objects_per_class = 10\n[[objects]]\nname = "my bus"\nshape = "mesh"\n'
        'path = "bus.obj"\nunits = "mm"\n'
    )
    digest = hashlib.sha256(Path(bus.path).read_bytes()).hexdigest()
    stored = simulate(recipe, out, examples=4).header.recipe
    assert f'[mesh_sha256]\n"my bus" = "{digest}"' in stored
    mesh_files.write_mesh(bus.path, meshes.box(0.2, 0.2, 0.2), units="mm")
    with pytest.raises(OutputError, match="holds another dataset"):
        simulate(recipe, out, examples=4, resume=True)
    with pytest.raises(RecipeError, match=f"my bus.path: .* is another file .* {digest}"):
        parse_recipe(stored, str(recipe))


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
