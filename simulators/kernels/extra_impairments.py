"""Effects on echoes that are there already, example by example.

A kernel of its own, compiled only where a recipe asks for effects: they are several times the code
of an echo in white noise.
"""

import numpy as np
from numba import njit

from simulators.kernels.dwell import RCS_FLOOR_M2, Outputs
from simulators.kernels.signal_chain import Effects, impair, noise_power_of, scratch, vary
from simulators.numba_options import COUNTED


def fill(
    effects: Effects,
    reference_m2: float,
    seed: np.uint64,
    domain: int,
    first: np.uint64,
    snr_column: int,
    out: Outputs,
) -> None:
    """Let the echoes in ``out`` fluctuate, and record them with all effects.

    Args:
        effects: What happens to the echoes.
        reference_m2: Echo power that the SNR is over the noise; 0 takes each example's own.
        seed: Seed of the dataset.
        domain: Domain of the draws.
        first: The example of row 0.
        snr_column: Of ``out.signal``: the asked SNR [dB], followed by the realised one and the
            noise power, which are set anew.
        out: A ``dwell.Outputs`` with clean echoes; ``rx`` and ``told`` are set, the echo and its
            RCS fluctuate.
    """
    steps = out.echo.shape[1]
    room, echo = scratch(effects, steps), np.empty(steps, dtype=np.complex128)
    _fill_rows(effects, reference_m2, seed, domain, first, snr_column, out, room, echo)


@njit(**COUNTED)
def _fill_rows(effects, reference_m2, seed, domain, first, snr_column, out, room, echo):
    steps = echo.shape[0]
    for row in range(out.echo.shape[0]):
        index, signal, clean = first + np.uint64(row), out.signal[row], 0.0
        for n in range(steps):
            echo[n] = out.echo[row, n]
            clean += echo[n].real ** 2 + echo[n].imag ** 2
        clean /= steps
        reference = reference_m2 if reference_m2 > 0.0 else clean
        noise = noise_power_of(effects, reference, signal[snr_column], room, seed, domain, index)
        power = vary(effects, echo, room, seed, domain, index)
        gain_db = 10.0 * np.log10(max(room.told[1], RCS_FLOOR_M2))
        for n in range(out.rcs_dbsm.shape[1]):
            level = out.rcs_dbsm[row, n] + gain_db
            out.rcs_dbsm[row, n] = max(level, 10.0 * np.log10(RCS_FLOOR_M2))
        realised = impair(effects, echo, clean, noise, room, seed, domain, index)
        for n in range(steps):
            out.echo[row, n] = echo[n]
            out.rx[row, n] = room.row[n]
        for i in range(room.told.shape[0]):
            out.told[row, i] = room.told[i]
        signal[snr_column] = 10.0 * np.log10(clean / noise)
        signal[snr_column + 1] = 10.0 * np.log10(power / realised)
        signal[snr_column + 2] = noise
