"""Amplitudes of mesh bodies for the kernels: physical optics per look, with shadows and bounces.

A mesh is evaluated exactly at every look, without a table. Its amplitude at a scale s and a
wavenumber k is s times that of the body at a scale of 1 and s k, so all objects of a class share
one body. A look costs about 0.1 us per facet, 1 us more per lit facet if the body casts shadows on
itself, and the rays of ``multibounce`` if the class has bounces. Visibility does not depend on
frequency: a band needs one look, and costs little more than a phasor per lit corner and wavenumber.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.numba_options import COUNTED
from simulators.objects import MeshBody, ObjectClass
from simulators.scattering.closed_forms import elementary
from simulators.scattering.closed_forms.elementary import RIPPLE_STEP
from simulators.scattering.meshes import Mesh, bisect
from simulators.scattering.physical_optics.facet_sums import exact_sum
from simulators.scattering.physical_optics.multibounce import RAYS_PER_WAVELENGTH, shoot
from simulators.scattering.physical_optics.ray_tree import ray_tree
from simulators.scattering.physical_optics.visibility import find_visible
from simulators.scattering.validity import MIN_KA

SHADOW_EDGE_WAVELENGTHS = 1.0  # facets are cut this fine where a shadow may cross them
_MAX_FACETS = 200_000  # of a mesh that is cut for its shadows


_NO_POINTS, _NO_BOXES = np.zeros((0, 3)), np.zeros((0, 2, 3))
_NONE, _NO_SPANS = np.zeros(0, dtype=np.int64), np.zeros((0, 2), dtype=np.int64)
_NO_FACETS = np.zeros((0, 3), dtype=np.int64)


class Meshes(NamedTuple):
    """Mesh bodies of a scene, one after another; those of a class lie between two starts.

    Attributes:
        vertices: Corner positions at a scale of 1 [m], ``(n, 3)``.
        facets: Indices of each facet's corners among its body's vertices, ``(m, 3)``.
        area_vectors: Area times outward normal [m^2], ``(m, 3)``.
        order: Facets in the order of the tree, see ``ray_tree``, ``(m,)``.
        spans: Nodes of the tree, ``(nodes, 2)``.
        boxes: Boxes of the nodes, ``(nodes, 2, 3)``.
        starts: First vertex, facet and node of each class, and the ends, ``(class + 1, 3)``.
        extents: Tip-to-tip size of each class [m]; 0 for a class without mesh, ``(class,)``.
        widths: Smallest width of each class whose small objects are spheres [m]; else 0,
            ``(class,)``.
        means: Mean of the three extents of each class [m], ``(class,)``.
        shadows: Whether it casts shadows on itself, ``(class,)``.
        bounces: Number of bounces that are added up, ``(class,)``.
    """

    vertices: NDArray[np.float64]
    facets: NDArray[np.int64]
    area_vectors: NDArray[np.float64]
    order: NDArray[np.int64]
    spans: NDArray[np.int64]
    boxes: NDArray[np.float64]
    starts: NDArray[np.int64]
    extents: NDArray[np.float64]
    widths: NDArray[np.float64]
    means: NDArray[np.float64]
    shadows: NDArray[np.bool_]
    bounces: NDArray[np.int64]


def meshes_of(objects: Sequence[ObjectClass], wavenumber: float) -> Meshes:
    """Return the bodies of the mesh classes; the other classes have empty ones.

    Facets are cut to a wavelength, at the largest scale, if the body casts shadows on itself.

    Args:
        objects: The object classes.
        wavenumber: The wavenumber [rad/m], or the highest of a band.
    """
    own = [item if isinstance(item, MeshBody) else None for item in objects]
    bodies = [_cut(item, wavenumber) if item else None for item in own]
    trees = [ray_tree(body.corners) if body else (_NONE, _NO_SPANS, _NO_BOXES) for body in bodies]
    ends = [
        (len(body.vertices), len(body.facets), len(tree[1])) if body else (0, 0, 0)
        for body, tree in zip(bodies, trees, strict=True)
    ]
    found = [body for body in bodies if body]
    return Meshes(
        vertices=np.concatenate([_NO_POINTS, *(body.vertices for body in found)]),
        facets=np.concatenate([_NO_FACETS, *(body.facets for body in found)]),
        area_vectors=np.concatenate([_NO_POINTS, *(body.area_vectors for body in found)]),
        order=np.concatenate([_NONE, *(tree[0] for tree in trees)]),
        spans=np.concatenate([_NO_SPANS, *(tree[1] for tree in trees)]),
        boxes=np.concatenate([_NO_BOXES, *(tree[2] for tree in trees)]),
        starts=np.cumsum([(0, 0, 0), *ends], axis=0),
        extents=np.array([item.mesh.extent_m if item else 0.0 for item in own]),
        widths=np.array(
            [
                item.mesh.smallest_width_m if item and item.small_body == "sphere" else 0.0
                for item in own
            ]
        ),
        means=np.array([item.drawn_mean_m() if item else 0.0 for item in own]),
        shadows=np.array([not item.mesh.is_convex if item else False for item in own]),
        bounces=np.array([item.bounces if item else 0 for item in own], dtype=np.int64),
    )


def _cut(item: MeshBody, wavenumber: float) -> Mesh:
    body = item.mesh
    if body.is_convex:
        return body
    wavelength = 2 * np.pi / (wavenumber * item.scale[1])
    finest = float(np.sqrt(8 * body.areas.sum() / _MAX_FACETS))
    return bisect(body, max(SHADOW_EDGE_WAVELENGTHS * wavelength, finest))


@njit(cache=True, nogil=True)
def _unscaled_amplitudes(meshes, object_class, k, looks, out):
    """Set ``out``, ``(d, f)``, to the amplitudes of the body at a scale of 1."""
    low, high = meshes.starts[object_class], meshes.starts[object_class + 1]
    vertices, facets = meshes.vertices[low[0] : high[0]], meshes.facets[low[1] : high[1]]
    area_vectors = meshes.area_vectors[low[1] : high[1]]
    corners = vertices[facets.ravel()].reshape(facets.shape[0], 3, 3)
    tree = (
        meshes.order[low[1] : high[1]],
        meshes.spans[low[2] : high[2]],
        meshes.boxes[low[2] : high[2]],
    )
    seen = np.zeros((0, 0), np.bool_)
    if meshes.shadows[object_class]:
        seen = np.empty((looks.shape[0], facets.shape[0]), np.bool_)
        find_visible(corners, area_vectors, tree, meshes.extents[object_class], looks, seen)
    exact_sum(vertices, facets, area_vectors, looks, k, seen, out)
    bounces = meshes.bounces[object_class]
    if bounces > 1:
        step = 2.0 * np.pi / k.max() / RAYS_PER_WAVELENGTH
        shoot(corners, area_vectors, tree, looks, k, step, 2, bounces, np.uint64(0), out)


@njit(**COUNTED)
def mesh_amplitudes(meshes, object_class, k, scale, looks, ripple, smallest_ka, out):
    """Set ``out`` to the amplitudes of a mesh in all directions at all wavenumbers.

    An object too small for physical optics at the lowest wavenumber is a sphere at all of them, if
    its class replaces small objects by spheres.

    Args:
        meshes: The result of ``meshes_of``.
        object_class: Number of the class.
        k: Wavenumbers [rad/m], ``(f,)``.
        scale: Scale of this object.
        looks: Unit vectors from the body to the radar, ``(d, 3)``.
        ripple: Table of ``ripple_table``.
        smallest_ka: First k a of that table.
        out: Set in place, complex128 ``(d, f)``.
    """
    if 0.5 * k.min() * scale * meshes.widths[object_class] < MIN_KA:
        if meshes.widths[object_class] > 0.0:
            radius = 0.5 * scale * meshes.means[object_class]
            for f in range(k.shape[0]):
                out[:, f] = elementary.sphere(k[f], radius, ripple, smallest_ka, RIPPLE_STEP)
            return
    out[:] = 0.0
    _unscaled_amplitudes(meshes, object_class, k * scale, looks, out)
    out *= scale


@njit(**COUNTED)
def mesh_echo(meshes, object_class, k, scale, directions, ripple, smallest_ka, echo):
    """Set ``echo``, ``(d,)``, to the amplitude of a mesh in each of ``directions``, ``(3, d)``.

    The other arguments are those of ``mesh_amplitudes``, at one wavenumber.
    """
    looks, out = directions.T.copy(), np.empty((echo.shape[0], 1), np.complex128)
    k_alone = np.full(1, k)
    mesh_amplitudes(meshes, object_class, k_alone, scale, looks, ripple, smallest_ka, out)
    echo[:] = out[:, 0]
