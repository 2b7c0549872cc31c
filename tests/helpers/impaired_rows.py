"""An echo, and interference on it."""

import numpy as np

from simulators.impairments import interference as it

SEED, DOMAIN = np.uint64(12), 0


def echo_of(steps=32, frequency=0.03):
    return np.exp(2j * np.pi * (frequency * np.arange(steps) + 0.2))


def interfere(row, kind, ratio_db=6.0, f=0.0, sweep=0.0, delay=1, index=0, echo=None):
    echo = row if echo is None else echo
    it.add_interference(
        row, echo, kind, ratio_db, 2.0, f, sweep, delay, SEED, DOMAIN, np.uint64(index)
    )
    return row
