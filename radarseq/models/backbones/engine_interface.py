"""What another way to a backbone's answers has to offer."""

from abc import ABC, abstractmethod
from typing import Protocol

import torch
from torch import Tensor


class Step(Protocol):
    """A backbone that is fed one step after the other."""

    def step(self, x: Tensor) -> Tensor:
        """Return the output (batch, channel) of the next step, from its features."""
        ...


class Engine(ABC):
    """Another way to the same answers; what it does not say otherwise, it has not of its own."""

    def supports(self, x: Tensor) -> bool:
        """Return whether it computes these features (step, batch, feature), as things stand.

        Whether gradients are asked for is one of these things.
        """
        return not torch.is_grad_enabled()

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, channel) from ``x`` (step, batch, feature)."""

    def at_last_step(self, x: Tensor) -> Tensor:
        """Return ``forward(x)[-1]``."""
        return self.forward(x)[-1]

    def stream(self, batch: int) -> Step | None:
        """Return a state that takes one step after the other; None leaves it to the backbone."""
        return None
