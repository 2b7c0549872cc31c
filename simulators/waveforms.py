"""The transmitted samples: unimodular codes, one value a pulse.

Reference:
    Levanon and Mozeson, Radar Signals, chapter 6 (Barker, Frank, P1-P4, Zadoff-Chu).
"""

import math

import numpy as np
from numpy.typing import NDArray

BARKER_13 = (1, 1, 1, 1, 1, -1, -1, 1, 1, -1, 1, -1, 1)
CODE_NAMES = ("constant", "barker", "frank", "p3", "p4", "zadoff_chu", "random")
RANDOM_PHASES = 4  # "random" draws quadriphase codes, another one for each example


def code(name: str, steps: int) -> NDArray[np.complex128]:
    """Return the code ``name`` over ``steps`` pulses, |tx| = 1, shape ``(steps,)``.

    Barker-13 and Frank repeat to fill the sequence (Frank with the largest square that fits);
    P3, P4 and Zadoff-Chu are made at the length asked for. For ``"random"``, whose phases belong
    to each example, this returns ones.

    Raises:
        ValueError: If the name is unknown.

    Example:
        >>> np.angle(code("p4", 4)[1:2], deg=True).round(3)
        array([-135.])
    """
    n = np.arange(steps)
    if name in ("constant", "random"):
        return np.ones(steps, dtype=np.complex128)
    if name == "barker":
        return np.resize(np.array(BARKER_13, dtype=np.complex128), steps)
    if name == "frank":
        side = max(1, math.isqrt(steps))
        phases = 2 * np.pi / side * np.outer(np.arange(side), np.arange(side)).ravel()
        return np.resize(np.exp(1j * phases), steps)
    if name == "p3":
        return np.exp(1j * np.pi * n**2 / steps)
    if name == "p4":
        return np.exp(1j * (np.pi * n**2 / steps - np.pi * n))
    if name == "zadoff_chu":
        return np.exp(-1j * np.pi * n * (n + steps % 2) / steps)
    raise ValueError(f"unknown code {name!r}; known codes: {', '.join(CODE_NAMES)}")
