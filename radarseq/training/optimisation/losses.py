"""Losses of each output of a network; padded steps and unknown labels do not count."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from radarseq.inference.task_targets import TASKS
from radarseq.models.features.radar import valid_steps
from radarseq.models.network import Network, Output
from radarseq.training.data.batches import Batch

RankSum = Callable[[Tensor], Tensor]
Parts = dict[str, Tensor]
_ECHO_FLOOR = 1e-3  # relative errors below -30 dB are good enough; their logarithm must not rule
_MIN_POWER = 1e-200  # of the input, so that silence does not divide by zero


def _single_process(count: Tensor) -> Tensor:
    return count


def sequence_error(estimate: Tensor, target: Tensor, length: Tensor | None = None) -> Tensor:
    """Return each example's squared error, summed over steps and channels, double ``(batch,)``.

    In double precision, so that samples of 1e30 or 1e-30 neither overflow nor vanish.

    Args:
        estimate: ``(batch, step)`` or ``(batch, step, channel)``.
        target: Of the same shape.
        length: Valid steps ``(batch,)``; the others do not count. None counts all.
    """
    difference = estimate - target
    if difference.is_complex():
        wide = difference.to(torch.complex128)
        squared = wide.real.square() + wide.imag.square()
    else:
        squared = difference.double().square()
    by_step = squared.flatten(2).sum(dim=2) if squared.ndim > 2 else squared
    if length is not None:
        by_step = by_step.masked_fill(~valid_steps(length, by_step.shape[1]), 0.0)
    return by_step.sum(dim=1)


def class_loss(
    logits: Tensor,
    label: Tensor,
    *,
    weight: Tensor | None = None,
    smoothing: float = 0.0,
    sum_over_ranks: RankSum = _single_process,
) -> Tensor:
    """Return the mean cross-entropy [nats]; examples labelled -1 do not count, none gives 0.

    Args:
        logits: Class scores ``(batch, class)``.
        label: Class indices ``(batch,)``.
        weight: Of each class ``(class,)``; the mean is over the weights of the examples.
        smoothing: Share of the target probability that is spread evenly over all classes.
        sum_over_ranks: Sums a count over the processes that share the batch.
    """
    known = label >= 0
    total = functional.cross_entropy(
        logits, label, weight=weight, ignore_index=-1, reduction="sum", label_smoothing=smoothing
    )
    count = known.sum() if weight is None else (weight[label.clamp(min=0)] * known).sum()
    return total / sum_over_ranks(count).clamp(min=1e-12)


def symbol_loss(
    logits: Tensor,
    target: Tensor,
    length: Tensor | None = None,
    *,
    sum_over_ranks: RankSum = _single_process,
) -> tuple[Tensor, Tensor]:
    """Return the mean cross-entropy [nats per symbol] and the share of correct symbols.

    Args:
        logits: ``(batch, step, voice, symbol)``.
        target: Symbol indices, int64 ``(batch, step, voice)``; -1 does not count.
        length: Valid steps ``(batch,)``; None counts all.
        sum_over_ranks: Sums a count over the processes that share the batch.
    """
    if length is not None:
        padding = ~valid_steps(length, target.shape[1])[..., None]
        target = target.masked_fill(padding, -1)
    logits, target = logits.flatten(0, 2), target.flatten()
    correct = ((logits.argmax(dim=1) == target) & (target >= 0)).sum()
    count = sum_over_ranks((target >= 0).sum()).clamp(min=1)
    return class_loss(logits, target, sum_over_ranks=sum_over_ranks), correct / count


@dataclass(frozen=True)
class Objective:
    """Weights and kinds of the losses that training minimises the sum of.

    Attributes:
        echo_weight: Of the target's loss, where the class's has weight 1.
        class_weight: Of each class ``(class,)``; None weights every example alike.
        smoothing: Of the labels.
        echo_error: Kind of a complex target's error, see ``TrainSettings``.
        last_step: Whether only the last valid step of a forecast or a real target counts.
        sum_over_ranks: Sums a count over the processes that share a batch. A loss is the sum over
            a process's rows divided by the number of rows of the whole batch: added up over the
            processes, losses and gradients are those of the whole batch, however it is split.
    """

    echo_weight: float
    class_weight: Tensor | None = None
    smoothing: float = 0.0
    echo_error: Literal["log", "relative"] = "log"
    last_step: bool = False
    sum_over_ranks: RankSum = _single_process


def batch_loss(network: Network, batch: Batch, objective: Objective) -> tuple[Tensor, Parts]:
    """Return the loss of a network on a batch, and its parts, as ``output_loss`` does."""
    return output_loss(network(batch.signal, batch.tx, batch.length), network, batch, objective)


def output_loss(
    output: Output, network: Network, batch: Batch, objective: Objective
) -> tuple[Tensor, Parts]:
    """Return the loss of a network's output for a batch, and its parts by name.

    The parts are numbers on the device, so that nothing waits for them.
    """
    total, parts = torch.zeros((), device=batch.signal.device), {}
    if output.logits is not None and batch.label is not None:
        loss, metrics = _class_part(output.logits, batch.label, objective)
        total, parts = total + loss, parts | metrics
    if output.sequence is not None and batch.target is not None:
        loss, metrics = _sequence_part(output.sequence, network, batch, objective)
        weight = TASKS[network.settings.task].sequence_weight or objective.echo_weight
        total, parts = total + weight * loss, parts | metrics
    if output.symbols is not None and batch.target is not None:
        target = batch.target.long().reshape(output.symbols.shape[:3])
        loss, accuracy = symbol_loss(
            output.symbols, target, batch.length, sum_over_ranks=objective.sum_over_ranks
        )
        total, parts = total + loss, parts | {"nats": loss, "step_accuracy": accuracy}
    parts = parts | {"loss": total}
    return total, {name: value.detach() for name, value in parts.items()}


def _class_part(logits: Tensor, label: Tensor, objective: Objective) -> tuple[Tensor, Parts]:
    loss = class_loss(
        logits,
        label,
        weight=objective.class_weight,
        smoothing=objective.smoothing,
        sum_over_ranks=objective.sum_over_ranks,
    )
    correct = (logits.argmax(dim=1) == label).sum()
    known = objective.sum_over_ranks((label >= 0).sum()).clamp(min=1)
    return loss, {"class_loss": loss, "accuracy": correct / known}


def _sequence_part(
    estimate: Tensor, network: Network, batch: Batch, objective: Objective
) -> tuple[Tensor, Parts]:
    """Return the loss of a sequence, and of a forecast the error at its last step too."""
    assert batch.target is not None
    task, is_real = TASKS[network.settings.task], network.spec.standardised
    target = batch.target.reshape(estimate.shape) if is_real else batch.target
    loss = (_real_loss if is_real else _echo_loss)(estimate, target, network, batch, objective)
    parts = {task.sequence_loss[is_real]: loss}
    if task.score == "last_mse":
        error = _last_step_error(estimate, target, batch.length)
        parts["last_mse"] = _mean(error, objective.sum_over_ranks) / _channels(estimate)
    return loss, parts


def _echo_loss(
    estimate: Tensor, target: Tensor, network: Network, batch: Batch, objective: Objective
) -> Tensor:
    """Return the mean relative error of a complex target, or the mean of its logarithm.

    Echoes of a square metre and of a square centimetre count alike. In the logarithm, over the
    received power, so do a decibel gained at 0 dB and one gained at 20 dB of signal-to-noise ratio.
    """
    nothing = torch.zeros_like(batch.signal)
    power = sequence_error(batch.signal, nothing, batch.length).clamp(min=_MIN_POWER)
    if objective.last_step:
        steps = batch.signal.shape[1] if batch.length is None else batch.length
        error = _last_step_error(estimate, target, batch.length) * steps
    else:
        error = sequence_error(estimate, target, batch.length)
    if objective.echo_error == "log":
        return _mean((error / power + _ECHO_FLOOR).log(), objective.sum_over_ranks).float()
    energy = sequence_error(target, torch.zeros_like(target), batch.length)
    relative = error / energy.clamp(min=_ECHO_FLOOR * power)
    return _mean(relative, objective.sum_over_ranks).float()


def _real_loss(
    estimate: Tensor, target: Tensor, network: Network, batch: Batch, objective: Objective
) -> Tensor:
    """Return the mean squared error over the target's variance, of all valid steps or the last."""
    assert network.sequence is not None and network.sequence.std is not None
    channels, sum_over_ranks = network.spec.target_channels, objective.sum_over_ranks
    std = network.sequence.std.view(*[1] * (estimate.ndim - 1), -1)
    std = std[..., 0] if channels == 1 else std
    if objective.last_step:
        error = _last_step_error(estimate / std, target / std, batch.length)
        return (_mean(error, sum_over_ranks) / _channels(estimate)).float()
    error = sequence_error(estimate / std, target / std, batch.length)
    steps = error.new_full((), estimate.shape[1] * len(estimate))
    steps = sum_over_ranks(steps if batch.length is None else batch.length.sum().to(error.dtype))
    return (error.sum() / (steps.clamp(min=1) * channels)).float()


def _mean(values: Tensor, sum_over_ranks: RankSum) -> Tensor:
    return values.sum() / sum_over_ranks(values.new_full((), len(values)))


def _last_step_error(estimate: Tensor, target: Tensor, length: Tensor | None) -> Tensor:
    """Return each example's squared error at its last valid step ``(batch,)``."""
    if length is None:
        return sequence_error(estimate[:, -1:], target[:, -1:])
    steps = estimate.shape[1]
    last = valid_steps(length, steps) & ~valid_steps(length - 1, steps)  # (batch, step)
    return sequence_error(estimate[last][:, None], target[last][:, None])


def _channels(estimate: Tensor) -> int:
    return estimate.shape[2] if estimate.ndim == 3 else 1
