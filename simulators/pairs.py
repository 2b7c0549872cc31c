"""The generator: (scene, seed, first, count) to Tx/Rx pairs, targets, labels and parameters."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from simulators.amplitudes.closed_form import ripple_table
from simulators.amplitudes.mesh import meshes_of
from simulators.amplitudes.tabulate import Band, Progress
from simulators.impairments.environment import Environment
from simulators.impairments.fluctuation import Fluctuation
from simulators.impairments.receiver import Receiver
from simulators.kernels import dwell, extra_impairments, pulse
from simulators.kernels.draws import (
    FRESH_TEST,
    FRESH_TRAIN,
    FRESH_VALIDATION,
    STORED,
    Objects,
)
from simulators.kernels.object_tables import scene_tables
from simulators.kernels.pulse_setup import fast_time
from simulators.kernels.signal_chain import TOLD, effects_of, told_by
from simulators.objects import MAX_SIZES
from simulators.scene import Scene, motion_number
from simulators.units import wavenumber
from simulators.waveforms.codes import code

__all__ = [
    "FRESH_TEST",
    "FRESH_TRAIN",
    "FRESH_VALIDATION",
    "STORED",
    "PairGenerator",
    "Pairs",
]

MAX_SEED = 2**64 - 1
_REFERENCE_EXAMPLES = 8192  # whose mean power stands for the scene's
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
        rx: Received samples, complex64 ``(count, steps)``, in sqrt(m^2): |rx|^2 is an RCS. At
            level "normalised" their mean power is 1.
        target: What to output, see ``Scene.target``: the echo without noise, complex64
            ``(count, steps)``; its cross-section, in a pulse that of each range bin
            [dBsm], at least -60, float32; for "tx2rx" the
            received samples; for "forecast" those that follow each step, complex64 ``(count,
            steps, horizon)``.
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

    Attributes:
        kernel: The scene as the arrays that its kernel reads.

    Args:
        scene: What to simulate.
        seed: 0 to 2^64 - 1.
        domain: ``STORED`` for datasets, whose objects fall into all three splits; the ``FRESH_*``
            domains draw endless other examples from the objects of one split.
        progress: Called with (objects done, objects in all) while tables are made.

    Raises:
        ValueError: If the seed is out of range, or the split of the domain has no objects.
    """

    def __init__(
        self,
        scene: Scene,
        *,
        seed: int,
        domain: int = STORED,
        progress: Progress | None = None,
    ) -> None:
        if not 0 <= seed <= MAX_SEED:
            raise ValueError(f"seed is {seed}; expected 0 to 2^64 - 1")
        if domain != STORED and scene.objects_per_class:
            if scene.objects_per_split[domain - FRESH_TRAIN] == 0:
                raise ValueError("split leaves this part of the data without objects")
        self.scene, self.seed, self.domain = scene, np.uint64(seed), domain
        self.kernel = self._kernel_scene(progress)
        if scene.receiver.snr_reference == "scene":
            self.kernel = self.kernel._replace(reference_m2=self._mean_power())

    def _kernel_scene(self, progress: Progress | None) -> dwell.Dwell | pulse.FastTime:
        """Return the scene as the arrays that its kernel reads."""
        scene, k = self.scene, wavenumber(self.scene.radar.carrier_hz)
        train, validation = scene.split.train, scene.split.validation
        rates = [item.rate_rad_per_s() for item in scene.objects]
        angles = [item.angle_deg or (0.0, 0.0) for item in scene.objects]
        objects = Objects(
            kinds=np.array([item.kernel_kind for item in scene.objects]),
            sizes=np.array([item.columns() for item in scene.objects], dtype=np.float64),
            motions=np.array([motion_number(item) for item in scene.objects]),
            rates=np.array(rates),
            angles=np.radians(angles),
            axisymmetric=np.array([item.axisymmetric for item in scene.objects]),
            per_class=scene.objects_per_class,
            instances=np.array([0, *np.cumsum(scene.objects_per_split)], dtype=np.int64),
            shares=np.array([train, train + validation]),
        )
        effects = effects_of(
            scene.environment,
            scene.receiver,
            scene.fluctuation,
            interval_s=scene.sample_interval_s,
            carrier_hz=scene.radar.carrier_hz,
            one_pulse=scene.mode == "pulse",
        )
        if scene.mode == "pulse":
            return fast_time(scene, self.seed, objects, effects, progress)
        ripple, smallest_ka = ripple_table(scene.objects, k)
        band = Band(np.array([k]), ripple, smallest_ka)
        return dwell.Dwell(
            objects=objects,
            effects=effects,
            k=k,
            interval_s=scene.radar.pulse_interval_s,
            code=code(scene.radar.code, scene.radar.steps + scene.horizon),
            random_code=scene.radar.code == "random",
            velocities=np.array(scene.motion.residual_velocity_mps),
            accelerations=np.array(scene.motion.residual_acceleration_mps2),
            snr_db=np.array(scene.receiver.snr_interval_db),
            reference_m2=0.0,
            tables=scene_tables(scene, objects, self.seed, band, progress),
            meshes=meshes_of(scene.objects, k),
            ripple=ripple,
            smallest_ka=smallest_ka,
        )

    def _mean_power(self) -> float:
        """Return the mean echo power of the scene [m^2], over its first stored examples."""
        calm = effects_of(Environment(), Receiver(), Fluctuation(), interval_s=1.0, carrier_hz=1e9)
        out = self.outputs(_REFERENCE_EXAMPLES)
        _fill(self.kernel._replace(effects=calm), self.seed, STORED, 0, out)
        return float(np.mean(np.abs(out.echo.astype(np.complex128)) ** 2))

    def outputs(self, count: int) -> dwell.Outputs:
        """Return the arrays that the kernel fills for ``count`` examples."""
        steps = self.scene.radar.steps + self.scene.horizon
        rcs_steps = steps if self.scene.target in ("rcs", "profile") else 0
        return dwell.Outputs(
            tx=np.empty((count, steps), dtype=np.complex64),
            rx=np.empty((count, steps), dtype=np.complex64),
            echo=np.empty((count, steps), dtype=np.complex64),
            rcs_dbsm=np.empty((count, rcs_steps), dtype=np.float32),
            label=np.empty(count, dtype=np.int32),
            group=np.empty(count, dtype=np.int64),
            split=np.empty(count, dtype=np.uint8),
            sizes=np.full((count, MAX_SIZES), np.nan),
            signal=np.empty((count, len(self._signal_names))),
            told=np.empty((count if self.kernel.effects.any else 0, len(TOLD))),
        )

    @property
    def _signal_names(self) -> tuple[str, ...]:
        return SIGNAL_PARAMETERS if self.scene.mode == "dwell" else pulse.PARAMETERS

    def __call__(self, first: int, count: int) -> Pairs:
        """Return examples ``first`` to ``first + count - 1``.

        Raises:
            ValueError: If ``first`` or ``count`` is negative.
        """
        if first < 0 or count < 0:
            raise ValueError(f"first {first} and count {count} must be 0 or more")
        out = self.outputs(count)
        _fill(self.kernel, self.seed, self.domain, first, out)
        return self.pairs_of(out)

    def pairs_of(self, out: dwell.Outputs) -> Pairs:
        """Return what a kernel has filled as the scene's pairs."""
        if self.scene.level == "normalised":
            _normalise(out, self.scene.radar.steps)
        tx, rx, target = self.sequences(out)
        return Pairs(tx, rx, target, out.label, out.group, out.split, self._parameters(out))

    def sequences(self, out: dwell.Outputs) -> tuple[NDArray, NDArray, NDArray]:
        """Return tx, rx and the target that the scene asks for."""
        steps, target = self.scene.radar.steps, self.scene.target
        if target in ("rcs", "profile"):
            return out.tx, out.rx, out.rcs_dbsm
        if target == "tx2rx":
            return out.tx, out.rx, out.rx
        if target == "forecast":
            following = sliding_window_view(out.rx[:, 1:], self.scene.horizon, axis=1)
            tx, rx = (np.ascontiguousarray(values[:, :steps]) for values in (out.tx, out.rx))
            return tx, rx, np.ascontiguousarray(following)
        return out.tx, out.rx, out.echo

    def _parameters(self, out: dwell.Outputs) -> dict[str, NDArray[np.float32]]:
        """Return what was drawn, by name; the noise power only where white noise is all."""
        named = self._named_sizes(out.label, out.sizes)
        for name, values in zip(self._signal_names, out.signal.T, strict=True):
            if name != "noise_power_m2" or self.scene.has_white_noise_alone:
                named[name] = values.astype(np.float32)
        for name in told_by(self.kernel.effects):
            named[name] = out.told[:, TOLD.index(name)].astype(np.float32)
        return named

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


def _fill(
    kernel: dwell.Dwell | pulse.FastTime,
    seed: np.uint64,
    domain: int,
    first: int,
    out: dwell.Outputs,
) -> None:
    """Fill the outputs from example ``first`` on, by the kernel of the scene's mode."""
    index = np.uint64(first)
    if isinstance(kernel, dwell.Dwell):
        dwell.fill(kernel, seed, domain, index, out)
        return
    pulse.fill(kernel, seed, domain, index, out)
    if kernel.effects.any:
        reference_m2 = kernel.reference_m2
        extra_impairments.fill(
            kernel.effects, reference_m2, seed, domain, index, pulse.SNR_COLUMN, out
        )


def _normalise(out: dwell.Outputs, steps: int) -> None:
    """Scale rx and the echo, in place, by one number an example: rx has a mean power of 1."""
    power = np.mean(np.abs(out.rx[:, :steps].astype(np.complex128)) ** 2, axis=1)
    scale = (1.0 / np.sqrt(np.maximum(power, np.finfo(np.float64).tiny)))[:, np.newaxis]
    for values in (out.rx, out.echo):
        values *= scale.astype(np.float32)
