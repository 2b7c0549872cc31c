"""Physical constants and the decibel scales."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

SPEED_OF_LIGHT_MPS = 299_792_458.0


def wavelength_m(frequency_hz: float) -> float:
    """Return the free-space wavelength [m] of a frequency [Hz]."""
    return SPEED_OF_LIGHT_MPS / frequency_hz


def wavenumber(frequency_hz: float) -> float:
    """Return the free-space wavenumber k = 2 pi / wavelength [rad/m]."""
    return 2.0 * np.pi * frequency_hz / SPEED_OF_LIGHT_MPS


def to_db(power_ratio: ArrayLike) -> NDArray[np.float64]:
    """Return a power ratio in decibels; zero gives -inf without a warning."""
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(np.asarray(power_ratio, dtype=np.float64))


def rcs_dbsm(amplitude: ArrayLike) -> NDArray[np.float64]:
    """Return the radar cross-section |a|^2 [dBsm] of a scattering amplitude a [m]."""
    return to_db(np.abs(np.asarray(amplitude)) ** 2)
