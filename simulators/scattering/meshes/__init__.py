"""Triangle meshes: bodies made of facets, and what can be wrong with them.

Facets are wound so that their normals point out of the body, towards free space; physical optics
lights a facet when its normal has a part towards the radar. Lengths are metres.

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
from simulators.scattering.meshes.faults import LARGEST_BODY_M, SMALLEST_BODY_M, faults
from simulators.scattering.meshes.mass import Mass, mass_of
from simulators.scattering.meshes.surface import Mesh

__all__ = [
    "LARGEST_BODY_M",
    "SMALLEST_BODY_M",
    "Mass",
    "Mesh",
    "bisect",
    "box",
    "ellipsoid",
    "faults",
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
