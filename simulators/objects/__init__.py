"""Object classes of a recipe: each is a geometry with priors of its sizes and rotation."""

from simulators.objects.base import MOTION_KEYS, STRICT, Interval, ObjectClass, check_interval
from simulators.objects.composite import Box, Cubesat, Fragment, RocketBody, Satellite
from simulators.objects.corner import Dihedral, Dipole, Trihedral
from simulators.objects.dispatch import MAX_SIZES
from simulators.objects.elementary import (
    Cone,
    ConeCylinder,
    Cylinder,
    Disc,
    Ellipsoid,
    Frustum,
    Plate,
    Sphere,
)
from simulators.objects.mesh import MeshBody

SHAPES: dict[str, type[ObjectClass]] = {
    "sphere": Sphere,
    "plate": Plate,
    "cylinder": Cylinder,
    "cone": Cone,
    "disc": Disc,
    "ellipsoid": Ellipsoid,
    "box": Box,
    "satellite": Satellite,
    "rocket_body": RocketBody,
    "frustum": Frustum,
    "cone_cylinder": ConeCylinder,
    "dihedral": Dihedral,
    "trihedral": Trihedral,
    "dipole": Dipole,
    "cubesat": Cubesat,
    "fragment": Fragment,
    "mesh": MeshBody,
}

__all__ = [
    "MAX_SIZES",
    "MOTION_KEYS",
    "SHAPES",
    "STRICT",
    "Box",
    "Cone",
    "ConeCylinder",
    "Cubesat",
    "Cylinder",
    "Dihedral",
    "Dipole",
    "Disc",
    "Ellipsoid",
    "Fragment",
    "Frustum",
    "Interval",
    "MeshBody",
    "ObjectClass",
    "Plate",
    "RocketBody",
    "Satellite",
    "Sphere",
    "Trihedral",
    "check_interval",
]
