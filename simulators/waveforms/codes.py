"""Transmitted samples: phase codes over the pulses of a dwell, waveforms within one pulse.

A phase code is unimodular, one value per pulse or sample. A waveform is the modulation of one pulse
in fast time: a phase code with one chip per sample, or a frequency modulation.

References:
    Levanon and Mozeson, Radar Signals, chapters 4 to 6 (Costas, LFM, phase codes), 11 (OFDM);
    Collins and Atkins, IEE Proc. Radar, Sonar, Navigation 146 (1999) 312 (tangent NLFM);
    Newman, Proc. American Mathematical Society 16 (1965) 1287 (OFDM phases).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.complex128]

BARKER = {
    2: (1, -1),
    3: (1, 1, -1),
    4: (1, 1, -1, 1),
    5: (1, 1, 1, -1, 1),
    7: (1, 1, 1, -1, -1, 1, -1),
    11: (1, 1, 1, -1, -1, -1, 1, -1, -1, 1, -1),
    13: (1, 1, 1, 1, 1, -1, -1, 1, 1, -1, 1, -1, 1),
}
WELCH_COSTAS = (2, 4, 8, 5, 10, 9, 7, 3, 6, 1)  # powers of 2 modulo 11
CODE_NAMES = ("constant", "barker", "frank", "p1", "p2", "p3", "p4", "zadoff_chu", "random")
RANDOM_PHASES = 4  # "random" draws quadriphase codes, a new one for each example
_TANGENT = 1.1  # how far NLFM follows the tangent; sidelobes fall to about -25 dB at BT 16


def code(name: str, steps: int) -> Samples:
    """Return the code ``name`` over ``steps`` pulses, |tx| = 1, shape ``(steps,)``.

    P3, P4 and Zadoff-Chu have any length. The others repeat to fill the sequence: Barker-13, and
    of Frank, P1 and P2 the largest square that fits. For ``"random"``, whose phases are drawn for
    each example, this returns ones.

    Raises:
        ValueError: If the name is unknown.

    Example:
        >>> np.angle(code("p4", 4)[1:2], deg=True).round(3)
        array([-135.])
    """
    if name not in CODE_NAMES:
        raise ValueError(f"unknown code {name!r}; known codes: {', '.join(CODE_NAMES)}")
    if name in ("constant", "random"):
        return _ones(steps)
    length = {"barker": 13, "p2": max(4, longest("p2", steps))}.get(name, longest(name, steps))
    return np.resize(WAVEFORMS[name].make(length), steps)


def waveform(name: str, length: int, *, bandwidth: float = 1.0) -> Samples:
    """Return one pulse's samples, mean power 1, shape ``(length,)``.

    All are unimodular but OFDM. For ``"random"``, whose phases are drawn for each example, this
    returns ones.

    Args:
        name: One of ``WAVEFORMS``.
        length: Samples in the pulse; ``longest`` gives the possible lengths.
        bandwidth: Of LFM, NLFM and OFDM, in units of the sample rate, above 0 to 1. Times
            ``length`` it is the time-bandwidth product.

    Raises:
        ValueError: If the name is unknown, has no such length, or the bandwidth is out of range.

    Example:
        >>> waveform("barker", 5).real
        array([ 1.,  1.,  1., -1.,  1.])
    """
    if name not in WAVEFORMS:
        raise ValueError(f"unknown waveform {name!r}; known: {', '.join(WAVEFORMS)}")
    kind = WAVEFORMS[name]
    if length < 1 or longest(name, length) != length:
        raise ValueError(f"there is no {name} of {length} samples; expected {kind.lengths}")
    if not 0 < bandwidth <= 1:
        raise ValueError(f"bandwidth is {bandwidth} of the sample rate; expected above 0 to 1")
    return kind.make(length, bandwidth) if kind.has_bandwidth else kind.make(length)


def longest(name: str, steps: int) -> int:
    """Return the length of the longest waveform ``name`` within ``steps`` samples, 0 if none."""
    return WAVEFORMS[name].longest(steps)


def _ones(length: int) -> Samples:
    return np.ones(length, dtype=np.complex128)


def _barker(length: int) -> Samples:
    return np.array(BARKER[length], dtype=np.complex128)


def _frank(length: int) -> Samples:
    step = np.arange(math.isqrt(length))
    return np.exp(2j * np.pi / len(step) * np.outer(step, step).ravel())


def _p1(length: int) -> Samples:
    side = math.isqrt(length)
    group, member = np.divmod(np.arange(length), side)
    return np.exp(-1j * np.pi / side * (side - 1 - 2 * group) * (group * side + member))


def _p2(length: int) -> Samples:
    side = math.isqrt(length)
    centred = np.arange(side) - (side - 1) / 2
    return np.exp(2j * np.pi / side * np.outer(centred, centred).ravel())


def _p3(length: int) -> Samples:
    n = np.arange(length)
    return np.exp(1j * np.pi * n**2 / length)


def _p4(length: int) -> Samples:
    n = np.arange(length)
    return np.exp(1j * (np.pi * n**2 / length - np.pi * n))


def _zadoff_chu(length: int) -> Samples:
    n = np.arange(length)
    return np.exp(-1j * np.pi * n * (n + length % 2) / length)


def _costas(length: int) -> Samples:
    """Return ten hops in Welch's order, a tenth of the sample rate apart.

    Hops of ten samples are as far apart as the inverse of their duration, as textbooks have it;
    shorter ones overlap in frequency.
    """
    hops = (np.array(WELCH_COSTAS) - 5.5) / len(WELCH_COSTAS)  # cycles per sample
    turns = np.repeat(hops, length // len(WELCH_COSTAS))
    return np.exp(2j * np.pi * (np.cumsum(turns) - turns))


def _centred(length: int) -> NDArray[np.float64]:
    """Return the time at mid-sample in units of the pulse length, -1/2 to 1/2."""
    return (np.arange(length) - (length - 1) / 2) / length


def _lfm(length: int, bandwidth: float) -> Samples:
    return np.exp(1j * np.pi * bandwidth * length * _centred(length) ** 2)


def _nlfm(length: int, bandwidth: float) -> Samples:
    """Return a chirp whose frequency follows a tangent: fastest at both ends of the band."""
    reach = bandwidth * length / (2 * _TANGENT * math.tan(_TANGENT))
    return np.exp(-1j * np.pi * reach * np.log(np.cos(2 * _TANGENT * _centred(length))))


def _ofdm(length: int, bandwidth: float) -> Samples:
    """Return one symbol: equal carriers about 0, with Newman's phases for a low crest factor."""
    count = max(1, round(bandwidth * length))
    carrier = np.arange(count)
    spectrum = np.zeros(length, dtype=np.complex128)
    spectrum[carrier - count // 2] = np.exp(1j * np.pi * carrier**2 / count)
    return np.fft.ifft(spectrum) * length / math.sqrt(count)


def _square_length(steps: int) -> int:
    return math.isqrt(steps) ** 2


@dataclass(frozen=True)
class Waveform:
    """A waveform by its function and the lengths that it exists in.

    Attributes:
        make: Returns the samples of a length; with ``has_bandwidth``, of a length and a bandwidth.
        longest: Longest length within a number of samples, 0 if none.
        lengths: The possible lengths, in words.
        has_bandwidth: Whether it has a bandwidth of its own: a frequency modulation, not chips.
    """

    make: Callable[..., Samples]
    longest: Callable[[int], int] = int  # every length
    lengths: str = "1 or more"
    has_bandwidth: bool = False


WAVEFORMS = {
    "rectangular": Waveform(_ones),
    "lfm": Waveform(_lfm, has_bandwidth=True),
    "nlfm": Waveform(_nlfm, has_bandwidth=True),
    "barker": Waveform(
        _barker,
        lambda steps: max((length for length in BARKER if length <= steps), default=0),
        f"one of {', '.join(map(str, BARKER))}",
    ),
    "frank": Waveform(_frank, _square_length, "a square number"),
    "p1": Waveform(_p1, _square_length, "a square number"),
    "p2": Waveform(
        _p2, lambda steps: (math.isqrt(steps) // 2 * 2) ** 2, "the square of an even number"
    ),
    "p3": Waveform(_p3),
    "p4": Waveform(_p4),
    "zadoff_chu": Waveform(_zadoff_chu),
    "costas": Waveform(
        _costas,
        lambda steps: steps // len(WELCH_COSTAS) * len(WELCH_COSTAS),
        f"a multiple of its {len(WELCH_COSTAS)} hops",
    ),
    "ofdm": Waveform(_ofdm, has_bandwidth=True),
    "random": Waveform(_ones),
}
