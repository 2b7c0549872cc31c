"""Triangle meshes: bodies, operations, defects, mass and files; no scattering.

Facets are wound so that their normals point out of the body, into free space. Lengths are metres.

References:
    Möller and Haines, Real-Time Rendering, chapter "Polygonal Techniques" (winding, welding);
    Gordon, IEEE Trans. Antennas Propag. 23 (1975) 590 (why facets, and not patches).
"""

from simulators.scattering.meshes.bodies import box, ellipsoid, icosphere, plate, revolution
from simulators.scattering.meshes.changes import (
    bisect,
    merge,
    reverse,
    rotate,
    scale,
    subdivide,
    translate,
    weld,
)
from simulators.scattering.meshes.defects import MAX_BODY_M, MIN_BODY_M, defects
from simulators.scattering.meshes.mass import Mass, mass_of
from simulators.scattering.meshes.surface import Mesh

__all__ = [
    "MAX_BODY_M",
    "MIN_BODY_M",
    "Mass",
    "Mesh",
    "bisect",
    "box",
    "defects",
    "ellipsoid",
    "icosphere",
    "mass_of",
    "merge",
    "plate",
    "reverse",
    "revolution",
    "rotate",
    "scale",
    "subdivide",
    "translate",
    "weld",
]
