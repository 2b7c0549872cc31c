"""The catalogue: an object class is a geometry and the priors of its sizes and rotation."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np

from simulators.scattering.closed_forms import SMALLEST_KA

Interval = tuple[float, float]  # lowest and highest value; drawn uniformly between them

# What the generator's kernel dispatches on.
(
    KIND_SPHERE,
    KIND_PLATE,
    KIND_CYLINDER,
    KIND_CONE,
    KIND_DISC,
    KIND_ELLIPSOID,
    KIND_BOX,
    KIND_SATELLITE,
    KIND_ROCKET_BODY,
) = range(9)
MOST_SIZES = 3  # that any object class has
MotionKind = Literal["tumble", "spin", "precession", "nutation", "stabilised"]
# The keys of each motion, its rate first; their order numbers the motions, see ``motion``.
MOTION_KEYS: dict[str, tuple[str, ...]] = {
    "tumble": ("tumble_rad_per_s",),
    "spin": ("spin_rad_per_s",),
    "precession": ("precession_rad_per_s", "angle_deg"),
    "nutation": ("spin_rad_per_s", "angle_deg"),
    "stabilised": (),
}
WIDEST_CONE_DEG = 89.0
SMALLEST_SPHERE_KA = 0.1
FASTEST_TUMBLE_RAD_PER_S = 1e4
LARGEST_SIZE_M = 1e3
STRICT = {"extra": "forbid", "strict": True, "allow_inf_nan": False}


@dataclass(frozen=True, kw_only=True)
class ObjectClass(ABC):
    """What every object class has: a name, and how it turns; always free of torque.

    Attributes:
        name: The class name that datasets and models use.
        motion: ``tumble`` about any axis; ``spin`` about the body's z axis; ``precession`` and
            ``nutation``: that axis cones about the angular momentum, given by the rate of the
            coning or by that of the spin; ``stabilised`` does not turn.
        tumble_rad_per_s: Of ``tumble``: angular speed at the start of the dwell; its axis is
            uniform on the sphere.
        spin_rad_per_s: Of ``spin`` and ``nutation``: angular speed about the body's z axis.
        precession_rad_per_s: Of ``precession``: how fast the axis goes around the cone.
        angle_deg: Of ``precession`` and ``nutation``: half angle of the cone [deg].
    """

    __pydantic_config__: ClassVar = STRICT
    kind: ClassVar[int]
    size_names: ClassVar[tuple[str, ...]]
    axisymmetric: ClassVar[bool] = False  # whether z is an axis that turning about changes nothing

    name: str
    motion: MotionKind = "tumble"
    tumble_rad_per_s: Interval = (0.2, 4.0)
    spin_rad_per_s: Interval | None = None
    precession_rad_per_s: Interval | None = None
    angle_deg: Interval | None = None

    def __post_init__(self) -> None:
        """Refuse an empty name and intervals that are not 0 <= low <= high, sizes above 0."""
        if not self.name:
            raise ValueError("name must not be empty")
        check_interval("tumble_rad_per_s", self.tumble_rad_per_s, 0.0, FASTEST_TUMBLE_RAD_PER_S)
        self._check_motion()
        for size in self.size_names:
            low, _ = check_interval(size, getattr(self, size), 0.0, LARGEST_SIZE_M)
            if low <= 0:
                raise ValueError(f"{size} must be above 0, got {low}")

    def _check_motion(self) -> None:
        """Refuse a motion without its keys, and keys that belong to another motion."""
        if self.motion not in MOTION_KEYS:
            known = ", ".join(MOTION_KEYS)
            raise ValueError(f"motion is {self.motion!r}; expected one of {known}")
        for key, highest in (
            ("spin_rad_per_s", FASTEST_TUMBLE_RAD_PER_S),
            ("precession_rad_per_s", FASTEST_TUMBLE_RAD_PER_S),
            ("angle_deg", WIDEST_CONE_DEG),
        ):
            interval, used = getattr(self, key), key in MOTION_KEYS[self.motion]
            if used and interval is None:
                raise ValueError(f"motion = {self.motion!r} needs {key} = [lowest, highest]")
            if interval is not None and not used:
                raise ValueError(f"{key} has no part in motion = {self.motion!r}; leave it out")
            if interval is not None:
                check_interval(key, interval, 0.0, highest)

    def rate_rad_per_s(self) -> Interval:
        """Return the prior of the rate that the motion is given by [rad/s]."""
        keys = MOTION_KEYS[self.motion]
        return getattr(self, keys[0]) if keys else (0.0, 0.0)

    def sizes(self) -> list[Interval]:
        """Return the priors of the sizes [m], in the order of ``size_names``."""
        return [getattr(self, size) for size in self.size_names]

    @abstractmethod
    def largest_extent_m(self) -> float:
        """Return the largest tip-to-tip extent [m] that the priors allow."""

    def check_physics(self, wavenumber: float) -> None:
        """Refuse sizes for which physical optics does not hold.

        Raises:
            ValueError: If k times the smallest size is below 3.
        """
        for size, (low, _) in zip(self.size_names, self.sizes(), strict=True):
            if wavenumber * low < SMALLEST_KA:
                raise ValueError(
                    f"objects.{self.name}.{size}: k times {low} m is {wavenumber * low:.2f}; "
                    f"physical optics needs {SMALLEST_KA} or more, which is "
                    f"{SMALLEST_KA / wavenumber:.4f} m at this carrier. "
                    "Raise the lower bound, or the carrier frequency"
                )


@dataclass(frozen=True, kw_only=True)
class Sphere(ObjectClass):
    """A perfectly conducting sphere, by the exact series at any size."""

    kind: ClassVar[int] = KIND_SPHERE
    size_names: ClassVar[tuple[str, ...]] = ("radius_m",)
    axisymmetric: ClassVar[bool] = True

    shape: Literal["sphere"] = "sphere"
    radius_m: Interval = (0.05, 0.3)

    def largest_extent_m(self) -> float:
        """Return the largest diameter [m]."""
        return 2 * self.radius_m[1]

    def check_physics(self, wavenumber: float) -> None:
        """Accept any size that the table of the exact series resolves: k times radius above 0.1."""
        if wavenumber * self.radius_m[0] < SMALLEST_SPHERE_KA:
            raise ValueError(
                f"objects.{self.name}.radius_m: k times {self.radius_m[0]} m is "
                f"{wavenumber * self.radius_m[0]:.3f}; expected {SMALLEST_SPHERE_KA} or more, "
                f"which is {SMALLEST_SPHERE_KA / wavenumber:.5f} m at this carrier"
            )


@dataclass(frozen=True, kw_only=True)
class Plate(ObjectClass):
    """A thin rectangular plate: a panel, a fragment of one."""

    kind: ClassVar[int] = KIND_PLATE
    size_names: ClassVar[tuple[str, ...]] = ("width_m", "height_m")

    shape: Literal["plate"] = "plate"
    width_m: Interval = (0.1, 0.5)
    height_m: Interval = (0.1, 0.5)

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

    def largest_extent_m(self) -> float:
        """Return the largest slant height or base diameter [m]."""
        slant = float(np.hypot(self.radius_m[1], self.length_m[1]))
        return max(slant, 2 * self.radius_m[1])


@dataclass(frozen=True, kw_only=True)
class Disc(ObjectClass):
    """A thin circular plate: an antenna dish seen from afar, a lid."""

    kind: ClassVar[int] = KIND_DISC
    size_names: ClassVar[tuple[str, ...]] = ("radius_m",)
    axisymmetric: ClassVar[bool] = True

    shape: Literal["disc"] = "disc"
    radius_m: Interval = (0.05, 0.3)

    def largest_extent_m(self) -> float:
        """Return the largest diameter [m]."""
        return 2 * self.radius_m[1]


@dataclass(frozen=True, kw_only=True)
class Ellipsoid(ObjectClass):
    """An ellipsoid with three semi-axes: a tank, a rounded fragment."""

    kind: ClassVar[int] = KIND_ELLIPSOID
    size_names: ClassVar[tuple[str, ...]] = ("semi_x_m", "semi_y_m", "semi_z_m")

    shape: Literal["ellipsoid"] = "ellipsoid"
    semi_x_m: Interval = (0.05, 0.2)
    semi_y_m: Interval = (0.05, 0.2)
    semi_z_m: Interval = (0.15, 0.4)

    def largest_extent_m(self) -> float:
        """Return the largest axis [m]."""
        return 2 * max(self.semi_x_m[1], self.semi_y_m[1], self.semi_z_m[1])


@dataclass(frozen=True, kw_only=True)
class Box(ObjectClass):
    """A closed box; the defaults are those of cubesats from 1U to 12U.

    Reference:
        CubeSat Design Specification, rev. 14.1, California Polytechnic State University, 2022.
    """

    kind: ClassVar[int] = KIND_BOX
    size_names: ClassVar[tuple[str, ...]] = ("width_m", "height_m", "depth_m")

    shape: Literal["box"] = "box"
    width_m: Interval = (0.1, 0.23)
    height_m: Interval = (0.1, 0.24)
    depth_m: Interval = (0.11, 0.37)

    def largest_extent_m(self) -> float:
        """Return the largest diagonal [m]."""
        return float(np.linalg.norm([self.width_m[1], self.height_m[1], self.depth_m[1]]))


@dataclass(frozen=True, kw_only=True)
class Satellite(ObjectClass):
    """A cubic bus with two thin solar panels, a small satellite; no shadows, no bounces."""

    kind: ClassVar[int] = KIND_SATELLITE
    size_names: ClassVar[tuple[str, ...]] = ("bus_m", "panel_length_m", "panel_width_m")

    shape: Literal["satellite"] = "satellite"
    bus_m: Interval = (0.2, 0.5)
    panel_length_m: Interval = (0.3, 0.8)
    panel_width_m: Interval = (0.2, 0.5)

    def largest_extent_m(self) -> float:
        """Return the largest span over both panels [m]."""
        return self.bus_m[1] + 2 * self.panel_length_m[1]


@dataclass(frozen=True, kw_only=True)
class RocketBody(ObjectClass):
    """A cylinder with a hemispherical dome and a flat end: a small upper stage or motor case."""

    kind: ClassVar[int] = KIND_ROCKET_BODY
    size_names: ClassVar[tuple[str, ...]] = ("radius_m", "length_m")
    axisymmetric: ClassVar[bool] = True

    shape: Literal["rocket_body"] = "rocket_body"
    radius_m: Interval = (0.1, 0.3)
    length_m: Interval = (0.5, 1.5)

    def largest_extent_m(self) -> float:
        """Return the largest length with the dome, or diagonal [m]."""
        return float(np.hypot(2 * self.radius_m[1], self.length_m[1] + self.radius_m[1]))


AnyObject = Sphere | Plate | Cylinder | Cone | Disc | Ellipsoid | Box | Satellite | RocketBody
SHAPES: dict[str, type[ObjectClass]] = {cls.shape: cls for cls in get_args(AnyObject)}


def check_interval(
    key: str, interval: Interval, lowest: float = -np.inf, highest: float = np.inf
) -> Interval:
    """Return ``interval`` if its ends are in order and from ``lowest`` to ``highest``.

    Raises:
        ValueError: Naming the key, what was found and what was expected.
    """
    low, high = interval
    if low > high:
        raise ValueError(f"{key} is [{low}, {high}]; the lower end comes first")
    if low < lowest or high > highest:
        raise ValueError(f"{key} is [{low}, {high}]; expected {lowest:g} to {highest:g}")
    return interval
