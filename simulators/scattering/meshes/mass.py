"""Centre of mass and inertia of the body that a mesh encloses, or of the mesh as a shell.

Reference:
    Blow and Binstock, "How to find the inertia tensor (or other mass properties) of a 3D solid
    body represented by a triangle mesh", 2004: the sum over tetrahedra.
"""

from dataclasses import dataclass

import numpy as np

from simulators.scattering.meshes.surface import Floats, Mesh

_ALIGNED = 1e-9  # of the trace: products of inertia this small are rounding


@dataclass(frozen=True)
class Mass:
    """Mass properties of a uniform body of unit mass.

    Attributes:
        centre_m: Centre of mass [m], shape ``(3,)``.
        moments_m2: Principal moments of inertia about it, per unit mass [m^2], shape ``(3,)``.
        axes: Principal axes as rows, a rotation from the mesh's frame to theirs, each as near as
            possible to x, y and z, shape ``(3, 3)``.
    """

    centre_m: Floats
    moments_m2: Floats
    axes: Floats


def mass_of(mesh: Mesh, *, solid: bool = True) -> Mass:
    """Return the mass properties of the enclosed body, or with ``solid=False`` of the shell.

    Raises:
        ValueError: If the body encloses no volume, or the shell has no area.

    Example:
        >>> from simulators.scattering.meshes import box
        >>> mass_of(box(1.0, 2.0, 3.0)).moments_m2.round(4)
        array([1.0833, 0.8333, 0.4167])
    """
    corners = mesh.corners - mesh.vertices[mesh.facets[0, 0]]
    if solid:
        weights = np.einsum("mc,mc->m", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
        whole, fourth = 5, 20  # a tetrahedron with one corner at the origin
    else:
        weights, whole, fourth = mesh.areas, 4, 12
    total = weights.sum()
    if total <= 0:
        raise ValueError(f"the mesh holds {total:.4g} of mass; expected a body wound outward")
    sums = corners.sum(axis=1)
    centre = weights @ sums / (whole - 1) / total
    squares = np.einsum("m,mci,mcj->ij", weights, corners, corners)
    squares = (squares + np.einsum("m,mi,mj->ij", weights, sums, sums)) / fourth / total
    squares -= np.outer(centre, centre)
    axes = _axes(squares)
    spread = np.diag(axes @ squares @ axes.T)
    return Mass(centre + mesh.vertices[mesh.facets[0, 0]], spread.sum() - spread, axes)


def _axes(squares: Floats) -> Floats:
    """Return the principal axes as rows; x, y and z if these are principal."""
    products = np.abs(squares - np.diag(np.diag(squares))).max()
    if products <= _ALIGNED * np.trace(squares):
        return np.eye(3)
    _, columns = np.linalg.eigh(squares)
    axes, left = np.empty((3, 3)), columns.T
    for place in range(3):
        nearest = int(np.argmax(np.abs(left[:, place])))
        axes[place] = left[nearest] * np.copysign(1.0, left[nearest, place])
        left = np.delete(left, nearest, axis=0)
    axes[2] *= np.sign(np.linalg.det(axes))
    return axes
