"""The training loop: forward, loss, backward, clip, step; an epoch, a validation, a checkpoint."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from radarseq.errors import RadarseqError
from radarseq.models.network import Network, class_loss, sequence_error
from radarseq.training.batches import Batch, BatchSource, epoch_seed
from radarseq.training.settings import TrainSettings

EpochRow = dict[str, float]
_FLOOR_RATE = 0.02  # of the peak learning rate, at the end of the schedule
_VALIDATION_BATCH = 2048
_ECHO_FLOOR = 1e-3  # relative errors below -30 dB are good enough; their logarithm must not rule


@dataclass
class Progress:
    """Where training stands; with the weights and the optimiser, all that a resumed run needs.

    Attributes:
        history: One row an epoch, as in ``metrics.csv``.
        best_loss: The lowest validation loss so far.
        best_epoch: Its epoch, counted from 1; 0 before the first.
    """

    history: list[EpochRow] = field(default_factory=list)
    best_loss: float = math.inf
    best_epoch: int = 0

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.history)


def batch_loss(network: Network, batch: Batch, echo_weight: float) -> tuple[Tensor, EpochRow]:
    """Return the loss of a batch, and its parts for the record.

    The echo's loss is the logarithm of its error relative to the received power: echoes of a
    square metre and of a square centimetre count alike, and so do a decibel gained at 0 dB and
    one gained at 20 dB of signal-to-noise ratio.
    """
    output = network(batch.signal, batch.tx, batch.length)
    total, parts = torch.zeros((), device=batch.signal.device), {}
    if output.logits is not None and batch.label is not None:
        loss = class_loss(output.logits, batch.label)
        total = total + loss
        hits = (output.logits.argmax(dim=1) == batch.label).sum()
        known = (batch.label >= 0).sum().clamp(min=1)
        parts |= {"class_loss": loss.item(), "accuracy": (hits / known).item()}
    if output.sequence is not None and batch.target is not None:
        power = sequence_error(batch.signal, torch.zeros_like(batch.signal))
        error = sequence_error(output.sequence, batch.target)
        loss = (error / power.clamp(min=1e-30) + _ECHO_FLOOR).log().mean()
        total = total + echo_weight * loss
        parts |= {"echo_loss": loss.item()}
    return total, parts | {"loss": total.item()}


def run_epochs(
    network: Network,
    source: BatchSource,
    validation: Batch | None,
    optimiser: torch.optim.Optimizer,
    settings: TrainSettings,
    progress: Progress,
    at_epoch: Callable[[Progress, bool], None],
) -> None:
    """Train until the last epoch, or until the validation loss has stopped falling.

    Args:
        network: Trained in place.
        source: The training batches.
        validation: Judged after every epoch; None keeps the last weights as the best.
        optimiser: Of the network's weights.
        settings: How to train.
        progress: Where to start; brought up to date.
        at_epoch: Called after every epoch with the progress and whether it is the best so far.

    Raises:
        RadarseqError: If the loss is no longer a number; the last checkpoint is good.
    """
    while progress.epoch < settings.epochs and not _is_stale(progress, settings):
        number = progress.epoch
        torch.manual_seed(epoch_seed(settings.seed, number))  # dropout
        row = {"epoch": float(number + 1)} | _train_epoch(
            network, source, optimiser, settings, number
        )
        if validation is not None:
            judged = validation_metrics(network, validation, settings.echo_weight)
            row |= {f"validation_{name}": value for name, value in judged.items()}
        progress.history.append(row)
        score = row.get("validation_loss", -float(number))
        is_best = score < progress.best_loss
        if is_best:
            progress.best_loss, progress.best_epoch = score, number + 1
        at_epoch(progress, is_best)


def _is_stale(progress: Progress, settings: TrainSettings) -> bool:
    waited = progress.epoch - progress.best_epoch
    return 0 < settings.patience <= waited


def _train_epoch(
    network: Network,
    source: BatchSource,
    optimiser: torch.optim.Optimizer,
    settings: TrainSettings,
    number: int,
) -> EpochRow:
    network.train()
    steps = len(source)
    total_steps = steps * settings.schedule_epochs
    sums: dict[str, float] = {}
    for index, batch in enumerate(source.epoch(number)):
        step = number * steps + index
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, total_steps, settings)
        loss, parts = batch_loss(network, batch, settings.echo_weight)
        if not math.isfinite(parts["loss"]):
            raise RadarseqError(
                f"the loss is {parts['loss']} at step {index} of epoch {number + 1}. Train in "
                f"another folder with a lower learning_rate (now {settings.learning_rate:g}) or "
                "clip; the checkpoints of the epochs before are good"
            )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        clip_grad_norm_(network.parameters(), settings.clip)
        optimiser.step()
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value
    return {name: value / steps for name, value in sums.items()}


def learning_rate(step: int, total_steps: int, settings: TrainSettings) -> float:
    """Return the rate of a step: a linear rise, then half a cosine down to its floor."""
    rise = max(1, round(settings.warmup * total_steps))
    if step < rise:
        return settings.learning_rate * (step + 1) / rise
    fall = min(1.0, (step - rise) / max(1, total_steps - rise))
    share = _FLOOR_RATE + (1 - _FLOOR_RATE) * 0.5 * (1 + math.cos(math.pi * fall))
    return settings.learning_rate * share


@torch.no_grad()
def validation_metrics(network: Network, batch: Batch, echo_weight: float) -> EpochRow:
    """Return the mean of the loss and its parts over all examples of ``batch``."""
    network.eval()
    sums: dict[str, float] = {}
    for first in range(0, len(batch), _VALIDATION_BATCH):
        part = batch.take(slice(first, first + _VALIDATION_BATCH))
        for name, value in batch_loss(network, part, echo_weight)[1].items():
            sums[name] = sums.get(name, 0.0) + value * len(part)
    return {name: value / len(batch) for name, value in sums.items()}


def optimiser_for(network: Network, settings: TrainSettings) -> torch.optim.Optimizer:
    """Return AdamW, all weights updated in one fused pass; biases and norms do not decay."""
    decayed = [p for p in network.parameters() if p.ndim > 1]
    plain = [p for p in network.parameters() if p.ndim <= 1]
    groups: list[dict[str, Any]] = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
