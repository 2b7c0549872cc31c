"""Corruptions of received samples: one impairment of a stated strength in every row.

The impairments are those of ``simulators.impairments.dropouts``, ``interference`` and
``receiver``. Here each comes by itself, in every row and at one level, so that its cost can be
measured.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import random as rng
from simulators.impairments.dropouts import add_spikes, drop, occlude
from simulators.impairments.interference import TONE, add_interference
from simulators.impairments.receiver import mean_power, quantise

STREAM_STRESS = 48  # the interferer's frequency
EFFECTS = ("occlusion", "spikes", "saturation", "dropped", "interference")
OCCLUSION, SPIKES, SATURATION, DROPPED, INTERFERENCE = range(5)
# Strengths that a stress sweep and the augmentation of training batches share.
SPIKE_TO_SIGNAL_DB = 20.0  # power of a spike over the row's mean power
SPIKE_TO_SIGNAL = 10.0 ** (0.1 * SPIKE_TO_SIGNAL_DB)
# Strengths of the augmentation alone.
CLIP_TO_RMS = 1.0  # full scale of I and Q over the row's rms
OCCLUDED_SHARES = (0.1, 0.3)  # of the steps, shortest and longest run
_BITS = 12  # of the converter that saturates: its steps are fine against its clipping


def stressed(
    samples: NDArray[np.complexfloating],
    echo: NDArray[np.complexfloating] | None,
    effect: str,
    level: float,
    seed: int,
    channels: int = 1,
) -> NDArray[np.complex128]:
    """Return the samples with a fault in every row.

    Args:
        samples: Received samples ``(row, step)``.
        echo: The part of them that is the object's echo ``(row, step)``; None where it is not
            known: what hides the object then takes everything.
        effect: One of ``EFFECTS``.
        level: Occlusion: share of the steps, hidden in one run. Spikes: chance of a step to be hit,
            20 dB over the row's mean power. Saturation: full scale of I and Q over the rms of the
            row [dB]. Dropped: chance of a step to be lost. Interference: power of a tone of random
            frequency over the row's mean power [dB].
        seed: Of the draws; row ``i`` is a function of (seed, i).
        channels: So many rows that follow each other were received together, and share the draws.

    Raises:
        ValueError: If the effect is not known.
    """
    if effect not in EFFECTS:
        raise ValueError(f"effect is {effect!r}; expected one of {', '.join(EFFECTS)}")
    rows = np.array(samples, dtype=np.complex128)
    hidden = rows if echo is None else np.array(echo, dtype=np.complex128)
    _stress(rows, hidden.copy(), EFFECTS.index(effect), float(level), np.uint64(seed), channels)
    return rows


@njit(cache=True, nogil=True)
def _stress(rows, echo, effect, level, seed, channels):
    for i in range(rows.shape[0]):
        row, index = rows[i], np.uint64(i // channels)
        power = mean_power(row)
        if effect == OCCLUSION:
            length = max(1, int(np.round(level * row.shape[0])))
            row -= echo[i]
            occlude(echo[i], 1.0, length, length, seed, 0, index)
            row += echo[i]
        elif effect == SPIKES:
            add_spikes(row, level, SPIKE_TO_SIGNAL * power, seed, 0, index)
        elif effect == SATURATION:
            quantise(row, _BITS, np.sqrt(power) * 10.0 ** (0.05 * level))
        elif effect == DROPPED:
            drop(row, level, seed, 0, index)
        else:
            u, _, _, _ = rng.uniforms(seed, 0, STREAM_STRESS, index, 0)
            add_interference(row, row, TONE, level, power, u - 0.5, 0.0, 0, seed, 0, index)
