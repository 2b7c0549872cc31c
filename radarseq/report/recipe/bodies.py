"""Figures of a recipe's objects: the body in 3-D, and its RCS over aspect."""

import textwrap
from typing import cast

import numpy as np
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Poly3DCollection
from numpy.typing import NDArray

from radarseq.report.figures.svg import BLUE, INK, ORANGE, printable
from simulators.amplitudes.directions import direction_amplitudes
from simulators.objects import ObjectClass
from simulators.scene import Scene
from simulators.units import rcs_dbsm, wavelength_m, wavenumber

_DIRECTIONS = (721, 14_401)  # least and greatest number around a body
_MAX_DB = 50.0  # deeper nulls are clipped, so that the lobes keep their shape
_SUN = np.array([0.35, -0.6, 0.72])


def middle_sizes(item: ObjectClass) -> list[float]:
    """Return the middle of each size's prior, in the order of ``item.size_names``."""
    return [(low + high) / 2 for low, high in item.sizes()]


def draw_body(item: ObjectClass, figure: Figure) -> None:
    """Draw one object in three dimensions, in the frame of its amplitude."""
    mesh = item.outline(middle_sizes(item))
    corners = mesh.vertices[mesh.facets]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    light = 0.45 + 0.5 * np.abs(normals @ _SUN)
    colour = np.array([0x56, 0xB4, 0xE9]) / 255  # sky
    axes = cast(Axes3D, figure.add_subplot(projection="3d"))
    axes.add_collection3d(
        Poly3DCollection(corners, facecolors=light[:, None] * colour, edgecolors=(0, 0, 0, 0.15),
                         linewidths=0.2)
    )  # fmt: skip
    reach = 1.05 * float(np.abs(mesh.vertices).max())
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), zlim=(-reach, reach))
    axes.set_box_aspect((1, 1, 1))
    axes.set(xlabel="x (m)", ylabel="y (m)", zlabel="z (m)")
    axes.view_init(elev=22, azim=-55)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_locator(MaxNLocator(4))
    spans = " x ".join(f"{span:.3g}" for span in np.ptp(mesh.vertices, axis=0))
    figure.suptitle(f"{printable(item.name, 30)}: {spans} m", weight="bold")


def cut_dbsm(item: ObjectClass, carrier_hz: float) -> tuple[NDArray, NDArray, NDArray]:
    """Return aspects [rad] once around, and the RCS [dBsm] in the x-z and in the y-z plane.

    The aspect is the angle from z, fine enough for the lobes of the largest object.
    """
    lobes = item.largest_extent_m() / wavelength_m(carrier_hz)
    count = int(np.clip(24 * lobes * np.pi, *_DIRECTIONS)) // 4 * 4 + 1
    aspect = np.linspace(0.0, 2 * np.pi, count)
    sine, cosine, zero = np.sin(aspect), np.cos(aspect), np.zeros(count)
    k, sizes = wavenumber(carrier_hz), middle_sizes(item)
    xz, yz = (
        rcs_dbsm(direction_amplitudes(item, sizes, np.column_stack(directions), k))
        for directions in ((sine, zero, cosine), (zero, sine, cosine))
    )
    return aspect, xz, yz


def draw_rcs(scene: Scene, item: ObjectClass, figure: Figure) -> None:
    """Draw the RCS of one object over its aspect, as a polar plot."""
    aspect, xz, yz = cut_dbsm(item, scene.radar.carrier_hz)
    axes = cast(PolarAxes, figure.add_subplot(projection="polar"))
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    highest = float(max(xz.max(), yz.max()))
    top = 10 * np.ceil(highest / 10 + 0.05)
    floor = top - _MAX_DB - 10
    if not item.axisymmetric:
        axes.plot(aspect, np.maximum(yz, floor), color=ORANGE, linewidth=0.9, label="y-z plane")
    axes.plot(aspect, np.maximum(xz, floor), color=BLUE, linewidth=0.9, label="x-z plane")
    axes.set_rlim(floor, top)
    axes.set_rgrids(np.arange(floor + 10, top + 1, 10), angle=22.5, fontsize=8.5, color=INK)
    axes.set_thetagrids(range(0, 360, 30))
    ghz, sizes = scene.radar.carrier_hz / 1e9, middle_sizes(item)
    dimensions = ", ".join(f"{n} {s:.3g}" for n, s in zip(item.size_names, sizes, strict=True))
    title = (
        f"{printable(item.name, 30)}: RCS (dBsm) over aspect from z (°), {ghz:g} GHz",
        *textwrap.wrap(f"highest {highest:.1f} dBsm; {dimensions}", 64),
    )
    figure.suptitle("\n".join(title), fontsize=10)
    if not item.axisymmetric:
        figure.legend(loc="outside lower center", ncols=2)
