"""The generator: (scene, seed, first, count) to Tx/Rx pairs, targets, labels and parameters."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from simulators.amplitudes.tabulate import Progress
from simulators.impairments.environment import Environment
from simulators.impairments.fluctuation import Fluctuation
from simulators.impairments.receiver import Receiver
from simulators.kernels import dwell, pulse, signal_chain
from simulators.kernels.draws import FRESH_TEST, FRESH_TRAIN, FRESH_VALIDATION, STORED
from simulators.kernels.setup import scene_arrays
from simulators.objects import MAX_SIZES
from simulators.scene import Scene

__all__ = ["FRESH_TEST", "FRESH_TRAIN", "FRESH_VALIDATION", "STORED", "PairGenerator", "Pairs"]

MAX_SEED = 2**64 - 1
_REFERENCE_EXAMPLES = 8192  # their mean power is taken for that of the scene


@dataclass(frozen=True)
class Pairs:
    """A batch of simulated examples; the step axis is slow time in a dwell, fast time in a pulse.

    Attributes:
        tx: Transmitted code, complex64 ``(count, steps)``.
        rx: Received samples, complex64 ``(count, steps)``, in sqrt(m^2): |rx|^2 is an RCS. At
            level "normalised" their mean power is 1.
        target: See ``Scene.target``: the echo without noise, complex64 ``(count, steps)``; its
            cross-section, in a pulse that of each range bin [dBsm], at least -60, float32; for
            "tx2rx" the received samples; for "forecast" those that follow each step, complex64
            ``(count, steps, horizon)``.
        label: Object class, int32 ``(count,)``.
        group: Number of the object, int64 ``(count,)``: a split never divides a group.
        split: 0 train, 1 validation, 2 test, uint8 ``(count,)``.
        parameters: Drawn and realised values by name with unit, float32 ``(count,)`` each.
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
        arrays: The scene as its kernel reads it.

    Args:
        scene: Of the examples.
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
        self.arrays = scene_arrays(scene, self.seed, progress)
        if scene.receiver.snr_reference == "scene":
            self.arrays = self.arrays._replace(reference_m2=self._mean_power())

    def _mean_power(self) -> float:
        """Return the mean echo power of the scene [m^2], over its first stored examples."""
        none = signal_chain.impairments_of(
            Environment(), Receiver(), Fluctuation(), interval_s=1.0, carrier_hz=1e9
        )
        out = self.outputs(_REFERENCE_EXAMPLES)
        arrays = self.arrays._replace(impairments=none)
        self._kernel.fill(arrays, self.seed, STORED, np.uint64(0), out)
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
            signal=np.empty((count, len(self._kernel.PARAMETERS))),
            impairments=np.empty(
                (count if self.arrays.impairments.is_on else 0, len(signal_chain.PARAMETERS))
            ),
        )

    @property
    def _kernel(self) -> ModuleType:
        """The kernel of the scene's mode."""
        return dwell if self.scene.mode == "dwell" else pulse

    def __call__(self, first: int, count: int) -> Pairs:
        """Return examples ``first`` to ``first + count - 1``.

        Raises:
            ValueError: If ``first`` or ``count`` is negative.
        """
        if first < 0 or count < 0:
            raise ValueError(f"first {first} and count {count} must be 0 or more")
        out = self.outputs(count)
        self._kernel.fill(self.arrays, self.seed, self.domain, np.uint64(first), out)
        return self.pairs_of(out)

    def pairs_of(self, out: dwell.Outputs) -> Pairs:
        """Return the arrays that a kernel has filled as the scene's pairs."""
        if self.scene.level == "normalised":
            _normalise(out, self.scene.radar.steps)
        tx, rx, target = self.sequences(out)
        return Pairs(tx, rx, target, out.label, out.group, out.split, self._parameters(out))

    def sequences(self, out: dwell.Outputs) -> tuple[NDArray, NDArray, NDArray]:
        """Return tx, rx and the scene's target."""
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
        """Return the parameters by name; the noise power only of white noise alone.

        A size is NaN where an object class has none of that name.
        """
        count = len(out.label)
        named = {name: np.full(count, np.nan, dtype=np.float32) for name in self.scene.size_names}
        for index, item in enumerate(self.scene.objects):
            rows = out.label == index
            for column, name in enumerate(item.size_names):
                named[name][rows] = out.sizes[rows, column]
        for name, values in zip(self._kernel.PARAMETERS, out.signal.T, strict=True):
            if name != "noise_power_m2" or self.scene.has_white_noise_alone:
                named[name] = values.astype(np.float32)
        recorded = signal_chain.recorded_parameters(self.arrays.impairments)
        for name, values in zip(signal_chain.PARAMETERS, out.impairments.T, strict=True):
            if name in recorded:
                named[name] = values.astype(np.float32)
        return named


def _normalise(out: dwell.Outputs, steps: int) -> None:
    """Scale rx and the echo of each example in place, such that rx has a mean power of 1."""
    power = np.mean(np.abs(out.rx[:, :steps].astype(np.complex128)) ** 2, axis=1)
    scale = (1.0 / np.sqrt(np.maximum(power, np.finfo(np.float64).tiny)))[:, np.newaxis]
    for values in (out.rx, out.echo):
        values *= scale.astype(np.float32)
