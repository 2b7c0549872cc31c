"""Settings of pulse mode: one pulse in fast time, and its receive gate."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from simulators.objects import STRICT, Interval, ObjectClass, check_interval
from simulators.units import SPEED_OF_LIGHT_MPS
from simulators.waveforms.codes import WAVEFORMS, Samples, longest, waveform

if TYPE_CHECKING:
    WaveformName = str
else:  # from the table of waveforms, so that a new one is named once
    WaveformName = Literal[tuple(WAVEFORMS)]
MAX_PULSE_STEPS = 1024


@dataclass(frozen=True, kw_only=True)
class WaveformSamples:
    """A user's waveform for one pulse: in-phase and quadrature samples.

    Scaled to mean power 1, so that ``snr_db`` and |rx|^2 keep their meaning.
    """

    __pydantic_config__: ClassVar = STRICT

    i: tuple[float, ...]
    q: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse parts of different length, and samples that are not finite or all 0."""
        if len(self.i) != len(self.q) or not self.i:
            raise ValueError(
                f"i has {len(self.i)} samples, q {len(self.q)}; expected the same number, > 0"
            )
        if not np.isfinite(self.i + self.q).all() or not any(self.i + self.q):
            raise ValueError("i and q must be finite, and not all 0")

    def unit_power(self) -> Samples:
        """Return the samples scaled to mean power 1, complex128 ``(length,)``."""
        samples = np.array(self.i) + 1j * np.array(self.q)
        return samples / np.sqrt(np.mean(np.abs(samples) ** 2))


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """One pulse: its waveform, its sampling, and where the body lies in the receive gate.

    The gate has ``radar.steps`` samples, as the transmitted sequence has; a waveform that is
    shorter is followed by zeros.

    Attributes:
        sample_interval_s: Time from sample to sample [s]; c / 2 times it is the range bin.
        waveform: One of ``simulators.waveforms.codes.WAVEFORMS``; by default LFM.
        waveform_file: File of a waveform instead, ``.npy`` or ``.csv``, relative to the recipe.
        length: Samples in the waveform; 0 takes the longest that fits ``radar.steps``.
        bandwidth_hz: Of LFM, NLFM and OFDM [Hz]; 0 takes the whole sample rate.
        offset_m: Range of the body's centre beyond the first range bin [m]. By default any that
            puts the whole echo into the gate, as far as possible.
        circular: Whether an echo that leaves the gate at its end returns at its start, as with a
            periodic waveform; else it is lost.
    """

    __pydantic_config__: ClassVar = STRICT

    sample_interval_s: float = 1e-9
    waveform: WaveformName | None = None
    waveform_file: str = ""
    length: int = 0
    bandwidth_hz: float = 0.0
    offset_m: Interval | None = None
    circular: bool = False

    def __post_init__(self) -> None:
        """Refuse values out of range, and keys that contradict each other."""
        if not 1e-13 <= self.sample_interval_s <= 1.0:
            raise ValueError(f"sample_interval_s must be 1e-13 to 1, got {self.sample_interval_s}")
        if self.length < 0:
            raise ValueError(f"length is {self.length}; expected 0 or more")
        if self.offset_m is not None:
            check_interval("offset_m", self.offset_m, -1e6, 1e6)
        if self.waveform_file:
            for key in ("waveform", "length", "bandwidth_hz"):
                if getattr(self, key):
                    raise ValueError(
                        f"{key} is set together with waveform_file; remove one of them"
                    )
        if self.bandwidth_hz and not WAVEFORMS[self.name].has_bandwidth:
            with_bandwidth = (name for name, kind in WAVEFORMS.items() if kind.has_bandwidth)
            raise ValueError(
                f"bandwidth_hz is set, but {self.name} has one chip per sample; expected it only "
                f"with {', '.join(with_bandwidth)}"
            )
        if not 0 <= self.bandwidth_hz <= self.sample_rate_hz * (1 + 1e-9):
            raise ValueError(
                f"bandwidth_hz is {self.bandwidth_hz:g}; expected 0 to the sample rate "
                f"{self.sample_rate_hz:g} Hz, or a shorter sample_interval_s"
            )

    @property
    def name(self) -> str:
        """The waveform's name."""
        return self.waveform or "lfm"

    @property
    def sample_rate_hz(self) -> float:
        """Samples per second [Hz]."""
        return 1.0 / self.sample_interval_s

    @property
    def bin_m(self) -> float:
        """Range bin [m]: c / 2 times the sample interval."""
        return SPEED_OF_LIGHT_MPS * self.sample_interval_s / 2

    def samples(self, steps: int, own: WaveformSamples | None) -> Samples:
        """Return the transmitted pulse without the zeros after it, complex128 ``(length,)``.

        Args:
            steps: Samples in the gate.
            own: Samples of ``waveform_file``.

        Raises:
            ValueError: Naming the key, if the pulse is longer than the gate, or does not exist.
        """
        if own is not None:
            if len(own.i) > steps:
                raise ValueError(
                    f"pulse.waveform_file holds {len(own.i)} samples, more than radar.steps = "
                    f"{steps}; expected at most {steps}"
                )
            return own.unit_power()
        if self.waveform_file:
            raise ValueError(
                f"pulse.waveform_file {self.waveform_file!r} has not been read; expected the "
                "recipe as a file in the same folder, or a [waveform_samples] table in its text"
            )
        length = self.length or longest(self.name, steps)
        if length > steps or not length:
            raise ValueError(
                f"pulse.length is {length} for {self.name}, radar.steps {steps}; expected a "
                "length of 1 to radar.steps, or more steps"
            )
        bandwidth = self.bandwidth_hz * self.sample_interval_s or 1.0
        try:
            return waveform(self.name, length, bandwidth=min(bandwidth, 1.0))
        except ValueError as error:
            raise ValueError(f"pulse.length: {error}") from error

    def offsets_m(self, extent_m: float, steps: int, length: int) -> Interval:
        """Return the range interval [m] of a body's centre; the longest body has ``extent_m``."""
        if self.offset_m is not None:
            return self.offset_m
        if self.circular:
            return 0.0, steps * self.bin_m
        nearest = extent_m / 2
        return nearest, max(nearest, (steps - length) * self.bin_m - extent_m / 2)

    def check_gate(self, steps: int) -> None:
        """Refuse offsets that put the body's centre outside the gate.

        Raises:
            ValueError: Naming the key.
        """
        if self.offset_m is not None:
            low, high = self.offset_m
            if low < 0 or high > steps * self.bin_m:
                raise ValueError(
                    f"pulse.offset_m is [{low}, {high}]; expected 0 to {steps * self.bin_m:.4g}, "
                    f"the gate of {steps} samples"
                )

    def check_body(self, item: ObjectClass, steps: int) -> None:
        """Refuse a body longer than the gate.

        Raises:
            ValueError: Naming the object class.
        """
        name, extent_m = item.name, item.largest_extent_m()
        if extent_m > steps * self.bin_m:
            needed = extent_m / steps / self.bin_m * self.sample_interval_s
            raise ValueError(
                f"objects.{name}: up to {extent_m:.3g} m long, but the gate of {steps} samples "
                f"spans {steps * self.bin_m:.3g} m; expected smaller bodies, more radar.steps, or "
                f"a pulse.sample_interval_s of {needed:.2e} or more"
            )

    def warnings(self, extent_m: float, steps: int, length: int) -> tuple[str, ...]:
        """Return warnings about echoes that leave the gate and bodies within one range bin.

        Args:
            extent_m: Of the longest body [m].
            steps: Samples in the gate.
            length: Samples in the waveform.
        """
        found = []
        nearest, farthest = self.offsets_m(extent_m, steps, length)
        before = max(0.0, extent_m / 2 - nearest) / self.bin_m
        after = max(0.0, (farthest + extent_m / 2) / self.bin_m + length - steps)
        lost = math.ceil(max(before, after) - 1e-9)
        if lost > 0 and not self.circular:
            found.append(
                f"pulse: up to {lost} samples of an echo leave the gate of {steps} (eclipsing): "
                f"the waveform has {length}, bodies span up to {extent_m / self.bin_m:.1f} range "
                "bins. A shorter pulse.length, other pulse.offset_m or circular = true avoids it"
            )
        if extent_m < self.bin_m:
            found.append(
                f"pulse: no body is longer than {extent_m:.3g} m, a range bin is {self.bin_m:.3g} "
                "m: every profile is one point. A shorter pulse.sample_interval_s resolves bodies"
            )
        return tuple(found)
