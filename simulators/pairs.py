"""The generator: (scene, seed, first, count) to Tx/Rx pairs, targets, labels and parameters."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import random as rng
from simulators.bodies import amplitude, ripple_table, set_inertia
from simulators.motion import advance
from simulators.objects import MOST_SIZES
from simulators.scene import Scene
from simulators.units import wavenumber
from simulators.waveforms import RANDOM_PHASES, code

# Domains keep the endless training stream apart from a stored dataset's examples.
STORED, FRESH_TRAIN, FRESH_VALIDATION, FRESH_TEST = range(4)
LARGEST_SEED = 2**64 - 1
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
    """A batch of simulated examples; the step axis is the pulse, slow time.

    Attributes:
        tx: Transmitted code, complex64 ``(count, steps)``.
        rx: Received samples, complex64 ``(count, steps)``, in sqrt(m^2): |rx|^2 is an RCS.
        target: The echo without noise, complex64 ``(count, steps)``.
        label: Object class, int32 ``(count,)``.
        group: Which object it is, int64 ``(count,)``: a split never divides a group.
        split: 0 train, 1 validation, 2 test, uint8 ``(count,)``.
        parameters: What was drawn, float32 ``(count,)`` each, by name with unit.
    """

    tx: NDArray[np.complex64]
    rx: NDArray[np.complex64]
    target: NDArray[np.complex64]
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
        self._k = wavenumber(scene.radar.carrier_hz)
        self._code = code(scene.radar.code, scene.radar.steps)
        self._kinds = np.array([item.kernel_kind for item in scene.objects])
        self._sizes = np.array([item.columns() for item in scene.objects])
        self._rates = np.array([item.tumble_rad_per_s for item in scene.objects])
        ends = np.cumsum(scene.objects_per_split)
        self._instances = np.array([0, *ends], dtype=np.int64)
        self._shares = np.array([scene.split.train, scene.split.train + scene.split.validation])
        self._ripple, self._smallest_ka = ripple_table(scene.objects, self._k)

    def __call__(self, first: int, count: int) -> Pairs:
        """Return examples ``first`` to ``first + count - 1``.

        Raises:
            ValueError: If ``first`` or ``count`` is negative.
        """
        if first < 0 or count < 0:
            raise ValueError(f"first {first} and count {count} must be 0 or more")
        steps, scene = self.scene.radar.steps, self.scene
        tx, rx, target = (np.empty((count, steps), dtype=np.complex64) for _ in range(3))
        label = np.empty(count, dtype=np.int32)
        group = np.empty(count, dtype=np.int64)
        split = np.empty(count, dtype=np.uint8)
        sizes = np.full((count, MOST_SIZES), np.nan)
        signal = np.empty((count, len(SIGNAL_PARAMETERS)))
        _fill(
            self.seed,
            self.domain,
            np.uint64(first),
            self._k,
            scene.radar.pulse_interval_s,
            self._code,
            scene.radar.code == "random",
            self._kinds,
            self._sizes,
            self._rates,
            scene.objects_per_class,
            self._instances,
            self._shares,
            np.array(scene.motion.residual_velocity_mps),
            np.array(scene.motion.residual_acceleration_mps2),
            np.array(scene.receiver.snr_db),
            self._ripple,
            self._smallest_ka,
            (tx, rx, target, label, group, split, sizes, signal),
        )
        parameters = self._named_sizes(label, sizes)
        for column, name in enumerate(SIGNAL_PARAMETERS):
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


@njit(cache=True, nogil=True)
def _fill(
    seed,
    domain,
    first,
    k,
    interval_s,
    fixed_code,
    random_code,
    kinds,
    size_priors,
    rate_priors,
    objects_per_class,
    instances,
    shares,
    velocity_prior,
    acceleration_prior,
    snr_prior,
    ripple,
    smallest_ka,
    out,
):
    """Fill the arrays of ``out``, one example a row."""
    tx, rx, target, label, group, split, sizes, signal = out
    steps = fixed_code.shape[0]
    inertia, state, work = np.empty(3), np.empty(6), np.empty((3, 6))
    echo = np.empty(steps, dtype=np.complex128)
    for row in range(tx.shape[0]):
        index = first + np.uint64(row)

        u_split, u_class, u_instance, _ = rng.uniforms(seed, domain, rng.STREAM_EXAMPLE, index, 0)
        part = domain - 1
        if domain == STORED:
            part = int(u_split > shares[0]) + int(u_split > shares[1])
        kind_index = int(u_class * kinds.shape[0])
        instance_domain = 0
        if objects_per_class == 0:
            identity, instance_domain = index, domain
        else:
            here = instances[part + 1] - instances[part]
            member = instances[part] + int(u_instance * here)
            identity = np.uint64(kind_index * objects_per_class + member)
        kind = kinds[kind_index]
        label[row], split[row], group[row] = kind_index, part, np.int64(identity)

        u = rng.uniforms(seed, instance_domain, rng.STREAM_OBJECT, identity, 0)
        for i in range(size_priors.shape[1]):
            low, high = size_priors[kind_index, i]
            sizes[row, i] = rng.between(low, high, u[i])

        u0, u1, u2, u3 = rng.uniforms(seed, domain, rng.STREAM_MOTION, index, 0)
        rate = rng.between(rate_priors[kind_index, 0], rate_priors[kind_index, 1], u0)
        ax, ay, az = rng.direction(u1, u2)
        u4, u5, u6, _ = rng.uniforms(seed, domain, rng.STREAM_MOTION, index, 1)
        velocity = rng.between(velocity_prior[0], velocity_prior[1], u3)
        acceleration = rng.between(acceleration_prior[0], acceleration_prior[1], u4)
        ux, uy, uz = rng.direction(u5, u6)
        state[:] = (rate * ax, rate * ay, rate * az, ux, uy, uz)
        u_phase, u_snr, _, _ = rng.uniforms(seed, domain, rng.STREAM_SIGNAL, index, 0)
        phase = 2.0 * np.pi * u_phase
        snr_db = rng.between(snr_prior[0], snr_prior[1], u_snr)
        signal[row, :9] = (
            rate * ax, rate * ay, rate * az, ux, uy, uz, velocity, acceleration, phase
        )  # fmt: skip

        set_inertia(kind, sizes[row], inertia)
        power = 0.0
        for n in range(steps):
            sample = fixed_code[n]
            if random_code:
                word = rng.words(seed, domain, rng.STREAM_CODE, index, n // 4)[n % 4]
                sample = np.exp(2j * np.pi * int(rng.unit(word) * RANDOM_PHASES) / RANDOM_PHASES)
            t = n * interval_s
            travel = velocity * t + 0.5 * acceleration * t * t  # towards the radar
            scattered = amplitude(
                kind, k, sizes[row], state[3], state[4], state[5], ripple, smallest_ka
            )
            echo[n] = scattered * np.exp(1j * (phase + 2.0 * k * travel)) * sample
            power += echo[n].real ** 2 + echo[n].imag ** 2
            tx[row, n] = sample
            if n + 1 < steps:
                advance(inertia, state, interval_s, work)

        power /= steps
        noise_power = power * 10.0 ** (-0.1 * snr_db)
        scale = np.sqrt(noise_power)
        realised = 0.0
        for n in range(0, steps, 2):
            v0, v1, v2, v3 = rng.uniforms(seed, domain, rng.STREAM_NOISE, index, n // 2)
            noise = scale * rng.circular_normal(v0, v1)
            target[row, n] = echo[n]
            rx[row, n] = echo[n] + noise
            realised += noise.real**2 + noise.imag**2
            if n + 1 < steps:
                noise = scale * rng.circular_normal(v2, v3)
                target[row, n + 1] = echo[n + 1]
                rx[row, n + 1] = echo[n + 1] + noise
                realised += noise.real**2 + noise.imag**2
        signal[row, 9:] = (snr_db, 10.0 * np.log10(power * steps / realised), noise_power)
