"""Object class of a CAD model that is read from a mesh file."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from simulators.objects.base import (
    MIN_SPHERE_KA,
    Interval,
    ObjectClass,
    check_interval,
    check_ka,
)
from simulators.objects.dispatch import KIND_MESH
from simulators.scattering.meshes import Mass, Mesh, mass_of, rotate, scale, translate
from simulators.scattering.meshes.mesh_files import read_mesh
from simulators.scattering.validity import Validity

MAX_BOUNCES = 5
_LARGE_M = 20.0  # tip to tip: beyond, a file in other units is likelier than such a body
_MAX_SCALE = 1e3


@dataclass(frozen=True, kw_only=True)
class MeshBody(ObjectClass):
    """A body from an STL, OBJ or PLY file, whose amplitude is computed at every look.

    The body turns about the centre of mass and the principal axes of a solid of uniform density,
    or of a uniform shell if the mesh is open. These are also the frame of its directions.

    Attributes:
        path: The file; a recipe names it relative to its own folder.
        units: The unit of its lengths, which such a file does not state.
        closed: Whether it must be the closed surface of a body; ``false`` accepts a shell, whose
            facets are lit from outside alone.
        scale: Factor on the lengths of the file, drawn once for each object.
        bounces: Number of bounces that are added up; 1 is physical optics with shadows.
        sha256: Digest that the file must have, in hexadecimal; empty accepts any file.
    """

    kind: ClassVar[int] = KIND_MESH
    size_names: ClassVar[tuple[str, ...]] = ("scale",)
    method: ClassVar[str] = "physical optics on facets, with shadows"

    shape: Literal["mesh"] = "mesh"
    path: str
    units: Literal["m", "cm", "mm", "in"]
    closed: bool = True
    scale: Interval = (1.0, 1.0)
    bounces: int = 1
    sha256: str = ""

    def __post_init__(self) -> None:
        """Refuse scales and bounces out of range; the file is read later."""
        super().__post_init__()
        check_interval("scale", self.scale, 1 / _MAX_SCALE, _MAX_SCALE)
        if not 1 <= self.bounces <= MAX_BOUNCES:
            raise ValueError(f"bounces is {self.bounces}; expected 1 to {MAX_BOUNCES}")

    @property
    def mesh(self) -> Mesh:
        """The body of the file in metres, centred and turned into its principal axes.

        Raises:
            ValueError: Naming the recipe's key, if the file is absent or cannot be used.
        """
        return self._body()[0]

    def _body(self) -> tuple[Mesh, Mass]:
        try:
            modified_ns = Path(self.path).stat().st_mtime_ns
            mesh, mass, found = _read(self.path, self.units, self.closed, modified_ns)
        except FileNotFoundError as error:
            raise ValueError(
                f"objects.{self.name}.path: there is no file {self.path}; expected a mesh, named "
                "relative to the recipe's folder"
            ) from error
        except (OSError, ValueError, ImportError) as error:
            raise ValueError(f"objects.{self.name}.path: {error}") from error
        if self.sha256 and self.sha256 != found:
            raise ValueError(
                f"objects.{self.name}.path: {self.path} is another file than the recipe's: its "
                f"sha256 is {found}, the recipe's {self.sha256}. Put that file back, or take the "
                "digest out of the recipe"
            )
        return mesh, mass

    def constants(self) -> tuple[float, ...]:
        """Return the principal moments of inertia per unit mass [m^2] at a scale of 1."""
        return tuple(map(float, self._body()[1].moments_m2))

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return the mesh at one scale."""
        return scale(self.mesh, sizes[0])

    def bounding_m(self) -> tuple[float, float, float]:
        """Return the extents [m] along the principal axes at the largest scale."""
        return tuple(map(float, self.scale[1] * np.ptp(self.mesh.vertices, axis=0)))  # type: ignore[return-value]

    def largest_extent_m(self) -> float:
        """Return the distance from tip to tip [m] at the largest scale."""
        return self.scale[1] * self.mesh.extent_m

    def mean_extent_m(self, end: int) -> float:
        """Return the mean of the three extents [m] at one end of the scale's prior."""
        return self.scale[end] * self.drawn_mean_m()

    def drawn_mean_m(self) -> float:
        """Return the mean of the three extents [m] at a scale of 1."""
        return float(np.ptp(self.mesh.vertices, axis=0).mean())

    def smallest_ka(self, wavenumber: float) -> float:
        """Return the wavenumber times half the smallest width of a connected part."""
        return 0.5 * wavenumber * self.scale[0] * self.mesh.smallest_width_m

    def check_physics(self, wavenumber: float) -> None:
        """Read the file, and refuse parts that are too small for physical optics.

        Raises:
            ValueError: Naming the recipe's key: the file is absent, broken, not closed or wound
                inside out, of an impossible size, or small against the wavelength.
        """
        if self.small_body == "refuse":
            half_width = 0.5 * self.scale[0] * self.mesh.smallest_width_m
            check_ka(f"objects.{self.name}.scale", half_width, wavenumber)
        elif 0.5 * wavenumber * self.mean_extent_m(0) < MIN_SPHERE_KA:
            raise ValueError(
                f"objects.{self.name}.scale: the smallest body is "
                f"{self.mean_extent_m(0):.4g} m across; its sphere needs a k a of "
                f"{MIN_SPHERE_KA} or more, which is "
                f"{2 * MIN_SPHERE_KA / wavenumber:.4g} m at this carrier"
            )

    def validity(self, wavenumber: float) -> Validity:
        """Return the method in words, the smallest k a, and the neglected effects."""
        validity = super().validity(wavenumber)
        if self.bounces == 1:
            return replace(validity, neglected=f"{validity.neglected}, and multiple bounces")
        method = validity.method.replace(
            self.method, f"{self.method}, and {self.bounces} bounces by shooting rays"
        )
        return replace(validity, method=method)

    def echo_length_m(self) -> float:
        """Return twice the largest radius plus the path between bounces [m]."""
        reach = float(np.linalg.norm(self.mesh.vertices, axis=1).max())
        longest = self.scale[1] * (2 * reach + (self.bounces - 1) * self.mesh.extent_m)
        return max(longest, super().echo_length_m())

    def warnings(self) -> tuple[str, ...]:
        """Return a warning if the size suggests other units than those stated."""
        if self.largest_extent_m() <= _LARGE_M:
            return ()
        sides = " x ".join(f"{side:.4g}" for side in self.bounding_m())
        return (
            f"objects.{self.name}: the body is {sides} m, read in {self.units!r}; if it was drawn "
            "in millimetres, state units = 'mm'",
        )


@lru_cache(maxsize=16)
def _read(path: str, units: str, closed: bool, modified_ns: int) -> tuple[Mesh, Mass, str]:
    """Return the mesh in its principal axes, its mass properties, and the file's digest.

    ``modified_ns`` is part of the key of the cache: a file that changed is read again.
    """
    mesh = read_mesh(path, units=units, closed=closed)
    mass = mass_of(mesh, solid=closed)
    body = rotate(translate(mesh, -mass.centre_m), mass.axes)
    return body, mass, hashlib.sha256(Path(path).read_bytes()).hexdigest()
