"""Settings of the receiver: its signal-to-noise ratio and its imperfections.

In the signal's order these are local oscillator, noise, mixer and converter: phase noise turns what
arrives, imbalance and offset act on signal and noise alike, and the converter sees it all.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from simulators.impairments.adc import Adc
from simulators.impairments.intervals import check_name
from simulators.impairments.mixer import DcOffset, IqImbalance
from simulators.impairments.phase_noise import PhaseNoise
from simulators.objects import STRICT, Interval, check_interval

DEFAULT_SNR_DB: Interval = (0.0, 20.0)

SnrReference = Literal["example", "scene"]


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """The receiver: white circular noise, and imperfections, which are off by default.

    Attributes:
        snr_db: Signal-to-noise ratio of a sample [dB]; 0 to 20 dB unless the range equation sets
            the noise.
        snr_reference: Whose power is compared with the noise: ``example``, the mean power of this
            example's echo; ``scene``, the mean over the scene, so that a strong object stands
            further out of the noise than a weak one.
        phase_noise: Of the local oscillator.
        iq_imbalance: Of the mixer.
        dc_offset: Of the mixer.
        adc: The converter.
    """

    __pydantic_config__: ClassVar = STRICT

    snr_db: Interval | None = None
    snr_reference: SnrReference = "example"
    phase_noise: PhaseNoise = field(default_factory=PhaseNoise)
    iq_imbalance: IqImbalance = field(default_factory=IqImbalance)
    dc_offset: DcOffset = field(default_factory=DcOffset)
    adc: Adc = field(default_factory=Adc)

    def __post_init__(self) -> None:
        """Refuse an interval out of order or beyond what float32 holds, and an unknown name."""
        check_interval("snr_db", self.snr_interval_db, -100.0, 100.0)
        check_name("snr_reference", self.snr_reference, get_args(SnrReference))

    @property
    def snr_interval_db(self) -> Interval:
        """The interval that the signal-to-noise ratio is drawn from [dB]."""
        return DEFAULT_SNR_DB if self.snr_db is None else self.snr_db

    @property
    def is_white(self) -> bool:
        """Whether the receiver does nothing but add white noise."""
        imperfections = (self.phase_noise, self.iq_imbalance, self.dc_offset, self.adc)
        return not any(item.is_on for item in imperfections)
