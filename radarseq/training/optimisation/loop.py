"""Training loop: the iterations of an epoch, a validation, and so on until the last epoch."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from radarseq.errors import DivergedError
from radarseq.inference.task_targets import TASKS
from radarseq.models.network import Network
from radarseq.training.data.batches import Batch, epoch_seed
from radarseq.training.history import EpochRow
from radarseq.training.optimisation.divergence import (
    DivergenceCallback,
    DivergenceCheck,
    describe_checkpoint,
)
from radarseq.training.optimisation.losses import Objective, output_loss
from radarseq.training.optimisation.trainer import Trainer, set_learning_rate
from radarseq.training.settings import TrainSettings

_FLOOR_RATE = 0.02  # of the peak learning rate, at the end of the schedule
_VALIDATION_BATCH = 2048


@dataclass
class Progress:
    """Progress of a run; a resumed run needs it, the weights and the optimiser.

    Attributes:
        history: One row per epoch, as in ``metrics.csv``.
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
        """Number of epochs done."""
        return len(self.history)

    def is_stale(self, patience: int) -> bool:
        """Return whether the score has not fallen for as long as patience lasts."""
        return 0 < patience <= self.epoch - max(self.best_epoch, self.patience_start)


@dataclass(frozen=True)
class ValidationResult:
    """Metrics and class scores of the validation rows.

    Attributes:
        metrics: The loss and its parts, means over the examples.
        logits: Class scores ``(n, class)``; None where there is no class.
    """

    metrics: EpochRow
    logits: NDArray[np.float32] | None


# Takes whether the epoch is the best so far, and its validation.
EpochCallback = Callable[[bool, ValidationResult | None], None]


def run_epochs(
    trainer: Trainer,
    progress: Progress,
    on_epoch: EpochCallback,
    on_diverged: DivergenceCallback,
) -> None:
    """Train until the last epoch, or until the validation score has stopped falling.

    Args:
        trainer: Network, data and settings.
        progress: Where to start; updated after every epoch.
        on_epoch: Called after that.
        on_diverged: Called before ``DivergedError`` is raised for a batch.

    Raises:
        DivergedError: If the loss is no longer a number, or out of all bounds; the last checkpoint
            is good.
    """
    settings = trainer.settings
    score_name = f"validation_{TASKS[trainer.network.settings.task].score}"
    while progress.epoch < settings.epochs and not progress.is_stale(settings.patience):
        epoch = progress.epoch
        # Of dropout; each process draws for its own rows.
        torch.manual_seed(epoch_seed(settings.seed, epoch) ^ trainer.process_group.rank << 40)
        row: EpochRow = {"epoch": float(epoch + 1)} | _train_epoch(trainer, epoch, on_diverged)
        validation = None
        if trainer.data.validation is not None:
            validation = trainer.process_group.on_rank_zero(lambda: _validate(trainer))
            row |= {f"validation_{name}": value for name, value in validation.metrics.items()}
            if not math.isfinite(validation.metrics["loss"]):
                raise DivergedError(
                    f"the validation loss is {validation.metrics['loss']:g} after epoch "
                    f"{epoch + 1}; {describe_checkpoint(epoch)}. Look at the validation rows with "
                    "radarseq validate; if they are sound, train in another folder with a lower "
                    f"learning_rate (now {settings.learning_rate:g})"
                )
        progress.history.append(row)
        score = row.get(score_name, -float(epoch))  # without validation, the last epoch is the best
        is_best = score < progress.best_loss
        if is_best:
            progress.best_loss, progress.best_epoch = score, epoch + 1
        on_epoch(is_best, validation)


def _train_epoch(trainer: Trainer, epoch: int, on_diverged: DivergenceCallback) -> EpochRow:
    """Train one epoch; return the means of the loss and its parts over the iterations."""
    settings, iterations = trainer.settings, len(trainer.data.source)
    trainer.network.train()
    divergence = DivergenceCheck(epoch, settings, on_diverged)
    sums: dict[str, Any] = {}
    for iteration, batch in enumerate(trainer.data.source.epoch(epoch)):
        rate = learning_rate(
            epoch * iterations + iteration, iterations * settings.schedule_epochs, settings
        )
        set_learning_rate(trainer.optimiser, rate)
        parts = trainer.step(batch, iteration, divergence)
        if trainer.average is not None:
            trainer.average.update()
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value.double()
    divergence.check()
    return {name: float(value) / iterations for name, value in sums.items()}


def learning_rate(iteration: int, total: int, settings: TrainSettings) -> float:
    """Return the rate of an iteration: a linear rise, then half a cosine down to its floor."""
    rise = max(1, round(settings.warmup * total))
    if iteration < rise:
        return settings.learning_rate * (iteration + 1) / rise
    fall = min(1.0, (iteration - rise) / max(1, total - rise))
    share = _FLOOR_RATE + (1 - _FLOOR_RATE) * 0.5 * (1 + math.cos(math.pi * fall))
    return settings.learning_rate * share


def _validate(trainer: Trainer) -> ValidationResult:
    assert trainer.data.validation is not None
    objective = replace(trainer.objective, smoothing=0.0, last_step=False)
    with trainer.averaged_weights():
        return validate(trainer.network, trainer.data.validation, objective)


@torch.no_grad()
def validate(network: Network, batch: Batch, objective: Objective) -> ValidationResult:
    """Return the means of the loss and its parts over the examples, and their class scores."""
    network.eval()
    sums: dict[str, float] = {}
    logits = []
    for first in range(0, len(batch), _VALIDATION_BATCH):
        part = batch.take(slice(first, first + _VALIDATION_BATCH))
        output = network(part.signal, part.tx, part.length)
        for name, value in output_loss(output, network, part, objective)[1].items():
            sums[name] = sums.get(name, 0.0) + float(value) * len(part)
        if output.logits is not None:
            logits.append(output.logits.float().cpu().numpy())
    means = {name: value / len(batch) for name, value in sums.items()}
    return ValidationResult(means, np.concatenate(logits) if logits else None)
