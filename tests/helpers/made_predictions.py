"""Made-up labels and probabilities."""

import numpy as np


def some(rows=400, classes=4, seed=0):
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.full(classes, 0.7), rows)
    return probabilities, generator.integers(0, classes, rows)
