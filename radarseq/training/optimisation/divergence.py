"""Divergence check: a loss or gradient that is not finite, or out of all bounds, ends training."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from radarseq.errors import DivergedError
from radarseq.training.settings import TrainSettings

_MAX_LOSS = 1e6  # losses are nats or shares of a variance: beyond, training has failed
_CHECK_EVERY = 16  # iterations, on a CUDA device

# Takes the epoch (from 1), the iteration, the examples of the batch and the value.
DivergenceCallback = Callable[[int, int, Tensor | None, float], None]


class DivergenceCheck:
    """Checks the loss and the gradient of every iteration of an epoch.

    On the CPU at once, before the weights are updated. On a CUDA device, which works ahead of the
    host, a check would have to wait for it: there several iterations are checked together. Updates
    after the bad one do no harm, for a checkpoint is only written after a check.

    Args:
        epoch: Its number, from 0.
        settings: Of training; the message names some.
        on_diverged: Called before the error is raised.
    """

    def __init__(
        self, epoch: int, settings: TrainSettings, on_diverged: DivergenceCallback | None
    ) -> None:
        self._epoch, self._settings, self._on_diverged = epoch, settings, on_diverged
        self._waiting: list[tuple[int, Tensor | None, str, Tensor]] = []

    def record(self, iteration: int, examples: Tensor | None, name: str, value: Tensor) -> None:
        """Record the loss or gradient of an iteration; ``examples`` are the batch's ``(batch,)``.

        Raises:
            DivergedError: As ``check`` does, when it is time for one.
        """
        self._waiting.append((iteration, examples, name, value.detach()))
        if value.device.type != "cuda" or iteration - self._waiting[0][0] >= _CHECK_EVERY:
            self.check()

    def check(self) -> None:
        """Check all recorded values.

        Raises:
            DivergedError: If one is not a number, or a loss is out of all bounds.
        """
        if not self._waiting:
            return
        values = torch.stack([value.double().reshape(()) for *_, value in self._waiting]).tolist()
        for (iteration, examples, name, _), value in zip(self._waiting, values, strict=True):
            if not (abs(value) <= _MAX_LOSS if name == "loss" else math.isfinite(value)):
                if self._on_diverged is not None:
                    self._on_diverged(self._epoch + 1, iteration, examples, value)
                raise DivergedError(self._explain(iteration, examples, name, value))
        self._waiting.clear()

    def _explain(self, iteration: int, examples: Tensor | None, name: str, value: float) -> str:
        settings, named = self._settings, ""
        if examples is not None:
            named = f", on examples {', '.join(map(str, examples[:5].tolist()))}"
            named += f" and {len(examples) - 5} more" if len(examples) > 5 else ""
        return (
            f"the {name} is {value:g} at iteration {iteration} of epoch {self._epoch + 1}{named}; "
            f"{describe_checkpoint(self._epoch)}. "
            "Look at these examples with radarseq inspect and validate; if they are sound, train "
            f"in another folder with a lower learning_rate (now {settings.learning_rate:g}), a "
            f"lower clip (now {settings.clip:g}) or layer_norm=true"
        )


def describe_checkpoint(epochs: int) -> str:
    """Return the part of a message that names the checkpoint left after so many whole epochs."""
    return f"the checkpoint of epoch {epochs} is good" if epochs else "there is no checkpoint yet"
