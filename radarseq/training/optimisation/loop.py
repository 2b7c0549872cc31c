"""The training loop: steps, an epoch, a validation, a checkpoint."""

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from radarseq.errors import DivergedError
from radarseq.models.network import Network
from radarseq.training.data.batches import Batch, BatchSource, epoch_seed
from radarseq.training.distributed import ALONE, ProcessGroup
from radarseq.training.optimisation.divergence import AtLoss, DivergenceCheck, what_is_good
from radarseq.training.optimisation.losses import EpochRow, Objective, loss_of
from radarseq.training.optimisation.train_step import Step, set_rate, step_for
from radarseq.training.optimisation.weight_average import Average
from radarseq.training.settings import TrainSettings

_FLOOR_RATE = 0.02  # of the peak learning rate, at the end of the schedule
_VALIDATION_BATCH = 2048
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
        patience_start: The epoch from which patience counts; later than the best one where a run
            that had stopped was resumed.
    """

    history: list[EpochRow] = field(default_factory=list)
    best_loss: float = math.inf
    best_epoch: int = 0
    patience_start: int = 0

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.history)

    def is_stale(self, patience: int) -> bool:
        """Return whether the score has not fallen for as long as patience lasts."""
        return 0 < patience <= self.epoch - max(self.best_epoch, self.patience_start)


@dataclass(frozen=True)
class ValidationResult:
    """What validation came to.

    Attributes:
        metrics: The loss and its parts, means over the examples.
        logits: Class scores ``(n, class)``; None where there is no class.
    """

    metrics: EpochRow
    logits: NDArray[np.float32] | None


AtEpoch = Callable[[Progress, bool, ValidationResult | None], None]


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
        on_diverged: Told what ended training, see ``radarseq.training.optimisation.divergence``.
        ranks: The processes that share each batch; the source gives this one its rows.
        notes: What a user should know of how it is done.
    """

    network: Network
    source: BatchSource
    validation: Batch | None
    optimiser: torch.optim.Optimizer
    settings: TrainSettings
    objective: Objective
    average: Average | None = None
    on_diverged: AtLoss | None = None
    group: ProcessGroup = ALONE
    notes: tuple[str, ...] = ()

    @cached_property
    def step(self) -> Step:
        """One training step, made once: it may have been recorded."""
        return step_for(self.network, self.optimiser, self.objective, self.settings, self.group)

    def evaluated_weights(self) -> Any:
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
        # Of dropout; each process draws for its own rows.
        torch.manual_seed(epoch_seed(settings.seed, number) ^ trainer.group.number << 40)
        row, judged = {"epoch": float(number + 1)} | _train_epoch(trainer, number), None
        if trainer.validation is not None:
            judged = trainer.group.on_rank_zero(partial(_judged, trainer))
            row |= {f"validation_{name}": value for name, value in judged.metrics.items()}
            if not math.isfinite(judged.metrics["loss"]):
                raise DivergedError(
                    f"the validation loss is {judged.metrics['loss']:g} after epoch {number + 1}; "
                    f"{what_is_good(number)}. Look at the validation rows with radarseq validate; "
                    "if they are sound, train in another folder with a lower learning_rate "
                    f"(now {settings.learning_rate:g})"
                )
        progress.history.append(row)
        score = next((row[name] for name in _SCORES if name in row), -float(number))
        is_best = score < progress.best_loss
        if is_best:
            progress.best_loss, progress.best_epoch = score, number + 1
        at_epoch(progress, is_best, judged)


def _judged(trainer: Trainer) -> ValidationResult:
    assert trainer.validation is not None
    objective = replace(trainer.objective, smoothing=0.0, last_step=False)
    with trainer.evaluated_weights():
        return judge(trainer.network, trainer.validation, objective)


def _train_epoch(trainer: Trainer, number: int) -> EpochRow:
    settings, steps = trainer.settings, len(trainer.source)
    trainer.network.train()
    watch = DivergenceCheck(number, settings, trainer.on_diverged)
    total_steps = steps * settings.schedule_epochs
    sums: dict[str, Any] = {}
    for index, batch in enumerate(trainer.source.epoch(number)):
        rate = learning_rate(number * steps + index, total_steps, settings)
        set_rate(trainer.optimiser, rate)
        parts = trainer.step(batch, index, watch)
        if trainer.average is not None:
            trainer.average.update()
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value.double()
    watch.look()
    return {name: float(value) / steps for name, value in sums.items()}


def learning_rate(step: int, total_steps: int, settings: TrainSettings) -> float:
    """Return the rate of a step: a linear rise, then half a cosine down to its floor."""
    rise = max(1, round(settings.warmup * total_steps))
    if step < rise:
        return settings.learning_rate * (step + 1) / rise
    fall = min(1.0, (step - rise) / max(1, total_steps - rise))
    share = _FLOOR_RATE + (1 - _FLOOR_RATE) * 0.5 * (1 + math.cos(math.pi * fall))
    return settings.learning_rate * share


@torch.no_grad()
def judge(network: Network, batch: Batch, objective: Objective) -> ValidationResult:
    """Return the mean of the loss and its parts over all examples of ``batch``, and the scores."""
    network.eval()
    sums: dict[str, float] = {}
    logits = []
    for first in range(0, len(batch), _VALIDATION_BATCH):
        part = batch.take(slice(first, first + _VALIDATION_BATCH))
        output = network(part.signal, part.tx, part.length)
        for name, value in loss_of(output, network, part, objective)[1].items():
            sums[name] = sums.get(name, 0.0) + float(value) * len(part)
        if output.logits is not None:
            logits.append(output.logits.float().cpu().numpy())
    means = {name: value / len(batch) for name, value in sums.items()}
    return ValidationResult(means, np.concatenate(logits) if logits else None)


def optimiser_for(network: Network, settings: TrainSettings) -> torch.optim.Optimizer:
    """Return AdamW, all weights updated in one fused pass; biases and norms do not decay.

    On a CUDA device its rate lies there, so that a step which was recorded follows it.
    """
    decayed = [p for p in network.parameters() if p.ndim > 1]
    plain = [p for p in network.parameters() if p.ndim <= 1]
    groups: list[dict[str, Any]] = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
    settle(optimiser)
    return optimiser


def settle(optimiser: torch.optim.Optimizer) -> None:
    """Lay the optimiser's rates where its weights are, such as after they were loaded."""
    for group in optimiser.param_groups:
        device = group["params"][0].device
        on_cuda = device.type == "cuda"
        rate = float(group["lr"])
        group["capturable"] = on_cuda
        group["lr"] = torch.tensor(rate, device=device) if on_cuda else rate
