"""What a network takes and gives: fixed by the data it is trained on."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """What a network takes and gives: fixed by the data it is trained on.

    Attributes:
        is_complex: Whether samples are complex.
        channels: Channels (range bins, features, voices) at each step.
        steps: Length of the sequences in training.
        target: ``"complex"``, ``"real"``, ``"symbol"``, or ``""`` where there is no target.
        target_channels: Channels of the target at each step; of a forecast, the channels of the
            first step ahead, then those of the second, and so on.
        classes: How many classes; 0 where there are no labels.
        coded: Whether a transmitted code goes with the samples.
        horizon: Steps that the target looks ahead at every step; 0 where it is no forecast.
        symbols: How many symbols the input is made of; 0 where it is made of samples.
        target_symbols: How many symbols the target is made of; 0 where it is no ``"symbol"``.
        standardised: Whether a real target is standardised by its own statistics. Models of
            before there were such have it in units of the input's level.
        sample_interval_s: Of the samples, for features that are told in hertz; 0 where it is not
            known, or models are older than this.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    is_complex: bool
    channels: int
    steps: int
    target: str
    target_channels: int
    classes: int
    coded: bool
    horizon: int = 0
    symbols: int = 0
    target_symbols: int = 0
    standardised: bool = False
    sample_interval_s: float = 0.0


class Output(NamedTuple):
    """What a network gives.

    Attributes:
        sequence: The target's estimate, as long as the input: ``(batch, step)`` where the target
            has one channel, else ``(batch, step, channel)``; None if not asked for.
        logits: Class scores ``(batch, class)``; None if not asked for.
        symbols: Symbol scores ``(batch, step, voice, symbol)``; None if not asked for.
        hidden: What the class scores are the last layer of ``(batch, value)``; None without them.
    """

    sequence: Tensor | None
    logits: Tensor | None
    symbols: Tensor | None = None
    hidden: Tensor | None = None
