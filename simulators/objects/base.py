"""Base of the object classes: name, motion, sizes, and the checks that all of them share."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from simulators.objects.dispatch import MAX_SIZES, SMALL_AS_SPHERE, mean_extent
from simulators.scattering.meshes import Mesh
from simulators.scattering.validity import MIN_KA, Validity

Interval = tuple[float, float]  # lowest and highest value; drawn uniformly between them

MotionKind = Literal["tumble", "spin", "precession", "nutation", "stabilised"]
# The keys of each motion, its rate first; their order numbers the motions, see ``motion``.
MOTION_KEYS: dict[str, tuple[str, ...]] = {
    "tumble": ("tumble_rad_per_s",),
    "spin": ("spin_rad_per_s",),
    "precession": ("precession_rad_per_s", "angle_deg"),
    "nutation": ("spin_rad_per_s", "angle_deg"),
    "stabilised": (),
}
MAX_CONE_DEG = 89.0
MIN_SPHERE_KA = 0.1
# The wave that creeps around a sphere lags its centre by this many radii, one way.
CREEPING_LENGTHS = 1 + math.pi / 2
MAX_TUMBLE_RAD_PER_S = 1e4
MAX_SIZE_M = 1e3
STRICT = {"extra": "forbid", "strict": True, "allow_inf_nan": False}


@dataclass(frozen=True, kw_only=True)
class ObjectClass(ABC):
    """A class of objects: a geometry with priors of its sizes and of its torque-free rotation.

    A subclass states its ``kind`` (see ``dispatch``), the ``size_names`` that are drawn for each
    object, whether it is ``axisymmetric`` (its echo depends on the angle to its z axis alone), the
    ``method`` of its amplitude, and the effects that the method ``neglected``.

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
        small_body: Treatment of objects with k times a size below 3, where physical optics does
            not hold: ``refuse`` them, or replace each by the ``sphere`` whose diameter is the mean
            of its three extents, by the exact series. That is the curve of NASA's size estimation
            model: Rayleigh, resonance, optical.
    """

    __pydantic_config__: ClassVar = STRICT
    kind: ClassVar[int]
    size_names: ClassVar[tuple[str, ...]]
    axisymmetric: ClassVar[bool] = False
    method: ClassVar[str] = "physical optics in closed form"
    neglected: ClassVar[str] = "edges and tips far from specular directions"

    name: str
    motion: MotionKind = "tumble"
    tumble_rad_per_s: Interval = (0.2, 4.0)
    spin_rad_per_s: Interval | None = None
    precession_rad_per_s: Interval | None = None
    angle_deg: Interval | None = None
    small_body: Literal["refuse", "sphere"] = "refuse"

    def __post_init__(self) -> None:
        """Refuse an empty name and intervals that are not 0 <= low <= high, sizes above 0."""
        if not self.name:
            raise ValueError("name must not be empty")
        check_interval("tumble_rad_per_s", self.tumble_rad_per_s, 0.0, MAX_TUMBLE_RAD_PER_S)
        self._check_motion()
        for size in self.length_names:
            low, _ = check_interval(size, getattr(self, size), 0.0, MAX_SIZE_M)
            if low <= 0:
                raise ValueError(f"{size} must be above 0, got {low}")

    def _check_motion(self) -> None:
        """Refuse a motion without its keys, and keys that belong to another motion."""
        if self.motion not in MOTION_KEYS:
            known = ", ".join(MOTION_KEYS)
            raise ValueError(f"motion is {self.motion!r}; expected one of {known}")
        for key, highest in (
            ("spin_rad_per_s", MAX_TUMBLE_RAD_PER_S),
            ("precession_rad_per_s", MAX_TUMBLE_RAD_PER_S),
            ("angle_deg", MAX_CONE_DEG),
        ):
            interval, used = getattr(self, key), key in MOTION_KEYS[self.motion]
            if used and interval is None:
                raise ValueError(f"motion = {self.motion!r} needs {key} = [lowest, highest]")
            if interval is not None and not used:
                raise ValueError(f"{key} has no part in motion = {self.motion!r}; leave it out")
            if interval is not None:
                check_interval(key, interval, 0.0, highest)

    def rate_rad_per_s(self) -> Interval:
        """Return the prior of the rate [rad/s] that defines the motion."""
        keys = MOTION_KEYS[self.motion]
        return getattr(self, keys[0]) if keys else (0.0, 0.0)

    @property
    def length_names(self) -> tuple[str, ...]:
        """The names of the sizes that are lengths [m]."""
        return tuple(size for size in self.size_names if size.endswith("_m"))

    @property
    def kernel_kind(self) -> int:
        """The kind for the kernels, raised where small objects are spheres."""
        return self.kind + (SMALL_AS_SPHERE if self.small_body == "sphere" else 0)

    def sizes(self) -> list[Interval]:
        """Return the priors of the sizes, in the order of ``size_names``."""
        return [getattr(self, size) for size in self.size_names]

    def constants(self) -> tuple[float, ...]:
        """Return the numbers that the kernels need of the class in addition to the drawn sizes."""
        return ()

    def columns(self) -> list[Interval]:
        """Return the ``MAX_SIZES`` priors that the kernel draws from: sizes, then constants."""
        columns = [*self.sizes(), *((value, value) for value in self.constants())]
        return columns + [(1.0, 1.0)] * (MAX_SIZES - len(columns))

    @abstractmethod
    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object for pictures, in the frame of its amplitude.

        Its axis lies along z, the origin at or near the centre that phases are referred to.

        Args:
            sizes: In the order of ``size_names``.
        """

    @abstractmethod
    def largest_extent_m(self) -> float:
        """Return the largest tip-to-tip extent [m] that the priors allow."""

    def aspect_extent_m(self) -> float:
        """Return the extent [m] that sets how fast the amplitude varies over aspect; 0 if never."""
        return self.largest_extent_m()

    def echo_length_m(self) -> float:
        """Return the length in range [m] of the largest object's echo of a short pulse."""
        if self.small_body == "sphere":
            return max(self.largest_extent_m(), CREEPING_LENGTHS * self.mean_extent_m(1))
        return self.largest_extent_m()

    def mean_extent_m(self, end: int) -> float:
        """Return the mean of the three extents [m] with all sizes at one end of their priors."""
        sizes = np.array([column[end] for column in self.columns()])
        return float(mean_extent(self.kind, sizes))

    def smallest_ka(self, wavenumber: float) -> float:
        """Return the wavenumber times the smallest size that the priors allow."""
        return wavenumber * min(getattr(self, size)[0] for size in self.length_names)

    def check_physics(self, wavenumber: float) -> None:
        """Refuse sizes for which the method does not hold.

        Raises:
            ValueError: If k times the smallest size is below 3 and small objects are refused, or
                if they are spheres too small for the table of the exact series.
        """
        if self.small_body == "sphere":
            ka = 0.5 * wavenumber * self.mean_extent_m(0)
            if ka < MIN_SPHERE_KA:
                raise ValueError(
                    f"objects.{self.name}: k times half the mean extent of its smallest object is "
                    f"{ka:.3f}; expected {MIN_SPHERE_KA} or more. Raise its smallest sizes"
                )
            return
        for size in self.length_names:
            check_ka(f"objects.{self.name}.{size}", getattr(self, size)[0], wavenumber)

    def validity(self, wavenumber: float) -> Validity:
        """Return the method in words, the smallest k a, and the neglected effects."""
        ka, method = self.smallest_ka(wavenumber), self.method
        if self.small_body == "sphere" and ka < MIN_KA:
            method += f"; below k a = {MIN_KA:g} the sphere of its mean extent, exactly"
        return Validity(method, ka, self.neglected, self.warnings())

    def warnings(self) -> tuple[str, ...]:
        """Return a sentence for each value that is allowed but looks like a mistake."""
        return ()


def check_ka(key: str, size_m: float, wavenumber: float) -> None:
    """Refuse a size for which physical optics does not hold.

    Raises:
        ValueError: Naming the key, if k times the size is below 3.
    """
    if wavenumber * size_m < MIN_KA:
        raise ValueError(
            f"{key}: k times {size_m:g} m is {wavenumber * size_m:.2f}; physical optics needs "
            f"{MIN_KA} or more, which is {MIN_KA / wavenumber:.4f} m at this carrier. "
            "Raise the lower bound, or the carrier frequency; small_body = 'sphere' takes small "
            "objects as spheres"
        )


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
