"""Monostatic amplitude of any triangle mesh by physical optics.

Each lit facet carries the current of an infinite flat conductor, and the amplitude is

    a(u, k) = -j k / sqrt(pi) * sum of (A n.u) I,  I = mean of exp(2jk u.r) over the facet,

in metres, |a|^2 the cross-section [m^2], time factor exp(+jwt), phase referred to the origin of
the mesh. ``facet_integral`` computes the mean, ``facet_sums`` the sum.

Physical optics is accurate near specular directions of bodies that are large against the
wavelength, but not at edges and tips far from them and not in cavities; it has no multiple bounces.

References:
    Gordon, IEEE Trans. Antennas Propag. 23 (1975) 590 (the sum over corners);
    Ludwig, IEEE Trans. Antennas Propag. 16 (1968) 767 (small phase differences);
    Knott, Shaeffer, Tuley, Radar Cross Section, 2nd ed., section 5.3.
"""

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulators.scattering.meshes import Mesh
from simulators.scattering.physical_optics.facet_integral import means
from simulators.scattering.physical_optics.facet_sums import exact_sum, fast_sum
from simulators.scattering.validity import MIN_KA, Validity

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Method = Literal["exact", "fast"]

_NEGLECTED = "edges and tips far from specular directions, and multiple bounces"
FACETS_PER_WAVELENGTH = 3  # the fast kernel takes edges up to a wavelength over this


def validity(mesh: Mesh, wavenumbers: ArrayLike, *, method: Method = "exact") -> Validity:
    """Return the method in words, the smallest k a, the neglected effects and warnings.

    Args:
        mesh: The body.
        wavenumbers: Wavenumbers k [rad/m] of the amplitudes, shape ``(f,)``.
        method: Kernel of the amplitudes: ``"exact"`` for ``amplitude_m``, ``"fast"`` for
            ``fast_amplitude_m``.

    Example:
        >>> from simulators.scattering.meshes import box
        >>> validity(box(0.1, 0.1, 0.02), [200.0]).warnings[0][:46]
        'k a is 2 for the smallest width of 0.02 m (a h'
    """
    k = checked_wavenumbers(wavenumbers)
    names = {
        "exact": "physical optics, exact integral over each facet",
        "fast": "physical optics, facet phase to second order",
    }
    if method not in names:
        raise ValueError(f"unknown method {method!r}; expected 'exact' or 'fast'")
    smallest_ka = float(k.min() * mesh.smallest_width_m / 2)
    warnings = []
    if smallest_ka < MIN_KA:
        warnings.append(
            f"k a is {smallest_ka:.3g} for the smallest width of {mesh.smallest_width_m:.4g} m "
            f"(a half of it); physical optics needs {MIN_KA:g} or more"
        )
    return Validity(names[method], smallest_ka, _NEGLECTED, tuple(warnings))


def amplitude_m(
    mesh: Mesh,
    directions: ArrayLike,
    wavenumbers: ArrayLike,
    *,
    visible: NDArray[np.bool_] | None = None,
) -> Complexes:
    """Return the physical-optics amplitude with the exact integral over every facet.

    Facets may be of any size against the wavelength: two are enough for a flat side.

    Args:
        mesh: The body; its outside is where its normals point.
        directions: Unit vectors from the body to the radar, body frame, shape ``(d, 3)``.
        wavenumbers: Wavenumbers k [rad/m], any spacing, shape ``(f,)``.
        visible: Mask of the facets that the radar sees, shape ``(d, m)``, from
            ``visibility.visible_facets``. Without it every facet that faces the radar is lit,
            which is right for a convex body.

    Returns:
        Amplitude a [m], shape ``(d, f)``.

    Raises:
        ValueError: If a shape is wrong, a direction is not a unit vector, or a wavenumber is not
            positive.

    Example:
        >>> from simulators.scattering.meshes import plate
        >>> k = 2 * np.pi / 0.1
        >>> amplitude_m(plate(1.0, 1.0), [[0.0, 0.0, 1.0]], [k]).round(3)
        array([[0.-35.449j]])

    Reference:
        Gordon, IEEE Trans. Antennas Propag. 23 (1975) 590.
    """
    looks, k = checked_directions(directions), checked_wavenumbers(wavenumbers)
    seen = _checked_mask(visible, len(looks), len(mesh.facets))
    out = np.zeros((len(looks), len(k)), dtype=np.complex128)
    # About the middle of the body, phases are small, and with them what division adds to rounding.
    middle = 0.5 * (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0))
    exact_sum(mesh.vertices - middle, mesh.facets, mesh.area_vectors, looks, k, seen, out)
    return out * np.exp(2j * np.outer(looks @ middle, k))


def fast_amplitude_m(
    mesh: Mesh,
    directions: ArrayLike,
    wavenumbers: ArrayLike,
    *,
    visible: NDArray[np.bool_] | None = None,
) -> Complexes:
    """Return the physical-optics amplitude of a fine mesh, facet phases to second order.

    ``I = exp(j pc) (1 - q2 / 2)`` with pc the phase of the facet's centre and q2 the mean square
    of the phase about it. The error is 3.5e-3 of the amplitude's rms for edges of a third of the
    shortest wavelength, and falls with the cube of the edge. Faster than ``amplitude_m`` for small
    facets and many frequencies; arguments and result are the same.

    Raises:
        ValueError: As ``amplitude_m``; or if an edge is longer than a third of the shortest
            wavelength, or the wavenumbers are not equally spaced.
    """
    looks, k = checked_directions(directions), checked_wavenumbers(wavenumbers)
    seen = _checked_mask(visible, len(looks), len(mesh.facets))
    step = _checked_spacing(mesh, k)
    out = np.zeros((len(looks), len(k)), dtype=np.complex128)
    fast_sum(mesh.corners, mesh.area_vectors, looks, k, step, seen, out)
    return out


def phase_mean(phases: ArrayLike) -> Complexes:
    """Return the mean of exp(jp) over triangles on which the phase p is linear.

    Args:
        phases: Phase at the corners [rad], shape ``(..., 3)``.

    Returns:
        The mean, shape ``(...)``.

    Example:
        >>> phase_mean([[0.0, 0.0, 0.0], [0.0, 1.0, 2.0]]).round(4)
        array([1.    +0.j    , 0.4968+0.7736j])
    """
    p = np.asarray(phases, dtype=np.float64)
    if p.ndim == 0 or p.shape[-1] != 3:
        raise ValueError(f"expected the phases of three corners, shape (..., 3), got {p.shape}")
    return means(p.reshape(-1, 3)).reshape(p.shape[:-1])


def checked_directions(directions: ArrayLike) -> Floats:
    """Return directions as an array of shape ``(d, 3)``; refuse other shapes and lengths than 1."""
    looks = np.asarray(directions, dtype=np.float64, order="C")
    if looks.ndim != 2 or looks.shape[1] != 3:
        raise ValueError(f"expected directions of shape (d, 3), got {looks.shape}")
    lengths = np.linalg.norm(looks, axis=1)
    if not np.all(np.abs(lengths - 1) < 1e-6):
        worst = int(np.argmax(np.abs(np.nan_to_num(lengths, nan=np.inf) - 1)))
        raise ValueError(f"direction {worst} has length {lengths[worst]}; expected unit vectors")
    return looks


def checked_wavenumbers(wavenumbers: ArrayLike) -> Floats:
    """Return wavenumbers as an array of shape ``(f,)``; refuse other shapes and signs."""
    k = np.asarray(wavenumbers, dtype=np.float64, order="C")
    if k.ndim != 1 or len(k) == 0:
        raise ValueError(f"expected wavenumbers of shape (f,), f >= 1, got {k.shape}")
    bad = ~((k > 0) & np.isfinite(k))
    if bad.any():
        raise ValueError(f"wavenumbers must be positive and finite, got {k[bad][:1]}")
    return k


def _checked_mask(visible: NDArray[np.bool_] | None, looks: int, facets: int) -> NDArray[np.bool_]:
    if visible is None:
        return np.zeros((0, 0), dtype=np.bool_)  # no row: the kernels take all facets as seen
    mask = np.asarray(visible, order="C")
    if mask.shape != (looks, facets) or mask.dtype != np.bool_:
        raise ValueError(
            f"expected visible of shape (directions, facets) = {(looks, facets)} and type bool, "
            f"got {mask.shape} and {mask.dtype}"
        )
    return mask


def _checked_spacing(mesh: Mesh, k: Floats) -> float:
    """Return the spacing of the wavenumbers; refuse unequal ones, and facets that are too large."""
    grid = np.linspace(k[0], k[-1], len(k))
    if not np.all(np.abs(k - grid) <= 4 * np.finfo(float).eps * np.abs(k).max()):
        raise ValueError(
            "the fast kernel needs equally spaced wavenumbers (numpy.linspace); "
            "amplitude_m takes any"
        )
    longest = float(mesh.edge_lengths_m.max())
    allowed = 2 * math.pi / float(k.max()) / FACETS_PER_WAVELENGTH
    if longest > allowed * (1 + 1e-9):
        raise ValueError(
            f"the longest edge is {longest:.4g} m; the fast kernel takes facets up to a third of "
            f"the shortest wavelength, {allowed:.4g} m. Use meshes.subdivide, or amplitude_m"
        )
    return float((k[-1] - k[0]) / max(1, len(k) - 1))
