"""The settings of a model: data with reasons, saved with every run."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from radarseq.features import FEATURE_NAMES

ModelName = Literal["wavenet", "lstm", "gru", "rnn"]
Task = Literal["both", "classify", "echo"]


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """What a network is built from.

    Attributes:
        model: Which network.
        task: The class, the same-length echo, or both.
        causal: Whether the echo at a step may depend on that step and earlier ones alone. If not,
            a second network of the same kind runs backwards and the heads read both.
        width: Channels of a WaveNet layer, or of a recurrent layer's state.
        skip: Channels of WaveNet's skip sum, which the heads read.
        stacks: How often WaveNet repeats its dilations; one sees the whole sequence already.
        dilations: Kernel 2 with 1, 2, 4, 8, 16 sees exactly 32 samples.
        layers: Recurrent layers.
        dropout: Before the class is decided, and between recurrent layers.
        features: What the network is shown, see ``radarseq.features``.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    model: ModelName = "wavenet"
    task: Task = "both"
    causal: bool = True
    width: int = 32
    skip: int = 64
    stacks: int = 1
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16)
    layers: int = 2
    dropout: float = 0.1
    features: tuple[str, ...] = FEATURE_NAMES

    def __post_init__(self) -> None:
        """Refuse sizes that make no network and features that do not exist."""
        for name in ("width", "skip", "stacks", "layers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 1 or more")
        if not self.dilations or min(self.dilations) < 1:
            raise ValueError(f"dilations are {self.dilations}; expected 1 or more each")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}; expected 0 to below 1")
        unknown = [name for name in self.features if name not in FEATURE_NAMES]
        if unknown or set(self.features) <= {"spectrum"}:
            raise ValueError(
                f"features are {self.features}; expected some of {FEATURE_NAMES}, "
                "one besides spectrum"
            )
