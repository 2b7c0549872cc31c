"""Compiled sums of physical optics over the facets of a mesh: exact, and fast for fine meshes.

The weights of the exact integral depend on k only by a factor 1/k^2, so each facet adds them to its
corners once per look, and a frequency costs one phasor per vertex. Facets with close corner phases
take the mean of ``facet_integral``, which has no singular case.
"""

import math

import numpy as np
from numba import njit

from simulators.scattering.physical_optics.facet_integral import ordered_mean

_ROOT_PI = math.sqrt(math.pi)
# Facets with corner phases this far apart [rad] share weights at corners. Smaller is faster; the
# error is up to 200 eps |phase| for a facet and far less for a body: against the sum of series it
# is 1e-14 to 2e-13 of the largest amplitude.
_MIN_SHARED_DIVISOR = 0.05
_RESTART = 256  # frequencies between new exponentials; rounding grows by one eps per frequency
_BLOCK = 512  # facets whose phasors fit the first-level cache
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


@njit(cache=True, nogil=True, fastmath={"contract"})
def _phasors(scale, path, real, imaginary):
    """Set ``real + j imaginary`` to exp(j scale path), within 4e-16 + eps |scale path|.

    The math library's sine and cosine are calls; these polynomials run in vector registers.
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
def _share_weights(path, facets, place, lit, lit_weight, min_divisor, weight, near, near_weight):
    """Add each lit facet's weight to its corners, or list the facet if their phases are close.

    Args:
        path: Phase over k of each numbered corner [m].
        facets: Corners of each facet, shape ``(m, 3)``.
        place: Number of each vertex among the corners.
        lit: The lit facets.
        lit_weight: Their A n.u [m^2].
        min_divisor: Smallest difference of ``path`` [m] to divide by.
        weight: Weight of each corner, times k^2, set in place.
        near: Filled with (low, middle, high) corners of facets with close phases.
        near_weight: Filled with their A n.u [m^2].

    Returns:
        Number of facets in ``near``.
    """
    weight[:] = 0.0
    count = 0
    for i in range(lit.shape[0]):
        facet = facets[lit[i]]
        a, b, c = place[facet[0]], place[facet[1]], place[facet[2]]
        ab, bc, ca = path[a] - path[b], path[b] - path[c], path[c] - path[a]
        if min(abs(ab), abs(bc), abs(ca)) < min_divisor:
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
        total += near_weight[i] * ordered_mean(up, down, low, middle, high)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def exact_sum(vertices, facets, area_vectors, looks, k, seen, out):
    """Set ``out``, shape ``(d, f)``, to the amplitudes; ``seen`` has no row if all facets are."""
    lit, lit_weight = np.empty(len(facets), np.int64), np.empty(len(facets))
    near, near_weight = np.empty((len(facets), 3), np.int64), np.empty(len(facets))
    place, scratch = np.empty(len(vertices), np.int64), np.empty((4, len(vertices)))
    min_divisor = _MIN_SHARED_DIVISOR / k.min()
    for d in range(looks.shape[0]):
        row = seen[d] if seen.shape[0] else seen[:0].ravel()
        lights = _gather(looks[d], area_vectors, row, lit, lit_weight)
        corners = _collect(looks[d], vertices, facets, lit[:lights], place, scratch[0])
        path, weight, real, imaginary = scratch[:, :corners]
        count = _share_weights(
            path, facets, place, lit[:lights], lit_weight, min_divisor, weight, near, near_weight
        )
        for f in range(k.shape[0]):
            _phasors(k[f], path, real, imaginary)
            total = complex(_weighted(weight, real), _weighted(weight, imaginary)) / k[f] ** 2
            total += _near_sum(k[f], path, real, imaginary, near, near_weight[:count])
            out[d, f] = -1j * k[f] / _ROOT_PI * total


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
    """Return the sum over facets at k, and advance their phasors to the next wavenumber."""
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
def fast_sum(corners, area_vectors, looks, k, step, seen, out):
    """Add to ``out`` the amplitudes at wavenumbers ``step`` apart, phases to second order."""
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
