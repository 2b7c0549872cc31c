"""Mesh files: written and read back, and refused by name."""

import sys

import numpy as np
import pytest
from bodies import without

from simulators.scattering import meshes
from simulators.scattering.meshes import mesh_files


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
