"""Settings of the environment: link budget, clutter, interference, occlusion and lost pulses."""

import math
from dataclasses import dataclass, field
from typing import ClassVar

from simulators.impairments.clutter import Clutter
from simulators.impairments.dropouts import DroppedPulses, Occlusion, Spikes
from simulators.impairments.interference import Interference
from simulators.impairments.noise import noise_power_w
from simulators.objects import STRICT, Interval, check_interval
from simulators.units import wavelength_m


@dataclass(frozen=True, kw_only=True)
class RangeEquation:
    """The radar's link budget; off while ``peak_power_w`` is 0.

    Attributes:
        peak_power_w: Transmitted peak power Pt [W].
        transmit_gain_db: Antenna gain Gt [dB].
        receive_gain_db: Antenna gain Gr [dB].
        loss_db: All losses L together [dB].
        bandwidth_hz: Noise bandwidth B of a sample [Hz].
        noise_figure_db: Noise figure F [dB].
        range_m: Distance R [m].

    Reference:
        B. R. Mahafza, Radar Systems Analysis and Design Using MATLAB, section 1.6.
    """

    __pydantic_config__: ClassVar = STRICT

    peak_power_w: float = 0.0
    transmit_gain_db: float = 45.0
    receive_gain_db: float = 45.0
    loss_db: float = 6.0
    bandwidth_hz: float = 5e6
    noise_figure_db: float = 3.0
    range_m: Interval = (100e3, 100e3)

    def __post_init__(self) -> None:
        """Refuse negative powers, losses and noise figures, no bandwidth, and ranges down to 0."""
        for key in ("peak_power_w", "loss_db", "noise_figure_db"):
            if getattr(self, key) < 0:
                raise ValueError(f"{key} is {getattr(self, key)}; expected 0 or more")
        if self.bandwidth_hz <= 0:
            raise ValueError(f"bandwidth_hz is {self.bandwidth_hz}; expected above 0")
        low, high = check_interval("range_m", self.range_m)
        if low <= 0:
            raise ValueError(f"range_m is [{low}, {high}]; expected above 0")

    @property
    def is_on(self) -> bool:
        """Whether there is a transmitter."""
        return self.peak_power_w > 0

    def echo_power_w(self, rcs_m2: float, range_m: float, carrier_hz: float) -> float:
        """Return the echo power [W]: Pt Gt Gr l^2 sigma / ((4 pi)^3 R^4 L).

        Free space, a body in the far field and within the beam; no atmosphere beyond ``loss_db``.
        """
        gains = 10.0 ** ((self.transmit_gain_db + self.receive_gain_db - self.loss_db) / 10.0)
        spread = (4.0 * math.pi) ** 3 * range_m**4
        return self.peak_power_w * gains * wavelength_m(carrier_hz) ** 2 * rcs_m2 / spread

    def snr_db(self, rcs_m2: float, range_m: float, carrier_hz: float) -> float:
        """Return the signal-to-noise ratio of one sample [dB], noise k T0 F B.

        Example:
            >>> radar = RangeEquation(peak_power_w=1.5e6)
            >>> round(radar.snr_db(0.1, 100e3, 5.6e9), 3)
            11.343
        """
        noise_w = noise_power_w(self.bandwidth_hz, self.noise_figure_db)
        return 10.0 * math.log10(self.echo_power_w(rcs_m2, range_m, carrier_hz) / noise_w)

    def noise_equivalent_rcs_m2(self, range_m: float, carrier_hz: float) -> float:
        """Return the RCS [m^2] whose echo equals the noise; it grows with range_m^4.

        The noise power for samples in sqrt(m^2), where |rx|^2 is an RCS.
        """
        noise_w = noise_power_w(self.bandwidth_hz, self.noise_figure_db)
        return noise_w / self.echo_power_w(1.0, range_m, carrier_hz)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The impairments outside the receiver; off by default."""

    __pydantic_config__: ClassVar = STRICT

    range_equation: RangeEquation = field(default_factory=RangeEquation)
    clutter: Clutter = field(default_factory=Clutter)
    interference: Interference = field(default_factory=Interference)
    occlusion: Occlusion = field(default_factory=Occlusion)
    dropped: DroppedPulses = field(default_factory=DroppedPulses)
    spikes: Spikes = field(default_factory=Spikes)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is added to the echo and nothing lost on its way into the recording."""
        return (
            not (self.clutter.is_on or self.interference.is_on)
            and self.dropped.probability == 0.0
            and self.spikes.probability == 0.0
        )
