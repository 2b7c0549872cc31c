"""Products of tiles against double precision."""

import numpy as np
import pytest
from networks import random

from radarseq.models.engines.cpu.matmul import add_outer_product, add_product


@pytest.mark.parametrize("rows", [1, 7, 8, 21])
def test_a_product_of_tiles_is_that_of_double_precision(rows):
    a, b, y = random(24, 40), random(50, 96), random(24, 80)
    expected = y.astype(np.float64)
    expected[2 : 2 + rows, 16:] += a[2 : 2 + rows, 5:38].astype(np.float64) @ b[9:42, 32:]
    add_product(a, 2, 5, 33, b, 9, 32, y, 16, 2 + rows, 64)
    np.testing.assert_allclose(y, expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("rows", [0, 1, 19])
def test_an_outer_product_is_that_of_double_precision(rows):
    a, b, y = random(24, 16), random(24, 96), random(20, 96)
    expected = y.astype(np.float64)
    expected[3:19, 32:] += a[4 : 4 + rows].astype(np.float64).T @ b[5 : 5 + rows, 32:]
    add_outer_product(a, 4, 16, b, 5, 32, rows, 64, y, 3, 32)
    np.testing.assert_allclose(y, expected, rtol=0, atol=2e-5)
