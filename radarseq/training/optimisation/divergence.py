"""The eye on a run's numbers: what is no number, or out of all bounds, ends training in words."""

import math
from collections.abc import Callable
from typing import NoReturn

import torch
from torch import Tensor

from radarseq.errors import DivergedError
from radarseq.training.settings import TrainSettings

_MAX_LOSS = 1e6  # losses are nats or shares of a variance: beyond this nothing is learnt
_LOOK_EVERY = 16  # steps, on a device that one would have to wait for

AtLoss = Callable[[int, int, Tensor | None, float], None]


class DivergenceCheck:
    """Looks at the loss and the gradient of every step of an epoch.

    On the CPU at once, before the step is taken. A CUDA device runs ahead of what asks it, and a
    look would have it wait: there several steps are looked at together. Those that were taken after
    the bad one change nothing that is kept, for a checkpoint is only written after a look.

    Args:
        epoch: Its number, from 0.
        settings: Of training; the message names some.
        on_diverged: Told the epoch (from 1), the step, the examples and the value that ended it.
    """

    def __init__(self, epoch: int, settings: TrainSettings, on_diverged: AtLoss | None) -> None:
        self._epoch, self._settings, self._on_diverged = epoch, settings, on_diverged
        self._waiting: list[tuple[int, Tensor | None, str, Tensor]] = []

    def see(self, step: int, examples: Tensor | None, what: str, value: Tensor) -> None:
        """Take note of a value of a step; ``examples`` are the batch's ``(batch,)``."""
        self._waiting.append((step, examples, what, value.detach()))
        if value.device.type != "cuda" or step - self._waiting[0][0] >= _LOOK_EVERY:
            self.look()

    def look(self) -> None:
        """Look at all that was noted.

        Raises:
            DivergedError: If one is no number, or a loss is out of all bounds.
        """
        if not self._waiting:
            return
        values = torch.stack([value.double().reshape(()) for *_, value in self._waiting]).tolist()
        for (step, examples, what, _), value in zip(self._waiting, values, strict=True):
            good = abs(value) <= _MAX_LOSS if what == "loss" else math.isfinite(value)
            if not good:
                self._stop(step, examples, what, value)
        self._waiting.clear()

    def _stop(self, step: int, examples: Tensor | None, what: str, value: float) -> NoReturn:
        if self._on_diverged is not None:
            self._on_diverged(self._epoch + 1, step, examples, value)
        settings = self._settings
        named = "" if examples is None else f", on examples {_few(examples.tolist())}"
        raise DivergedError(
            f"the {what} is {value:g} at step {step} of epoch {self._epoch + 1}{named}; "
            f"{what_is_good(self._epoch)}. "
            "Look at these examples with radarseq inspect and validate; if they are sound, train "
            f"in another folder with a lower learning_rate (now {settings.learning_rate:g}), a "
            f"lower clip (now {settings.clip:g}) or layer_norm=true"
        )


def what_is_good(epochs: int) -> str:
    """Return which checkpoint is left of a run that ends after so many epochs."""
    return f"the checkpoint of epoch {epochs} is good" if epochs else "there is no checkpoint yet"


def _few(numbers: list[int]) -> str:
    shown = ", ".join(str(n) for n in numbers[:5])
    return shown if len(numbers) <= 5 else f"{shown} and {len(numbers) - 5} more"
