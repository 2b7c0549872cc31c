"""Object classes whose echo comes from corners or resonance: reflectors and wires."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from simulators.objects.base import Interval, ObjectClass
from simulators.objects.dispatch import KIND_DIHEDRAL, KIND_DIPOLE, KIND_TRIHEDRAL
from simulators.objects.outlines import cylinder, facets
from simulators.scattering import meshes
from simulators.scattering.closed_forms.wire import (
    MAX_LENGTH_WAVELENGTHS,
    MAX_THICKNESS_OF_LENGTH,
    MIN_LENGTH_WAVELENGTHS,
)
from simulators.scattering.meshes import Mesh

_NEGLECTED = (
    "edges; from outside the corner, bounces and shadows of the faces; the field lies in the plane "
    "of look and z axis"
)


@dataclass(frozen=True, kw_only=True)
class Dihedral(ObjectClass):
    """Two thin plates that meet at right angles along z, open towards +x."""

    kind: ClassVar[int] = KIND_DIHEDRAL
    size_names: ClassVar[tuple[str, ...]] = ("width_m", "height_m")
    method: ClassVar[str] = "physical optics after one and two bounces, in closed form"
    neglected: ClassVar[str] = _NEGLECTED

    shape: Literal["dihedral"] = "dihedral"
    width_m: Interval = (0.1, 0.3)
    height_m: Interval = (0.1, 0.3)

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        width, half = sizes[0], np.array([0, 0, sizes[1] / 2])
        arms = width * np.array([[1, -1, 0], [1, 1, 0]]) / np.sqrt(2)
        faces = meshes.merge(*[facets(-half, arm - half, arm + half, half) for arm in arms])
        return meshes.translate(faces, [-width / np.sqrt(8), 0, 0])

    def largest_extent_m(self) -> float:
        """Return the largest distance between corners of the two plates [m]."""
        return float(np.hypot(np.sqrt(2) * self.width_m[1], self.height_m[1]))


@dataclass(frozen=True, kw_only=True)
class Trihedral(ObjectClass):
    """Three thin faces at right angles, open towards +z: a calibration target.

    Attributes:
        face: Whether the faces are right-angled triangles or squares.
        edge_m: Length of the edges that meet at the apex.
    """

    kind: ClassVar[int] = KIND_TRIHEDRAL
    size_names: ClassVar[tuple[str, ...]] = ("edge_m",)
    method: ClassVar[str] = "physical optics after one, two and three bounces, in closed form"
    neglected: ClassVar[str] = _NEGLECTED

    shape: Literal["trihedral"] = "trihedral"
    face: Literal["triangular", "square"] = "triangular"
    edge_m: Interval = (0.1, 0.3)

    def constants(self) -> tuple[float, ...]:
        """Return 1 for square faces, else 0."""
        return (float(self.face == "square"),)

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        edges, faces = sizes[0] * np.eye(3), []
        for i, j in ((0, 1), (1, 2), (2, 0)):
            corner = [edges[i] + edges[j]] if self.face == "square" else []
            faces.append(facets(np.zeros(3), edges[i], *corner, edges[j]))
        to_axis = np.array([[1, -1, 0], [1, 1, -2], [1, 1, 1]]) / np.sqrt([[2], [6], [3]])
        body = meshes.rotate(meshes.merge(*faces), to_axis)
        return meshes.translate(body, [0, 0, -body.vertices[:, 2].mean()])

    def largest_extent_m(self) -> float:
        """Return the largest distance between corners [m]."""
        return float(np.sqrt(3 if self.face == "square" else 2)) * self.edge_m[1]


@dataclass(frozen=True, kw_only=True)
class Dipole(ObjectClass):
    """A thin straight wire near half a wavelength: chaff, a needle, a broken whip antenna.

    The needles of the West Ford experiment were 17.8 mm long, for 8 GHz.

    Attributes:
        length_m: Length; 0.3 to 0.6 wavelengths are described.
        radius_m: Radius of the wire, up to 0.02 of the length.
    """

    kind: ClassVar[int] = KIND_DIPOLE
    size_names: ClassVar[tuple[str, ...]] = ("length_m", "radius_m")
    axisymmetric: ClassVar[bool] = True
    method: ClassVar[str] = "thin wire with a standing wave, impedance by induced EMF"
    neglected: ClassVar[str] = "other polarisations: the field lies in the plane of look and wire"

    shape: Literal["dipole"] = "dipole"
    length_m: Interval = (0.0135, 0.0155)
    radius_m: Interval = (5e-5, 2e-4)

    def outline(self, sizes: Sequence[float]) -> Mesh:
        """Return a mesh of one object."""
        length, radius = sizes
        return cylinder(radius, length)

    def largest_extent_m(self) -> float:
        """Return the largest length [m]."""
        return self.length_m[1]

    def smallest_ka(self, wavenumber: float) -> float:
        """Return the wavenumber times half the shortest length."""
        return 0.5 * wavenumber * self.length_m[0]

    def check_physics(self, wavenumber: float) -> None:
        """Refuse wires that are not thin, or far from half a wavelength."""
        if self.small_body == "sphere":
            raise ValueError(
                f"objects.{self.name}.small_body is 'sphere'; a dipole is described at its "
                "resonance, and no sphere stands in for it. Leave it out"
            )
        wavelength = 2 * np.pi / wavenumber
        low, high = MIN_LENGTH_WAVELENGTHS * wavelength, MAX_LENGTH_WAVELENGTHS * wavelength
        if self.length_m[0] < low or self.length_m[1] > high:
            raise ValueError(
                f"objects.{self.name}.length_m is {list(self.length_m)}; expected lengths within "
                f"{low:.4g} to {high:.4g} m, {MIN_LENGTH_WAVELENGTHS} to {MAX_LENGTH_WAVELENGTHS} "
                "wavelengths at this carrier"
            )
        thickest = MAX_THICKNESS_OF_LENGTH * self.length_m[0]
        if self.radius_m[1] > thickest:
            raise ValueError(
                f"objects.{self.name}.radius_m is {list(self.radius_m)}; a thin wire needs "
                f"{thickest:.3g} m or less, {MAX_THICKNESS_OF_LENGTH} of the shortest length"
            )
