"""Linear minimum mean-square-error estimate of the echo, causal or over the whole dwell."""

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import Examples

_SNR_STEP_DB = 0.25  # filters are made on this grid of signal-to-noise ratios


def wiener_echo(training: Examples, judged: Examples, *, causal: bool) -> NDArray[np.complex128]:
    """Return the best linear estimates of the echoes, ``(n, step)``.

    With C the covariance of the decoded training echoes, each of unit power, and s2 the noise
    power over the echo's, the filter is C (C + s2 I)^-1. It is told the true signal-to-noise ratio
    of every example (to 0.25 dB), which no model is.

    Args:
        training: Rows with ``target``; their echoes give the covariance.
        judged: Rows with ``rx`` and ``parameters/snr_db``.
        causal: Whether the estimate at a step may use that step and earlier ones alone.

    Reference:
        Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, section 12.5.
    """
    covariance = _echo_covariance(training)
    decoded, tx = _decoded(judged, "rx"), judged.columns.get("tx")
    estimate = np.empty_like(decoded)
    grid = np.round(judged["parameters/snr_db"].astype(np.float64) / _SNR_STEP_DB)
    for point in np.unique(grid):
        rows = grid == point
        noise = 10.0 ** (-point * _SNR_STEP_DB / 10)
        estimate[rows] = decoded[rows] @ _wiener_matrix(covariance, noise, causal=causal).T
    return estimate if tx is None else estimate * tx


def _decoded(examples: Examples, column: str) -> NDArray[np.complex128]:
    """Return samples with the transmitted code taken off."""
    samples = examples[column].astype(np.complex128)
    if "tx" not in examples:
        return samples
    tx = examples["tx"]
    return np.asarray(samples * tx.conj() / np.maximum(np.abs(tx) ** 2, 1e-30))


def _echo_covariance(training: Examples) -> NDArray[np.complex128]:
    echo = _decoded(training, "target")
    echo = echo / np.sqrt(np.maximum((np.abs(echo) ** 2).mean(axis=1, keepdims=True), 1e-60))
    return np.asarray(echo.T @ echo.conj() / len(echo), dtype=np.complex128)


def _wiener_matrix(
    covariance: NDArray[np.complex128], noise: float, *, causal: bool
) -> NDArray[np.complex128]:
    """Return W with estimate = W received; lower triangular if causal."""
    received = covariance + noise * np.eye(len(covariance))
    if not causal:
        return np.asarray(np.linalg.solve(received, covariance).conj().T, dtype=np.complex128)
    matrix = np.zeros_like(covariance)
    for n in range(len(covariance)):
        past = slice(0, n + 1)
        matrix[n, past] = np.linalg.solve(received[past, past], covariance[past, n]).conj()
    return matrix
