"""Reads and writes meshes as STL, OBJ and PLY files of CAD programs.

None of these formats states its unit of length, so the caller must. Reading goes through trimesh,
an optional dependency: ``pip install radarseq[mesh]``.
"""

from pathlib import Path
from types import ModuleType

import numpy as np

from simulators.scattering.meshes import Mesh, defects, weld

METRES_PER_UNIT = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254}
SUFFIXES = (".stl", ".obj", ".ply")
_WELD = 1e-6  # of the extent: STL repeats each corner per facet, in single precision


def read_mesh(path: str | Path, *, units: str, closed: bool = True) -> Mesh:
    """Return the mesh in an STL, OBJ or PLY file, checked, in metres.

    Corners that coincide are merged; other files that it names (materials) are not opened.

    Args:
        path: The file; its suffix says the format.
        units: The unit of its lengths: ``"m"``, ``"cm"``, ``"mm"`` or ``"in"``.
        closed: Whether it must be the closed surface of a body; ``False`` accepts a shell.

    Returns:
        The mesh, vertices in metres.

    Raises:
        ImportError: If trimesh is not installed.
        FileNotFoundError: If there is no such file.
        ValueError: If the suffix or the unit is unknown, the file cannot be parsed or holds no
            facets, or the mesh has defects; all are listed.
    """
    path = Path(path)
    mesh = _parse(path, *_format(path, units))
    mesh = weld(mesh, _WELD * mesh.extent_m)
    found = defects(mesh, closed=closed)
    if found:
        advice = "Repair the mesh, or state other units"
        if any("watertight" in sentence for sentence in found):
            advice += "; closed=False accepts an open shell, lit from outside alone"
        raise ValueError(
            f"{path}: {len(mesh.facets)} facets, read in {units!r}, are not usable:\n- "
            + "\n- ".join(found)
            + f"\n{advice}"
        )
    return mesh


def write_mesh(path: str | Path, mesh: Mesh, *, units: str) -> None:
    """Write a mesh to an STL (binary, single precision), OBJ or PLY file.

    Raises:
        ImportError: If trimesh is not installed.
        ValueError: If the suffix or the unit is unknown.
    """
    path = Path(path)
    trimesh, kind, factor = _format(path, units)
    body = trimesh.Trimesh(mesh.vertices / factor, mesh.facets, process=False)
    data = body.export(file_type=kind)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def _format(path: Path, units: str) -> tuple[ModuleType, str, float]:
    """Return trimesh, the file's format, and its metres per unit."""
    if units not in METRES_PER_UNIT:
        raise ValueError(f"unknown units {units!r}; expected one of {', '.join(METRES_PER_UNIT)}")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(
            f"{path}: unknown suffix {suffix!r}; expected one of {', '.join(SUFFIXES)}. "
            "Export the body from the CAD program as one of these"
        )
    try:
        import trimesh
    except ImportError as error:
        raise ImportError(
            "mesh files need trimesh, which is not installed: pip install 'radarseq[mesh]'"
        ) from error
    return trimesh, suffix[1:], METRES_PER_UNIT[units]


def _parse(path: Path, trimesh: ModuleType, kind: str, factor: float) -> Mesh:
    with path.open("rb") as file:
        try:
            # As a stream, without a resolver: nothing that the file names can be opened.
            body = trimesh.load_mesh(file, file_type=kind, process=False)
            return Mesh(np.asarray(body.vertices) * factor, np.asarray(body.faces))
        except Exception as error:  # a parser's failures have no common class
            raise ValueError(
                f"{path}: cannot be read as {kind.upper()} ({type(error).__name__}: {error}); "
                "expected a surface of triangles. Export it again"
            ) from error
