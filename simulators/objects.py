"""The catalogue: an object class is a geometry and the priors of its sizes and rotation."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from simulators.scattering.closed_forms import SMALLEST_KA

Interval = tuple[float, float]  # lowest and highest value; drawn uniformly between them

# What the generator's kernel dispatches on.
KIND_SPHERE, KIND_PLATE, KIND_CYLINDER, KIND_CONE = range(4)
STRICT = {"extra": "forbid", "strict": True, "allow_inf_nan": False}


@dataclass(frozen=True, kw_only=True)
class ObjectClass:
    """What every object class has: a name, and how fast it turns.

    Attributes:
        name: The class name that datasets and models use.
        tumble_rad_per_s: Angular speed at the start of the dwell; its axis is uniform on the
            sphere, and the motion from there is torque-free.
    """

    __pydantic_config__: ClassVar = STRICT
    kind: ClassVar[int]
    size_names: ClassVar[tuple[str, ...]]

    name: str
    tumble_rad_per_s: Interval = (0.2, 4.0)

    def __post_init__(self) -> None:
        """Refuse an empty name and intervals that are not 0 <= low <= high, sizes above 0."""
        if not self.name:
            raise ValueError("name must not be empty")
        check_interval("tumble_rad_per_s", self.tumble_rad_per_s, lowest=0.0)
        for size in self.size_names:
            low, _ = check_interval(size, getattr(self, size), lowest=0.0)
            if low <= 0:
                raise ValueError(f"{size} must be above 0, got {low}")

    def sizes(self) -> list[Interval]:
        """Return the priors of the sizes [m], in the order of ``size_names``."""
        return [getattr(self, size) for size in self.size_names]

    def largest_extent_m(self) -> float:
        """Return the largest tip-to-tip extent [m] that the priors allow."""
        raise NotImplementedError  # abstract

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

    shape: Literal["sphere"] = "sphere"
    radius_m: Interval = (0.05, 0.3)

    def largest_extent_m(self) -> float:
        """Return the largest diameter [m]."""
        return 2 * self.radius_m[1]

    def check_physics(self, wavenumber: float) -> None:
        """Accept any size: the series is exact."""


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

    shape: Literal["cone"] = "cone"
    radius_m: Interval = (0.05, 0.2)
    length_m: Interval = (0.2, 0.8)

    def largest_extent_m(self) -> float:
        """Return the largest slant height or base diameter [m]."""
        slant = float(np.hypot(self.radius_m[1], self.length_m[1]))
        return max(slant, 2 * self.radius_m[1])


def check_interval(key: str, interval: Interval, lowest: float | None = None) -> Interval:
    """Return ``interval`` if its ends are in order and not below ``lowest``.

    Raises:
        ValueError: Naming the key, what was found and what was expected.
    """
    low, high = interval
    if low > high:
        raise ValueError(f"{key} is [{low}, {high}]; the lower end comes first")
    if lowest is not None and low < lowest:
        raise ValueError(f"{key} is [{low}, {high}]; expected {lowest} or more")
    return interval
