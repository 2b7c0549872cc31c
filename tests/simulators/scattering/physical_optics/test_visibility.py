"""Facets in shadow, against rays that are traced one by one."""

import numpy as np
import pytest
from bodies import (
    closed_cone,
    closed_cylinder,
    looks,
    rotation,
    unit_vectors,
    visible_by_brute_force,
)

from simulators.scattering import meshes
from simulators.scattering.physical_optics.amplitude import amplitude_m, fast_amplitude_m
from simulators.scattering.physical_optics.visibility import visible_facets

K = 2 * np.pi / 0.1  # wavelength 0.1 m, that of the numbers in docs/oracles.md
NOSE, SIDE = np.array([[0.0, 0.0, 1.0]]), np.array([[1.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    "mesh",
    [
        meshes.icosphere(1.0, 4),
        meshes.subdivide(meshes.box(1.0, 2.0, 3.0), 0.3),
        closed_cylinder(0.5, 2.0, 128),
        meshes.rotate(closed_cone(0.5, 2.0, 128), rotation(7)),
    ],
    ids=["sphere", "box", "cylinder", "cone"],
)
def test_a_convex_body_hides_nothing_of_itself(mesh):
    directions = np.vstack([unit_vectors(20), np.eye(3), -np.eye(3)])
    facing = directions @ mesh.area_vectors.T > 0
    assert np.array_equal(visible_facets(mesh, directions), facing)


@pytest.mark.slow
def test_shadows_are_those_of_a_ray_from_every_centre():
    bodies = meshes.merge(
        meshes.icosphere(1.0, 2),
        meshes.translate(meshes.icosphere(0.5, 2), [0.3, 0.2, 2.0]),
        meshes.translate(meshes.subdivide(meshes.box(0.5, 2.0, 0.4), 0.4), [1.6, 0.1, 0.7]),
    )
    directions = unit_vectors(25, seed=9)
    masks = visible_facets(bodies, directions)
    for look, mask in zip(directions, masks, strict=True):
        assert np.array_equal(mask, visible_by_brute_force(bodies, look))
    assert np.sum(masks) < np.sum(directions @ bodies.area_vectors.T > 0)  # something is hidden


def test_a_sphere_behind_a_sphere_loses_its_disc():
    pair = meshes.merge(
        meshes.icosphere(1.0, 5), meshes.translate(meshes.icosphere(0.5, 4), [0, 0, 3])
    )
    mask = visible_facets(pair, np.vstack([NOSE, SIDE, -NOSE]))
    seen = mask * (np.vstack([NOSE, SIDE, -NOSE]) @ pair.area_vectors.T)
    back, front = seen[:, pair.parts == 0].sum(axis=1), seen[:, pair.parts == 1].sum(axis=1)
    # Seen areas across the look, in discs of the large sphere; the mesh is a little inside.
    assert np.allclose(back / np.pi, [0.75, 1.0, 1.0], atol=0.01)
    assert np.allclose(front / np.pi, [0.25, 0.25, 0.0], atol=0.003)


def test_a_plate_behind_a_plate_of_its_size_is_dark():
    front = meshes.subdivide(meshes.plate(1.0, 1.0), 0.2)
    both = meshes.merge(front, meshes.translate(front, [0.0, 0.0, -2.3]))
    ours = amplitude_m(both, NOSE, [K], visible=visible_facets(both, NOSE))
    assert ours[0, 0] == pytest.approx(amplitude_m(front, NOSE, [K])[0, 0], rel=1e-12)
    aside = looks(np.array([0.2]))  # seen past the front one
    assert np.all(visible_facets(both, aside))


@pytest.mark.slow
def test_the_mask_is_taken_by_both_kernels_look_by_look():
    mesh, directions = meshes.icosphere(0.1, 3), unit_vectors(4)
    chosen = np.random.default_rng(2).random((4, len(mesh.facets))) < 0.5
    for kernel in (amplitude_m, fast_amplitude_m):
        parts = kernel(mesh, directions, [80.0], visible=chosen)
        rest = kernel(mesh, directions, [80.0], visible=~chosen)
        assert np.allclose(parts + rest, kernel(mesh, directions, [80.0]), atol=1e-15)
        alone = kernel(mesh, directions[2:3], [80.0], visible=chosen[2:3])
        assert np.allclose(alone, parts[2:3], atol=1e-16)


@pytest.mark.parametrize(
    ("directions", "message"),
    [
        ([0.0, 0.0, 1.0], r"shape \(d, 3\)"),
        ([[0.0, 0.0, 0.0]], "length 0.0; expected unit vectors"),
    ],
)
def test_looks_that_are_none_are_refused(directions, message):
    with pytest.raises(ValueError, match=message):
        visible_facets(meshes.box(1, 1, 1), directions)
