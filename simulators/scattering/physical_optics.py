"""Physical optics on triangle meshes: the monostatic amplitude of any body.

Each lit facet carries the current of an infinite flat conductor, and the amplitude is

    a(u, k) = -j k / sqrt(pi) * sum of (A n.u) I,  I = mean of exp(2jk u.r) over the facet,

in metres, |a|^2 the cross-section [m^2], time factor exp(+jwt), phase referred to the origin of
the mesh. With corner phases a, b, c [rad] the mean is a second divided difference of the
exponential,

    I = 2 (e^ja (b - c) + e^jb (c - a) + e^jc (a - b)) / ((a - b) (b - c) (c - a)).

Its weights depend on k by a factor 1/k^2 alone, so facets hand them to their corners once a look,
and a frequency costs one phasor a vertex. Where two corner phases nearly agree the quotient loses
digits; such facets take series instead, which have no singular case.

Physical optics is right near specular directions of bodies that are large against the wavelength;
not at edges and tips far from them, not in cavities, and without multiple bounces.

References:
    Gordon, IEEE Trans. Antennas Propag. 23 (1975) 590 (the sum over corners);
    Ludwig, IEEE Trans. Antennas Propag. 16 (1968) 767 (small phase differences);
    Knott, Shaeffer, Tuley, Radar Cross Section, 2nd ed., section 5.3.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from simulators.scattering.closed_forms import SMALLEST_KA
from simulators.scattering.meshes import Mesh

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Method = Literal["exact", "fast"]

FACETS_PER_WAVELENGTH = 3  # the fast kernel takes facets up to this part of a wavelength
_ROOT_PI = math.sqrt(math.pi)
_APART = 0.25  # corner phases this far apart [rad] divide without loss: error 8 eps |phase|
# The same for weights that corners share. Smaller is faster; a facet may err by 200 eps |phase|,
# a body by far less: against the sum of series it is 1e-14 to 2e-13 of the largest amplitude.
_SHARED_APART = 0.05
_TOGETHER = 0.5  # phases within this span [rad] take one series, 13 terms to 2e-16
_SERIES = np.array([2.0 / math.factorial(n + 2) for n in range(14)])
_RESTART = 256  # frequencies between fresh exponentials; rounding grows by one eps a step
_BLOCK = 512  # facets whose phasors stay in the first-level cache
_LOOSE_SUM = {"reassoc", "contract", "nsz"}  # lets a sum run in vector registers

# pi in three parts, the first two of 33 bits: n times one of them is exact up to n = 2^20.
_PI_HIGH, _PI_MIDDLE, _PI_LOW = 3.1415926534682512, 1.2154201012607932e-10, 4.044532497591901e-21
_ROUND = 6755399441055744.0  # 1.5 * 2^52: adding and taking it away rounds to an integer
_C0, _C1, _C2, _C3, _C4, _C5, _C6, _C7, _C8, _C9, _C10, _C11 = (
    (-1.0) ** n / math.factorial(2 * n) for n in range(12)
)
_S0, _S1, _S2, _S3, _S4, _S5, _S6, _S7, _S8, _S9, _S10, _S11 = (
    (-1.0) ** n / math.factorial(2 * n + 1) for n in range(12)
)


@dataclass(frozen=True)
class Validity:
    """How a result was made, and how far it can be trusted.

    Attributes:
        method: In words.
        smallest_ka: Smallest wavenumber times half the smallest width of a connected part.
        warnings: A sentence for each reason to doubt the result; empty if there is none.
    """

    method: str
    smallest_ka: float
    warnings: tuple[str, ...]


def validity(mesh: Mesh, wavenumbers: ArrayLike, *, method: Method = "exact") -> Validity:
    """Return the method in words, the smallest k a, and warnings, to go with amplitudes.

    Args:
        mesh: The body.
        wavenumbers: Wavenumbers k [rad/m] of the amplitudes, shape ``(f,)``.
        method: Which kernel made them: ``"exact"`` for :func:`amplitude_m`, ``"fast"`` for
            :func:`fast_amplitude_m`.

    Example:
        >>> from simulators.scattering.meshes import box
        >>> validity(box(0.1, 0.1, 0.02), [200.0]).warnings[0][:46]
        'k a is 2 for the smallest width of 0.02 m (a h'
    """
    k = _checked_wavenumbers(wavenumbers)
    names = {
        "exact": "physical optics, exact integral over each facet",
        "fast": "physical optics, facet phase to second order",
    }
    if method not in names:
        raise ValueError(f"unknown method {method!r}; expected 'exact' or 'fast'")
    smallest_ka = float(k.min() * mesh.smallest_width_m / 2)
    warnings = []
    if smallest_ka < SMALLEST_KA:
        warnings.append(
            f"k a is {smallest_ka:.3g} for the smallest width of {mesh.smallest_width_m:.4g} m "
            f"(a half of it); physical optics needs {SMALLEST_KA:g} or more"
        )
    return Validity(names[method], smallest_ka, tuple(warnings))


def amplitude_m(
    mesh: Mesh,
    directions: ArrayLike,
    wavenumbers: ArrayLike,
    *,
    visible: NDArray[np.bool_] | None = None,
) -> Complexes:
    """Return the physical-optics amplitude with the exact integral over every facet.

    Facets may be of any size against the wavelength: a flat side needs no more than two.

    Args:
        mesh: The body; its outside is where its normals point.
        directions: Unit vectors from the body to the radar, body frame, shape ``(d, 3)``.
        wavenumbers: Wavenumbers k [rad/m], any spacing, shape ``(f,)``.
        visible: Which facets the radar sees, shape ``(d, m)``, from
            :func:`simulators.scattering.visibility.visible_facets`; without it every facet that
            faces the radar is lit, which is right for a convex body.

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
    looks, k = _checked_directions(directions), _checked_wavenumbers(wavenumbers)
    seen = _checked_mask(visible, len(looks), len(mesh.facets))
    out = np.zeros((len(looks), len(k)), dtype=np.complex128)
    # About the middle of the body, phases are small, and with them what division adds to rounding.
    middle = 0.5 * (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0))
    _exact(mesh.vertices - middle, mesh.facets, mesh.area_vectors, looks, k, seen, out)
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
    of the phase about it: within 3.5e-3 of the amplitude's rms for edges of a third of the
    shortest wavelength, and falling with the edge's cube. Faster than :func:`amplitude_m`
    where facets are small and frequencies many; arguments and result are the same.

    Raises:
        ValueError: As :func:`amplitude_m`; or if an edge is longer than a third of the shortest
            wavelength, or the wavenumbers are not equally spaced.
    """
    looks, k = _checked_directions(directions), _checked_wavenumbers(wavenumbers)
    seen = _checked_mask(visible, len(looks), len(mesh.facets))
    step = _spacing(k)
    _check_fast(mesh, k, step)
    out = np.zeros((len(looks), len(k)), dtype=np.complex128)
    _fast(mesh.corners, mesh.area_vectors, looks, k, step, seen, out)
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
    flat = np.sort(p.reshape(-1, 3), axis=1)
    return _means(flat).reshape(p.shape[:-1])


def _checked_directions(directions: ArrayLike) -> Floats:
    looks = np.asarray(directions, dtype=np.float64, order="C")
    if looks.ndim != 2 or looks.shape[1] != 3:
        raise ValueError(f"expected directions of shape (d, 3), got {looks.shape}")
    lengths = np.linalg.norm(looks, axis=1)
    if not np.all(np.abs(lengths - 1) < 1e-6):
        worst = int(np.argmax(np.abs(np.nan_to_num(lengths, nan=np.inf) - 1)))
        raise ValueError(f"direction {worst} has length {lengths[worst]}; expected unit vectors")
    return looks


def _checked_wavenumbers(wavenumbers: ArrayLike) -> Floats:
    k = np.asarray(wavenumbers, dtype=np.float64, order="C")
    if k.ndim != 1 or len(k) == 0:
        raise ValueError(f"expected wavenumbers of shape (f,), f >= 1, got {k.shape}")
    bad = ~((k > 0) & np.isfinite(k))
    if bad.any():
        raise ValueError(f"wavenumbers must be positive and finite, got {k[bad][:1]}")
    return k


def _checked_mask(visible: NDArray[np.bool_] | None, looks: int, facets: int) -> NDArray[np.bool_]:
    if visible is None:
        return np.zeros((0, 0), dtype=np.bool_)  # no row: the kernels take all as seen
    mask = np.asarray(visible, order="C")
    if mask.shape != (looks, facets) or mask.dtype != np.bool_:
        raise ValueError(
            f"expected visible of shape (directions, facets) = {(looks, facets)} and type bool, "
            f"got {mask.shape} and {mask.dtype}"
        )
    return mask


def _spacing(k: Floats) -> float:
    """Return the step of equally spaced wavenumbers; nan if they are not."""
    if len(k) < 2:
        return 0.0
    grid = np.linspace(k[0], k[-1], len(k))
    equal = np.all(np.abs(k - grid) <= 4 * np.finfo(float).eps * np.abs(k).max())
    return float((k[-1] - k[0]) / (len(k) - 1)) if equal else math.nan


def _check_fast(mesh: Mesh, k: Floats, step: float) -> None:
    if math.isnan(step):
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


@njit(cache=True, nogil=True, error_model="numpy")
def _series_mean(up, down):
    """Return the mean over e^jm for phases m + up, m, m - down that span less than 0.5 rad.

    2 sum of j^n h_n / (n + 2)!, h_n the complete homogeneous polynomial of (up, -down), which
    obeys h_n = up h_(n-1) + (-down)^n.
    """
    term, power = 1.0, 1.0
    real, imaginary = 0.0, 0.0
    sign = 1.0
    for n in range(0, 14, 2):
        real += sign * _SERIES[n] * term
        power *= -down
        term = up * term + power
        imaginary += sign * _SERIES[n + 1] * term
        power *= -down
        term = up * term + power
        sign = -sign
    return complex(real, imaginary)


@njit(cache=True, nogil=True, error_model="numpy")
def _line_mean(x):
    """Return (e^jx - 1) / (jx), the mean along a line, for |x| up to 0.25 rad."""
    y = x * x
    real = 1.0 - y / 6.0 * (
        1.0 - y / 20.0 * (1.0 - y / 42.0 * (1.0 - y / 72.0 * (1.0 - y / 110.0)))
    )
    imaginary = 1.0 - y / 12.0 * (
        1.0 - y / 30.0 * (1.0 - y / 56.0 * (1.0 - y / 90.0 * (1.0 - y / 132.0)))
    )
    return complex(real, 0.5 * x * imaginary)


@njit(cache=True, nogil=True)
def _over_j(value, factor):
    """Return factor * value / j; a complex division would cost five times as much."""
    return complex(factor * value.imag, -factor * value.real)


@njit(cache=True, nogil=True, error_model="numpy")
def _mean(up, down, low, middle, high):
    """Return the mean of exp(jp) over a triangle, for any phases.

    Args:
        up: High less middle corner phase [rad], 0 or more.
        down: Middle less low corner phase [rad], 0 or more.
        low: exp(jp) at the corner of lowest phase.
        middle: The same at the next.
        high: The same at the last.
    """
    span = up + down
    if span < _TOGETHER:
        return middle * _series_mean(up, down)
    if up < _APART:
        above = middle * _line_mean(up)
    else:
        above = _over_j(high - middle, 1.0 / up)
    if down < _APART:
        below = middle * _line_mean(-down)
    else:
        below = _over_j(middle - low, 1.0 / down)
    return _over_j(above - below, 2.0 / span)


@njit(cache=True, nogil=True, fastmath={"contract"})
def _phasors(scale, path, real, imaginary):
    """Set ``real + j imaginary`` to exp(j scale path), within 4e-16 + eps |scale path|.

    The library's sine and cosine are calls; these polynomials run in vector registers.
    """
    for i in range(path.shape[0]):
        phase = scale * path[i]
        turns = (phase * (1.0 / np.pi) + _ROUND) - _ROUND
        rest = ((phase - turns * _PI_HIGH) - turns * _PI_MIDDLE) - turns * _PI_LOW
        sign = 1.0 - 2.0 * (turns - 2.0 * np.floor(0.5 * turns))
        y = rest * rest
        cosine = _C8 + y * (_C9 + y * (_C10 + y * _C11))
        cosine = _C4 + y * (_C5 + y * (_C6 + y * (_C7 + y * cosine)))
        cosine = _C0 + y * (_C1 + y * (_C2 + y * (_C3 + y * cosine)))
        sine = _S8 + y * (_S9 + y * (_S10 + y * _S11))
        sine = _S4 + y * (_S5 + y * (_S6 + y * (_S7 + y * sine)))
        sine = _S0 + y * (_S1 + y * (_S2 + y * (_S3 + y * sine)))
        real[i] = sign * cosine
        imaginary[i] = sign * sine * rest


@njit(cache=True, nogil=True)
def _gather(look, area_vectors, seen, lit, lit_weight):
    """Fill ``lit`` with the facets that face the radar and are seen; return how many."""
    count = 0
    everything = seen.shape[0] == 0
    for i in range(area_vectors.shape[0]):
        facing = (
            look[0] * area_vectors[i, 0]
            + look[1] * area_vectors[i, 1]
            + look[2] * area_vectors[i, 2]
        )
        if facing > 0.0 and (everything or seen[i]):
            lit[count] = i
            lit_weight[count] = facing
            count += 1
    return count


@njit(cache=True, nogil=True)
def _collect(look, vertices, facets, lit, place, path):
    """Number the corners of lit facets in ``place``, with path 2 u.r [m]; return how many."""
    place[:] = -1
    count = 0
    for i in lit:
        for corner in facets[i]:
            if place[corner] < 0:
                r = vertices[corner]
                path[count] = 2.0 * (look[0] * r[0] + look[1] * r[1] + look[2] * r[2])
                place[corner] = count
                count += 1
    return count


@njit(cache=True, nogil=True)
def _by_rising_path(path, a, b, c):
    """Return three corners in the order low, middle, high."""
    if path[a] > path[b]:
        a, b = b, a
    if path[b] > path[c]:
        b, c = c, b
    if path[a] > path[b]:
        a, b = b, a
    return a, b, c


@njit(cache=True, nogil=True, error_model="numpy")
def _hand_out(path, facets, place, lit, lit_weight, apart, weight, near, near_weight):
    """Give each lit facet's weight to its corners, or list it if their phases are close.

    Args:
        path: Phase over k of each numbered corner [m].
        facets: Corners of each facet, shape ``(m, 3)``.
        place: Number of each vertex among the corners.
        lit: The lit facets.
        lit_weight: Their A n.u [m^2].
        apart: Smallest difference of ``path`` [m] that is divided by.
        weight: Weight of each corner, times k^2, set in place.
        near: Filled with (low, middle, high) corners of facets with close phases.
        near_weight: Filled with their A n.u [m^2].

    Returns:
        How many facets are in ``near``.
    """
    weight[:] = 0.0
    count = 0
    for i in range(lit.shape[0]):
        facet = facets[lit[i]]
        a, b, c = place[facet[0]], place[facet[1]], place[facet[2]]
        ab, bc, ca = path[a] - path[b], path[b] - path[c], path[c] - path[a]
        if min(abs(ab), abs(bc), abs(ca)) < apart:
            near[count, 0], near[count, 1], near[count, 2] = _by_rising_path(path, a, b, c)
            near_weight[count] = lit_weight[i]
            count += 1
        else:
            share = 2.0 * lit_weight[i] / (ab * bc * ca)
            weight[a] += share * bc
            weight[b] += share * ca
            weight[c] += share * ab
    return count


@njit(cache=True, nogil=True, fastmath=_LOOSE_SUM)
def _weighted(weight, value):
    total = 0.0
    for i in range(weight.shape[0]):
        total += weight[i] * value[i]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _near_sum(k, path, real, imaginary, near, near_weight):
    """Return the sum over facets with close phases, by the series where they are needed."""
    total = 0.0j
    for i in range(near_weight.shape[0]):
        a, b, c = near[i]
        low, middle = complex(real[a], imaginary[a]), complex(real[b], imaginary[b])
        high = complex(real[c], imaginary[c])
        up, down = k * (path[c] - path[b]), k * (path[b] - path[a])
        total += near_weight[i] * _mean(up, down, low, middle, high)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _exact(vertices, facets, area_vectors, looks, k, seen, out):
    lit, lit_weight = np.empty(len(facets), np.int64), np.empty(len(facets))
    near, near_weight = np.empty((len(facets), 3), np.int64), np.empty(len(facets))
    place, scratch = np.empty(len(vertices), np.int64), np.empty((4, len(vertices)))
    apart = _SHARED_APART / k.min()
    for d in range(looks.shape[0]):
        row = seen[d] if seen.shape[0] else seen[:0].ravel()
        lights = _gather(looks[d], area_vectors, row, lit, lit_weight)
        corners = _collect(looks[d], vertices, facets, lit[:lights], place, scratch[0])
        path, weight, real, imaginary = scratch[:, :corners]
        count = _hand_out(
            path, facets, place, lit[:lights], lit_weight, apart, weight, near, near_weight
        )
        for f in range(k.shape[0]):
            _phasors(k[f], path, real, imaginary)
            total = complex(_weighted(weight, real), _weighted(weight, imaginary)) / k[f] ** 2
            total += _near_sum(k[f], path, real, imaginary, near, near_weight[:count])
            out[d, f] = -1j * k[f] / _ROOT_PI * total


@njit(cache=True, nogil=True)
def _means(phases):
    out = np.empty(phases.shape[0], dtype=np.complex128)
    for i in range(phases.shape[0]):
        low, middle, high = phases[i]
        out[i] = _mean(
            high - middle, middle - low, np.exp(1j * low), np.exp(1j * middle), np.exp(1j * high)
        )
    return out


@njit(cache=True, nogil=True)
def _centre_paths(look, corners, lit, path, spread):
    """Set path 2 u.r [m] of each lit facet's centre, and half its mean square about it [m^2]."""
    for i in range(lit.shape[0]):
        facet = corners[lit[i]]
        a = 2.0 * (look[0] * facet[0, 0] + look[1] * facet[0, 1] + look[2] * facet[0, 2])
        b = 2.0 * (look[0] * facet[1, 0] + look[1] * facet[1, 1] + look[2] * facet[1, 2])
        c = 2.0 * (look[0] * facet[2, 0] + look[1] * facet[2, 1] + look[2] * facet[2, 2])
        centre = (a + b + c) / 3.0
        path[i] = centre
        spread[i] = ((a - centre) ** 2 + (b - centre) ** 2 + (c - centre) ** 2) / 24.0


@njit(cache=True, nogil=True, fastmath=_LOOSE_SUM)
def _sum_and_turn(k, weight, spread, phasor, turn):
    """Return the sum over facets at k, and turn their phasors on to the next wavenumber."""
    real, imaginary = phasor
    turn_real, turn_imaginary = turn
    total_real, total_imaginary = 0.0, 0.0
    for i in range(weight.shape[0]):
        share = weight[i] * (1.0 - k * k * spread[i])
        x, y = real[i], imaginary[i]
        total_real += share * x
        total_imaginary += share * y
        real[i] = x * turn_real[i] - y * turn_imaginary[i]
        imaginary[i] = x * turn_imaginary[i] + y * turn_real[i]
    return complex(total_real, total_imaginary)


@njit(cache=True, nogil=True)
def _fast_block(k, step, path, spread, weight, scratch, out):
    """Add a block of facets to ``out``, shape ``(f,)``, over all wavenumbers."""
    phasor, turn = scratch[:2, : path.shape[0]], scratch[2:, : path.shape[0]]
    _phasors(step, path, turn[0], turn[1])
    for f in range(k.shape[0]):
        if f % _RESTART == 0:
            _phasors(k[f], path, phasor[0], phasor[1])
        total = _sum_and_turn(k[f], weight, spread, phasor, turn)
        out[f] += -1j * k[f] / _ROOT_PI * total


@njit(cache=True, nogil=True)
def _fast(corners, area_vectors, looks, k, step, seen, out):
    count = len(corners)
    lit, weight = np.empty(count, np.int64), np.empty(count)
    path, spread, scratch = np.empty(count), np.empty(count), np.empty((4, _BLOCK))
    for d in range(looks.shape[0]):
        row = seen[d] if seen.shape[0] else seen[:0].ravel()
        lights = _gather(looks[d], area_vectors, row, lit, weight)
        _centre_paths(looks[d], corners, lit[:lights], path, spread)
        for i in range(0, lights, _BLOCK):
            j = min(i + _BLOCK, lights)
            _fast_block(k, step, path[i:j], spread[i:j], weight[i:j], scratch, out[d])
