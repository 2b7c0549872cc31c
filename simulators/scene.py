"""The scene: everything that a simulated dataset is a function of, besides seed and index."""

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from simulators.fast_time import MOST_PULSE_STEPS, Pulse, WaveformSamples
from simulators.objects import (
    STRICT,
    AnyObject,
    Interval,
    Sphere,
    check_interval,
)
from simulators.units import wavelength_m, wavenumber

CodeName = Literal["constant", "barker", "frank", "p1", "p2", "p3", "p4", "zadoff_chu", "random"]
Mode = Literal["dwell", "pulse"]
TargetName = Literal["echo", "profile"]
SPLIT_NAMES = ("train", "validation", "test")
MOST_STEPS = 65_536
MOST_OBJECTS = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Radar:
    """The radar's dwell: ``steps`` pulses, one complex sample each.

    Attributes:
        carrier_hz: Carrier frequency [Hz].
        pulse_interval_s: Time from pulse to pulse [s].
        steps: Pulses in a dwell; the sequence length.
        code: The phase code over the pulses, see ``simulators.waveforms``.
    """

    __pydantic_config__: ClassVar = STRICT

    carrier_hz: float = 10e9
    pulse_interval_s: float = 2e-3
    steps: int = 32
    code: CodeName = "p4"

    def __post_init__(self) -> None:
        """Refuse values that are not positive, and sequences of absurd length."""
        if not 1e6 <= self.carrier_hz <= 1e13:
            raise ValueError(f"carrier_hz must be 1e6 to 1e13, got {self.carrier_hz}")
        if not 1e-9 <= self.pulse_interval_s <= 1e3:
            raise ValueError(f"pulse_interval_s must be 1e-9 to 1e3, got {self.pulse_interval_s}")
        if not 2 <= self.steps <= MOST_STEPS:
            raise ValueError(f"steps must be 2 to {MOST_STEPS}, got {self.steps}")


@dataclass(frozen=True, kw_only=True)
class Motion:
    """What the tracker leaves of the motion along the line of sight; closing is positive."""

    __pydantic_config__: ClassVar = STRICT

    residual_velocity_mps: Interval = (-1.0, 1.0)
    residual_acceleration_mps2: Interval = (-2.0, 2.0)

    def __post_init__(self) -> None:
        """Refuse intervals whose ends are out of order or out of this world."""
        check_interval("residual_velocity_mps", self.residual_velocity_mps, -1e5, 1e5)
        check_interval("residual_acceleration_mps2", self.residual_acceleration_mps2, -1e6, 1e6)


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """The receiver: white circular noise at a signal-to-noise ratio per sample."""

    __pydantic_config__: ClassVar = STRICT

    snr_db: Interval = (0.0, 20.0)

    def __post_init__(self) -> None:
        """Refuse an interval whose ends are out of order or beyond what float32 holds."""
        check_interval("snr_db", self.snr_db, -100.0, 100.0)


@dataclass(frozen=True, kw_only=True)
class Split:
    """Shares of the objects that train, validate and test; what is left over is test."""

    __pydantic_config__: ClassVar = STRICT

    train: float = 0.7
    validation: float = 0.15

    def __post_init__(self) -> None:
        """Refuse shares that are negative or add up to more than 1."""
        if min(self.train, self.validation) < 0 or self.train + self.validation > 1:
            raise ValueError(
                f"split.train {self.train} and split.validation {self.validation} "
                "must be 0 or more and add up to at most 1"
            )

    @property
    def test(self) -> float:
        """The share that is left for testing."""
        return max(0.0, round(1 - self.train - self.validation, 9))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Radar, receiver, motion and the object classes: what a recipe says.

    Attributes:
        objects: The object classes; their order is the order of the labels.
        objects_per_class: How many objects (sizes) there are of each class. 0 makes a new object
            for every example.
        split: How the objects are shared out between training, validation and test.
        mode: ``dwell``: one sample a pulse, slow time. ``pulse``: one pulse in fast time.
        target: What to output at each step: the echo without noise, or in pulse mode the range
            profile [dBsm].
        pulse: What pulse mode needs to know; None in a dwell.
        waveform_samples: What ``pulse.waveform_file`` holds.
    """

    __pydantic_config__: ClassVar = STRICT

    objects: tuple[AnyObject, ...]
    mode: Mode = "dwell"
    target: TargetName = "echo"
    pulse: Pulse | None = None
    waveform_samples: WaveformSamples | None = None
    objects_per_class: int = 500
    radar: Radar = field(default_factory=Radar)
    motion: Motion = field(default_factory=Motion)
    receiver: Receiver = field(default_factory=Receiver)
    split: Split = field(default_factory=Split)

    def __post_init__(self) -> None:
        """Refuse an empty or ambiguous catalogue, and bodies too small for their method."""
        names = self.class_names
        if not names:
            raise ValueError("objects is empty; expected at least one [[objects]] table")
        if len(set(names)) < len(names):
            raise ValueError(f"objects: two of them share a name: {', '.join(names)}")
        if not 0 <= self.objects_per_class <= MOST_OBJECTS:
            raise ValueError(
                f"objects_per_class is {self.objects_per_class}; expected 0 to {MOST_OBJECTS:,}"
            )
        shares = (self.split.train, self.split.validation, self.split.test)
        for part, share, count in zip(SPLIT_NAMES, shares, self.objects_per_split, strict=True):
            if self.objects_per_class and share > 0 and count == 0:
                raise ValueError(
                    f"objects_per_class is {self.objects_per_class}, too few for a {part} share "
                    f"of {share:g}; expected at least {math.ceil(1 / share)}, or 0 for a new "
                    "object in every example"
                )
        lowest_hz = self.radar.carrier_hz if self.mode == "dwell" else self._check_pulse()
        if self.mode == "dwell":
            self._check_dwell()
        for item in self.objects:
            item.check_physics(wavenumber(lowest_hz))

    def _check_dwell(self) -> None:
        for key in ("pulse", "waveform_samples"):
            if getattr(self, key) is not None:
                raise ValueError(f'{key} is set, but mode is "dwell"; expected mode = "pulse"')
        if self.target == "profile":
            raise ValueError('target is "profile", but mode is "dwell"; expected mode = "pulse"')

    def _check_pulse(self) -> float:
        """Refuse what does not fit a pulse; return the lowest frequency of its band [Hz]."""
        pulse, steps = self.fast_time, self.radar.steps
        if steps > MOST_PULSE_STEPS:
            raise ValueError(
                f"radar.steps is {steps} in pulse mode; expected 2 to {MOST_PULSE_STEPS}"
            )
        pulse.samples(steps, self.waveform_samples)
        pulse.check_gate(steps)
        for item in self.objects:
            pulse.check_body(item.name, item.largest_extent_m(), steps)
        lowest_hz = self.radar.carrier_hz - pulse.sample_rate_hz / 2
        if lowest_hz <= 0.05 * self.radar.carrier_hz:
            raise ValueError(
                f"pulse.sample_interval_s: a sample rate of {pulse.sample_rate_hz:g} Hz does not "
                f"fit a carrier of {self.radar.carrier_hz:g} Hz; expected less than 1.9 times it"
            )
        return lowest_hz

    @property
    def fast_time(self) -> Pulse:
        """The pulse of pulse mode, the default one where the recipe says nothing of it."""
        return self.pulse or Pulse()

    @property
    def longest_body_m(self) -> float:
        """The largest tip-to-tip extent that any class allows [m]."""
        return max(item.largest_extent_m() for item in self.objects)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names that the labels index."""
        return tuple(item.name for item in self.objects)

    @property
    def objects_per_split(self) -> tuple[int, int, int]:
        """How many objects of each class train, validate and test."""
        shares = (self.split.train, self.split.train + self.split.validation)
        first, second = (math.floor(self.objects_per_class * share + 0.5) for share in shares)
        return first, second - first, self.objects_per_class - second

    @property
    def size_names(self) -> tuple[str, ...]:
        """The names of all sizes in the catalogue, each once, in order of appearance."""
        return tuple(dict.fromkeys(size for item in self.objects for size in item.size_names))

    def warnings(self) -> tuple[str, ...]:
        """Return what a user should know of this scene: where its Doppler aliases, what is lost.

        A dwell samples the Doppler of the whole body without aliasing while the rotation from
        pulse to pulse stays within wavelength / (2 D), with D the body's extent, and the residual
        velocity within wavelength / (4 T), with T the pulse interval.
        """
        if self.mode == "pulse":
            length = len(self.fast_time.samples(self.radar.steps, self.waveform_samples))
            return self.fast_time.warnings(self.longest_body_m, self.radar.steps, length)
        found = []
        length, interval = wavelength_m(self.radar.carrier_hz), self.radar.pulse_interval_s
        for item in self.objects:
            turn, limit = item.tumble_rad_per_s[1] * interval, length / item.largest_extent_m() / 2
            if item.kind != Sphere.kind and turn > limit:
                found.append(
                    f"objects.{item.name}: turns up to {turn:.4f} rad from pulse to pulse, "
                    f"above wavelength / (2 D) = {limit:.4f} rad: its Doppler aliases. "
                    f"A pulse_interval_s of {interval * limit / turn:.2e} or less would not"
                )
        dwell_s = interval * (self.radar.steps - 1)
        fastest = max(abs(v) for v in self.motion.residual_velocity_mps)
        fastest += dwell_s * max(abs(a) for a in self.motion.residual_acceleration_mps2)
        if fastest > length / interval / 4:
            found.append(
                f"motion: up to {fastest:g} m/s along the line of sight, above "
                f"wavelength / (4 T) = {length / interval / 4:.3g} m/s: the Doppler aliases. "
                f"A pulse_interval_s of {length / fastest / 4:.2e} or less would not"
            )
        return tuple(found)
