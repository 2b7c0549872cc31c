"""What a network is trained to make small; padded steps and unknown labels do not count."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from radarseq.features import valid_steps

Across = Callable[[Tensor], Tensor]


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
