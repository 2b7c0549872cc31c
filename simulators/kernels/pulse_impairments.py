"""Impairments of pulse mode: a second pass over the clean echoes of ``simulators.kernels.pulse``.

A kernel of its own, compiled only for scenes with impairments: they are several times the code of
an echo in white noise.
"""

import numpy as np
from numba import njit

from simulators.kernels.dwell import RCS_FLOOR_M2, Outputs
from simulators.kernels.signal_chain import (
    Impairments,
    impair,
    impairment_buffers,
    noise_power,
    vary,
)
from simulators.numba_options import COUNTED

SNR_COLUMN = 6  # of ``Outputs.signal``; the realised SNR and the noise power follow it


def fill(
    settings: Impairments,
    reference_m2: float,
    seed: np.uint64,
    domain: int,
    first: np.uint64,
    out: Outputs,
) -> None:
    """Let the echoes in ``out`` fluctuate, and record them with all impairments.

    Args:
        settings: Of the impairments.
        reference_m2: Echo power that the SNR is relative to; 0 takes each example's own.
        seed: Seed of the dataset.
        domain: Domain of the draws.
        first: The example of row 0.
        out: Holds clean echoes, and in ``signal`` the asked SNR [dB]. ``rx``, ``impairments`` and
            the columns from the SNR on are set; the echo and its profile fluctuate.
    """
    steps = out.echo.shape[1]
    buffers, echo = impairment_buffers(settings, steps), np.empty(steps, dtype=np.complex128)
    _fill_rows(settings, reference_m2, seed, domain, first, out, buffers, echo)


@njit(**COUNTED)
def _fill_rows(settings, reference_m2, seed, domain, first, out, buffers, echo):
    steps, floor_db = echo.shape[0], 10.0 * np.log10(RCS_FLOOR_M2)
    for row in range(out.echo.shape[0]):
        index, signal, clean = first + np.uint64(row), out.signal[row], 0.0
        for n in range(steps):
            echo[n] = out.echo[row, n]
            clean += echo[n].real ** 2 + echo[n].imag ** 2
        clean /= steps
        reference = reference_m2 if reference_m2 > 0.0 else clean
        noise = noise_power(settings, reference, signal[SNR_COLUMN], buffers, seed, domain, index)
        factor, power = vary(settings, echo, seed, domain, index)
        gain_db = 10.0 * np.log10(max(factor, RCS_FLOOR_M2))
        for n in range(out.rcs_dbsm.shape[1]):
            out.rcs_dbsm[row, n] = max(out.rcs_dbsm[row, n] + gain_db, floor_db)
        realised = impair(
            settings, echo, clean, noise, factor, buffers, out.impairments[row],
            seed, domain, index,
        )  # fmt: skip
        for n in range(steps):
            out.echo[row, n] = echo[n]
            out.rx[row, n] = buffers.row[n]
        signal[SNR_COLUMN] = 10.0 * np.log10(clean / noise)
        signal[SNR_COLUMN + 1] = 10.0 * np.log10(power / realised)
        signal[SNR_COLUMN + 2] = noise
