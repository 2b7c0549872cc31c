"""Bodies with flat sides along a dwell: the amplitudes of the functions that take one look."""

import numpy as np
import pytest

from simulators.amplitudes.closed_form import amplitudes_along
from simulators.objects import Box, Cubesat, Plate, Satellite
from simulators.objects.dispatch import amplitude

K = 209.58
BODIES = {
    "plate": (Plate(name="plate"), (0.3, 0.2, 1.0, 1.0)),
    "box": (Box(name="box"), (0.1, 0.2, 0.35, 1.0)),
    "cubesat": (Cubesat(name="cubesat"), (3.2, 1.0, 1.0, 1.0)),
    "satellite": (Satellite(name="satellite"), (0.3, 0.5, 0.25, 0.1)),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_dwell_is_its_looks_one_by_one(name):
    """Also face on, edge on, and where a quotient of vanishing numbers becomes its series."""
    item, sizes = BODIES[name]
    looks = np.random.default_rng(1).normal(size=(3, 4000))
    looks[:, :6] = [[1, 0, 0, -1, 0, 0], [0, 1, 0, 0, -1, 0], [0, 0, 1, 0, 0, -1]]
    looks[:2, 6:200] *= 10.0 ** np.linspace(-7, 0, 194)
    looks[2, 200:400] *= 10.0 ** np.linspace(-7, 0, 200)
    looks /= np.linalg.norm(looks, axis=0)
    drawn, nothing = np.array(sizes), np.zeros(0, dtype=complex)
    expected = np.array(
        [amplitude(item.kind, K, drawn, x, y, z, nothing, 0.0) for x, y, z in looks.T]
    )
    found = np.empty(looks.shape[1], dtype=complex)
    amplitudes_along(item.kind, K, drawn, looks, nothing, 0.0, found)
    assert np.abs(found - expected).max() < 1e-13 * np.abs(expected).max()
