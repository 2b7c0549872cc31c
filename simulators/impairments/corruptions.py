"""Corruptions of received samples: one impairment in every row, at a stated strength.

The table that the stress sweep of an evaluation runs through. Training draws its augmentation
with tensors of its own, and takes the names and the constants from here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import random as rng
from simulators.impairments.adc import quantise
from simulators.impairments.dropouts import add_spikes, drop, occlude
from simulators.impairments.interference import TONE, add_interference
from simulators.impairments.noise import mean_power

SPIKE_TO_SIGNAL_DB = 20.0  # power of a spike over the mean power of its row
SPIKE_TO_SIGNAL = 10.0 ** (0.1 * SPIKE_TO_SIGNAL_DB)
CLIP_TO_RMS = 1.0  # full scale of I and Q over the rms, where training saturates a row
OCCLUDED_SHARES = (0.1, 0.3)  # shortest and longest run that training hides, over the steps
_BITS = 12  # of the converter that saturates: its steps are fine against its clipping


@njit(cache=True, nogil=True)
def _occlude(row, echo, share, seed, index):
    length = max(1, int(np.round(share * row.shape[0])))
    row -= echo
    occlude(echo, 1.0, length, length, seed, 0, index)
    row += echo


@njit(cache=True, nogil=True)
def _add_spikes(row, echo, probability, seed, index):
    add_spikes(row, probability, SPIKE_TO_SIGNAL * mean_power(row), seed, 0, index)


@njit(cache=True, nogil=True)
def _saturate(row, echo, headroom_db, seed, index):
    quantise(row, _BITS, np.sqrt(mean_power(row)) * 10.0 ** (0.05 * headroom_db))


@njit(cache=True, nogil=True)
def _drop(row, echo, probability, seed, index):
    drop(row, probability, seed, 0, index)


@njit(cache=True, nogil=True)
def _interfere(row, echo, ratio_db, seed, index):
    u, _, _, _ = rng.uniforms(seed, 0, rng.STREAM_CORRUPTION, index, 0)
    add_interference(
        row, row, TONE, ratio_db, mean_power(row), u - 0.5, 0.0, 0, seed, 0, index
    )  # fmt: skip


@dataclass(frozen=True)
class Corruption:
    """One impairment whose strength is given.

    Attributes:
        effect: What it does to a row of samples.
        strength: What its strength is.
        unit: "%" where the strength is a share from 0 to 1, reported in percent; else "dB".
        minimum: Smallest strength.
        maximum: Largest strength.
        levels: Strengths of the stress sweep, from mild to severe.
        corrupt_row: Compiled function of (row, its echo, strength, seed, index) that changes the
            row, complex128 ``(steps,)``, in place; it may overwrite the echo.
    """

    effect: str
    strength: str
    unit: Literal["%", "dB"]
    minimum: float
    maximum: float
    levels: tuple[float, ...]
    corrupt_row: Callable[[NDArray, NDArray, float, np.uint64, np.uint64], None]


# fmt: off
CORRUPTIONS = {
    "occlusion": Corruption(
        "hides the object's echo during one run of steps, and leaves the noise",
        "length of the run over the steps", "%", 0.0, 1.0, (0.1, 0.2, 0.5), _occlude,
    ),
    "spikes": Corruption(
        f"adds samples {SPIKE_TO_SIGNAL_DB:g} dB above the row's mean power, of random phase",
        "probability that a step is hit", "%", 0.0, 1.0, (0.005, 0.01, 0.05), _add_spikes,
    ),
    "saturation": Corruption(
        "clips I and Q, each at the full scale of a converter",
        "full scale over the row's rms", "dB", -100.0, 100.0, (3.0, 0.0, -6.0), _saturate,
    ),
    "dropped": Corruption(
        "sets samples to zero",
        "probability that a step is lost", "%", 0.0, 1.0, (0.05, 0.1, 0.2), _drop,
    ),
    "interference": Corruption(
        "adds a tone of random frequency",
        "power of the tone over the row's mean power", "dB", -100.0, 100.0, (0.0, 10.0, 20.0),
        _interfere,
    ),
}
# fmt: on


def corrupt(
    samples: NDArray[np.complexfloating],
    echo: NDArray[np.complexfloating] | None,
    name: str,
    strength: float,
    seed: int,
    channels: int = 1,
) -> NDArray[np.complex128]:
    """Return the samples with one corruption in every row.

    Args:
        samples: Received samples ``(row, step)``.
        echo: The part of them that is the object's echo ``(row, step)``; where it is not known,
            None: an occlusion then hides the whole sample.
        name: One of ``CORRUPTIONS``.
        strength: See ``Corruption.strength``; a share is 0 to 1.
        seed: Of the draws; row ``i`` is a function of (seed, i).
        channels: So many rows that follow each other were received together, and share the draws.

    Raises:
        ValueError: If the corruption is not known, or not as strong as that.
    """
    if name not in CORRUPTIONS:
        raise ValueError(f"corruption is {name!r}; expected one of {', '.join(CORRUPTIONS)}")
    corruption = CORRUPTIONS[name]
    if not corruption.minimum <= strength <= corruption.maximum:
        raise ValueError(
            f"strength of {name} is {strength}; "
            f"expected {corruption.minimum:g} to {corruption.maximum:g}"
        )
    rows = np.array(samples, dtype=np.complex128)
    echoes = np.array(rows if echo is None else echo, dtype=np.complex128)
    for i, (row, row_echo) in enumerate(zip(rows, echoes, strict=True)):
        index = np.uint64(i // channels)
        corruption.corrupt_row(row, row_echo, float(strength), np.uint64(seed), index)
    return rows
