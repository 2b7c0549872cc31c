"""The settings of training: data with reasons, saved with every run."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How a model is trained.

    Attributes:
        epochs: At most this many passes; one pass over fresh pairs is ``pairs_per_epoch``.
        schedule_epochs: Over how many epochs the learning rate falls; 0 takes ``epochs``. A run
            that is resumed to more epochs keeps its schedule and goes on at its floor.
        batch_size: Examples in a step.
        learning_rate: At its peak, after the warm-up.
        weight_decay: Of AdamW.
        warmup: Share of the schedule in which the rate rises.
        clip: Largest norm of the gradient; a step beyond it is shortened.
        patience: Epochs without a better validation loss before training stops; 0 never stops.
        echo_weight: Of the echo's log error (nats) beside the class's cross-entropy (nats).
        redraw_noise: Whether each epoch adds new noise to the stored echoes of a simulated
            dataset; stored examples then last longer before they are learnt by heart.
        seed: Of the initial weights, the order of the examples and the dropout.
        pairs_per_epoch: Of fresh pairs.
        validation_pairs: Of fresh pairs, the same in every epoch.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    epochs: int = 30
    schedule_epochs: int = 0
    batch_size: int = 256
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    warmup: float = 0.1
    clip: float = 1.0
    patience: int = 10
    echo_weight: float = 0.2
    redraw_noise: bool = True
    seed: int = 0
    pairs_per_epoch: int = 20_000
    validation_pairs: int = 4_000

    def __post_init__(self) -> None:
        """Refuse values that cannot train."""
        for name in ("epochs", "batch_size", "pairs_per_epoch", "validation_pairs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 1 or more")
        for name in ("learning_rate", "clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected above 0")
        for name in ("schedule_epochs", "weight_decay", "patience", "echo_weight", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 0 or more")
        if self.seed >= 2**63:
            raise ValueError(f"seed is {self.seed}; expected 0 to 2^63 - 1")
        if not 0 <= self.warmup < 1:
            raise ValueError(f"warmup is {self.warmup}; expected 0 to below 1")
