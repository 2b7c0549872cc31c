"""Defects of a mesh: holes, winding, facets without area, lengths in other units."""

import numpy as np

from simulators.scattering.meshes.surface import Mesh, edge_counts, repeated_directions

MAX_BODY_M = 100.0  # above, millimetres read as metres are likelier than such a body
MIN_BODY_M = 1e-3  # below, metres read as millimetres are
_SLIVER = 1e-12  # area over longest edge squared, below which a facet is a line


def defects(mesh: Mesh, *, closed: bool = True) -> list[str]:
    """Return a sentence for each defect of a mesh.

    Args:
        mesh: The mesh to check.
        closed: Whether it should be the surface of a body. With ``False`` only facets and size
            are checked: a plate or a shell is lit from outside alone, and has edges.

    Example:
        >>> from simulators.scattering.meshes import box, scale
        >>> defects(box(1.0, 1.0, 1.0))
        []
        >>> defects(scale(box(1.0, 1.0, 1.0), 900.0))[0][:45]
        'the body is 1558.85 m from tip to tip (boundi'
    """
    found = [_degenerate_defect(mesh), _size_defect(mesh)]
    if closed:
        found = [*_surface_defects(mesh), *found]
    return [sentence for sentence in found if sentence]


def _surface_defects(mesh: Mesh) -> list[str]:
    edges, counts = edge_counts(mesh)
    found = []
    if np.any(counts != 2):
        found.append(
            f"the surface is not watertight: of {len(edges)} edges, {np.sum(counts == 1)} belong "
            f"to one facet and {np.sum(counts > 2)} to more than two; close the holes, or weld "
            "vertices that should be one"
        )
    repeated = repeated_directions(mesh)
    if repeated:
        found.append(
            f"the winding is not consistent: {repeated} edges are run in the same direction by "
            "two facets; their normals point to opposite sides"
        )
    return [*found, _inward_defect(mesh, watertight=not found), _balance_defect(mesh)]


def _inward_defect(mesh: Mesh, *, watertight: bool) -> str:
    inward = np.flatnonzero(mesh.part_volumes < 0)
    if not watertight or len(inward) == 0:
        return ""  # the volume of an open surface has no meaning
    part = int(inward[0])
    return (
        f"{len(inward)} of {len(mesh.part_volumes)} parts are wound inward: part {part} has a "
        f"signed volume of {mesh.part_volumes[part]:.4g} m^3; reverse its facets"
    )


def _balance_defect(mesh: Mesh) -> str:
    imbalance = np.linalg.norm(mesh.area_vectors.sum(axis=0)) / max(mesh.areas.sum(), 1e-300)
    if imbalance <= 1e-9:
        return ""
    return (
        f"the outward areas do not cancel: |sum of A n| is {imbalance:.3g} of the surface; "
        "a closed surface gives 0"
    )


def _degenerate_defect(mesh: Mesh) -> str:
    flat = np.flatnonzero(mesh.areas <= _SLIVER * mesh.edge_lengths_m.max(axis=1) ** 2)
    if len(flat) == 0:
        return ""
    return f"{len(flat)} facets have no area, the first is facet {flat[0]}; remove them"


def _size_defect(mesh: Mesh) -> str:
    if MIN_BODY_M <= mesh.extent_m <= MAX_BODY_M:
        return ""
    guess = "in millimetres?" if mesh.extent_m > MAX_BODY_M else "in metres or kilometres?"
    return f"{size_in_words(mesh)}: {guess} State the units it was drawn in"


def size_in_words(mesh: Mesh) -> str:
    """Return the tip-to-tip size and the bounding box of a mesh as a clause."""
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    spans = ", ".join(
        f"{axis} {a:.6g} to {b:.6g}" for axis, a, b in zip("xyz", low, high, strict=True)
    )
    return f"the body is {mesh.extent_m:.6g} m from tip to tip (bounding box {spans} m)"
