"""Volume, centre and moments of a mesh, against the textbook."""

import numpy as np
import pytest

from simulators.scattering import meshes


def test_mass_of_a_mesh_against_the_textbook():
    lies = meshes.mass_of(meshes.translate(meshes.box(1, 2, 3), [5, -4, 2]))
    assert lies.centre_m == pytest.approx([5, -4, 2])
    assert lies.moments_m2 == pytest.approx(np.array([13, 10, 5]) / 12)
    shell = meshes.mass_of(meshes.icosphere(1.0, 5), solid=False)
    assert shell.moments_m2 == pytest.approx([2 / 3] * 3, rel=2e-3)
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    turned = meshes.rotate(meshes.box(1, 2, 3), turn * np.linalg.det(turn))
    axes = meshes.mass_of(turned).axes
    assert np.linalg.det(axes) == pytest.approx(1)
    spans = np.ptp(meshes.rotate(turned, axes).vertices, axis=0)
    assert sorted(spans) == pytest.approx([1, 2, 3])
    with pytest.raises(ValueError, match="wound outward"):
        meshes.mass_of(meshes.reverse(meshes.box(1, 2, 3)))
