"""Statistics of a sequence, on which the class baseline is fitted.

These are, for each channel, the level and the spread of the log-magnitude, its quantiles, the phase
increments, the autocorrelation and the shape of the Doppler spectrum.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kurtosis, skew

from radarseq.dataset.row_operations import decode

LAGS = 8
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
SPECTRUM_BINS = 8
_MAX_CHANNELS = 64  # of more, so many at equal distances are used
_FLOOR = 1e-30


def sequence_statistics(
    signal: NDArray[np.complexfloating] | NDArray[np.floating],
    tx: NDArray[np.complexfloating] | None = None,
) -> NDArray[np.float32]:
    """Return statistics of sequences, float32 ``(n, statistic)``.

    Args:
        signal: Samples ``(n, step)`` or ``(n, step, channel)``, complex or real.
        tx: Transmitted samples ``(n, step)``; decoded with them where given.
    """
    if tx is not None:
        signal = decode(signal, tx)
    channels = signal[..., None] if signal.ndim == 2 else signal
    count = min(channels.shape[2], _MAX_CHANNELS)
    indices = np.linspace(0, channels.shape[2] - 1, count).round().astype(int)
    columns = [_channel_statistics(channels[:, :, index]) for index in indices]
    return np.concatenate(columns, axis=1).astype(np.float32)


def _channel_statistics(z: NDArray) -> NDArray[np.float64]:
    z = z.astype(np.complex128 if np.iscomplexobj(z) else np.float64)
    power = np.abs(z) ** 2
    level = np.maximum(power.mean(axis=1, keepdims=True), _FLOOR)
    log_magnitude = 0.5 * np.log(power / level + 1e-4)
    parts = [
        0.5 * np.log(level),
        log_magnitude.mean(axis=1, keepdims=True),
        _moments(log_magnitude),
        np.quantile(log_magnitude, QUANTILES, axis=1).T,
        (power**2).mean(axis=1, keepdims=True) / level**2,
        _moments(np.diff(log_magnitude, axis=1)),
        _autocorrelation(z, level),
        _spectrum(z),
    ]
    if np.iscomplexobj(z):
        product = z[:, 1:] * z[:, :-1].conj()
        parts.append(np.abs(np.exp(1j * np.angle(product)).mean(axis=1, keepdims=True)))
        parts.append(np.angle(product.sum(axis=1, keepdims=True)))
    else:
        parts.append(z.mean(axis=1, keepdims=True) / np.sqrt(level))
        parts.append(_moments(z / np.sqrt(level)))
    return np.concatenate(parts, axis=1)


def _moments(values: NDArray) -> NDArray[np.float64]:
    """Return deviation, skewness and excess kurtosis; constant rows have a shape of 0."""
    deviation = values.std(axis=1)
    varies = deviation > 1e-9
    shape = np.zeros((len(values), 2))
    if varies.any():
        shape[varies, 0] = skew(values[varies], axis=1)
        shape[varies, 1] = kurtosis(values[varies], axis=1)
    return np.column_stack((deviation, shape))


def _autocorrelation(z: NDArray, level: NDArray) -> NDArray[np.float64]:
    """Return the magnitude of the normalised autocorrelation at the first lags."""
    lags = range(1, min(LAGS, z.shape[1] - 1) + 1)
    columns = [np.abs((z[:, lag:] * z[:, :-lag].conj()).mean(axis=1)) for lag in lags]
    return np.stack(columns, axis=1) / level


def _spectrum(z: NDArray) -> NDArray[np.float64]:
    """Return the largest shares of the power spectrum, its entropy and its spread."""
    power = np.abs(np.fft.fft(z, axis=1)) ** 2
    share = power / np.maximum(power.sum(axis=1, keepdims=True), _FLOOR)
    largest = -np.sort(-share, axis=1)[:, :SPECTRUM_BINS]
    entropy = -(share * np.log(share + 1e-12)).sum(axis=1, keepdims=True)
    phasor = np.exp(2j * np.pi * np.arange(z.shape[1]) / z.shape[1])
    spread = 1.0 - np.abs((share * phasor).sum(axis=1, keepdims=True))
    return np.concatenate((largest, entropy, spread), axis=1)
