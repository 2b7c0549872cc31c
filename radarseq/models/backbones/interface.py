"""Interfaces of a backbone, of a stream through it, and of an engine that computes it faster."""

from abc import ABC, abstractmethod
from typing import Protocol

import torch
from torch import Tensor, nn


class BackboneStream(Protocol):
    """State of a backbone that receives one step at a time."""

    def step(self, x: Tensor) -> Tensor:
        """Return the output (batch, channel) of the next step, from its features."""
        ...


class Backbone(nn.Module, ABC):
    """Causal sequence network whose output is as long as its input.

    Attributes:
        outputs: Channels of the output.
    """

    outputs: int

    @property
    def receptive_field(self) -> int | None:
        """Samples, the present one included, that an output depends on; None if unlimited."""
        return None

    @abstractmethod
    def forward(self, x: Tensor, length: Tensor | None = None) -> Tensor:
        """Return (step, batch, channel) from ``x`` (step, batch, feature).

        Args:
            x: Features at each step.
            length: Valid steps of each example ``(batch,)``, else all are. Only statistics over a
                batch need it: what a causal network gives at a step does not depend on padding.
        """

    def at_last_step(self, x: Tensor) -> Tensor:
        """Return ``forward(x)[-1]``, which may need less work."""
        return self(x)[-1]

    @abstractmethod
    def stream(self, batch: int) -> BackboneStream:
        """Return a stream of ``batch`` parallel sequences."""


class Engine(ABC):
    """Computes the output of one backbone, faster than torch's operations."""

    def supports(self, x: Tensor) -> bool:
        """Return whether the engine computes these features (step, batch, feature) now.

        An engine without gradients, which is the default, computes nothing while they are recorded.
        """
        return not torch.is_grad_enabled()

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, channel) from ``x`` (step, batch, feature)."""

    def at_last_step(self, x: Tensor) -> Tensor:
        """Return ``forward(x)[-1]``."""
        return self.forward(x)[-1]

    def stream(self, batch: int) -> BackboneStream | None:
        """Return a stream of the engine's own; None if the backbone's is to be used."""
        return None


class EngineBackbone(Backbone):
    """Backbone that an engine can compute in place of torch's operations.

    Attributes:
        engine: Set by ``radarseq.models.engines.select``; None for torch's operations.
    """

    engine: Engine | None = None

    def forward(self, x: Tensor, length: Tensor | None = None) -> Tensor:
        """Return (step, batch, channel) from ``x`` (step, batch, feature)."""
        if self.engine is not None and self.engine.supports(x):
            return self.engine.forward(x)
        return self.torch_forward(x)

    def at_last_step(self, x: Tensor) -> Tensor:
        """Return ``forward(x)[-1]``, which may need less work."""
        if self.engine is not None and self.engine.supports(x):
            return self.engine.at_last_step(x)
        return self.torch_at_last_step(x)

    def stream(self, batch: int) -> BackboneStream:
        """Return a stream of ``batch`` parallel sequences."""
        stream = None if self.engine is None else self.engine.stream(batch)
        return stream or self.torch_stream(batch)

    @abstractmethod
    def torch_forward(self, x: Tensor) -> Tensor:
        """Return what ``forward`` does, by torch's operations."""

    def torch_at_last_step(self, x: Tensor) -> Tensor:
        """Return what ``at_last_step`` does, by torch's operations."""
        return self.torch_forward(x)[-1]

    @abstractmethod
    def torch_stream(self, batch: int) -> BackboneStream:
        """Return a stream that computes by torch's operations."""
