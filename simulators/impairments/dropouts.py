"""Impairments of single steps: occlusion, lost pulses, spikes.

The functions work in place on one example's samples, complex128 ``(steps,)``; ``seed``, ``domain``
and ``index`` are those of ``simulators.random``.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numba import njit

from simulators import random as rng
from simulators.objects import STRICT, Interval, check_interval


@dataclass(frozen=True, kw_only=True)
class Occlusion:
    """A run of steps in which something hides the object; off at probability 0.

    Attributes:
        probability: That a dwell has such a run.
        length_steps: Shortest and longest run; cut to the dwell's length.
    """

    __pydantic_config__: ClassVar = STRICT

    probability: float = 0.0
    length_steps: tuple[int, int] = (4, 8)

    def __post_init__(self) -> None:
        """Refuse what is not a probability, and lengths that are out of order or below 1."""
        _check_probability(self.probability)
        check_interval("length_steps", self.length_steps, lowest=1)


@dataclass(frozen=True, kw_only=True)
class DroppedPulses:
    """Pulses that the recording loses, independently of each other; off at probability 0."""

    __pydantic_config__: ClassVar = STRICT

    probability: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is not a probability."""
        _check_probability(self.probability)


@dataclass(frozen=True, kw_only=True)
class Spikes:
    """Strong single pulses of another source, each independent; off at probability 0.

    Attributes:
        probability: That a step is hit.
        spike_to_signal_db: Power of a spike over the echo's mean power [dB].
    """

    __pydantic_config__: ClassVar = STRICT

    probability: float = 0.0
    spike_to_signal_db: Interval = (20.0, 20.0)

    def __post_init__(self) -> None:
        """Refuse what is not a probability, and an interval out of order."""
        _check_probability(self.probability)
        check_interval("spike_to_signal_db", self.spike_to_signal_db)


def _check_probability(probability: float) -> None:
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"probability is {probability}; expected 0 to 1")


@njit(cache=True, nogil=True)
def occlude(row, probability, shortest, longest, seed, domain, index):
    """Set a run of the echo to 0 in place, with ``probability``; its place is uniform.

    For the echo alone: clutter and noise go on while the object is hidden.

    Returns:
        How many steps were lost.
    """
    u0, u1, u2, _ = rng.uniforms(seed, domain, rng.STREAM_OCCLUSION, index, 0)
    if u0 >= probability:
        return 0
    steps = row.shape[0]
    length = min(steps, shortest + int(u1 * (longest - shortest + 1)))
    first = int(u2 * (steps - length + 1))
    row[first : first + length] = 0.0
    return length


@njit(cache=True, nogil=True)
def drop(row, probability, seed, domain, index):
    """Set each sample to 0 in place with ``probability``, independently; return how many."""
    if probability <= 0.0:
        return 0
    lost = 0
    for n in range(row.shape[0]):
        if rng.uniforms(seed, domain, rng.STREAM_DROPPED, index, n // 4)[n % 4] < probability:
            row[n] = 0.0
            lost += 1
    return lost


@njit(cache=True, nogil=True)
def add_spikes(row, probability, power, seed, domain, index):
    """Add a number of power ``power`` and uniform phase to each sample with ``probability``.

    Returns:
        How many samples were hit.
    """
    if probability <= 0.0:
        return 0
    hits = 0
    for n in range(row.shape[0]):
        u = rng.uniforms(seed, domain, rng.STREAM_SPIKES, index, n // 2)
        if u[2 * (n % 2)] < probability:
            row[n] += np.sqrt(power) * np.exp(2j * np.pi * u[2 * (n % 2) + 1])
            hits += 1
    return hits
