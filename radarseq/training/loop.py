"""The training loop: forward, loss, backward, clip, step; an epoch, a validation, a checkpoint."""

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils import clip_grad_norm_

from radarseq.errors import DivergedError
from radarseq.models.network import Network
from radarseq.training.average import Average
from radarseq.training.batches import Batch, BatchSource, epoch_seed
from radarseq.training.objective import EpochRow, Objective, batch_loss, loss_of
from radarseq.training.settings import TrainSettings

_FLOOR_RATE = 0.02  # of the peak learning rate, at the end of the schedule
_VALIDATION_BATCH = 2048
_LARGEST_LOSS = 1e6  # losses are nats or shares of a variance: beyond this nothing is learnt
# What makes an epoch the best, the first of them that there is.
_SCORES = ("validation_last_mse", "validation_loss")


@dataclass
class Progress:
    """Where training stands; with the weights and the optimiser, all that a resumed run needs.

    Attributes:
        history: One row an epoch, as in ``metrics.csv``.
        best_loss: The lowest score so far: the validation loss, or a forecast's error at the last
            step.
        best_epoch: Its epoch, counted from 1; 0 before the first.
        waits_from: The epoch from which patience counts; later than the best one where a run that
            had stopped was resumed.
    """

    history: list[EpochRow] = field(default_factory=list)
    best_loss: float = math.inf
    best_epoch: int = 0
    waits_from: int = 0

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.history)

    def is_stale(self, patience: int) -> bool:
        """Return whether the score has not fallen for as long as patience lasts."""
        return 0 < patience <= self.epoch - max(self.best_epoch, self.waits_from)


@dataclass(frozen=True)
class Judgement:
    """What validation came to.

    Attributes:
        metrics: The loss and its parts, means over the examples.
        logits: Class scores ``(n, class)``; None where there is no class.
    """

    metrics: EpochRow
    logits: NDArray[np.float32] | None


AtEpoch = Callable[[Progress, bool, Judgement | None], None]
AtLoss = Callable[[int, int, Batch, float], None]


@dataclass(frozen=True)
class Trainer:
    """All that training moves.

    Attributes:
        network: Trained in place.
        source: The training batches.
        validation: Judged after every epoch; None keeps the last weights as the best.
        optimiser: Of the network's weights.
        settings: How to train.
        objective: How the parts of the loss count.
        average: Of the weights, judged in their place; None judges the weights.
        on_diverged: Told the epoch (from 1), the step, the batch and the loss that ended training.
    """

    network: Network
    source: BatchSource
    validation: Batch | None
    optimiser: torch.optim.Optimizer
    settings: TrainSettings
    objective: Objective
    average: Average | None = None
    on_diverged: AtLoss | None = None

    def judged_weights(self) -> Any:
        """Return a context in which the network carries the weights that count."""
        return nullcontext() if self.average is None else self.average.applied()


def run_epochs(trainer: Trainer, progress: Progress, at_epoch: AtEpoch) -> None:
    """Train until the last epoch, or until the validation has stopped getting better.

    Args:
        trainer: What to train, on what, and how.
        progress: Where to start; brought up to date.
        at_epoch: Called after every epoch with the progress, whether it is the best so far, and
            what validation gave.

    Raises:
        DivergedError: If the loss is no longer a number, or out of all bounds; the last checkpoint
            is good.
    """
    settings = trainer.settings
    while progress.epoch < settings.epochs and not progress.is_stale(settings.patience):
        number = progress.epoch
        torch.manual_seed(epoch_seed(settings.seed, number))  # dropout
        row, judged = {"epoch": float(number + 1)} | _train_epoch(trainer, number), None
        if trainer.validation is not None:
            objective = Objective(trainer.objective.echo_weight, trainer.objective.class_weight)
            with trainer.judged_weights():
                judged = judge(trainer.network, trainer.validation, objective)
            row |= {f"validation_{name}": value for name, value in judged.metrics.items()}
            if not math.isfinite(judged.metrics["loss"]):
                raise DivergedError(
                    f"the validation loss is {judged.metrics['loss']:g} after epoch {number + 1}; "
                    f"{_good(number)}. Look at the validation rows with radarseq validate; "
                    "if they are sound, train in another folder with a lower learning_rate "
                    f"(now {settings.learning_rate:g})"
                )
        progress.history.append(row)
        score = next((row[name] for name in _SCORES if name in row), -float(number))
        is_best = score < progress.best_loss
        if is_best:
            progress.best_loss, progress.best_epoch = score, number + 1
        at_epoch(progress, is_best, judged)


def _train_epoch(trainer: Trainer, number: int) -> EpochRow:
    network, optimiser, settings = trainer.network, trainer.optimiser, trainer.settings
    network.train()
    steps = len(trainer.source)
    total_steps = steps * settings.schedule_epochs
    sums: dict[str, float] = {}
    for index, batch in enumerate(trainer.source.epoch(number)):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(number * steps + index, total_steps, settings)
        loss, parts = batch_loss(network, batch, trainer.objective)
        if not abs(parts["loss"]) <= _LARGEST_LOSS:
            _stop(trainer, "the loss", parts["loss"], number, index, batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = clip_grad_norm_(network.parameters(), settings.clip)
        if not math.isfinite(norm):
            _stop(trainer, "the gradient", float(norm), number, index, batch)
        optimiser.step()
        if trainer.average is not None:
            trainer.average.update()
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value
    return {name: value / steps for name, value in sums.items()}


def _stop(
    trainer: Trainer, what: str, value: float, number: int, index: int, batch: Batch
) -> NoReturn:
    """End training before a step that would spoil the weights."""
    if trainer.on_diverged is not None:
        trainer.on_diverged(number + 1, index, batch, value)
    settings = trainer.settings
    examples = "" if batch.index is None else f", on examples {_few(batch.index.tolist())}"
    raise DivergedError(
        f"{what} is {value:g} at step {index} of epoch {number + 1}{examples}; "
        f"{_good(number)}. "
        "Look at these examples with radarseq inspect and validate; if they are sound, train in "
        f"another folder with a lower learning_rate (now {settings.learning_rate:g}), a lower "
        f"clip (now {settings.clip:g}) or layer_norm=true"
    )


def _good(epochs: int) -> str:
    return f"the checkpoint of epoch {epochs} is good" if epochs else "there is no checkpoint yet"


def _few(numbers: list[int]) -> str:
    shown = ", ".join(str(n) for n in numbers[:5])
    return shown if len(numbers) <= 5 else f"{shown} and {len(numbers) - 5} more"


def learning_rate(step: int, total_steps: int, settings: TrainSettings) -> float:
    """Return the rate of a step: a linear rise, then half a cosine down to its floor."""
    rise = max(1, round(settings.warmup * total_steps))
    if step < rise:
        return settings.learning_rate * (step + 1) / rise
    fall = min(1.0, (step - rise) / max(1, total_steps - rise))
    share = _FLOOR_RATE + (1 - _FLOOR_RATE) * 0.5 * (1 + math.cos(math.pi * fall))
    return settings.learning_rate * share


@torch.no_grad()
def judge(network: Network, batch: Batch, objective: Objective) -> Judgement:
    """Return the mean of the loss and its parts over all examples of ``batch``, and the scores."""
    network.eval()
    sums: dict[str, float] = {}
    logits = []
    for first in range(0, len(batch), _VALIDATION_BATCH):
        part = batch.take(slice(first, first + _VALIDATION_BATCH))
        output = network(part.signal, part.tx, part.length)
        for name, value in loss_of(output, network, part, objective)[1].items():
            sums[name] = sums.get(name, 0.0) + value * len(part)
        if output.logits is not None:
            logits.append(output.logits.float().cpu().numpy())
    means = {name: value / len(batch) for name, value in sums.items()}
    return Judgement(means, np.concatenate(logits) if logits else None)


def optimiser_for(network: Network, settings: TrainSettings) -> torch.optim.Optimizer:
    """Return AdamW, all weights updated in one fused pass; biases and norms do not decay."""
    decayed = [p for p in network.parameters() if p.ndim > 1]
    plain = [p for p in network.parameters() if p.ndim <= 1]
    groups: list[dict[str, Any]] = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
