"""Compares the scattering code with independent values: ours, reference, error.

    python benchmarks/oracles.py

Every value is computed here from the public functions, and printed as the table of
docs/oracles.md. The references are exact solutions, closed forms of the textbooks, and values
that other programs computed; the tests hold the same ones. The status is 1 if any error is above
its bound. Takes some seconds.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from simulators.scattering import meshes
from simulators.scattering.closed_forms import corners, revolution, wire
from simulators.scattering.closed_forms import elementary as forms
from simulators.scattering.closed_forms.mie import sphere_amplitude_m
from simulators.scattering.physical_optics.amplitude import amplitude_m, phase_mean
from simulators.scattering.physical_optics.multibounce import multibounce_amplitude_m
from simulators.units import rcs_dbsm, wavenumber

K = wavenumber(10e9)
K_10_CM = 2 * np.pi / 0.1
ROOT_PI = np.sqrt(np.pi)
NOSE, SIDE = [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]]
MIE = {
    0.1: 8.98336597e-4, 0.5: 0.529576279, 1.0: 3.63756654, 2.0: 1.00814308, 3.0: 0.520765428,
    5.0: 1.16883705, 10.0: 0.929230216, 20.0: 0.966357398, 50.0: 0.995917679, 100.0: 0.999025415,
}  # fmt: skip


@dataclass(frozen=True)
class Oracle:
    """One line of the table; ``bound`` is the largest error, in the unit, or relative to 1."""

    what: str
    unit: str
    ours: float
    reference: float
    bound: float

    @property
    def error(self) -> float:
        """The difference in dB or as it is, relative where there is no unit."""
        difference = self.ours - self.reference
        return difference / self.reference if self.unit == "ratio" else difference

    def row(self) -> str:
        """Return the line in Markdown."""
        return (
            f"| {self.what} | {self.unit} | {self.ours:.9g} | {self.reference:.9g} | "
            f"{self.error:+.1e} | {self.bound:g} |"
        )


def dbsm(amplitude: complex) -> float:
    """Return the cross-section [dBsm] of one amplitude."""
    return float(rcs_dbsm(amplitude))


def spheres() -> Iterator[Oracle]:
    """Compare the exact series: tabulated values, resonances, a sphere at 4.5 GHz."""

    def sigma(ka: float) -> float:
        return float(abs(sphere_amplitude_m(1.0, ka)) ** 2 / np.pi)

    for ka, reference in MIE.items():
        yield Oracle(f"sphere, sigma / (pi r^2) at ka {ka:g}", "ratio", sigma(ka), reference, 1e-8)
    top = minimize_scalar(
        lambda ka: -sigma(ka), bounds=(0.8, 1.3), method="bounded", options={"xatol": 1e-10}
    )
    low = minimize_scalar(sigma, bounds=(1.4, 2.1), method="bounded", options={"xatol": 1e-10})
    yield Oracle("sphere, first maximum", "ratio", -top.fun, 3.65495418, 1e-8)
    yield Oracle("sphere, ka of the first maximum", "ratio", top.x, 1.02807893, 1e-6)
    yield Oracle("sphere, first minimum", "ratio", low.fun, 0.285039366, 1e-8)
    yield Oracle("sphere, ka of the first minimum", "ratio", low.x, 1.74327036, 1e-6)
    yield Oracle("sphere, sigma / (9 pi r^2 (ka)^4) at ka 0.01", "ratio",
                 sigma(0.01) / 9e-8, 1.0, 5e-4)  # fmt: skip
    ours = dbsm(complex(sphere_amplitude_m(0.2, wavenumber(4.5e9))))
    yield Oracle("sphere r 0.2 m at 4.5 GHz", "dBsm", ours, -9.10056, 5e-6)


def flat_and_round() -> Iterator[Oracle]:
    """Compare the closed forms of single bodies, at 10 GHz where no wavelength is named."""

    def plate(side: float, k: float) -> float:
        return dbsm(forms.plate(k, side, side, 0.0, 0.0, 1.0))

    yield Oracle("plate 1 m square, wavelength 0.1 m", "dBsm", plate(1.0, K_10_CM), 30.992, 5e-4)
    null = 0.05
    pattern = abs(forms.plate(K_10_CM, 1.0, 1.0, null, 0.0, np.sqrt(1 - null**2)))
    yield Oracle("plate 1 m square, amplitude at its first null", "m", pattern, 0.0, 1e-9)
    yield Oracle("plate 5 m square, 1 GHz", "dBsm", plate(5.0, wavenumber(1e9)), 49.4145, 5e-5)
    yield Oracle("plate 5 m square, 3 GHz", "dBsm", plate(5.0, wavenumber(3e9)), 58.9569, 5e-5)
    yield Oracle("plate 0.1 m square", "dBsm", plate(0.1, K), 1.4557, 5e-5)
    yield Oracle("disc r 0.1 m", "dBsm", dbsm(forms.disc(K, 0.1, 0.0, 1.0)), 11.3987, 5e-5)
    across, end = (dbsm(forms.cylinder(K, 0.05, 0.3, uz)) for uz in (0.0, 1.0))
    yield Oracle("cylinder r 0.05, L 0.3 m, broadside", "dBsm", across, -0.2543, 5e-5)
    yield Oracle("cylinder r 0.05, L 0.3 m, end on", "dBsm", end, -0.6425, 5e-5)
    nose = dbsm(forms.ellipsoid(K, 0.1, 0.1, 0.3, 0.0, 0.0, 1.0))
    broad = dbsm(forms.ellipsoid(K, 0.1, 0.1, 0.3, 1.0, 0.0, 0.0))
    yield Oracle("ellipsoid 0.1, 0.1, 0.3 m, nose on", "dBsm", nose, -24.5709, 1e-4)
    yield Oracle("ellipsoid 0.1, 0.1, 0.3 m, broadside", "dBsm", broad, -5.4861, 1e-4)
    half, z1, z2, k = np.radians(20.0), 1.0, 2.5, 2 * np.pi / 0.01
    slant = revolution.frustum(k, z2 * np.tan(half), z1 * np.tan(half), z2 - z1, np.sin(half))
    formula = 8 * np.pi * (z2**1.5 - z1**1.5) ** 2 * np.sin(half) / (9 * 0.01 * np.cos(half) ** 4)
    yield Oracle("frustum 20 deg, normal to the slant, wavelength 0.01 m", "dBsm",
                 dbsm(slant), float(10 * np.log10(formula)), 0.05)  # fmt: skip


def wires() -> Iterator[Oracle]:
    """Compare the half-wave dipole without its reactance, over the square of the wavelength."""
    wavelength = 2 * np.pi / K
    impedance = wire.dipole_impedance(K, wavelength / 2, 1e-4 * wavelength)
    uz, weight = np.polynomial.legendre.leggauss(40)
    cut = np.array([wire.dipole(K, wavelength / 2, 1e-4 * wavelength, z) for z in [0.0, *uz]])
    sigma = np.abs(cut * impedance / impedance.real) ** 2 / wavelength**2
    yield Oracle("half-wave dipole, peak / wavelength^2", "ratio", sigma[0], 0.859, 5e-3)
    mean = 3 / 8 * float(weight @ sigma[1:]) / 2
    yield Oracle("half-wave dipole, mean over orientation", "ratio", mean, 0.152, 1e-2)


def face(points: list, towards: list[float]) -> meshes.Mesh:
    """Return a flat face with these corners in order, its normal towards a direction."""
    triangles = [[0, i, i + 1] for i in range(1, len(points) - 1)]
    mesh = meshes.Mesh(np.array(points), np.array(triangles))
    return mesh if mesh.normals[0] @ towards > 0 else meshes.reverse(mesh)


def corner(square: bool) -> meshes.Mesh:
    """Return the inside of a trihedral of 0.1 m, its edges along the axes."""
    apex, edges = np.zeros(3), 0.1 * np.eye(3)
    faces = []
    for i, j, n in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        middle = [edges[i] + edges[j]] if square else []
        faces.append(face([apex, edges[i], *middle, edges[j]], list(np.eye(3)[n])))
    return meshes.merge(*faces)


def corner_reflectors() -> Iterator[Oracle]:
    """Compare corner reflectors of 0.1 m at 10 GHz: closed form of the last bounce, shot rays."""
    look = np.full((1, 3), 3**-0.5)
    for square, reference, bound in ((False, -3.3155, 0.18), (True, 6.2269, 0.03)):
        name = f"trihedral 0.1 m, {'square' if square else 'triangular'}"
        aperture = corners.trihedral_aperture(0.1, square, *look[0])
        yield Oracle(name, "dBsm", dbsm(K / ROOT_PI * aperture), reference, 5e-5)
        rays = multibounce_amplitude_m(corner(square), look, [K], first=3, rays_per_wavelength=30)
        yield Oracle(f"{name}, rays", "dBsm", dbsm(rays[0, 0]), reference, bound)
    look = np.array([[np.sqrt(0.5), np.sqrt(0.5), 0.0]])
    x, y, z = 0.1 * np.eye(3)
    sides = [face([0 * x, x, x + z, z], [0, 1, 0]), face([0 * y, y, y + z, z], [1, 0, 0])]
    body = meshes.merge(*sides)
    one = amplitude_m(body, look, [K])[0, 0]
    turned = np.exp(2j * K * 0.1 / np.sqrt(8))  # from the centre of mass to the seam
    two = corners.dihedral(K, 0.1, 0.1, 1.0, 0.0, 0.0) * turned - one
    yield Oracle("dihedral 0.1 m", "dBsm", dbsm(two), 4.4660, 5e-5)
    rays = multibounce_amplitude_m(body, look, [K], first=2, bounces=2, rays_per_wavelength=30)
    yield Oracle("dihedral 0.1 m, rays", "dBsm", dbsm(rays[0, 0]), 4.4660, 0.13)
    once = multibounce_amplitude_m(body, look, [K], bounces=1, rays_per_wavelength=30)[0, 0]
    lost = float(abs(once - one) / (K / ROOT_PI * 0.1**2))
    yield Oracle("dihedral, one bounce: rays less physical optics / peak", "", lost, 0.0, 5e-3)


def meshed() -> Iterator[Oracle]:
    """Compare physical optics on facets, wavelength 0.1 m."""
    sphere = meshes.icosphere(1.0, 5)
    for ka, bound in ((20.0, 0.02), (60.0, 0.04)):
        ours, exact = amplitude_m(sphere, NOSE, [ka])[0, 0], complex(sphere_amplitude_m(1.0, ka))
        yield Oracle(f"mesh: sphere of 20480 facets, ka {ka:g}", "dBsm", dbsm(ours), dbsm(exact),
                     bound)  # fmt: skip
    can = meshes.revolution([(0, -1), (0.5, -1), (0.5, 1), (0, 1)], 256)
    ours = dbsm(amplitude_m(can, SIDE, [K_10_CM])[0, 0])
    yield Oracle("mesh: cylinder r 0.5, L 2 m, broadside", "dBsm", ours, 20.984, 1e-3)
    for angle, level in ((10, -16.099), (15, -12.521), (20, -9.835)):
        length = 0.5 / np.tan(np.radians(angle))
        cone = meshes.revolution([(0, 0), (0.5, 0), (0, length)], 512)
        ours = dbsm(amplitude_m(cone, NOSE, [K_10_CM])[0, 0])
        yield Oracle(f"mesh: cone {angle} deg, r 0.5 m, nose on", "dBsm", ours, level, 1e-3)
        ours = dbsm(revolution.cone(K_10_CM, 0.5, length, 1.0))
        yield Oracle(f"closed form: cone {angle} deg, r 0.5 m", "dBsm", ours, level, 1e-3)
    oval = amplitude_m(meshes.ellipsoid(1.0, 0.6, 0.4, 6), np.eye(3), [K_10_CM])[:, 0]
    for axis, ours, level in zip("xyz", oval, (-7.424, 1.450, 8.493), strict=True):
        name = f"mesh: ellipsoid 1, 0.6, 0.4 m, along {axis}"
        yield Oracle(name, "dBsm", dbsm(ours), level, 5e-3)


def identities() -> Iterator[Oracle]:
    """Compare identities of any mesh: integrals over triangles, and over closed surfaces."""
    node, weight = np.polynomial.legendre.leggauss(90)
    s, w = (node + 1) / 2, weight / 2
    worst = 0.0
    for a, b, c in np.random.default_rng(3).uniform(-60, 60, size=(50, 3)):
        p = a + s[:, None] * (b - a) + np.outer(1 - s, s) * (c - a)
        quadrature = 2 * np.sum(np.outer(w * (1 - s), w) * np.exp(1j * p))
        worst = max(worst, float(abs(phase_mean([a, b, c]) - quadrature)))
    yield Oracle("triangle integral less quadrature, worst of 50", "", worst, 0.0, 1e-11)
    look, sphere = np.array([0.48, 0.6, 0.64]), meshes.icosphere(1.0, 5)
    flow = sphere.area_vectors.T @ phase_mean(2 * K_10_CM * (sphere.corners @ look))
    across = float(np.abs(np.cross(flow, look)).max() / sphere.areas.sum())
    yield Oracle("divergence identity, part across the look / area", "", across, 0.0, 1e-9)
    panel = meshes.plate(0.5, 0.3)
    coarse = amplitude_m(panel, [look], [K_10_CM])[0, 0]
    fine = amplitude_m(meshes.subdivide(panel, 0.01), [look], [K_10_CM])[0, 0]
    largest = K_10_CM / ROOT_PI * 0.15
    yield Oracle("plate, refined less coarse / peak", "", float(abs(fine - coarse)) / largest, 0.0,
                 1e-13)  # fmt: skip


def main() -> None:
    """Print the table; end with status 1 if any error is above its bound."""
    print("| what | unit | ours | reference | error | bound |\n|---|---|---|---|---|---|")
    missed = 0
    for part in (spheres, flat_and_round, wires, corner_reflectors, meshed, identities):
        for oracle in part():
            print(oracle.row())
            missed += abs(oracle.error) > oracle.bound
    if missed:
        sys.exit(f"{missed} errors are above their bounds")


if __name__ == "__main__":
    main()
