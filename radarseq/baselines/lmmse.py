"""Echo baselines: the received samples, and linear minimum mean-square-error filters."""

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.names import COPY, WIENER
from radarseq.dataset.row_operations import decode
from radarseq.dataset.schema import SNR, Examples

_SNR_STEP_DB = 0.25  # filters are made on this grid of signal-to-noise ratios


def echo_baselines(
    training: Examples | None, evaluated: Examples, *, causal: bool
) -> dict[str, NDArray]:
    """Return the echo estimates of each baseline that applies to the data, by its name.

    Args:
        training: The rows that the filters are fitted on; None omits the filters.
        evaluated: Rows with ``target``.
        causal: Whether the causal filter is computed too.
    """
    target = evaluated["target"]
    has_same_kind = evaluated.input.dtype.kind == target.dtype.kind and evaluated.input_name != "tx"
    if not has_same_kind or evaluated.input.shape != target.shape:
        return {}
    estimates: dict[str, NDArray] = {COPY: evaluated.input}
    if training is not None and SNR in evaluated and np.iscomplexobj(target):
        for kind in (True, False) if causal else (False,):
            estimates[WIENER[kind]] = wiener_echo(training, evaluated, causal=kind)
    return estimates


def wiener_echo(training: Examples, evaluated: Examples, *, causal: bool) -> NDArray[np.complex128]:
    """Return the best linear estimates of the echoes, ``(n, step)``.

    With C the covariance of the decoded training echoes, each of unit power, and s2 the noise
    power over the echo's, the filter is C (C + s2 I)^-1. It gets the true signal-to-noise ratio of
    every example (to 0.25 dB), which no model does.

    Args:
        training: Rows with ``target``; their echoes give the covariance.
        evaluated: Rows with ``rx`` and ``parameters/snr_db``.
        causal: Whether the estimate at a step may use that step and earlier ones alone.

    Reference:
        Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, section 12.5.
    """
    covariance = _echo_covariance(training)
    decoded, tx = _decode(evaluated, "rx"), evaluated.columns.get("tx")
    estimate = np.empty_like(decoded)
    grid = np.round(evaluated[SNR].astype(np.float64) / _SNR_STEP_DB)
    for point in np.unique(grid):
        rows = grid == point
        noise = 10.0 ** (-point * _SNR_STEP_DB / 10)
        estimate[rows] = decoded[rows] @ _wiener_matrix(covariance, noise, causal=causal).T
    return estimate if tx is None else estimate * tx


def _decode(examples: Examples, column: str) -> NDArray[np.complex128]:
    samples = examples[column].astype(np.complex128)
    return decode(samples, examples["tx"]) if "tx" in examples else samples


def _echo_covariance(training: Examples) -> NDArray[np.complex128]:
    echo = _decode(training, "target")
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
