"""Exact scattering by a perfectly conducting sphere."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import spherical_jn, spherical_yn

from simulators.disk_cache import cached, key_of

# Above this ka the optical limit is used: |a| is then within 5e-4 of the series, its phase within
# 1 / (2 ka) = 5e-3 rad.
MAX_KA = 100.0


def sphere_amplitude_m(radius_m: ArrayLike, wavenumber: ArrayLike) -> NDArray[np.complex128]:
    """Return the backscattering amplitude of a perfectly conducting sphere.

    The Mie series, summed until its terms vanish; above ka = 100 the optical limit
    ``-sqrt(pi) r exp(2jkr)``.

    Args:
        radius_m: Radius [m], any shape.
        wavenumber: Wavenumber k [rad/m], broadcast against ``radius_m``.

    Returns:
        Amplitude a [m] with |a|^2 the cross-section [m^2], phase referred to the centre.

    Raises:
        ValueError: If a radius or a wavenumber is not positive.

    Example:
        >>> a = sphere_amplitude_m(0.2, 2 * np.pi * 4.5e9 / 299_792_458.0)
        >>> round(float(20 * np.log10(abs(a))), 4)
        -9.1006

    Reference:
        Knott, Shaeffer, Tuley, Radar Cross Section, 2nd ed., section 3.2 (Mie series);
        Bowman, Senior, Uslenghi, Electromagnetic and Acoustic Scattering by Simple Shapes, 10.2.
    """
    radius, k = np.broadcast_arrays(np.asarray(radius_m, float), np.asarray(wavenumber, float))
    if np.any(radius <= 0) or np.any(k <= 0):
        raise ValueError("radius_m and wavenumber must be positive")
    flat = [_amplitude(r, r * kk) for r, kk in zip(radius.ravel(), k.ravel(), strict=True)]
    return np.array(flat, dtype=np.complex128).reshape(radius.shape)


def _amplitude(radius: float, ka: float) -> complex:
    if ka > MAX_KA:
        return complex(-math.sqrt(math.pi) * radius * np.exp(2j * ka))
    order = np.arange(1, math.ceil(ka + 4.05 * ka ** (1 / 3) + 2) + 3)
    jn, d_jn = spherical_jn(order, ka), spherical_jn(order, ka, derivative=True)
    yn, d_yn = spherical_yn(order, ka), spherical_yn(order, ka, derivative=True)
    hankel, d_hankel = jn - 1j * yn, d_jn - 1j * d_yn
    electric = (jn + ka * d_jn) / (hankel + ka * d_hankel)
    magnetic = jn / hankel
    series = np.sum((-1.0) ** order * (2 * order + 1) * (electric - magnetic))
    return complex(1j * math.sqrt(math.pi) * radius / ka * series)


@lru_cache(maxsize=16)
def ripple_table(smallest_ka: float, largest_ka: float, step: float) -> NDArray[np.complex128]:
    """Return a / (sqrt(pi) r) exp(-2j ka) on a uniform grid of ka, for interpolation.

    Without the optical phase the series is a slow ripple between the specular return and the
    creeping wave, with a period in ka of about 1.22.

    Returns:
        Values at ``smallest_ka + step * (i - 1)``, with one point beyond each end, shape ``(n,)``.
    """
    count = math.ceil((largest_ka - smallest_ka) / step) + 4

    def make() -> NDArray[np.complex128]:
        ka = np.maximum(smallest_ka + step * (np.arange(count) - 1), 1e-3)
        return sphere_amplitude_m(1.0, ka) / math.sqrt(math.pi) * np.exp(-2j * ka)

    probe = sphere_amplitude_m(1.0, [smallest_ka, largest_ka])
    return cached(key_of("ripple", smallest_ka, step, probe), (count,), np.complex128, make)
