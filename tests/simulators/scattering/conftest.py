"""Bodies that the tests of scattering share."""

import pytest

from simulators.scattering import meshes


@pytest.fixture
def box():
    return meshes.box(1.0, 2.0, 3.0)


@pytest.fixture(scope="module")
def sphere():
    return meshes.icosphere(1.0, 5)
