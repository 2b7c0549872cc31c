"""Amplitude of one object over many directions, by the method of its class."""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from simulators.amplitudes.closed_form import ripple_table
from simulators.amplitudes.mesh import mesh_amplitudes, meshes_of
from simulators.objects import MeshBody, ObjectClass
from simulators.objects.dispatch import MAX_SIZES, amplitude

_BLOCK = 256  # looks at a time: each needs a mask of the facets


def direction_amplitudes(
    item: ObjectClass, sizes: ArrayLike, directions: ArrayLike, wavenumber: float
) -> NDArray[np.complex128]:
    """Return the amplitude of an object in many directions, by the method of its class.

    A mesh takes physical optics with shadows, its facets cut to a wavelength if it casts any, and
    further bounces by rays if its class sets them. Every other class takes the closed form that
    the generator evaluates.

    Args:
        item: The object class.
        sizes: The object's sizes in the order of ``item.size_names``, or all of ``columns()``.
        directions: Unit vectors from the body to the radar, body frame, shape ``(d, 3)``.
        wavenumber: Wavenumber k [rad/m].

    Returns:
        Amplitude a [m], phase referred to the centre of mass, shape ``(d,)``.

    Raises:
        ValueError: If there are more or fewer sizes than the class has, or the shape of
            ``directions`` is wrong.

    Example:
        >>> from simulators.objects import Plate
        >>> square = Plate(name="square")
        >>> direction_amplitudes(square, (0.2, 0.2), [[0.0, 0.0, 1.0]], 200.0).round(3)
        array([0.-4.514j])
    """
    looks = np.asarray(directions, dtype=np.float64)
    if looks.ndim != 2 or looks.shape[1] != 3:
        raise ValueError(f"expected directions of shape (d, 3), got {looks.shape}")
    drawn = np.asarray(sizes, dtype=np.float64)
    if drawn.shape not in {(len(item.size_names),), (MAX_SIZES,)}:
        raise ValueError(
            f"{item.name} has the sizes {', '.join(item.size_names)}; got {drawn.shape[0]} numbers"
        )
    if isinstance(item, MeshBody):
        return _mesh_amplitudes(item, float(drawn[0]), looks, wavenumber)
    columns = np.array([low for low, _ in item.columns()])
    columns[: len(drawn)] = drawn
    ripple, smallest_ka = ripple_table([item], wavenumber)
    out = np.empty(len(looks), dtype=np.complex128)
    _fill(item.kernel_kind, wavenumber, columns, looks, ripple, smallest_ka, out)
    return out


def _mesh_amplitudes(
    item: MeshBody, scale: float, looks: NDArray[np.float64], k: float
) -> NDArray[np.complex128]:
    out = np.empty((len(looks), 1), dtype=np.complex128)
    meshes, (ripple, smallest_ka) = meshes_of([item], k), ripple_table([item], k)
    wavenumbers = np.array([k])
    for start in range(0, len(looks), _BLOCK):
        part = slice(start, start + _BLOCK)
        here, found = np.ascontiguousarray(looks[part]), out[part]
        mesh_amplitudes(meshes, 0, wavenumbers, scale, here, ripple, smallest_ka, found)
    return out[:, 0]


@njit(cache=True, nogil=True)
def _fill(kind, k, sizes, looks, ripple, smallest_ka, out):
    for i in range(looks.shape[0]):
        ux, uy, uz = looks[i]
        out[i] = amplitude(kind, k, sizes, ux, uy, uz, ripple, smallest_ka)
