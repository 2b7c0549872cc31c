"""The catalogue: an object class is a geometry and the priors of its sizes and rotation."""

from typing import get_args

from simulators.objects.base import MOTION_KEYS, STRICT, Interval, ObjectClass, check_interval
from simulators.objects.composite import Box, Cubesat, Fragment, RocketBody, Satellite
from simulators.objects.corner import Dihedral, Dipole, Trihedral
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
from simulators.objects.kernel_ids import KIND_SPHERE, MAX_SIZES
from simulators.objects.mesh import MeshBody

AnyObject = (
    Sphere
    | Plate
    | Cylinder
    | Cone
    | Disc
    | Ellipsoid
    | Box
    | Satellite
    | RocketBody
    | Frustum
    | ConeCylinder
    | Dihedral
    | Trihedral
    | Dipole
    | Cubesat
    | Fragment
    | MeshBody
)
SHAPES: dict[str, type[ObjectClass]] = {cls.shape: cls for cls in get_args(AnyObject)}

__all__ = [
    "KIND_SPHERE",
    "MAX_SIZES",
    "MOTION_KEYS",
    "SHAPES",
    "STRICT",
    "AnyObject",
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
