"""Measures facets per second of physical optics: compiled kernels against NumPy, in one run.

    OMP_NUM_THREADS=1 python benchmarks/physical_optics.py

A unit of work is one lit facet at one aspect and one frequency. The NumPy versions are the same
formulas, written for whole arrays of facets: the exact second divided difference in its form with
sines, and the second-order phase with a phasor recurrence over the frequencies. Every pair is
checked to agree before it is timed. Times are processor times of one thread, the best of several;
the variable keeps NumPy's products on that thread too.
"""

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from simulators.scattering.meshes import Mesh, icosphere
from simulators.scattering.physical_optics.amplitude import amplitude_m, fast_amplitude_m

Kernel = Callable[[Mesh, NDArray[np.float64], NDArray[np.float64]], NDArray[np.complex128]]
ROOT_PI = np.sqrt(np.pi)


@dataclass(frozen=True)
class Load:
    """One line of the table: a mesh, and the numbers of aspects and frequencies."""

    part_of_wavelength: float  # longest edge over the shortest wavelength
    subdivisions: int
    aspects: int
    frequencies: int


LOADS = (
    Load(1.0, 4, 16, 64),
    Load(1 / 3, 4, 16, 64),
    Load(1 / 3, 5, 8, 64),
    Load(1 / 10, 4, 16, 64),
    Load(1 / 3, 4, 256, 1),
)


def numpy_exact(mesh, looks, wavenumbers):
    """Return the exact integral over all lit facets of a look, one frequency after another."""
    out = np.empty((len(looks), len(wavenumbers)), dtype=np.complex128)
    for d, look in enumerate(looks):
        facing = mesh.area_vectors @ look
        lit = facing > 0
        low, middle, high = np.sort(2 * (mesh.vertices @ look)[mesh.facets[lit]], axis=1).T
        for f, k in enumerate(wavenumbers):
            out[d, f] = -1j * k / ROOT_PI * (facing[lit] @ means(k * low, k * middle, k * high))
    return out


def means(low, middle, high):
    """Return the second divided difference, or its series where the span is small."""
    span = high - low
    above = np.exp(0.5j * (middle + high)) * np.sinc((high - middle) / (2 * np.pi))
    below = np.exp(0.5j * (low + middle)) * np.sinc((middle - low) / (2 * np.pi))
    small = span < 1e-2
    result = 2 * (above - below) / (1j * np.where(small, 1.0, span))
    if small.any():
        result[small] = series(np.stack([low, middle, high], axis=1)[small])
    return result


def series(phases):
    """Return the mean about the centre to fourth order."""
    centre = phases.mean(axis=1)
    apart = phases - centre[:, None]
    squares = np.sum(apart**2, axis=1)
    third, fourth = np.sum(apart**3, axis=1) / 30, squares**2 / 60
    return np.exp(1j * centre) * (1 - squares / 24 - 1j * third / 6 + fourth / 24)


def numpy_fast(mesh, looks, wavenumbers):
    """Return the sum of facet phases to second order, by a phasor recurrence over frequency."""
    out = np.empty((len(looks), len(wavenumbers)), dtype=np.complex128)
    step = wavenumbers[1] - wavenumbers[0] if len(wavenumbers) > 1 else 0.0
    for d, look in enumerate(looks):
        facing = mesh.area_vectors @ look
        lit = facing > 0
        paths = 2 * (mesh.vertices @ look)[mesh.facets[lit]]
        centre = paths.mean(axis=1)
        spread = np.sum((paths - centre[:, None]) ** 2, axis=1) / 24
        phasor = facing[lit] * np.exp(1j * wavenumbers[0] * centre)
        turn = np.exp(1j * step * centre)
        for f, k in enumerate(wavenumbers):
            out[d, f] = -1j * k / ROOT_PI * (phasor @ (1 - k * k * spread))
            phasor *= turn
    return out


def seconds(kernel: Kernel, *arguments, repeats: int = 5) -> float:
    """Return the shortest processor time [s] of several calls, after one that compiles."""
    kernel(*arguments)
    times = []
    for _ in range(repeats):
        start = time.thread_time()
        kernel(*arguments)
        times.append(time.thread_time() - start)
    return min(times)


def prepared(load: Load) -> tuple[Mesh, NDArray[np.float64], NDArray[np.float64]]:
    """Return the mesh, aspects and wavenumbers (an octave of them) of a load."""
    mesh = icosphere(1.0, load.subdivisions)
    largest = 2 * np.pi * load.part_of_wavelength / mesh.edge_lengths_m.max()
    looks = np.random.default_rng(0).normal(size=(load.aspects, 3))
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    return mesh, looks, np.linspace(largest, 0.5 * largest, load.frequencies)


def row(load: Load, name: str, ours: Kernel, numpys: Kernel) -> str:
    """Return one line of the table."""
    mesh, looks, k = prepared(load)
    work = int(np.sum(looks @ mesh.area_vectors.T > 0)) * len(k)
    mine, theirs = ours(mesh, looks, k), numpys(mesh, looks, k)
    error = np.max(np.abs(mine - theirs)) / np.max(np.abs(theirs))
    if error > 1e-8:  # the fourth-order series of the NumPy version is good to 1e-10
        raise SystemExit(f"{name}: the two versions differ by {error:.1e}")
    rates = [work / seconds(kernel, mesh, looks, k) / 1e6 for kernel in (ours, numpys)]
    return (
        f"{name:<6} 1/{1 / load.part_of_wavelength:<4.0f} {len(mesh.facets):>7} {len(looks):>8} "
        f"{len(k):>6} {rates[0]:>9.1f} {rates[1]:>8.1f} {rates[0] / rates[1]:>7.1f}   {error:.0e}"
    )


def main() -> None:
    """Print the table."""
    print(f"{platform.processor() or platform.machine()}, one thread; ", end="")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, numba {numba.__version__}")
    print("million lit facets x aspects x frequencies per second; edge = longest edge over the")
    print("shortest wavelength; difference = largest, over the largest amplitude")
    print("kernel edge    facets  aspects  freqs      ours    NumPy   ratio   difference")
    for load in LOADS:
        print(row(load, "exact", amplitude_m, numpy_exact))
        if load.part_of_wavelength <= 1 / 3:
            print(row(load, "fast", fast_amplitude_m, numpy_fast))


if __name__ == "__main__":
    main()
