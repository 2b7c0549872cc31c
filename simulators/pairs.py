"""The generator: (scene, seed, first, count) to Tx/Rx pairs, targets, labels and parameters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators import dwell, pulse
from simulators.bodies import RIPPLE_STEP
from simulators.drawing import FRESH_TEST, FRESH_TRAIN, FRESH_VALIDATION, STORED, Objects
from simulators.objects import KIND_SPHERE
from simulators.pulse_setup import fast_time
from simulators.scattering import mie
from simulators.scene import Scene
from simulators.units import wavenumber
from simulators.waveforms import code

__all__ = [
    "FRESH_TEST",
    "FRESH_TRAIN",
    "FRESH_VALIDATION",
    "STORED",
    "PairGenerator",
    "Pairs",
]

LARGEST_SEED = 2**64 - 1
_MOST_SIZES = 3
SIGNAL_PARAMETERS = (
    "tumble_x_rad_per_s",
    "tumble_y_rad_per_s",
    "tumble_z_rad_per_s",
    "direction_x",
    "direction_y",
    "direction_z",
    "velocity_mps",
    "acceleration_mps2",
    "phase_rad",
    "snr_db",
    "realised_snr_db",
    "noise_power_m2",
)


@dataclass(frozen=True)
class Pairs:
    """A batch of simulated examples; the step axis is slow time in a dwell, fast time in a pulse.

    Attributes:
        tx: Transmitted code, complex64 ``(count, steps)``.
        rx: Received samples, complex64 ``(count, steps)``, in sqrt(m^2): |rx|^2 is an RCS.
        target: The echo without noise, complex64 ``(count, steps)``; or the range profile [dBsm],
            float32.
        label: Object class, int32 ``(count,)``.
        group: Which object it is, int64 ``(count,)``: a split never divides a group.
        split: 0 train, 1 validation, 2 test, uint8 ``(count,)``.
        parameters: What was drawn, float32 ``(count,)`` each, by name with unit.
    """

    tx: NDArray[np.complex64]
    rx: NDArray[np.complex64]
    target: NDArray[np.complex64] | NDArray[np.float32]
    label: NDArray[np.int32]
    group: NDArray[np.int64]
    split: NDArray[np.uint8]
    parameters: dict[str, NDArray[np.float32]]


class PairGenerator:
    """Simulates the examples of one scene and seed; holds the scene's tables.

    Example ``i`` is a function of (scene, seed, domain, i) alone. The compiled kernel releases the
    interpreter lock, so threads may share one generator.

    Args:
        scene: What to simulate.
        seed: 0 to 2^64 - 1.
        domain: ``STORED`` for datasets, whose objects fall into all three splits; the ``FRESH_*``
            domains draw endless other examples from the objects of one split.

    Raises:
        ValueError: If the seed is out of range, or the split of the domain has no objects.
    """

    def __init__(self, scene: Scene, *, seed: int, domain: int = STORED) -> None:
        if not 0 <= seed <= LARGEST_SEED:
            raise ValueError(f"seed is {seed}; expected 0 to 2^64 - 1")
        if domain != STORED and scene.objects_per_class:
            if scene.objects_per_split[domain - FRESH_TRAIN] == 0:
                raise ValueError("split leaves this part of the data without objects")
        self.scene, self.seed, self.domain = scene, np.uint64(seed), domain
        self._kernel = self._kernel_scene()

    def _kernel_scene(self) -> dwell.Dwell | pulse.FastTime:
        """Return the scene as the arrays that its kernel reads."""
        scene, k = self.scene, wavenumber(self.scene.radar.carrier_hz)
        kinds = np.array([item.kind for item in scene.objects])
        sizes = np.ones((len(scene.objects), _MOST_SIZES, 2))
        for row, item in zip(sizes, scene.objects, strict=True):
            row[: len(item.size_names)] = item.sizes()
        train, validation = scene.split.train, scene.split.validation
        objects = Objects(
            kinds=kinds,
            sizes=sizes,
            rates=np.array([item.tumble_rad_per_s for item in scene.objects]),
            per_class=scene.objects_per_class,
            instances=np.array([0, *np.cumsum(scene.objects_per_split)], dtype=np.int64),
            shares=np.array([train, train + validation]),
        )
        radii = sizes[kinds == KIND_SPHERE, 0]
        if scene.mode == "pulse":
            reach = scene.fast_time.sample_rate_hz / scene.radar.carrier_hz / 2
            smallest_ka, ripple = _sphere_table(k, radii * [1 - reach, 1 + reach])
            return fast_time(scene, int(self.seed), objects, ripple, smallest_ka)
        smallest_ka, ripple = _sphere_table(k, radii)
        return dwell.Dwell(
            objects=objects,
            k=k,
            interval_s=scene.radar.pulse_interval_s,
            code=code(scene.radar.code, scene.radar.steps),
            random_code=scene.radar.code == "random",
            velocities=np.array(scene.motion.residual_velocity_mps),
            accelerations=np.array(scene.motion.residual_acceleration_mps2),
            snr_db=np.array(scene.receiver.snr_db),
            ripple=ripple,
            smallest_ka=smallest_ka,
        )

    def __call__(self, first: int, count: int) -> Pairs:
        """Return examples ``first`` to ``first + count - 1``.

        Raises:
            ValueError: If ``first`` or ``count`` is negative.
        """
        if first < 0 or count < 0:
            raise ValueError(f"first {first} and count {count} must be 0 or more")
        steps, kernel = self.scene.radar.steps, self._kernel
        tx, rx = (np.empty((count, steps), dtype=np.complex64) for _ in range(2))
        label = np.empty(count, dtype=np.int32)
        group = np.empty(count, dtype=np.int64)
        split = np.empty(count, dtype=np.uint8)
        sizes = np.full((count, _MOST_SIZES), np.nan)
        names = SIGNAL_PARAMETERS if isinstance(kernel, dwell.Dwell) else pulse.PARAMETERS
        signal = np.empty((count, len(names)))
        has_profile = self.scene.target == "profile"
        echo = rx if has_profile else np.empty_like(rx)
        profile = np.empty((count if has_profile else 0, steps), dtype=np.float32)
        out = dwell.Outputs(tx, rx, echo, label, group, split, sizes, signal)
        if isinstance(kernel, dwell.Dwell):
            dwell.fill(kernel, self.seed, self.domain, np.uint64(first), out)
        else:
            pulse.fill(kernel, self.seed, self.domain, np.uint64(first), out, profile)
        target = profile if has_profile else echo
        parameters = self._named_sizes(label, sizes)
        for column, name in enumerate(names):
            parameters[name] = signal[:, column].astype(np.float32)
        return Pairs(tx, rx, target, label, group, split, parameters)

    def _named_sizes(self, label: NDArray, sizes: NDArray) -> dict[str, NDArray[np.float32]]:
        """Return the drawn sizes by name; NaN where an object class has no such size."""
        named = {
            name: np.full(len(label), np.nan, dtype=np.float32) for name in self.scene.size_names
        }
        for index, item in enumerate(self.scene.objects):
            rows = label == index
            for column, name in enumerate(item.size_names):
                named[name][rows] = sizes[rows, column]
        return named


def _sphere_table(k: float, radii: NDArray[np.float64]) -> tuple[float, NDArray[np.complex128]]:
    """Return the smallest ka of all spheres, and the ripple of the exact series from there on."""
    if not radii.size:
        return 0.0, np.zeros(0, dtype=np.complex128)
    smallest = k * radii.min()
    largest = max(smallest, min(k * radii.max(), mie.LARGEST_KA))
    return smallest, mie.ripple_table(smallest, largest, RIPPLE_STEP)
