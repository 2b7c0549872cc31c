"""What the object classes look like: a mesh of each, for pictures and for size, not for scattering.

In the frame of the amplitudes: the axis of a body that has one along z, the origin at the centre
that phases are referred to, or close to it.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from simulators.objects import MeshBody, ObjectClass
from simulators.objects.extents import CUBESAT_SIDES_M
from simulators.scattering import composites, meshes, revolution
from simulators.scattering.meshes import Mesh

_SIDES = 32
_ARC = np.linspace(0.0, np.pi / 2, 9)  # of a dome
_TO_CORNER = np.array([[1, -1, 0], [1, 1, -2], [1, 1, 1]]) / np.sqrt([[2], [6], [3]])
Sizes = Sequence[float]


def outline(item: ObjectClass, sizes: Sizes) -> Mesh:
    """Return a mesh of one object of a class.

    Args:
        item: The object class.
        sizes: In the order of ``item.size_names``.
    """
    if isinstance(item, MeshBody):
        return meshes.scale(item.mesh, sizes[0])
    fixed = [low for low, _ in item.columns()]
    return _OUTLINES[str(vars(item)["shape"])]([*sizes, *fixed[len(sizes) :]])


def _turned(*profile: tuple[float, float], lift_m: float = 0.0) -> Mesh:
    return meshes.revolution([(rho, z + lift_m) for rho, z in profile], _SIDES)


def _flat(*points: ArrayLike) -> Mesh:
    """Return one or two facets through three or four points."""
    return Mesh(np.array(points, float), np.array([[0, 1, 2], [0, 2, 3]][: len(points) - 2]))


def _cylinder(sizes: Sizes) -> Mesh:
    radius, half = sizes[0], sizes[1] / 2
    return _turned((0, -half), (radius, -half), (radius, half), (0, half))


def _cone(sizes: Sizes) -> Mesh:
    radius, length = sizes[:2]
    return _turned((0, 0), (radius, 0), (0, length), lift_m=-length / 4)


def _frustum(sizes: Sizes) -> Mesh:
    lower, upper, length = sizes[:3]
    centre = float(revolution.frustum_centre(lower, upper, length))
    return _turned((0, 0), (lower, 0), (upper, length), (0, length), lift_m=-centre)


def _cone_cylinder(sizes: Sizes) -> Mesh:
    radius, cone, cylinder = sizes[:3]
    centre = float(revolution.cone_cylinder_centre(radius, cone, cylinder))
    profile = ((0, -cylinder), (radius, -cylinder), (radius, 0), (0, cone))
    return _turned(*profile, lift_m=-centre)


def _rocket_body(sizes: Sizes) -> Mesh:
    radius, length, nozzle, bell = sizes[:4]
    base = -length / 2
    dome = [(radius * np.cos(a), length / 2 + radius * np.sin(a)) for a in _ARC]
    end = [(0, base - bell), (nozzle, base - bell), (nozzle / 2, base), (radius, base)]
    return _turned(*end, *dome[:-1], (0, length / 2 + radius))


def _cubesat(sizes: Sizes) -> Mesh:
    return meshes.box(*map(float, CUBESAT_SIDES_M[int(sizes[0])]))


def _satellite(sizes: Sizes) -> Mesh:
    bus, length, width, dish = sizes[:4]
    arm = (bus + length) / 2
    panel = meshes.plate(length, width)
    panels = [meshes.translate(panel, [side * arm, 0, 0]) for side in (-1, 1)]
    to_y = [[1, 0, 0], [0, 0, 1], [0, -1, 0]]
    antenna = meshes.rotate(_turned((0, 0), (dish, dish / 4), lift_m=(bus + dish / 2) / 2), to_y)
    return meshes.merge(meshes.box(bus, bus, bus), *panels, antenna)


def _dihedral(sizes: Sizes) -> Mesh:
    width, half = sizes[0], np.array([0, 0, sizes[1] / 2])
    arms = width * np.array([[1, -1, 0], [1, 1, 0]]) / np.sqrt(2)
    faces = meshes.merge(*[_flat(-half, arm - half, arm + half, half) for arm in arms])
    return meshes.translate(faces, [-width / np.sqrt(8), 0, 0])


def _trihedral(sizes: Sizes) -> Mesh:
    edges, faces = sizes[0] * np.eye(3), []
    for i, j in ((0, 1), (1, 2), (2, 0)):
        corner = [edges[i] + edges[j]] if sizes[1] > 0.5 else []
        faces.append(_flat(np.zeros(3), edges[i], *corner, edges[j]))
    corner = meshes.rotate(meshes.merge(*faces), _TO_CORNER)
    return meshes.translate(corner, [0, 0, -corner.vertices[:, 2].mean()])


def _fragment(sizes: Sizes) -> Mesh:
    width, height, share, bend_deg = sizes[:4]
    first, second, fold, _ = composites.bend(width, share, bend_deg)
    middle, half = np.array([fold[0], 0, fold[1]]), np.array([0, height / 2, 0])
    ends = (
        middle + part * width * np.array([along[0], 0, along[1]])
        for part, along in ((share, first), (1 - share, second))
    )
    return meshes.merge(
        *[_flat(end - half, middle - half, middle + half, end + half) for end in ends]
    )


_OUTLINES: dict[str, Callable[[Sizes], Mesh]] = {
    "sphere": lambda sizes: meshes.icosphere(sizes[0], 3),
    "plate": lambda sizes: meshes.plate(sizes[0], sizes[1]),
    "cylinder": _cylinder,
    "cone": _cone,
    "disc": lambda sizes: _turned((0, 0), (sizes[0], 0)),
    "ellipsoid": lambda sizes: meshes.ellipsoid(sizes[0], sizes[1], sizes[2], 3),
    "box": lambda sizes: meshes.box(sizes[0], sizes[1], sizes[2]),
    "satellite": _satellite,
    "rocket_body": _rocket_body,
    "frustum": _frustum,
    "cone_cylinder": _cone_cylinder,
    "dihedral": _dihedral,
    "trihedral": _trihedral,
    "dipole": lambda sizes: _cylinder((sizes[1], sizes[0])),
    "cubesat": _cubesat,
    "fragment": _fragment,
}
