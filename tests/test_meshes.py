"""Triangle meshes: what the generators make, what `faults` finds, and files there and back."""

import sys

import numpy as np
import pytest
from scipy.special import elliprg

from simulators.scattering import mesh_files, meshes
from simulators.scattering.meshes import Mesh, defects

CYLINDER = [(0.0, -1.0), (0.5, -1.0), (0.5, 1.0), (0.0, 1.0)]
TURN = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])  # x to y
OVAL_AREA = 4 * np.pi * elliprg(0.6**2, 0.4**2, 0.24**2)  # semi-axes 1, 0.6, 0.4 (DLMF 19.33.1)


@pytest.fixture
def box():
    return meshes.box(1.0, 2.0, 3.0)


def without(mesh, facet):
    return Mesh(mesh.vertices, np.delete(mesh.facets, facet, axis=0))


# name, mesh, volume and area of the body that it approaches, tip to tip, smallest width, error
BODIES = {
    "box": (meshes.box(1, 2, 3), 6.0, 22.0, np.sqrt(14), 1.0, 1e-12),
    "sphere": (meshes.icosphere(0.5, 4), np.pi / 6, np.pi, 1.0, 1.0, 4e-3),
    "ellipsoid": (meshes.ellipsoid(1, 0.6, 0.4, 4), 0.32 * np.pi, OVAL_AREA, 2.0, 0.8, 4e-3),
    "cylinder": (meshes.revolution(CYLINDER, 256), np.pi / 2, 2.5 * np.pi, 5**0.5, 1, 2e-4),
    "cone": (meshes.revolution([(0, 0), (1, 0), (0, 1)], 256), np.pi / 3, 7.5845, 2, 1, 2e-4),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_are_closed_and_have_the_size_they_should(name):
    mesh, volume, area, extent, width, error = BODIES[name]
    assert defects(mesh) == []
    assert mesh.is_closed
    assert mesh.volume == pytest.approx(volume, rel=error)
    assert mesh.areas.sum() == pytest.approx(area, rel=error)
    assert mesh.extent_m == pytest.approx(extent, rel=error)
    assert mesh.smallest_width_m == pytest.approx(width, rel=error)
    assert np.allclose(mesh.area_vectors.sum(axis=0), 0, atol=1e-12)


@pytest.mark.parametrize("name", ["box", "sphere", "ellipsoid", "cylinder"])
def test_normals_point_out(name):
    mesh = BODIES[name][0]  # convex about the origin
    assert np.all(np.einsum("ij,ij->i", mesh.normals, mesh.centroids) > 0)
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1)


def test_the_profile_may_run_either_way():
    up, down = meshes.revolution(CYLINDER, 16), meshes.revolution(CYLINDER[::-1], 16)
    assert up.volume == pytest.approx(down.volume)
    assert up.is_closed and down.is_closed


def test_extent_is_the_largest_distance():
    points = np.random.default_rng(1).normal(size=(60, 3))
    mesh = Mesh(points, np.arange(60).reshape(-1, 3))
    brute = np.linalg.norm(points[:, None] - points, axis=2).max()
    assert mesh.extent_m == pytest.approx(brute, rel=1e-14)


def test_subdividing_keeps_the_surface(box):
    fine = meshes.subdivide(box, 0.5)
    assert fine.edge_lengths_m.max() <= 0.5
    assert fine.is_closed
    assert fine.areas.sum() == pytest.approx(22.0)
    assert fine.volume == pytest.approx(6.0)


def test_moving_turning_and_stretching(box):
    moved = meshes.translate(box, [10.0, 0.0, -5.0])
    assert np.allclose(moved.centroids - box.centroids, [10.0, 0.0, -5.0])
    assert moved.volume == pytest.approx(6.0)
    turned = meshes.rotate(box, TURN)
    assert np.allclose(np.ptp(turned.vertices, axis=0), [2.0, 1.0, 3.0])
    assert np.allclose(turned.normals, box.normals @ TURN.T)
    assert meshes.scale(box, 2.0).volume == pytest.approx(48.0)
    assert np.allclose(np.ptp(meshes.scale(box, (1, 0.5, 1)).vertices, axis=0), [1, 1, 3])


def test_merged_bodies_stay_apart(box):
    both = meshes.merge(box, meshes.translate(meshes.icosphere(0.1, 2), [5.0, 0, 0]))
    assert np.array_equal(np.unique(both.parts), [0, 1])
    assert both.part_volumes[0] == pytest.approx(6.0)
    assert both.smallest_width_m == pytest.approx(0.2, rel=0.06)  # the sphere's, not the box's
    assert defects(both) == []


def test_welding_joins_what_a_file_took_apart(box):
    soup = Mesh(box.corners.reshape(-1, 3), np.arange(36).reshape(-1, 3))
    assert not soup.is_watertight
    whole = meshes.weld(soup, 1e-9)
    assert len(whole.vertices) == 8
    assert whole.is_closed


@pytest.mark.parametrize(
    ("vertices", "facets", "message"),
    [
        (np.zeros((3, 2)), [[0, 1, 2]], r"vertices of shape \(n, 3\).*got \(3, 2\)"),
        (np.zeros((3, 3)), [[0, 1]], r"facets of shape"),
        (np.zeros((3, 3)), np.zeros((0, 3), int), "n >= 1"),
        (np.zeros((3, 3)), [[0.0, 1.0, 2.0]], "expected integers, got float64"),
        (np.zeros((3, 3)), [[0, 1, 3]], "name vertices 0 to 3, but the mesh has 3"),
        (np.zeros((3, 3)), [[-1, 1, 2]], "name vertices -1"),
        (np.full((3, 3), np.nan), [[0, 1, 2]], "vertex 0 is .*finite"),
    ],
)
def test_arrays_that_are_no_mesh_are_refused(vertices, facets, message):
    with pytest.raises(ValueError, match=message):
        Mesh(vertices, np.asarray(facets))


def test_a_mesh_cannot_be_written_to_from_outside():
    vertices = np.eye(3)
    mesh = Mesh(vertices, np.array([[0, 1, 2]]))
    vertices[:] = 7.0
    assert mesh.vertices.max() == 1.0
    with pytest.raises(ValueError, match="read-only"):
        mesh.vertices[0, 0] = 2.0


def test_a_hole_is_found(box):
    found = defects(without(box, 3))
    assert "not watertight: of 18 edges, 3 belong to one facet" in found[0]
    assert any("do not cancel" in sentence for sentence in found)


def test_a_facet_too_many_is_found(box):
    extra = Mesh(np.vstack([box.vertices, [[0.0, 0.0, 9.0]]]), np.vstack([box.facets, [[0, 1, 8]]]))
    assert "1 to more than two" in defects(extra)[0]


def test_a_flipped_facet_is_found(box):
    facets = box.facets.copy()
    facets[0] = facets[0, ::-1]
    found = defects(Mesh(box.vertices, facets))
    assert "3 edges are run in the same direction" in found[0]
    assert any("do not cancel" in sentence for sentence in found)


def test_a_part_wound_inward_is_found(box):
    inner = meshes.translate(meshes.reverse(meshes.box(0.5, 0.5, 0.5)), [4.0, 0.0, 0.0])
    found = defects(meshes.merge(box, inner))
    assert found == [
        "1 of 2 parts are wound inward: part 1 has a signed volume of -0.125 m^3; "
        "reverse its facets"
    ]
    assert not meshes.reverse(box).is_closed


def test_a_facet_without_area_is_found(box):
    facets = np.vstack([box.facets, [[0, 1, 1]]])
    assert (
        "1 facets have no area, the first is facet 12"
        in defects(Mesh(box.vertices, facets), closed=False)[0]
    )
    assert np.all(np.isfinite(Mesh(box.vertices, facets).normals))


@pytest.mark.parametrize(("factor", "guess"), [(1000.0, "in millimetres"), (1e-5, "in metres")])
def test_a_size_in_other_units_is_found(box, factor, guess):
    (sentence,) = defects(meshes.scale(box, factor))
    assert guess in sentence
    assert f"bounding box x {-0.5 * factor:.6g} to {0.5 * factor:.6g}" in sentence


def test_an_open_shell_is_no_fault_where_one_is_expected():
    assert defects(meshes.plate(1.0, 0.5), closed=False) == []
    assert len(defects(meshes.plate(1.0, 0.5))) == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: meshes.box(1.0, 0.0, 1.0), "y_m must be above 0"),
        (lambda: meshes.plate(np.nan, 1.0), "width_m must be above 0"),
        (lambda: meshes.icosphere(1.0, -1), "subdivisions must be 0 or more"),
        (lambda: meshes.revolution([(0, 0), (-1, 1)], 8), "rho = -1"),
        (lambda: meshes.revolution([(0, 0)], 8), r"shape \(p, 2\)"),
        (lambda: meshes.revolution(CYLINDER, 2), "3 or more sides"),
        (lambda: meshes.scale(meshes.box(1, 1, 1), -1.0), "above 0"),
        (lambda: meshes.rotate(meshes.box(1, 1, 1), np.diag([1, 1, -1])), "mirrors"),
        (lambda: meshes.rotate(meshes.box(1, 1, 1), 2 * np.eye(3)), "orthogonal"),
        (lambda: meshes.subdivide(meshes.box(1, 1, 1), 0.0), "longest_edge_m"),
        (lambda: meshes.merge(), "at least one mesh"),
    ],
)
def test_impossible_bodies_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("suffix", mesh_files.SUFFIXES)
@pytest.mark.parametrize("units", mesh_files.METRES_PER_UNIT)
def test_files_there_and_back(tmp_path, suffix, units):
    pytest.importorskip("trimesh")
    mesh = meshes.translate(meshes.ellipsoid(0.3, 0.2, 0.1, 2), [0.5, 0.0, 0.0])
    mesh_files.write_mesh(tmp_path / f"body{suffix}", mesh, units=units)
    back = mesh_files.read_mesh(tmp_path / f"body{suffix}", units=units)
    assert len(back.vertices) == len(mesh.vertices)
    assert np.allclose(back.centroids, mesh.centroids, atol=1e-6)  # STL is single precision
    assert back.volume == pytest.approx(mesh.volume, rel=1e-5)


def test_quads_and_texture_seams_of_an_obj_are_read(tmp_path):
    pytest.importorskip("trimesh")
    quads = ["1 2 4 3", "5 7 8 6", "1 5 6 2", "3 4 8 7", "1 3 7 5", "2 6 8 4"]
    signs = [(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    lines = ["mtllib missing.mtl", *(f"v {i} {j} {k}" for i, j, k in signs)]
    lines += [f"vt {n / 6} 0.5" for n in range(6)]  # each side has its own texture corner
    lines += [
        "f " + " ".join(f"{v}/{side + 1}" for v in quad.split()) for side, quad in enumerate(quads)
    ]
    (tmp_path / "cube.obj").write_text("\n".join(lines))
    cube = mesh_files.read_mesh(tmp_path / "cube.obj", units="cm")
    assert cube.volume == pytest.approx(1e-6)
    assert len(cube.vertices) == 8


def test_a_file_in_other_units_is_refused_by_name(tmp_path, box):
    pytest.importorskip("trimesh")
    path = tmp_path / "bus.stl"
    mesh_files.write_mesh(path, box, units="mm")
    with pytest.raises(ValueError, match=r"bus\.stl: 12 facets, read in 'm'.*\n.*millimetres"):
        mesh_files.read_mesh(path, units="m")


def test_an_open_file_says_how_to_accept_it(tmp_path, box):
    pytest.importorskip("trimesh")
    path = tmp_path / "shell.ply"
    mesh_files.write_mesh(path, without(box, 0), units="m")
    with pytest.raises(ValueError, match=r"(?s)not watertight.*closed=False"):
        mesh_files.read_mesh(path, units="m")
    assert len(mesh_files.read_mesh(path, units="m", closed=False).facets) == 11


@pytest.mark.parametrize("suffix", mesh_files.SUFFIXES)
@pytest.mark.parametrize("content", [b"", b"not a mesh at all\n", b"\xff" * 200])
def test_broken_files_are_refused_by_name(tmp_path, suffix, content):
    pytest.importorskip("trimesh")
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.\w+: cannot be read as"):
        mesh_files.read_mesh(path, units="m")


def test_a_truncated_file_is_refused(tmp_path, box):
    pytest.importorskip("trimesh")
    path = tmp_path / "half.stl"
    mesh_files.write_mesh(path, box, units="m")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match=r"half\.stl"):
        mesh_files.read_mesh(path, units="m")


def test_wrong_suffix_units_and_path(tmp_path):
    with pytest.raises(ValueError, match=r"unknown suffix '.step'; expected one of .stl"):
        mesh_files.read_mesh(tmp_path / "body.step", units="m")
    with pytest.raises(ValueError, match="unknown units 'feet'; expected one of m, cm, mm, in"):
        mesh_files.read_mesh(tmp_path / "body.stl", units="feet")
    pytest.importorskip("trimesh")
    with pytest.raises(FileNotFoundError):
        mesh_files.read_mesh(tmp_path / "body.stl", units="m")


def test_without_trimesh_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "trimesh", None)
    with pytest.raises(ImportError, match=r"radarseq\[mesh\]"):
        mesh_files.read_mesh(tmp_path / "body.stl", units="m")


@pytest.mark.parametrize("longest", [2.0, 0.4, 0.1])
def test_halving_facets_keeps_the_surface_and_its_sides(box, longest):
    thin = meshes.merge(box, meshes.translate(meshes.plate(3.0, 0.001), [0, 0, 5.0]))
    fine = meshes.bisect(thin, longest)
    assert fine.edge_lengths_m.max() <= longest
    assert fine.areas.sum() == pytest.approx(thin.areas.sum(), rel=1e-12)
    assert meshes.bisect(box, longest).volume == pytest.approx(6.0, rel=1e-12)
    assert np.allclose(fine.area_vectors.sum(axis=0), thin.area_vectors.sum(axis=0), atol=1e-12)
    shorter = meshes.bisect(meshes.plate(3.0, 0.001), longest)
    assert len(shorter.facets) <= 2 * 3 ** np.ceil(np.log2(3.1 / longest))


def test_a_body_is_convex_or_casts_shadows_on_itself(box):
    for mesh, *_ in BODIES.values():
        assert mesh.is_convex
    assert not meshes.merge(box, meshes.translate(box, [3.0, 0.0, 0.0])).is_convex
    assert not meshes.revolution([(0, 0), (1, 0), (0.2, 0.5), (1, 1), (0, 1)], 32).is_convex
    assert not meshes.reverse(box).is_convex
    assert meshes.rotate(box, TURN).is_convex
