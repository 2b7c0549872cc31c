"""Object classes of several parts: boxes, spacecraft, rocket stages and fragments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from simulators.objects.base import Interval, ObjectClass, check_interval, check_ka
from simulators.objects.dispatch import (
    CUBESAT_SIDES_M,
    CUBESAT_UNITS,
    KIND_BOX,
    KIND_CUBESAT,
    KIND_FRAGMENT,
    KIND_ROCKET_BODY,
    KIND_SATELLITE,
)
from simulators.objects.outlines import facets, turned
from simulators.scattering import meshes
from simulators.scattering.closed_forms import composites
from simulators.scattering.meshes import Mesh


@dataclass(frozen=True, kw_only=True)
class Box(ObjectClass):
    """A closed box of any proportions; the defaults span cubesats from 1U to 12U."""

    kind: ClassVar[int] = KIND_BOX
    size_names: ClassVar[tuple[str, ...]] = ("width_m", "height_m", "depth_m")

    shape: Literal["box"] = "box"
    width_m: Interval = (0.1, 0.23)
    height_m: Interval = (0.1, 0.24)
    depth_m: Interval = (0.11, 0.37)

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        return meshes.box(*sizes)

    def largest_extent_m(self) -> float:
        """Return the largest diagonal [m]."""
        return float(np.linalg.norm([self.width_m[1], self.height_m[1], self.depth_m[1]]))


@dataclass(frozen=True, kw_only=True)
class Cubesat(ObjectClass):
    """A cubesat without deployed panels: a closed box of a standard form.

    Each object has one of the forms 1U, 2U, 3U, 6U and 12U, all within the bounds alike; the
    dataset's parameter ``form`` is its place in that list, cut down to a whole number.

    Attributes:
        units: The smallest and the largest form, each 1, 2, 3, 6 or 12.

    Reference:
        CubeSat Design Specification, rev. 14.1, California Polytechnic State University, 2022.
    """

    kind: ClassVar[int] = KIND_CUBESAT
    size_names: ClassVar[tuple[str, ...]] = ("form",)
    neglected: ClassVar[str] = "edges; antennas and deployed panels"

    shape: Literal["cubesat"] = "cubesat"
    units: tuple[int, int] = (1, 12)

    def __post_init__(self) -> None:
        """Refuse forms that are not of the standard, or out of order."""
        super().__post_init__()
        check_interval("units", self.units)
        for unit in self.units:
            if unit not in CUBESAT_UNITS:
                known = ", ".join(map(str, CUBESAT_UNITS))
                raise ValueError(f"units is {list(self.units)}; expected two of {known}")

    @property
    def form(self) -> Interval:
        """The prior of the place in the list of forms, whose whole part counts."""
        first, last = (CUBESAT_UNITS.index(unit) for unit in self.units)
        return float(first), last + 1 - 1e-6

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        return meshes.box(*map(float, CUBESAT_SIDES_M[int(sizes[0])]))

    def largest_extent_m(self) -> float:
        """Return the diagonal of the largest form [m]."""
        return float(np.linalg.norm(CUBESAT_SIDES_M[int(self.form[1])]))

    def smallest_ka(self, wavenumber: float) -> float:
        """Return the wavenumber times the smallest side."""
        return wavenumber * float(CUBESAT_SIDES_M[int(self.form[0]), 0])

    def check_physics(self, wavenumber: float) -> None:
        """Refuse carriers for which the smallest side is too small."""
        super().check_physics(wavenumber)
        if self.small_body == "refuse":
            side_m = float(CUBESAT_SIDES_M[int(self.form[0]), 0])
            check_ka(f"objects.{self.name}.units", side_m, wavenumber)


@dataclass(frozen=True, kw_only=True)
class Satellite(ObjectClass):
    """A cubic bus with two thin solar panels along x, and a dish antenna at +y."""

    kind: ClassVar[int] = KIND_SATELLITE
    size_names: ClassVar[tuple[str, ...]] = (
        "bus_m",
        "panel_length_m",
        "panel_width_m",
        "antenna_radius_m",
    )
    neglected: ClassVar[str] = "edges, shadows of bus, panels and dish on each other, and bounces"

    shape: Literal["satellite"] = "satellite"
    bus_m: Interval = (0.2, 0.5)
    panel_length_m: Interval = (0.3, 0.8)
    panel_width_m: Interval = (0.2, 0.5)
    antenna_radius_m: Interval = (0.05, 0.15)

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        bus, length, width, dish = sizes
        panel = meshes.plate(length, width)
        panels = [meshes.translate(panel, [side * (bus + length) / 2, 0, 0]) for side in (-1, 1)]
        bowl = turned((0, 0), (dish, dish / 4), lift_m=(bus + dish / 2) / 2)
        antenna = meshes.rotate(bowl, [[1, 0, 0], [0, 0, 1], [0, -1, 0]])  # z to y
        return meshes.merge(meshes.box(bus, bus, bus), *panels, antenna)

    def largest_extent_m(self) -> float:
        """Return the largest span over both panels [m], or from the bus to the dish."""
        bus, dish = self.bus_m[1], self.antenna_radius_m[1]
        span = float(np.hypot(bus + 2 * self.panel_length_m[1], self.panel_width_m[1]))
        deep = float(np.hypot(bus + 0.5 * dish, np.sqrt(0.5) * bus + dish))
        return max(span, deep, float(np.sqrt(3)) * bus)


@dataclass(frozen=True, kw_only=True)
class RocketBody(ObjectClass):
    """A cylinder with a hemispherical dome and a nozzle: a small upper stage or motor case."""

    kind: ClassVar[int] = KIND_ROCKET_BODY
    size_names: ClassVar[tuple[str, ...]] = (
        "radius_m",
        "length_m",
        "nozzle_radius_m",
        "nozzle_length_m",
    )
    axisymmetric: ClassVar[bool] = True
    neglected: ClassVar[str] = "edges, the shadow on the nozzle, and what rings in its open bell"

    shape: Literal["rocket_body"] = "rocket_body"
    radius_m: Interval = (0.1, 0.3)
    length_m: Interval = (0.5, 1.5)
    nozzle_radius_m: Interval = (0.05, 0.1)
    nozzle_length_m: Interval = (0.1, 0.3)

    def __post_init__(self) -> None:
        """Refuse a nozzle that is wider than the stage."""
        super().__post_init__()
        if self.nozzle_radius_m[1] > self.radius_m[0]:
            raise ValueError(
                f"nozzle_radius_m is {list(self.nozzle_radius_m)}; expected at most the smallest "
                f"radius_m, {self.radius_m[0]}"
            )

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        radius, length, nozzle, bell = sizes
        base, arc = -length / 2, np.linspace(0.0, np.pi / 2, 9)
        dome = [(radius * np.cos(a), length / 2 + radius * np.sin(a)) for a in arc[:-1]]
        end = [(0, base - bell), (nozzle, base - bell), (nozzle / 2, base), (radius, base)]
        return turned(*end, *dome, (0, length / 2 + radius))

    def largest_extent_m(self) -> float:
        """Return the largest length with dome and nozzle, or diagonal [m]."""
        radius, length = self.radius_m[1], self.length_m[1]
        to_exit = np.hypot(length + self.nozzle_length_m[1], self.nozzle_radius_m[1])
        return float(max(to_exit + radius, np.hypot(length, radius) + radius))


@dataclass(frozen=True, kw_only=True)
class Fragment(ObjectClass):
    """A thin plate bent along a line, each one differently: a piece of a broken-up spacecraft.

    The surveillance radars of low orbit catalogue fragments from about 10 cm on, which is where
    the default sizes start (NASA Orbital Debris Program Office).

    Attributes:
        width_m: Size across the fold.
        height_m: Size along the fold.
        fold: Where the fold lies, as a share of the width.
        bend_deg: By how much the plate is bent [deg]; 0 is flat.
    """

    kind: ClassVar[int] = KIND_FRAGMENT
    size_names: ClassVar[tuple[str, ...]] = ("width_m", "height_m", "fold", "bend_deg")
    neglected: ClassVar[str] = "edges, shadows of the two parts on each other, and bounces"

    shape: Literal["fragment"] = "fragment"
    width_m: Interval = (0.1, 0.4)
    height_m: Interval = (0.1, 0.4)
    fold: Interval = (0.3, 0.7)
    bend_deg: Interval = (5.0, 70.0)

    def __post_init__(self) -> None:
        """Refuse a fold off the plate, and bends to which bounces would belong."""
        super().__post_init__()
        check_interval("fold", self.fold, 0.05, 0.95)
        check_interval("bend_deg", self.bend_deg, 0.0, 80.0)

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        width, height, share, bend_deg = sizes
        first, second, fold, _ = composites.bend(width, share, bend_deg)
        middle, half = np.array([fold[0], 0, fold[1]]), np.array([0, height / 2, 0])
        sides = []
        for part, (x, z) in ((share, first), (1 - share, second)):
            end = middle + part * width * np.array([x, 0, z])
            sides.append(facets(end - half, middle - half, middle + half, end + half))
        return meshes.merge(*sides)

    def largest_extent_m(self) -> float:
        """Return the largest diagonal [m] of the flat plate, which a bent one does not reach."""
        return float(np.hypot(self.width_m[1], self.height_m[1]))
