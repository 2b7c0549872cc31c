"""Indices of many examples, and checks of what is drawn for them."""

import numpy as np


def indices(count, first=0):
    return np.arange(first, first + count, dtype=np.uint64)


def within(values, expected, sigmas=3.0):
    """Whether the mean of independent values lies within some standard errors of ``expected``."""
    return abs(np.mean(values) - expected) < sigmas * np.std(values) / np.sqrt(len(values))
