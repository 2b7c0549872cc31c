"""Ambiguity function, autocorrelation and sidelobes of a waveform.

Reference:
    Levanon and Mozeson, Radar Signals, chapter 3.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulators.units import to_db


def ambiguity(samples: ArrayLike, *, dopplers: int = 0) -> NDArray[np.complex128]:
    """Return the ambiguity function over delay and Doppler, normalised to 1 at its origin.

    chi(l, v) = sum_n s[n] conj(s[n - l]) exp(j 2 pi v n) / sum_n |s[n]|^2: the pulse, shifted by
    ``v`` cycles per sample, against itself ``l`` samples later.

    Args:
        samples: One pulse, complex ``(length,)``.
        dopplers: Number of Dopplers, at least 2 ``length`` - 1; 0 takes 4 ``length``.

    Returns:
        Shape ``(2 length - 1, dopplers)``; delay 0 in row ``length`` - 1, Doppler 0 in column
        ``dopplers // 2``. The columns are 1 / ``dopplers`` of the sample rate apart, from minus
        half of it up. The mean of |chi|^2 over the columns, summed over the rows, is 1 for any
        waveform: its volume.

    Raises:
        ValueError: If there are no samples, no energy, or too few Dopplers.
    """
    s = _checked(samples)
    length, energy = len(s), np.sum(np.abs(s) ** 2)
    dopplers = dopplers or 4 * length
    if dopplers < 2 * length - 1:
        raise ValueError(f"dopplers is {dopplers}; expected at least {2 * length - 1}")
    lagged = np.zeros((2 * length - 1, length), dtype=np.complex128)
    for row, lag in enumerate(range(1 - length, length)):
        here = slice(max(0, lag), length + min(0, lag))
        there = slice(max(0, -lag), length - max(0, lag))
        lagged[row, here] = s[here] * np.conj(s[there])
    # The inverse transform has the sign exp(+j 2 pi v n) that the definition wants.
    return np.fft.fftshift(np.fft.ifft(lagged, dopplers, axis=1), axes=1) * dopplers / energy


def autocorrelation(samples: ArrayLike) -> NDArray[np.complex128]:
    """Return the aperiodic autocorrelation at delays 0 to ``length`` - 1, 1 at delay 0.

    Raises:
        ValueError: If there are no samples, or no energy.
    """
    s = _checked(samples)
    both = np.correlate(s, s, "full")[len(s) - 1 :]
    return both / both[0].real


def peak_sidelobe_db(samples: ArrayLike) -> float:
    """Return the highest sidelobe of the aperiodic autocorrelation below its peak [dB].

    The main lobe ends at the first minimum of the sampled autocorrelation; -inf where nothing
    follows it.

    Raises:
        ValueError: If there are no samples, or no energy.

    Example:
        >>> round(peak_sidelobe_db([1, 1, 1, -1, 1]), 2)
        -13.98
    """
    level = np.abs(autocorrelation(samples))
    rising = np.flatnonzero(np.diff(level) > 1e-12)
    beyond = level[rising[0] :] if rising.size else np.zeros(1)
    return 2.0 * float(to_db(beyond.max()))


def _checked(samples: ArrayLike) -> NDArray[np.complex128]:
    s = np.asarray(samples, dtype=np.complex128)
    if s.ndim != 1 or not s.size:
        raise ValueError(f"samples have shape {s.shape}; expected (length,)")
    if not np.isfinite(s).all() or not np.any(s):
        raise ValueError("samples must be finite, and not all 0")
    return s
