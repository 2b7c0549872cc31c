"""Object classes of one elementary body each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from simulators.objects.base import CREEPING_LENGTHS, MIN_SPHERE_KA, Interval, ObjectClass
from simulators.objects.dispatch import (
    KIND_CONE,
    KIND_CONE_CYLINDER,
    KIND_CYLINDER,
    KIND_DISC,
    KIND_ELLIPSOID,
    KIND_FRUSTUM,
    KIND_PLATE,
    KIND_SPHERE,
)
from simulators.objects.outlines import cylinder, turned
from simulators.scattering import meshes
from simulators.scattering.closed_forms import revolution
from simulators.scattering.meshes import Mesh


@dataclass(frozen=True, kw_only=True)
class Sphere(ObjectClass):
    """A perfectly conducting sphere, by the exact series at any size."""

    kind: ClassVar[int] = KIND_SPHERE
    size_names: ClassVar[tuple[str, ...]] = ("radius_m",)
    axisymmetric: ClassVar[bool] = True
    method: ClassVar[str] = "exact series (Mie); beyond k a = 100 its optical limit"
    neglected: ClassVar[str] = "nothing"

    shape: Literal["sphere"] = "sphere"
    radius_m: Interval = (0.05, 0.3)

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        return meshes.icosphere(sizes[0], 3)

    def largest_extent_m(self) -> float:
        """Return the largest diameter [m]."""
        return 2 * self.radius_m[1]

    def aspect_extent_m(self) -> float:
        """Return 0: every look at a sphere is the same."""
        return 0.0

    def echo_length_m(self) -> float:
        """Return the largest diameter and what a creeping wave lags [m]."""
        return CREEPING_LENGTHS * self.largest_extent_m()

    def check_physics(self, wavenumber: float) -> None:
        """Accept any size that the table of the exact series resolves: k times radius above 0.1."""
        if wavenumber * self.radius_m[0] < MIN_SPHERE_KA:
            raise ValueError(
                f"objects.{self.name}.radius_m: k times {self.radius_m[0]} m is "
                f"{wavenumber * self.radius_m[0]:.3f}; expected {MIN_SPHERE_KA} or more, "
                f"which is {MIN_SPHERE_KA / wavenumber:.5f} m at this carrier"
            )


@dataclass(frozen=True, kw_only=True)
class Plate(ObjectClass):
    """A thin rectangular plate: a panel, a fragment of one."""

    kind: ClassVar[int] = KIND_PLATE
    size_names: ClassVar[tuple[str, ...]] = ("width_m", "height_m")

    shape: Literal["plate"] = "plate"
    width_m: Interval = (0.1, 0.5)
    height_m: Interval = (0.1, 0.5)

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        return meshes.plate(*sizes)

    def largest_extent_m(self) -> float:
        """Return the largest diagonal [m]."""
        return float(np.hypot(self.width_m[1], self.height_m[1]))


@dataclass(frozen=True, kw_only=True)
class Cylinder(ObjectClass):
    """A closed right circular cylinder: a spent stage, a tank."""

    kind: ClassVar[int] = KIND_CYLINDER
    size_names: ClassVar[tuple[str, ...]] = ("radius_m", "length_m")
    axisymmetric: ClassVar[bool] = True

    shape: Literal["cylinder"] = "cylinder"
    radius_m: Interval = (0.03, 0.15)
    length_m: Interval = (0.2, 0.8)

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        return cylinder(*sizes)

    def largest_extent_m(self) -> float:
        """Return the largest diagonal [m]."""
        return float(np.hypot(2 * self.radius_m[1], self.length_m[1]))


@dataclass(frozen=True, kw_only=True)
class Cone(ObjectClass):
    """A closed right circular cone: a nose, a re-entry body."""

    kind: ClassVar[int] = KIND_CONE
    size_names: ClassVar[tuple[str, ...]] = ("radius_m", "length_m")
    axisymmetric: ClassVar[bool] = True

    shape: Literal["cone"] = "cone"
    radius_m: Interval = (0.05, 0.2)
    length_m: Interval = (0.2, 0.8)

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        radius, length = sizes
        return turned((0, 0), (radius, 0), (0, length), lift_m=-length / 4)

    def largest_extent_m(self) -> float:
        """Return the largest slant height or base diameter [m]."""
        slant = float(np.hypot(self.radius_m[1], self.length_m[1]))
        return max(slant, 2 * self.radius_m[1])


@dataclass(frozen=True, kw_only=True)
class Frustum(ObjectClass):
    """A closed truncated cone: an adapter ring's cover, a nozzle, a capsule."""

    kind: ClassVar[int] = KIND_FRUSTUM
    size_names: ClassVar[tuple[str, ...]] = ("lower_radius_m", "upper_radius_m", "length_m")
    axisymmetric: ClassVar[bool] = True

    shape: Literal["frustum"] = "frustum"
    lower_radius_m: Interval = (0.1, 0.25)
    upper_radius_m: Interval = (0.03, 0.1)
    length_m: Interval = (0.2, 0.6)

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        lower, upper, length = sizes
        centre = float(revolution.frustum_centre(lower, upper, length))
        return turned((0, 0), (lower, 0), (upper, length), (0, length), lift_m=-centre)

    def largest_extent_m(self) -> float:
        """Return the largest diagonal or end diameter [m]."""
        lower, upper = self.lower_radius_m[1], self.upper_radius_m[1]
        return max(float(np.hypot(lower + upper, self.length_m[1])), 2 * lower, 2 * upper)


@dataclass(frozen=True, kw_only=True)
class ConeCylinder(ObjectClass):
    """A closed cylinder with a cone on its upper end: a payload fairing, a sounding rocket."""

    kind: ClassVar[int] = KIND_CONE_CYLINDER
    size_names: ClassVar[tuple[str, ...]] = ("radius_m", "cone_length_m", "cylinder_length_m")
    axisymmetric: ClassVar[bool] = True

    shape: Literal["cone_cylinder"] = "cone_cylinder"
    radius_m: Interval = (0.05, 0.15)
    cone_length_m: Interval = (0.15, 0.4)
    cylinder_length_m: Interval = (0.2, 0.6)

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        radius, cone, below = sizes
        centre = float(revolution.cone_cylinder_centre(radius, cone, below))
        return turned((0, -below), (radius, -below), (radius, 0), (0, cone), lift_m=-centre)

    def largest_extent_m(self) -> float:
        """Return the largest distance from the rim of the base, to the tip or the other rim [m]."""
        radius, cylinder = self.radius_m[1], self.cylinder_length_m[1]
        to_tip = float(np.hypot(radius, self.cone_length_m[1] + cylinder))
        return max(to_tip, float(np.hypot(2 * radius, cylinder)))


@dataclass(frozen=True, kw_only=True)
class Disc(ObjectClass):
    """A thin circular plate: an antenna dish seen from afar, a lid."""

    kind: ClassVar[int] = KIND_DISC
    size_names: ClassVar[tuple[str, ...]] = ("radius_m",)
    axisymmetric: ClassVar[bool] = True

    shape: Literal["disc"] = "disc"
    radius_m: Interval = (0.05, 0.3)

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        return turned((0, 0), (sizes[0], 0))

    def largest_extent_m(self) -> float:
        """Return the largest diameter [m]."""
        return 2 * self.radius_m[1]


@dataclass(frozen=True, kw_only=True)
class Ellipsoid(ObjectClass):
    """An ellipsoid with three semi-axes: a tank, a rounded fragment."""

    kind: ClassVar[int] = KIND_ELLIPSOID
    size_names: ClassVar[tuple[str, ...]] = ("semi_x_m", "semi_y_m", "semi_z_m")
    method: ClassVar[str] = "geometrical optics: the specular point"
    neglected: ClassVar[str] = "the creeping wave, and the edge of the lit side"

    shape: Literal["ellipsoid"] = "ellipsoid"
    semi_x_m: Interval = (0.05, 0.2)
    semi_y_m: Interval = (0.05, 0.2)
    semi_z_m: Interval = (0.15, 0.4)

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        return meshes.ellipsoid(*sizes, subdivisions=3)

    def largest_extent_m(self) -> float:
        """Return the largest axis [m]."""
        return 2 * max(self.semi_x_m[1], self.semi_y_m[1], self.semi_z_m[1])
