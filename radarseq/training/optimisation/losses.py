"""What a network is trained to make small; padded steps and unknown labels do not count."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from radarseq.models.features.radar import valid_steps
from radarseq.models.network import Network, Output
from radarseq.training.data.batches import Batch

Across = Callable[[Tensor], Tensor]


EpochRow = dict[str, float]
Parts = dict[str, Tensor]
_ECHO_FLOOR = 1e-3  # relative errors below -30 dB are good enough; their logarithm must not rule
_MIN_POWER = 1e-200  # of the input, so that silence does not divide by zero


def alone(count: Tensor) -> Tensor:
    """Return a count as it is: one process sees the whole batch."""
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
    across: Across = alone,
) -> Tensor:
    """Return the mean cross-entropy [nats]; examples labelled -1 do not count, none gives 0.

    Args:
        logits: Class scores ``(batch, class)``.
        label: Class indices ``(batch,)``.
        weight: Of each class ``(class,)``; the mean is over the weights of the examples.
        smoothing: Share of the target probability that is spread evenly over all classes.
        across: Sums a count over the processes that share the batch.
    """
    known = label >= 0
    total = functional.cross_entropy(
        logits, label, weight=weight, ignore_index=-1, reduction="sum", label_smoothing=smoothing
    )
    count = known.sum() if weight is None else (weight[label.clamp(min=0)] * known).sum()
    return total / across(count).clamp(min=1e-12)


def symbol_loss(
    logits: Tensor, target: Tensor, length: Tensor | None = None, *, across: Across = alone
) -> tuple[Tensor, Tensor]:
    """Return the mean cross-entropy [nats a symbol] and the share of right symbols.

    Args:
        logits: ``(batch, step, voice, symbol)``.
        target: Symbol indices, int64 ``(batch, step, voice)``; -1 does not count.
        length: Valid steps ``(batch,)``; None counts all.
        across: Sums a count over the processes that share the batch.
    """
    if length is not None:
        padding = ~valid_steps(length, target.shape[1])[..., None]
        target = target.masked_fill(padding, -1)
    flat, wanted = logits.flatten(0, 2), target.flatten()
    right = ((flat.argmax(dim=1) == wanted) & (wanted >= 0)).sum()
    count = across((wanted >= 0).sum()).clamp(min=1)
    return class_loss(flat, wanted, across=across), right / count


@dataclass(frozen=True)
class Objective:
    """How the parts of the loss count.

    Attributes:
        echo_weight: Of the target's loss beside the class's.
        class_weight: Of each class ``(class,)``; None counts every example alike.
        smoothing: Of the labels.
        echo_error: How a complex target's error counts, see ``TrainSettings``.
        last_step: Whether the last valid step of a forecast or a real target alone counts.
        across: Sums a count over the processes that share a batch. Losses are sums over a part of
            the batch, divided by the count of all of it: added up over the processes they are, and
            their gradients are, those of the whole batch, however it was parted.
    """

    echo_weight: float
    class_weight: Tensor | None = None
    smoothing: float = 0.0
    echo_error: Literal["log", "relative"] = "log"
    last_step: bool = False
    across: Across = alone


def batch_loss(network: Network, batch: Batch, objective: Objective) -> tuple[Tensor, Parts]:
    """Return the loss of a batch, and its parts for the record; padded steps do not count.

    The parts are numbers on the device, so that nothing waits for them.
    """
    return loss_of(network(batch.signal, batch.tx, batch.length), network, batch, objective)


def loss_of(
    output: Output, network: Network, batch: Batch, objective: Objective
) -> tuple[Tensor, Parts]:
    """Return the loss of what a network gave for a batch, and its parts."""
    total, parts = torch.zeros((), device=batch.signal.device), {}
    if output.logits is not None and batch.label is not None:
        loss, told = _class_part(output.logits, batch.label, objective)
        total, parts = total + loss, parts | told
    if output.sequence is not None and batch.target is not None:
        loss, told = _sequence_part(output.sequence, network, batch, objective)
        weight = 1.0 if network.settings.task == "forecast" else objective.echo_weight
        total, parts = total + weight * loss, parts | told
    if output.symbols is not None and batch.target is not None:
        target = batch.target.long().reshape(output.symbols.shape[:3])
        loss, right = symbol_loss(output.symbols, target, batch.length, across=objective.across)
        total, parts = total + loss, parts | {"nats": loss, "step_accuracy": right}
    parts = parts | {"loss": total}
    return total, {name: value.detach() for name, value in parts.items()}


def _class_part(logits: Tensor, label: Tensor, objective: Objective) -> tuple[Tensor, Parts]:
    loss = class_loss(
        logits,
        label,
        weight=objective.class_weight,
        smoothing=objective.smoothing,
        across=objective.across,
    )
    hits = (logits.argmax(dim=1) == label).sum()
    known = objective.across((label >= 0).sum()).clamp(min=1)
    return loss, {"class_loss": loss, "accuracy": hits / known}


def _sequence_part(
    estimate: Tensor, network: Network, batch: Batch, objective: Objective
) -> tuple[Tensor, Parts]:
    assert batch.target is not None
    if network.spec.standardised:
        return _real_part(estimate, batch.target, network, batch.length, objective)
    loss = _echo_error(estimate, batch, objective)
    if network.settings.task != "forecast":
        return loss, {"echo_loss": loss}
    at_last = _last_step_error(estimate, batch.target, batch.length, objective.across)
    return loss, {"forecast_loss": loss, "last_mse": at_last}


def _echo_error(estimate: Tensor, batch: Batch, objective: Objective) -> Tensor:
    """Return the mean error of a complex target, its logarithm's or its own.

    Echoes of a square metre and of a square centimetre count alike. In the logarithm, over the
    received power, so do a decibel gained at 0 dB and one gained at 20 dB of signal-to-noise ratio.
    """
    assert batch.target is not None
    nothing = torch.zeros_like(batch.signal)
    power = sequence_error(batch.signal, nothing, batch.length).clamp(min=_MIN_POWER)
    if objective.last_step:
        steps = batch.signal.shape[1] if batch.length is None else batch.length
        error = _error_at_last(estimate, batch.target, batch.length) * steps
    else:
        error = sequence_error(estimate, batch.target, batch.length)
    if objective.echo_error == "log":
        return _mean((error / power + _ECHO_FLOOR).log(), objective.across).float()
    energy = sequence_error(batch.target, torch.zeros_like(batch.target), batch.length)
    return _mean(error / energy.clamp(min=_ECHO_FLOOR * power), objective.across).float()


def _mean(values: Tensor, across: Across) -> Tensor:
    return values.sum() / across(values.new_full((), len(values)))


def _real_part(
    estimate: Tensor, target: Tensor, network: Network, length: Tensor | None, objective: Objective
) -> tuple[Tensor, Parts]:
    """Return the mean squared error over the target's variance, of all valid steps alike.

    Or of the last of them alone, which judging a forecast tells in any case.
    """
    assert network.sequence is not None and network.sequence.std is not None
    channels, across = network.spec.target_channels, objective.across
    std = network.sequence.std.view(*[1] * (estimate.ndim - 1), -1)
    std = std[..., 0] if channels == 1 else std
    wanted = target.reshape(estimate.shape)
    if objective.last_step:
        loss = _last_step_error(estimate / std, wanted / std, length, across).float()
    else:
        error = sequence_error(estimate / std, wanted / std, length)
        steps = error.new_full((), estimate.shape[1] * len(estimate))
        steps = across(steps if length is None else length.sum().to(error.dtype))
        loss = (error.sum() / (steps.clamp(min=1) * channels)).float()
    if network.settings.task != "forecast":
        return loss, {"target_loss": loss}
    at_last = _last_step_error(estimate, wanted, length, across)
    return loss, {"forecast_loss": loss, "last_mse": at_last}


def _last_step_error(
    estimate: Tensor, target: Tensor, length: Tensor | None, across: Across
) -> Tensor:
    """Return the mean squared error at the last valid step, in units of the target."""
    return _mean(_error_at_last(estimate, target, length), across) / _width(estimate)


def _error_at_last(estimate: Tensor, target: Tensor, length: Tensor | None) -> Tensor:
    """Return each example's squared error at its last valid step ``(batch,)``."""
    if length is None:
        return sequence_error(estimate[:, -1:], target[:, -1:])
    steps = estimate.shape[1]
    last = valid_steps(length, steps) & ~valid_steps(length - 1, steps)  # (batch, step)
    return sequence_error(estimate[last][:, None], target[last][:, None])


def _width(estimate: Tensor) -> int:
    return estimate.shape[2] if estimate.ndim == 3 else 1
