"""Types of a network's inputs and outputs, which its training data determine."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """Shapes and kinds of a network's inputs and outputs, which its training data determine.

    Attributes:
        is_complex: Whether samples are complex.
        channels: Channels (range bins, features, voices) at each step.
        steps: Length of the sequences in training.
        target: ``"complex"``, ``"real"``, ``"symbol"``, or ``""`` where there is no target.
        target_channels: Channels of the target at each step; of a forecast, the channels of the
            first step ahead, then those of the second, and so on.
        classes: Number of classes; 0 without labels.
        coded: Whether a transmitted code goes with the samples.
        horizon: Steps that the target lies ahead of each step; 0 if it is not a forecast.
        symbols: Number of symbols of the input; 0 where it consists of samples.
        target_symbols: Number of symbols of the target; 0 where it is not a ``"symbol"``.
        standardised: Whether a real target is standardised by its own statistics. The first models
            had it in units of the input's level.
        sample_interval_s: Of the samples, for features defined in hertz; 0 where it is unknown, as
            in the first models.
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
    """Outputs of a network.

    Attributes:
        sequence: The target's estimate, as long as the input: ``(batch, step)`` where the target
            has one channel, else ``(batch, step, channel)``; None if there is none.
        logits: Class scores ``(batch, class)``; None if there is none.
        symbols: Symbol scores ``(batch, step, voice, symbol)``; None if there is none.
        hidden: Inputs of the layer that gives the class scores ``(batch, value)``; None without
            a class.
    """

    sequence: Tensor | None
    logits: Tensor | None
    symbols: Tensor | None = None
    hidden: Tensor | None = None
