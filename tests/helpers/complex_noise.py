"""Complex white noise of unit power."""

import numpy as np


def noise(*shape, seed):
    generator = np.random.default_rng(seed)
    return (generator.normal(size=shape) + 1j * generator.normal(size=shape)) / np.sqrt(2)
