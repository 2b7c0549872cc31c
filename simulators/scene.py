"""The scene: all settings of a simulated dataset but its seed."""

import itertools
import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from simulators.aliasing import rotation_warnings, travel_warnings
from simulators.amplitudes.tables import row_count
from simulators.impairments.environment import Environment
from simulators.impairments.fluctuation import Fluctuation
from simulators.impairments.intervals import check_name
from simulators.impairments.receiver import Receiver
from simulators.objects import STRICT, Interval, ObjectClass, Sphere, check_interval
from simulators.units import wavelength_m, wavenumber
from simulators.waveforms.pulse_settings import MAX_PULSE_STEPS, Pulse, WaveformSamples
from simulators.waveforms.responses import node_count

CodeName = Literal["constant", "barker", "frank", "p1", "p2", "p3", "p4", "zadoff_chu", "random"]
Mode = Literal["dwell", "pulse"]
Level = Literal["calibrated", "normalised"]
TargetKind = Literal["echo", "rcs", "profile", "tx2rx", "forecast"]
SPLIT_NAMES = ("train", "validation", "test")
MAX_STEPS = 65_536
MAX_OBJECTS = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Radar:
    """The radar: its carrier, the length of the sequence, and the pulses of a dwell.

    Attributes:
        carrier_hz: Carrier frequency [Hz].
        pulse_interval_s: Time from pulse to pulse of a dwell [s].
        steps: Pulses in a dwell, or samples in the gate of a pulse; the sequence length.
        code: The phase code over the pulses of a dwell, see ``simulators.waveforms.codes``.
    """

    __pydantic_config__: ClassVar = STRICT

    carrier_hz: float = 10e9
    pulse_interval_s: float = 2e-3
    steps: int = 32
    code: CodeName = "p4"

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        if not 1e6 <= self.carrier_hz <= 1e13:
            raise ValueError(f"carrier_hz must be 1e6 to 1e13, got {self.carrier_hz}")
        if not 1e-9 <= self.pulse_interval_s <= 1e3:
            raise ValueError(f"pulse_interval_s must be 1e-9 to 1e3, got {self.pulse_interval_s}")
        if not 2 <= self.steps <= MAX_STEPS:
            raise ValueError(f"steps must be 2 to {MAX_STEPS}, got {self.steps}")


@dataclass(frozen=True, kw_only=True)
class Motion:
    """Motion along the line of sight that the tracker leaves; closing is positive."""

    __pydantic_config__: ClassVar = STRICT

    residual_velocity_mps: Interval = (-1.0, 1.0)
    residual_acceleration_mps2: Interval = (-2.0, 2.0)

    def __post_init__(self) -> None:
        """Refuse intervals out of order or out of range."""
        check_interval("residual_velocity_mps", self.residual_velocity_mps, -1e5, 1e5)
        check_interval("residual_acceleration_mps2", self.residual_acceleration_mps2, -1e6, 1e6)


@dataclass(frozen=True, kw_only=True)
class Split:
    """Shares of the objects for training and validation; the rest is for testing."""

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
    """The settings of a recipe: radar, objects, impairments, and target.

    Attributes:
        objects: The object classes; their order is the order of the labels.
        objects_per_class: Objects (sizes) of each class; 0 makes a new one for every example.
        mode: ``dwell``: one sample per pulse, slow time. ``pulse``: one pulse in fast time.
        pulse: Settings of pulse mode; None in a dwell.
        waveform_samples: Content of ``pulse.waveform_file``.
        level: ``calibrated`` keeps the level, |rx|^2 is an RCS [m^2]; ``normalised`` scales every
            example to a mean power of 1, which leaves its shape alone to classify by.
        target: ``echo``, the echo without noise; in a dwell ``rcs``, its |a|^2
            [dBsm]; in a pulse ``profile``, the RCS in each range bin [dBsm]; ``tx2rx``, the
            received samples from the transmitted ones; ``forecast``, the next ``horizon``
            received samples at every step.
        horizon: Samples ahead of a ``forecast``; else 0.
        radar: The transmitter.
        motion: Along the line of sight, as the tracker leaves it.
        fluctuation: Swerling's models, off by default.
        environment: Link budget, clutter, interference and losses, off by default.
        receiver: Noise, and imperfections, off by default.
        split: Shares of the objects for training, validation and test.
        table_mib: Memory limit of the tables of amplitudes over aspect [MiB]; 0 evaluates every
            aspect by itself.
    """

    __pydantic_config__: ClassVar = STRICT

    objects: tuple[ObjectClass, ...]
    objects_per_class: int = 500
    mode: Mode = "dwell"
    pulse: Pulse | None = None
    waveform_samples: WaveformSamples | None = None
    level: Level = "calibrated"
    target: TargetKind = "echo"
    horizon: int = 0
    radar: Radar = field(default_factory=Radar)
    motion: Motion = field(default_factory=Motion)
    fluctuation: Fluctuation = field(default_factory=Fluctuation)
    environment: Environment = field(default_factory=Environment)
    receiver: Receiver = field(default_factory=Receiver)
    split: Split = field(default_factory=Split)
    table_mib: int = 512

    def __post_init__(self) -> None:
        """Refuse settings that contradict each other, and bodies too small for their method."""
        self._check_objects()
        self._check_target()
        self._check_noise()
        band_hz = self._check_dwell() if self.mode == "dwell" else self._check_pulse()
        for item, frequency_hz in itertools.product(self.objects, band_hz):
            item.check_physics(wavenumber(frequency_hz))
        self._check_tables()

    def _check_dwell(self) -> tuple[float]:
        """Refuse settings of a pulse; return the frequency [Hz]."""
        for key in ("pulse", "waveform_samples"):
            if getattr(self, key) is not None:
                raise ValueError(f'{key} is set, but mode is "dwell"; expected mode = "pulse"')
        if self.target == "profile":
            raise ValueError('target is "profile", but mode is "dwell"; expected mode = "pulse"')
        return (self.radar.carrier_hz,)

    def _check_pulse(self) -> Interval:
        """Refuse settings that do not fit a pulse; return the ends of its band [Hz]."""
        pulse, steps = self.fast_time, self.radar.steps
        if self.target == "rcs":
            raise ValueError('target is "rcs", but mode is "pulse"; expected target = "profile"')
        if steps > MAX_PULSE_STEPS:
            raise ValueError(
                f"radar.steps is {steps} in pulse mode; expected 2 to {MAX_PULSE_STEPS}"
            )
        pulse.samples(steps, self.waveform_samples)
        pulse.check_gate(steps)
        for item in self.objects:
            pulse.check_body(item, steps)
        lowest_hz = self.radar.carrier_hz - pulse.sample_rate_hz / 2
        if lowest_hz <= 0.05 * self.radar.carrier_hz:
            raise ValueError(
                f"pulse.sample_interval_s: a sample rate of {pulse.sample_rate_hz:g} Hz does not "
                f"fit a carrier of {self.radar.carrier_hz:g} Hz; expected less than 1.9 times it"
            )
        return lowest_hz, self.radar.carrier_hz + pulse.sample_rate_hz / 2

    def _check_objects(self) -> None:
        names = self.class_names
        if not names:
            raise ValueError("objects is empty; expected at least one [[objects]] table")
        if len(set(names)) < len(names):
            raise ValueError(f"objects: two of them share a name: {', '.join(names)}")
        if not 0 <= self.objects_per_class <= MAX_OBJECTS:
            raise ValueError(
                f"objects_per_class is {self.objects_per_class}; expected 0 to {MAX_OBJECTS:,}"
            )
        shares = (self.split.train, self.split.validation, self.split.test)
        for part, share, count in zip(SPLIT_NAMES, shares, self.objects_per_split, strict=True):
            if self.objects_per_class and share > 0 and count == 0:
                raise ValueError(
                    f"objects_per_class is {self.objects_per_class}, too few for a {part} share "
                    f"of {share:g}; expected at least {math.ceil(1 / share)}, or 0 for a new "
                    "object in every example"
                )

    def _check_target(self) -> None:
        check_name("mode", self.mode, get_args(Mode))
        check_name("level", self.level, get_args(Level))
        check_name("target", self.target, get_args(TargetKind))
        if self.target in ("rcs", "profile") and self.level == "normalised":
            raise ValueError(
                f'target = "{self.target}" is a level in dBsm, which level = "normalised" takes '
                'away; choose level = "calibrated", or another target'
            )
        if self.target == "forecast" and not 1 <= self.horizon < self.radar.steps:
            raise ValueError(
                f'horizon is {self.horizon}; target = "forecast" needs 1 to '
                f"{self.radar.steps - 1}, below radar.steps"
            )
        if self.target != "forecast" and self.horizon != 0:
            raise ValueError(
                f'horizon is {self.horizon}, which only target = "forecast" has; '
                f'target is "{self.target}"'
            )

    def _check_noise(self) -> None:
        if not self.environment.range_equation.is_on:
            return
        for key, found, default in (
            ("snr_db", self.receiver.snr_db, None),
            ("snr_reference", self.receiver.snr_reference, "example"),
        ):
            if found != default:
                raise ValueError(
                    f"receiver.{key} and environment.range_equation.peak_power_w both set the "
                    f"noise; leave out receiver.{key}, or set peak_power_w = 0"
                )

    def _check_tables(self) -> None:
        if self.table_mib < 0:
            raise ValueError(f"table_mib is {self.table_mib}; expected 0 (no tables) or more")
        needed = self.table_bytes / 2**20
        if self.table_mib and needed > self.table_mib:
            fitting = int(self.objects_per_class * self.table_mib / needed)
            raise ValueError(
                f"table_mib is {self.table_mib}: tables of {self.objects_per_class:,} objects a "
                f"class take {needed:,.0f} MiB. Set objects_per_class to {fitting:,} or less, or "
                f"raise table_mib; table_mib = 0 evaluates every aspect instead, and is slower"
            )

    @property
    def tabulated(self) -> tuple[bool, ...]:
        """Whether each class is to be tabulated over its aspect, if that is exact enough."""
        if not self.table_mib or not self.objects_per_class:
            return (False,) * len(self.objects)
        is_pulse = self.mode == "pulse"  # where a look-up saves a sphere its series, node by node
        return tuple(
            item.axisymmetric and (is_pulse or item.kind != Sphere.kind) for item in self.objects
        )

    @property
    def tabulated_objects(self) -> int:
        """Number of objects with amplitude tables."""
        return self.objects_per_class * sum(self.tabulated)

    @property
    def table_bytes(self) -> int:
        """Size of the tables before any refinement."""
        half_band_hz = self.fast_time.sample_rate_hz / 2 if self.mode == "pulse" else 0.0
        length = wavelength_m(self.radar.carrier_hz + half_band_hz)
        rows = (
            row_count(item.aspect_extent_m(), length)
            for item, use in zip(self.objects, self.tabulated, strict=True)
            if use
        )
        return 8 * self.objects_per_class * self.amplitude_count * sum(rows)

    @property
    def amplitude_count(self) -> int:
        """Number of frequencies at which the amplitude of a body is taken."""
        if self.mode == "dwell":
            return 1
        longest_m = max(item.echo_length_m() for item in self.objects)
        return node_count(longest_m, self.fast_time.sample_interval_s)

    @property
    def has_white_noise_alone(self) -> bool:
        """Whether rx is the target in white noise, which may then be drawn again."""
        return (
            self.target == "echo"
            and self.level == "calibrated"
            and self.receiver.is_white
            and self.environment.is_quiet
        )

    @property
    def fast_time(self) -> Pulse:
        """The pulse of pulse mode; the default where the recipe has none."""
        return self.pulse or Pulse()

    @property
    def longest_body_m(self) -> float:
        """Largest tip-to-tip extent over all classes [m]."""
        return max(item.largest_extent_m() for item in self.objects)

    @property
    def sample_interval_s(self) -> float:
        """Time from step to step [s]."""
        if self.mode == "pulse":
            return self.fast_time.sample_interval_s
        return self.radar.pulse_interval_s

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the labels."""
        return tuple(item.name for item in self.objects)

    @property
    def objects_per_split(self) -> tuple[int, int, int]:
        """Objects of each class for training, validation and test."""
        shares = (self.split.train, self.split.train + self.split.validation)
        first, second = (math.floor(self.objects_per_class * share + 0.5) for share in shares)
        return first, second - first, self.objects_per_class - second

    @property
    def size_names(self) -> tuple[str, ...]:
        """Names of all sizes of the classes, each once, in order of appearance."""
        return tuple(dict.fromkeys(size for item in self.objects for size in item.size_names))

    def warnings(self) -> tuple[str, ...]:
        """Return warnings: of an aliasing Doppler, of echoes beyond a pulse's gate, of objects."""
        of_objects = (warning for item in self.objects for warning in item.warnings())
        steps = self.radar.steps
        if self.mode == "pulse":
            length = len(self.fast_time.samples(steps, self.waveform_samples))
            return (*self.fast_time.warnings(self.longest_body_m, steps, length), *of_objects)
        sampling = (wavelength_m(self.radar.carrier_hz), self.radar.pulse_interval_s)
        speeds = (self.motion.residual_velocity_mps, self.motion.residual_acceleration_mps2)
        return (
            *rotation_warnings(self.objects, *sampling),
            *travel_warnings(*speeds, *sampling, steps),
            *of_objects,
        )
