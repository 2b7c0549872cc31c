"""Parts of the meshes that object classes draw of themselves, for pictures and sizes."""

import numpy as np
from numpy.typing import ArrayLike

from simulators.scattering import meshes
from simulators.scattering.meshes import Mesh


def turned(*profile: tuple[float, float], lift_m: float = 0.0) -> Mesh:
    """Return the surface that a profile of (rho, z) [m] sweeps around z, raised by ``lift_m``."""
    return meshes.revolution([(rho, z + lift_m) for rho, z in profile], 32)


def cylinder(radius_m: float, length_m: float) -> Mesh:
    """Return a closed cylinder along z about the origin."""
    half = length_m / 2
    return turned((0, -half), (radius_m, -half), (radius_m, half), (0, half))


def facets(*points: ArrayLike) -> Mesh:
    """Return one or two facets through three or four points."""
    return Mesh(np.array(points, float), np.array([[0, 1, 2], [0, 2, 3]][: len(points) - 2]))
